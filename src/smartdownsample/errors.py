"""The errors and warnings of smartdownsample.

Every error derives from `SmartDownsampleError` and from the built-in exception that a caller
would expect, so ``except ValueError`` and ``except OSError`` work as well.
"""

import inspect
import warnings


class SmartDownsampleError(Exception):
    """Root of all errors that this package raises on purpose."""


class InvalidParameterError(SmartDownsampleError, ValueError):
    """A parameter has a wrong type or value; raised before any file is opened."""


class DecodeError(SmartDownsampleError, OSError):
    """An image could not be loaded and the caller asked for errors to be raised."""

    def __str__(self) -> str:
        """Return the message; that of OSError would be made of errno and file name."""
        return str(self.args[0])


class MissingImageError(DecodeError, FileNotFoundError):
    """An image file does not exist and the caller asked for errors to be raised."""


class MissingExtraError(SmartDownsampleError, ImportError):
    """A library that belongs to an optional extra of this package is not installed."""


class ExtractionError(SmartDownsampleError, RuntimeError):
    """Workers, or what leads to them, failed so that not all images could be decoded."""


class StorageError(SmartDownsampleError, OSError):
    """An object store cannot be reached, or does not let its objects be listed."""


class StoreError(SmartDownsampleError, OSError):
    """The feature store, or a file made from it, could not be used as asked."""


class DamagedPartError(StoreError):
    """A file is not, or no longer, a part of the feature store."""


class OutputError(SmartDownsampleError, OSError):
    """A file could not be written, or images could not be placed, as asked."""


class ImageLoadingWarning(UserWarning):
    """Some images could not be loaded and were left out."""


class LabelWarning(UserWarning):
    """Some images have several labels, of which the first counts."""


class ShortfallWarning(UserWarning):
    """Fewer images were selected than asked for, though there are more."""


class DocumentWarning(UserWarning):
    """A document is read, though it is not quite of its format, or of a newer version."""


class StoreWarning(UserWarning):
    """The feature store could not be read or written in part; results are unaffected."""


class LockWarning(UserWarning):
    """A lockfile does not say where its images lie, or what was asked for of what."""


class HelperWarning(UserWarning):
    """A process that helps to decode ended early or cannot be used; results are unaffected."""


def warn_user(message: str, category: type[Warning]) -> None:
    """Warn, naming the line of the user's code that called into this package."""
    frame, level = inspect.currentframe(), 1
    while frame is not None and _is_ours(frame.f_globals.get("__name__", "")):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)


def _is_ours(module: str) -> bool:
    # What leaves a context of ours stands between its frames.
    return module.partition(".")[0] in {__package__, "contextlib"}
