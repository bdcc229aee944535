"""What is set for the whole process while images are decoded, and set back afterwards.

Linear algebra libraries and OpenCV start threads of their own, which in each of many workers halve
the rate. And libjpeg, libpng and libtiff write to the process's standard error from inside the
decoder, where no Python setting reaches them: meanwhile standard error is read through a pipe and
passed on without such messages; causes of failures are reported as values instead.

OpenCV's own log, whose messages have several lines, is turned off at its source.

Runs may overlap in several threads. The first to come sets both, the last to go sets them back.
"""

import os
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import cv2
import joblib
from threadpoolctl import threadpool_limits

_STDERR = 2
_READ_BYTES = 1 << 16
# cv::utils::logging::LOG_LEVEL_SILENT
_SILENT = 0

# What the decoders write. libpng ends its messages in a second piece, so that line feeds may come
# late, and two of them after the messages of two threads.
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


class _Shared:
    """Settings that all runs of a process share."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._n_users = 0
        self._settings = ExitStack()

    def acquire(self) -> None:
        """Set what is to be set, if this is the first run."""
        with self._lock:
            if self._n_users == 0:
                self._settings.enter_context(threadpool_limits(1, user_api="blas"))
                self._settings.enter_context(_single_threads())
                self._settings.enter_context(_quiet_log())
                self._settings.enter_context(_quiet_stderr())
            self._n_users += 1

    def release(self) -> None:
        """Set it back, if this is the last run."""
        with self._lock:
            self._n_users -= 1
            if self._n_users == 0:
                self._settings.close()


_shared = _Shared()


def count_workers(n_workers: int | None = None) -> int:
    """Count the workers to use: by default the usable cores, at least 4.

    More threads than cores help a little even when the disk is quick, since one reads while
    another decodes.
    """
    return max(4, joblib.cpu_count()) if n_workers is None else n_workers


@contextmanager
def decoding_process() -> Iterator[None]:
    """Keep workers single-threaded and decoders quiet while the context lasts.

    Everything else that is written to standard error meanwhile, by whichever thread, appears as
    ever.
    """
    _shared.acquire()
    try:
        yield
    finally:
        _shared.release()


@contextmanager
def _single_threads() -> Iterator[None]:
    """Keep OpenCV from sharing one picture out to threads, which then spin for more."""
    n_threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(n_threads)


@contextmanager
def _quiet_log() -> Iterator[None]:
    """Turn OpenCV's log off."""
    # OpenCV 5 moved the function.
    set_level = cv2.setLogLevel if hasattr(cv2, "setLogLevel") else cv2.utils.logging.setLogLevel
    level = set_level(_SILENT)
    try:
        yield
    finally:
        set_level(level)


@contextmanager
def _quiet_stderr() -> Iterator[None]:
    """Put a filter before standard error."""
    try:
        original = os.dup(_STDERR)
    except OSError:  # there is no standard error
        yield
        return
    reader, writer = os.pipe()
    os.dup2(writer, _STDERR)
    os.close(writer)
    thread = threading.Thread(target=_pass_on, args=(reader, os.dup(original)), daemon=True)
    thread.start()
    try:
        yield
    finally:
        if sys.stderr is not None:
            sys.stderr.flush()
        os.dup2(original, _STDERR)
        os.close(original)
        # The pipe ends now, unless a process that was started meanwhile still writes to it.
        thread.join(timeout=0.2)


def _pass_on(reader: int, target: int) -> None:
    """Copy a pipe to a file without the decoders' messages, until the pipe ends."""
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
