"""Helpers: further Python processes that extract chunks beside the threads of this one.

Threads share one interpreter. A small image takes a fraction of a millisecond, of which too much
is waiting for it; a helper has its own. Helpers are only there to be quick: a run with fewer of
them, or none, gives the same.

Each is started with a plain command, so that a script needs no guard around its main part, reads
tasks from its standard input and writes results to its standard output. When that input ends,
because this process has, it ends too.

A helper runs the code that is installed when it starts, which may have been replaced since this
process read its own. One that would compute other features, or read paths otherwise, ends at once.
"""

import contextlib
import os
import pickle
import queue
import subprocess
import sys
import threading
from typing import TypeAlias

from ..errors import HelperWarning, warn_user
from ..features import FEATURE_VERSION
from ..pictures import decoding_process
from .chunk import ExtractedChunk, Task, extract_chunk

# Where the package is, so that a helper finds it as this process did.
_HOME = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
_Process: TypeAlias = "subprocess.Popen[bytes]"

# The first thing that a helper is told is where this process finds its modules. It must not look
# where it happens to be, as commands do.
_COMMAND = (
    "import sys; sys.path[:] = filter(None, sys.path); "
    "import pickle; sys.path[:] = pickle.load(sys.stdin.buffer); "
    f"from {__name__} import serve; serve()"
)
# What a helper and this process have to agree on: formulas, whose code it is, how paths are read.
IDENTITY = FEATURE_VERSION, os.path.realpath(__file__), sys.getfilesystemencoding()


class Helpers:
    """So many processes, which come into use as each of them is ready.

    A context manager that ends them, whatever they are at.

    Parameters
    ----------
    n : int
        How many to start. None is started where Python cannot be.

    Attributes
    ----------
    processes : list of subprocess.Popen
        All of them.
    free : queue.SimpleQueue
        Those that are ready and not at work.

    Warns
    -----
    HelperWarning
        On leaving, unless by an error: when some had ended before.
    """

    def __init__(self, n: int) -> None:
        # Not at the top: helpers import this module too, and start sooner without it.
        import multiprocessing.spawn  # noqa: PLC0415 - see above

        self.processes: list[_Process] = []
        self.free: queue.SimpleQueue[_Process] = queue.SimpleQueue()
        # Where a program brings its own Python along, the command would start the program.
        is_alone = getattr(sys, "frozen", False)
        executable = None if is_alone else multiprocessing.spawn.get_executable()
        with contextlib.suppress(OSError, RuntimeError):  # no more processes or threads are allowed
            while executable and len(self.processes) < n:
                process = start_helper(executable)
                self.processes.append(process)
                threading.Thread(target=self._welcome, args=(process,), daemon=True).start()

    def __enter__(self) -> "Helpers":  # noqa: PYI034 - typing.Self needs Python 3.11
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        codes = self.close()
        lost = sorted(code for code in codes if code is not None)
        if kind is not None or not lost:
            return
        # Of a signal; anything else a helper says itself.
        hint = " The system may have been short of memory." if lost[0] < 0 else ""
        warn_user(
            f"{len(lost)} of {len(codes)} helper processes ended early (exit code "
            f"{', '.join(map(str, sorted(set(lost))))}); their images were decoded by this "
            f"process, which takes longer.{hint}",
            HelperWarning,
        )

    def _welcome(self, process: _Process) -> None:
        """Wait until a helper is ready."""
        home = _HOME
        if _ask(process, [*filter(None, sys.path), home], IDENTITY):
            self.free.put(process)

    def extract(self, task: Task) -> ExtractedChunk | None:
        """Have a helper extract a chunk.

        Parameters
        ----------
        task : Task
            Which chunk, and how.

        Returns
        -------
        ExtractedChunk or None
            None when no helper is free, or when this one ended: the chunk is still to be done.
        """
        try:
            process = self.free.get_nowait()
        except queue.Empty:
            return None
        chunk = _ask(process, task)
        if not isinstance(chunk, ExtractedChunk):
            return None
        self.free.put(process)
        return chunk

    def close(self) -> list[int | None]:
        """End all helpers, whatever they are at.

        Returns
        -------
        list of (int or None)
            Of each the exit code if it had ended before. Empty from the second time on.
        """
        codes = [process.poll() for process in self.processes]
        for process in self.processes:
            # What a helper that ended had not read is lost with it.
            with contextlib.suppress(OSError), process:
                process.kill()
        self.processes.clear()
        return codes


def start_helper(executable: str | bytes) -> _Process:
    """Start a process that serves, which ends with this one and does not hear Ctrl-C.

    Parameters
    ----------
    executable : str or bytes
        Python.

    Returns
    -------
    subprocess.Popen
        Not ready before it has answered the first thing that it is told.

    Raises
    ------
    OSError
        When it cannot be started.
    """
    return subprocess.Popen(  # noqa: S603 - this Python, and a command of ours
        [executable, "-X", f"utf8={sys.flags.utf8_mode}", "-c", _COMMAND],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        # Its pictures are too small to be shared out among threads.
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
        start_new_session=True,
        creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
    )


def _ask(process: _Process, *things: object) -> object:
    """Tell a helper something and wait for the answer; None when it has ended."""
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        for thing in things:
            pickle.dump(thing, process.stdin, pickle.HIGHEST_PROTOCOL)
        process.stdin.flush()
        return pickle.load(process.stdout)  # noqa: S301 - from a process of ours
    except Exception:  # noqa: BLE001 - closed, cut short, or no answer: pickle may raise anything
        return None


def serve() -> None:
    """Extract chunks from standard input to standard output until there are no more."""
    # What libraries print must not get among the results.
    results = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    answer: object = True
    with decoding_process(), contextlib.suppress(EOFError, OSError):
        identity = pickle.load(sys.stdin.buffer)  # noqa: S301 - from who started this
        if identity != IDENTITY:
            sys.exit(
                "A helper of smartdownsample was not used: it would run other code than the "
                f"process that it is to help ({IDENTITY}, not {identity}). Was the package "
                "installed anew? Then start that process again."
            )
        while True:
            pickle.dump(answer, results, pickle.HIGHEST_PROTOCOL)
            results.flush()
            task: Task = pickle.load(sys.stdin.buffer)  # noqa: S301 - from who started this
            answer = extract_chunk(task)
