"""What is common to the parsers of all commands."""

import argparse
import sys

# Importing typing takes a tenth of the time in which help is to appear.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

PROGRAM = "smartdownsample"
# Exit code of a command that has not done what it was asked for.
FAILED = 1


class Parser(argparse.ArgumentParser):
    """A parser that takes options by their full names only."""

    def __init__(self, **settings: "Any") -> None:  # noqa: ANN401 - argparse's own
        super().__init__(allow_abbrev=False, **settings)

    def error(self, message: str) -> "NoReturn":
        """Say in a line what is wrong, and where help is."""
        self.exit(2, f"{PROGRAM}: error: {message}\nSee: {self.prog} --help\n")


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

    def add(self, name: str, summary: str, usage: str = "[options]") -> Parser:
        """Add a command; its parser is stored under ``parser``."""
        command: Parser = self._commands.add_parser(
            name, help=summary, description=f"{summary}.", usage=f"%(prog)s {usage}"
        )
        command.set_defaults(parser=command)
        return command


def complain(message: str) -> None:
    """Say in a line what is wrong on standard error, in the name of the command."""
    print(f"{PROGRAM}: {message}", file=sys.stderr)
