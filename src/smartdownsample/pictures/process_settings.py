"""Settings of the process while images are decoded, and the number of workers.

One thread a worker: linear algebra libraries and OpenCV would start threads of their own, which
halve the rate of many workers.

Silence: libjpeg, libpng and libtiff write messages straight to the process's standard error. It is
passed through a pipe that drops them; failures are reported as values instead. OpenCV's own log,
whose messages have several lines, is turned off.

Runs may overlap in several threads: the first one sets all this, the last one sets it back.
"""

import operator
import os
import re
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Any, SupportsIndex, TypeVar

import cv2
import joblib
from threadpoolctl import threadpool_limits

_ResultT = TypeVar("_ResultT")

_STDERR = 2
_READ_BYTES = 1 << 16
# cv::utils::logging::LOG_LEVEL_SILENT
_SILENT = 0

# Messages of the decoders. libpng writes the line feed separately, so that it may come late, or two
# together after messages of two threads.
_NOISE = re.compile(
    rb"(?:"
    rb"libpng (?:error|warning): "
    rb"|Corrupt JPEG data: |Premature end of JPEG file|Invalid SOS parameters"
    rb"|Warning: unknown JFIF revision number|Unsupported marker type |Application transferred too "
    rb"|Inconsistent progression sequence|Bogus |Unknown Adobe color transform"
    rb"|TIFF(?:Read|Fetch|Fill|Advance)\w+: |LZWDecode: |JPEGLib: |ZIPDecode: |_TIFF\w+: "
    rb"|\[ ?(?:WARN|ERROR|INFO|FATAL):\d+@[\d.]+\] "
    rb")[^\n\r]*\n*"
)


class _SharedSettings:
    """The settings, and how many runs use them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._n_users = 0
        self._settings = ExitStack()

    def acquire(self) -> None:
        """Apply the settings if this is the first run: all of them, or none when one fails."""
        with self._lock:
            if self._n_users == 0:
                with ExitStack() as settings:
                    _apply_settings(settings)
                    self._settings = settings.pop_all()
            self._n_users += 1

    def release(self) -> None:
        """Set them back if this was the last run."""
        with self._lock:
            self._n_users -= 1
            if self._n_users == 0:
                self._settings.close()


def _apply_settings(settings: ExitStack) -> None:
    """Apply the settings; leaving the stack sets them back."""
    settings.enter_context(threadpool_limits(1, user_api="blas"))
    # OpenCV would use several threads for a picture, which then spin idly.
    settings.callback(cv2.setNumThreads, cv2.getNumThreads())
    cv2.setNumThreads(1)
    settings.callback(_set_log_level, _set_log_level(_SILENT))
    settings.enter_context(_quiet_stderr())


_shared = _SharedSettings()


def count_workers(n_workers: SupportsIndex | None = None) -> int:
    """Count the workers to use: by default the usable cores, but at least 4.

    More threads than cores help a little even with a fast disk: one reads while another decodes.
    """
    return max(4, joblib.cpu_count()) if n_workers is None else operator.index(n_workers)


@contextmanager
def decoding_process() -> Iterator[None]:
    """Keep libraries single-threaded and decoders quiet while the context lasts.

    Everything else that any thread writes to standard error still appears.
    """
    _shared.acquire()
    try:
        yield
    finally:
        _shared.release()


def decode_all(
    decode: Callable[..., _ResultT], *arguments: Iterable[Any], n_workers: int | None = None
) -> list[_ResultT]:
    """Call a function that decodes, as ``map`` does but on threads; results are in the same order.

    After an error or Ctrl-C, too, the threads are waited for: one that is inside a codec while
    Python ends would crash the process.
    """
    with decoding_process(), ThreadPoolExecutor(count_workers(n_workers)) as threads:
        return list(threads.map(decode, *arguments))


def _set_log_level(level: int) -> int:
    """Set the level of OpenCV's log, and return the former one."""
    # OpenCV 5 moved the function.
    set_level = cv2.setLogLevel if hasattr(cv2, "setLogLevel") else cv2.utils.logging.setLogLevel
    return set_level(level)


@contextmanager
def _quiet_stderr() -> Iterator[None]:
    """Filter the decoders' messages out of standard error."""
    try:
        original = os.dup(_STDERR)
    except OSError:  # the process has no standard error
        yield
        return
    with ExitStack() as opened:
        opened.callback(os.close, original)
        thread = _start_filter(original)
        try:
            yield
        finally:
            if sys.stderr is not None:
                sys.stderr.flush()
            os.dup2(original, _STDERR)
            # The pipe ends now, unless a child process inherited it and still writes.
            thread.join(timeout=0.2)


def _start_filter(original: int) -> threading.Thread:
    """Put a pipe in the place of standard error, and start a thread that reads it."""
    with ExitStack() as opened:
        reader, writer = os.pipe()
        # Standard error is the only writer in the end.
        with _closing(writer):
            opened.callback(os.close, reader)
            target = os.dup(original)
            opened.callback(os.close, target)
            thread = threading.Thread(target=_pass_on, args=(reader, target), daemon=True)
            thread.start()
            # It closes them at the end of the pipe.
            opened.pop_all()
            os.dup2(writer, _STDERR)
    return thread


@contextmanager
def _closing(descriptor: int) -> Iterator[None]:
    """Close a descriptor in the end."""
    try:
        yield
    finally:
        os.close(descriptor)


def _pass_on(reader: int, target: int) -> None:
    """Copy a pipe to a file until it ends, without the decoders' messages."""
    is_after_noise = False
    try:
        while data := os.read(reader, _READ_BYTES):
            if is_after_noise:
                data = data.lstrip(b"\n")
            ends = [found.end() for found in _NOISE.finditer(data)]
            is_after_noise = ends[-1:] == [len(data)] or (is_after_noise and not data)
            kept = memoryview(_NOISE.sub(b"", data))
            while kept:
                kept = kept[os.write(target, kept) :]
    except OSError:  # the terminal is gone
        pass
    finally:
        os.close(reader)
        os.close(target)
