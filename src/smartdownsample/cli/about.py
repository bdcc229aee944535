"""What the command tells of itself: the versions in use, and what shells need to complete it."""

import argparse
import re
from collections.abc import Iterator, Sequence

from .. import __version__


class VersionAction(argparse.Action):
    """An option that shows the versions of this package and its libraries, and ends the process.

    Parameters
    ----------
    option_strings, dest, help
        As argparse gives them.
    """

    def __init__(self, option_strings: Sequence[str], dest: str, help: str | None = None) -> None:  # noqa: A002 - argparse's name
        super().__init__(option_strings, dest, nargs=0, help=help)

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: object,
        option_string: str | None = None,
    ) -> None:
        """Show them."""
        del namespace, values, option_string
        print("\n".join(_list_versions(parser.prog)))
        parser.exit()


def _list_versions(program: str) -> Iterator[str]:
    """List the versions of everything that is installed of what the package can use."""
    import importlib.metadata as installed
    import platform

    yield f"{program} {__version__}"
    yield f"Python {platform.python_version()}"
    try:
        requirements = installed.requires(program) or []
    except installed.PackageNotFoundError:  # run from a folder
        return
    for requirement in requirements:
        name = re.match(r"[\w.-]+", requirement)
        if name is None or "extra == 'dev'" in requirement.replace('"', "'"):
            continue
        try:
            yield f"{name[0]} {installed.version(name[0])}"
        except installed.PackageNotFoundError:
            continue


class CompletionAction(argparse.Action):
    """An option that prints what a shell needs to complete the command, and ends the process.

    Its ``const`` makes the parser that is completed.
    """

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: object,
        option_string: str | None = None,
    ) -> None:
        """Print it."""
        import shtab

        del namespace
        if values not in shtab.SUPPORTED_SHELLS:
            allowed = ", ".join(shtab.SUPPORTED_SHELLS)
            parser.error(f"{option_string} must be one of {allowed}. Got {values!r} instead")
        kinds = {"SOURCE": shtab.FILE, "FILE": shtab.FILE}
        kinds |= dict.fromkeys(("DIR", "OTHER"), shtab.DIRECTORY)
        assert callable(self.const)  # the parser at work may lack options of other commands
        complete: argparse.ArgumentParser = self.const()
        for action in _walk_actions(complete):
            if action.metavar in kinds:
                action.complete = kinds[action.metavar]  # type: ignore[attr-defined] # read by shtab
        print(shtab.complete(complete, str(values)))
        parser.exit()


def _walk_actions(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """Go through the arguments of a parser and of all its commands."""
    for action in parser._actions:  # noqa: SLF001 - argparse has no other way
        yield action
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 - nor for these
            for command in action.choices.values():
                yield from _walk_actions(command)
