"""Writing that is tried again, for errors that may pass."""

import errno
import time
from collections.abc import Callable

# Seconds before a part is tried again that could not be written for an error that may pass: of a
# disk that stumbles, or of a network disk that is away for a moment. A full disk waits for people.
_PAUSES_S = (10.0, 20.0)
_PASSING_ERRORS = frozenset(
    getattr(errno, name, errno.EIO)  # not every system has them all
    for name in (
        *("EIO", "EREMOTEIO", "ESTALE", "ETIMEDOUT", "EAGAIN", "EBUSY", "EINTR", "ENOLCK"),
        *("ENXIO", "ENODEV", "ENOTCONN", "ECONNRESET", "ECONNREFUSED", "ECONNABORTED"),
        *("ENETDOWN", "ENETUNREACH", "ENETRESET", "EHOSTDOWN", "EHOSTUNREACH"),
    )
)


def keep_trying(write: Callable[[], None]) -> None:
    """Write something, and try three times over half a minute; raises the last `OSError`."""
    for pause_s in _PAUSES_S:
        try:
            write()
        except OSError as error:
            if error.errno not in _PASSING_ERRORS:
                raise
            time.sleep(pause_s)
        else:
            return
    write()
