"""Care for the feature store: what is in it, is it sound, what can go, and what others have.

`info`, `verify`, `prune` and `clear` look after a cache folder while other runs use it; `merge`
brings the features of other machines in.
"""

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from . import store
from .errors import StorageError, StoreError
from .store import Damage, Merged, StoreInfo

__all__ = ["Damage", "Merged", "StoreInfo", "clear", "info", "merge", "prune", "verify"]

_Given = ParamSpec("_Given")
_Found = TypeVar("_Found")


def _explained(care: Callable[_Given, _Found]) -> Callable[_Given, _Found]:
    """Turn an error of the file system, such as that of a name too long, into one of ours."""

    @functools.wraps(care)
    def explained(*args: _Given.args, **kwargs: _Given.kwargs) -> _Found:
        try:
            return care(*args, **kwargs)
        except (StoreError, StorageError):
            raise
        except OSError as error:
            where = "" if error.filename is None else f" ({error.filename!r})"
            msg = (
                f"The cache folder cannot be looked after: {error.strerror or error}{where}. Name "
                "a folder that may be read and written to, and has room."
            )
            raise StoreError(msg) from error

    return explained


info = _explained(store.info)
verify = _explained(store.verify)
prune = _explained(store.prune)
clear = _explained(store.clear)
merge = _explained(store.merge_stores)
