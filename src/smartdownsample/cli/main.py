"""From a command line to an exit code."""

import argparse
import os
import sys
from collections.abc import Sequence

from .base_parser import FAILED, complain
from .parser import parse_arguments

# As shells report processes that SIGINT and SIGPIPE end.
INTERRUPTED = 130
CLOSED_PIPE = 141


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Parameters
    ----------
    arguments : sequence of str, optional
        By default those of the process.

    Returns
    -------
    int
        Exit code: 0 when all went well, 1 when it failed, 130 when it was interrupted, 141 when
        nobody reads the output any more. A command line that makes no sense ends the process
        with 2.
    """
    options = argparse.Namespace()
    _replace_closed_streams()
    try:
        try:
            options = parse_arguments(arguments)
            # Imported when it is needed: help is not kept waiting.
            from .running import run_command

            return run_command(options)
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        _drop_output()
        return CLOSED_PIPE
    except OSError as error:  # of the standard output
        _drop_output()
        complain(f"error: standard output cannot be written ({error.strerror})")
        return FAILED
    except KeyboardInterrupt:
        is_kept = getattr(options, "cache", False)
        advice = "To go on, run the same command again: all but the last seconds' work is kept."
        complain(f"interrupted. {advice if is_kept else ''}".rstrip())
        return INTERRUPTED


def _replace_closed_streams() -> None:
    """Let what is written to a closed standard stream go nowhere, as daemons start commands."""
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - to the end
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - to the end


def _drop_output() -> None:
    """Let Python end without writing what could not be written."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, sys.stdout.fileno())
    os.close(nothing)
