"""Helpers: extra Python processes that extract chunks beside the threads of this one.

Threads share one interpreter. A small image takes a fraction of a millisecond, and much of that is
waiting for the interpreter; a helper has its own. A run with fewer helpers, or none, gives the same
result and only takes longer.

Why not joblib's process backend, loky: helpers start while the threads already work, and small runs
start none. For 9,000 to 24,000 crops of 320×240 on two cores, start-up included, a run with a
helper takes 0.91 to 0.93 of the time that loky takes, and 0.82 of that of threads alone. For 4,000
crops no helper starts, and threads take 0.82 of loky's time. Helpers also end with the run.

A helper reads tasks from its standard input and writes results to its standard output. It ends
when its input ends, that is when this process does. It runs the code that is installed when it
starts, which may have been replaced since this process began: a helper that would compute other
features or read paths differently ends at once.

A helper has its part of the memory for decoding. A picture that takes more is left to this process,
see `smartdownsample.pictures.memory_budget`.
"""

import contextlib
import os
import pickle
import queue
import subprocess
import sys
import threading
from typing import NamedTuple, TypeAlias

from ..errors import HelperWarning, warn_user
from ..features import FEATURE_VERSION
from ..opencv_limit import OPENCV_LIMIT_VARIABLE
from ..options import MAX_PIXELS, choose_opencv_limit
from ..pictures import MEMORY, decoding_process
from .chunk import StopSign, extract_chunk
from .task import ExtractedChunk, Task

# The folder that holds the package, for the helper's module search path.
_HOME = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
Process: TypeAlias = "subprocess.Popen[bytes]"

# A helper first reads this process's module search path, and the limit that OpenCV reads when it is
# loaded. Until then it must not import from the current folder, as commands otherwise do.
_COMMAND = (
    "import sys; sys.path[:] = filter(None, sys.path); "
    "import os, pickle; sys.path[:], limit = pickle.load(sys.stdin.buffer); "
    f"os.environ[{OPENCV_LIMIT_VARIABLE!r}] = limit; "
    f"from {__name__} import serve; serve()"
)
# What a helper and this process must have in common: formulas, code, encoding of paths.
IDENTITY = FEATURE_VERSION, os.path.realpath(__file__), sys.getfilesystemencoding()


class HelperAnswer(NamedTuple):
    """A chunk, and the files of it that are left to who asked for it."""

    chunk: ExtractedChunk
    left: list[int]


class Helpers:
    """At most `n` helper processes, which come into use as soon as each is ready.

    Leaving it as a context manager ends all of them, whatever they are doing, and gives a
    `HelperWarning` when some had ended early and no error is on its way. ``processes`` are all
    helpers, ``free`` those that are ready and idle. None starts where Python cannot be started.
    They are to decode images of at most `max_pixels`.
    """

    def __init__(self, n: int, max_pixels: int = MAX_PIXELS) -> None:
        self._greeting = n, max_pixels
        self.processes: list[Process] = []
        self.free: queue.SimpleQueue[Process] = queue.SimpleQueue()
        executable = find_python()
        # Too many processes or threads already: fewer helpers do.
        with contextlib.suppress(OSError, RuntimeError):
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
        # Negative codes are signals; in all other cases the helper has printed the reason.
        hint = " The system may have been short of memory." if lost[0] < 0 else ""
        warn_user(
            f"{len(lost)} of {len(codes)} helper processes ended early (exit code "
            f"{', '.join(map(str, sorted(set(lost))))}); their images were decoded by this "
            f"process, which takes longer.{hint}",
            HelperWarning,
        )

    def _welcome(self, process: Process) -> None:
        """Wait until a helper is ready, then make it free."""
        if greet(process, *self._greeting):
            self.free.put(process)

    def extract(self, task: Task, stop: StopSign | None = None) -> ExtractedChunk | None:
        """Have a helper extract a chunk, but for pictures that take more than its part of memory.

        These are extracted here, see `extract_chunk` for `stop`. Returns None when no helper is
        free or this one ended; the chunk is then still to be done.
        """
        try:
            process = self.free.get_nowait()
        except queue.Empty:
            return None
        answer = ask(process, task)
        if not isinstance(answer, HelperAnswer):
            return None
        self.free.put(process)
        if answer.left:
            part = extract_chunk(task.choose_files(answer.left), stop)
            answer.chunk.put(part, task.items_of(answer.left))
        return answer.chunk

    def close(self) -> list[int | None]:
        """End all helpers; return the exit codes of those that ended early, None for the others.

        The list is empty when called again.
        """
        codes = [process.poll() for process in self.processes]
        for process in self.processes:
            end_helper(process)
        self.processes.clear()
        return codes


def find_python() -> str | bytes | None:
    """Find the Python that helpers are started with; None where there is none."""
    # Helpers import this module too, and start sooner without this import.
    import multiprocessing.spawn  # noqa: PLC0415 - see above

    # In a frozen program the executable is the program itself, not Python.
    return None if getattr(sys, "frozen", False) else multiprocessing.spawn.get_executable()


def start_helper(executable: str | bytes) -> Process:
    """Start a process that runs `serve`; Ctrl-C does not reach it, and it ends with this process.

    It is ready once it has answered for the first time. Raises `OSError` if it cannot be started.
    """
    return subprocess.Popen(  # noqa: S603 - this Python, and a command of ours
        [executable, "-X", f"utf8={sys.flags.utf8_mode}", "-c", _COMMAND],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        # Its pictures are too small for several threads to help.
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
        start_new_session=True,
        creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
    )


def greet(process: Process, n_helpers: int, max_pixels: int) -> bool:
    """Tell a new helper what it has to know, and wait until it is ready; False when it has ended.

    It has its part of the memory of a run with so many helpers, or all where it works alone.
    """
    limit = choose_opencv_limit(max_pixels)
    return bool(ask(process, ([*filter(None, sys.path), _HOME], limit), IDENTITY, n_helpers))


def end_helper(process: Process) -> None:
    """End a helper, whatever it is doing."""
    # Closing its input fails when it ended before it had read everything.
    with contextlib.suppress(OSError), process:
        process.kill()


def ask(process: Process, *messages: object) -> object:
    """Send messages to a helper and wait for one answer; None when it has ended."""
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        for message in messages:
            pickle.dump(message, process.stdin, pickle.HIGHEST_PROTOCOL)
        process.stdin.flush()
        return pickle.load(process.stdout)  # noqa: S301 - from a process of ours
    except Exception:  # noqa: BLE001 - closed, cut short, or no answer: pickle may raise anything
        return None


def serve() -> None:
    """Read tasks from standard input and write chunks to standard output, until the input ends."""
    # What libraries print must not mix with the results.
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
        n_helpers: int = pickle.load(sys.stdin.buffer)  # noqa: S301 - from who started this
        if n_helpers:
            MEMORY.become_helper(n_helpers)
        while True:
            pickle.dump(answer, results, pickle.HIGHEST_PROTOCOL)
            results.flush()
            task: Task = pickle.load(sys.stdin.buffer)  # noqa: S301 - from who started this
            left: list[int] = []
            answer = HelperAnswer(extract_chunk(task, left=left), left)
