"""From a command line to an exit code."""

import argparse
import atexit
import errno
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

from .base_parser import FAILED, complain

# What libraries say, in errors of their own, when there is too little memory for them.
_SHORTAGES = (
    "failed to map segment",
    "annot allocate memory",
    "nsufficient memory",
    "can't start new thread",
)
# What ends a process of a job that took too long, and of a terminal that was closed.
_ENDS = ("SIGTERM", "SIGHUP")
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
            with _heed_ends():
                options = _parse(arguments)
                # Imported when it is needed: help is not kept waiting.
                from .running import run_command

                return run_command(options)
        except Exception as error:
            lack = _explain_lack(error)
            if lack is None:
                raise
            complain(f"error: {lack}")
            if any(map(_is_shortage, _list_chain(error))):
                # Libraries that were loaded in part may crash when Python takes them down.
                atexit.register(os._exit, FAILED)
            return FAILED
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


@contextmanager
def _heed_ends() -> Iterator[None]:
    """Take the signals that ask a process to end as Ctrl-C, so that it tidies up.

    Those that somebody ignores, as `nohup` does, or takes stay as they are.
    """

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    numbers = [getattr(signal, name) for name in _ENDS if hasattr(signal, name)]
    if threading.current_thread() is not threading.main_thread():
        numbers = []
    taken = [number for number in numbers if signal.getsignal(number) is signal.SIG_DFL]
    for number in taken:
        signal.signal(number, interrupt)
    try:
        yield
    finally:
        for number in taken:
            signal.signal(number, signal.SIG_DFL)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Parse a command line, or end the process with a message."""
    # Imported where Ctrl-C is heard.
    from .parser import parse_arguments

    try:
        options = parse_arguments(arguments)
    except FileNotFoundError as error:  # of the working folder
        complain(f"error: the working folder is gone ({error.strerror}). Change to another one.")
        sys.exit(FAILED)
    # A page tells how it was made.
    options.arguments = list(sys.argv[1:] if arguments is None else arguments)
    return options


def _explain_lack(error: BaseException) -> str | None:
    """Say in a line what there is too little of, and what to do; None for any other error."""
    chain = _list_chain(error)
    for each in reversed(chain):
        lines = str(each).rstrip(".").splitlines() or [type(each).__name__]
        if isinstance(each, RecursionError):
            return (
                f"folders or data lie in one another too deeply ({lines[0]}). Look for those with "
                "hundreds of levels, and name what is in them by itself."
            )
        if _is_shortage(each):
            return (
                f"there is too little memory ({lines[0]}). Close other programs, or raise the "
                "limits of this one (ulimit -v, ulimit -u); then run the command again."
            )
    if isinstance(error, ImportError):
        lines = str(chain[-1]).splitlines() or [type(error).__name__]
        return (
            f"a library that is needed cannot be loaded ({lines[0]}). Install smartdownsample "
            "again, with all that it needs."
        )
    return None


def _list_chain(error: BaseException) -> list[BaseException]:
    """List an error and those that it came from."""
    chain = [error]
    while (before := chain[-1].__cause__ or chain[-1].__context__) and before not in chain:
        chain.append(before)
    return chain


def _is_shortage(error: BaseException) -> bool:
    """Tell whether an error says that there is too little memory, also for threads."""
    return (
        isinstance(error, MemoryError)
        or (isinstance(error, OSError) and error.errno == errno.ENOMEM)
        or any(text in str(error) for text in _SHORTAGES)
    )


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
