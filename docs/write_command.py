"""Write docs/command.md from what the command understands.

Run ``python docs/write_command.py`` to write the page, and ``python docs/write_command.py
--check`` to compare it.
"""

import argparse
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

from smartdownsample.cli.parser import make_parser

PAGE = Path(__file__).resolve().with_name("command.md")
INTRODUCTION = """\
# The command

<!-- Written by write_command.py from the command itself. -->

Paths go to standard output, progress and summaries to standard error. Options may stand before or
after the sources, and are taken by their full names only.

| exit code | means |
|---|---|
| 0 | all went well |
| 1 | it failed, nothing could be selected, an image to copy was gone, `verify` found a difference |
| 2 | the command line makes no sense |
| 3 | `verify` found no difference, but cannot repeat what the lockfile asks for |
| 130 | it was interrupted, also by SIGTERM or SIGHUP: run it again, and it goes on |
| 141 | nobody reads the output any more, as behind `head` |

## Completion

Shells complete commands, options and their values once they have been told of them. That takes
effect in the next shell:

```bash
# bash, with the package bash-completion
mkdir -p ~/.local/share/bash-completion/completions
smartdownsample --print-completion bash > ~/.local/share/bash-completion/completions/smartdownsample

# fish
mkdir -p ~/.config/fish/completions
smartdownsample --print-completion fish > ~/.config/fish/completions/smartdownsample.fish

# zsh
smartdownsample --print-completion zsh > "${fpath[1]}/_smartdownsample"
```
"""


def main() -> int:
    """Write the page, or check it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare the page with the command")
    page = write_page()
    if parser.parse_args().check:
        if PAGE.read_text(encoding="utf-8") == page:
            return 0
        sys.exit(f"{PAGE} is not what the command understands. Run: python docs/write_command.py")
    PAGE.write_text(page, encoding="utf-8")
    return 0


def write_page() -> str:
    """Describe all commands in Markdown, the same on every Python.

    `argparse.ArgumentParser.format_help` depends on the version and on the width of a terminal.
    """
    lines = [INTRODUCTION]
    command = make_parser()
    for name, parser in _walk_parsers(command.prog, command):
        lines += _describe_parser(name, parser)
    return "\n".join(lines).rstrip() + "\n"


def _walk_parsers(
    name: str, parser: argparse.ArgumentParser
) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """Go through a parser and its commands, each with its full name."""
    yield name, parser
    for action in parser._actions:  # noqa: SLF001 - argparse has no other way
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 - nor for these
            for command, its_parser in action.choices.items():
                yield from _walk_parsers(f"{name} {command}", its_parser)


def _describe_parser(name: str, parser: argparse.ArgumentParser) -> Iterator[str]:
    """Describe a command: how it is called, and tables of what it takes."""
    usage = (parser.usage or "%(prog)s COMMAND ...") % {"prog": name}
    usage = "\n".join(map(str.strip, usage.split("\n")))
    yield f"{'#' * max(2, name.count(' ') + 1)} {name}\n"
    yield f"{parser.description}\n"
    yield f"```text\n{usage}\n```\n"
    if parser.epilog and " " in name:
        examples = textwrap.dedent(parser.epilog.partition("\n")[2])
        yield f"```bash\n{examples}\n```\n"
    for group in parser._action_groups:  # noqa: SLF001 - argparse has no other way
        rows = [row for action in group._group_actions for row in _describe_action(action)]  # noqa: SLF001 - as above
        if rows:
            yield f"| {(group.title or '').removeprefix('positional ')} | |\n|---|---|"
            yield from rows
            yield ""


def _describe_action(action: argparse.Action) -> Iterator[str]:
    """Describe an argument, or the commands that may stand in its place, in rows of a table."""
    if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 - argparse has no other way
        for command in action._choices_actions:  # noqa: SLF001 - as above
            yield f"| `{command.dest}` | {command.help} |"
    elif not isinstance(action, argparse._HelpAction):  # noqa: SLF001 - as above
        values = "" if action.nargs == 0 else _name_values(action)
        names = [f"{option} {values}".rstrip() for option in action.option_strings] or [values]
        text = (action.help or "") % vars(action)
        yield f"| {', '.join(f'`{name}`' for name in names)} | {text} |"


def _name_values(action: argparse.Action) -> str:
    """Name what an argument takes, as help does."""
    if action.choices is not None:
        return "{" + ",".join(map(str, action.choices)) + "}"
    return str(action.metavar or action.dest)


if __name__ == "__main__":
    sys.exit(main())
