"""What is common to the parsers of all commands."""

import argparse
import os
import re
import sys

from ..display import suggest, to_line

# Importing typing takes a tenth of the time in which help is to appear.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

PROGRAM = "smartdownsample"
# Exit code of a command that has not done what it was asked for.
FAILED = 1
# What argparse says of a word that is none of several; some releases quote these.
_CHOICE = re.compile(r"invalid choice: '(.*)' \(choose from (.*)\)$")
_QUOTED = r"[^\s',]+"


class _HelpFormatter(argparse.RawDescriptionHelpFormatter):
    """Lays help out as argparse does, without importing shutil to learn how wide that may be.

    Examples below the options stay one a line.
    """

    def __init__(self, prog: str, **settings: "Any") -> None:  # noqa: ANN401 - argparse's own
        super().__init__(prog, **{"width": _measure_width() - 2, **settings})


def _measure_width() -> int:
    """Measure the terminal in columns as `shutil.get_terminal_size` does."""
    try:
        return int(os.environ["COLUMNS"]) or 80
    except (KeyError, ValueError):
        pass
    try:
        return os.get_terminal_size(sys.__stdout__.fileno()).columns or 80  # type: ignore[union-attr] # caught
    except (AttributeError, ValueError, OSError):
        return 80


class Parser(argparse.ArgumentParser):
    """A parser that takes options by their full names only."""

    def __init__(self, **settings: "Any") -> None:  # noqa: ANN401 - argparse's own
        super().__init__(allow_abbrev=False, formatter_class=_HelpFormatter, **settings)

    def take_negative_values(self) -> None:
        """Take ``-5`` for a value and not for an option, although ``-0`` is one."""
        self._has_negative_number_optionals.clear()

    def error(self, message: str) -> "NoReturn":
        """Say in a line what is wrong, and where help is."""
        meant = _CHOICE.search(message)
        if meant is not None:
            message += f".{suggest(meant[1], re.findall(_QUOTED, meant[2]))}".rstrip(".")
            if message.startswith("argument COMMAND") and os.path.exists(meant[1]):
                message += f". A command comes first, such as: {PROGRAM} sample {meant[1]!r}"
        self.exit(2, f"{PROGRAM}: error: {to_line(message)}\nSee: {self.prog} --help\n")


class Commands:
    """The commands of a parser, of which one must be given.

    ``name`` is what they are called; the name of the one that is given is stored under it.
    """

    def __init__(self, parser: Parser, name: str) -> None:
        self._commands = parser.add_subparsers(
            title=f"{name}s",
            prog=parser.prog,
            dest=name,
            metavar=name.upper(),
            required=True,
            parser_class=Parser,
        )

    def add(
        self, name: str, summary: str, usage: str = "[options]", examples: tuple[str, ...] = ()
    ) -> Parser:
        """Add a command; its parser is stored under ``parser``. Examples end its help."""
        command: Parser = self._commands.add_parser(
            name,
            help=summary,
            description=f"{summary}.",
            usage=f"%(prog)s {usage}",
            epilog=show_examples(*examples) if examples else None,
        )
        command.set_defaults(parser=command)
        return command


def show_examples(*arguments: str) -> str:
    """Show what may be typed, below the options of a help text."""
    return "\n".join(["examples:", *(f"  {PROGRAM} {line}" for line in arguments)])


def complain(message: str) -> None:
    """Say in a line what is wrong on standard error, in the name of the command."""
    print(f"{PROGRAM}: {to_line(message)}", file=sys.stderr)
