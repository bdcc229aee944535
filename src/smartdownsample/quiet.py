"""Keep the image libraries' own messages off the user's terminal.

libjpeg, libpng and libtiff write to the process's standard error from inside the decoder, where
no Python setting reaches them. While images are decoded, standard error is read through a pipe
and passed on without such messages; causes of failures are reported as values instead.
"""

import os
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_STDERR = 2
_READ_BYTES = 1 << 16

# What the decoders write, each message in one piece and ended by a line feed.
_NOISE = re.compile(
    rb"(?:"
    rb"libpng (?:error|warning): "
    rb"|Corrupt JPEG data: |Premature end of JPEG file|Invalid SOS parameters"
    rb"|Warning: unknown JFIF revision number|Unsupported marker type |Application transferred too "
    rb"|Inconsistent progression sequence|Bogus |Unknown Adobe color transform"
    rb"|TIFF(?:Read|Fetch|Fill|Advance)\w+: |LZWDecode: |JPEGLib: |ZIPDecode: |_TIFF\w+: "
    rb"|\[ ?(?:WARN|ERROR|INFO|FATAL):\d+@[\d.]+\] "
    rb")[^\n]*\n"
)


class _Filter:
    """The one redirection of a process, shared by all that decode at the same time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._n_users = 0
        self._original = -1

    def acquire(self) -> None:
        with self._lock:
            if self._n_users == 0:
                self._start()
            self._n_users += 1

    def release(self) -> None:
        with self._lock:
            self._n_users -= 1
            if self._n_users == 0:
                self._stop()

    def _start(self) -> None:
        try:
            self._original = os.dup(_STDERR)
        except OSError:  # there is no standard error
            self._original = -1
            return
        reader, writer = os.pipe()
        os.dup2(writer, _STDERR)
        os.close(writer)
        self._thread = threading.Thread(
            target=_pass_on, args=(reader, os.dup(self._original)), daemon=True
        )
        self._thread.start()

    def _stop(self) -> None:
        if self._original < 0:
            return
        if sys.stderr is not None:
            sys.stderr.flush()
        os.dup2(self._original, _STDERR)
        os.close(self._original)
        # The pipe ends now, unless a process that was started meanwhile still writes to it.
        self._thread.join(timeout=0.2)


def _pass_on(reader: int, target: int) -> None:
    """Copy a pipe to a file without the decoders' messages, until the pipe ends."""
    try:
        while data := os.read(reader, _READ_BYTES):
            kept = memoryview(_NOISE.sub(b"", data))
            while kept:
                kept = kept[os.write(target, kept) :]
    except OSError:  # the terminal is gone
        pass
    finally:
        os.close(reader)
        os.close(target)


_filter = _Filter()


@contextmanager
def quiet_decoders() -> Iterator[None]:
    """Keep decoders' messages off standard error while the context lasts.

    Everything else that is written there meanwhile, by whichever thread, appears as ever.
    """
    _filter.acquire()
    try:
        yield
    finally:
        _filter.release()
