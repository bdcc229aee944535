"""Where stores lie: the cache folder, on this machine or in a bucket, and the specs in it."""

import contextlib
import hashlib
import os
from pathlib import Path
from typing import TypeAlias

from ..object_urls import check_cache_dir, is_remote
from ..options import PathLike, ReadingOptions
from ..records import FeatureSpec
from .bucket import Bucket
from .folder import FORMER_SCHEMA_VERSIONS, SCHEMA_VERSION

CacheDir: TypeAlias = Path | Bucket

CACHE_DIR_VARIABLE = "SMARTDOWNSAMPLE_CACHE_DIR"


def choose_cache_dir(cache_dir: PathLike | None) -> CacheDir:
    """Return the cache folder that the caller names, else the default; it need not exist.

    The default is what ``SMARTDOWNSAMPLE_CACHE_DIR`` names, else the user's cache folder. Raises
    `InvalidParameterError` when it is neither a local path nor the URL of a folder in a bucket.
    """
    if cache_dir is not None:
        return read_cache_dir("cache_dir", cache_dir)
    named = os.environ.get(CACHE_DIR_VARIABLE, "")
    return read_cache_dir(CACHE_DIR_VARIABLE, named) if is_remote(named) else _choose_own_folder()


def read_cache_dir(name: str, value: PathLike) -> CacheDir:
    """Return the cache folder that a parameter names; raises what `choose_cache_dir` does."""
    text = check_cache_dir(name, value)
    if not is_remote(text):
        return Path(text)
    number = hashlib.sha256(os.fsencode(text)).hexdigest()[:16]
    return Bucket(text, _choose_own_folder() / f"bucket-{number}")


def _choose_own_folder() -> Path:
    """Return the cache folder of this machine that is used where callers name none."""
    named = os.environ.get(CACHE_DIR_VARIABLE)
    if named and not is_remote(named):
        return Path(named)
    from platformdirs import user_cache_path

    return user_cache_path("smartdownsample", appauthor=False)


def choose_own_cache_dir(reading: ReadingOptions) -> Path | None:
    """Return the folder of this machine for what is kept beside features; None for nothing."""
    cache_dir = choose_cache_dir(reading.cache_dir) if reading.cache else None
    return cache_dir.copies if isinstance(cache_dir, Bucket) else cache_dir


def list_specs(cache_dir: CacheDir) -> list[FeatureSpec]:
    """List the specs that have parts in a cache folder, of the current or a former schema."""
    stores = [f"features-{version}" for version in (*FORMER_SCHEMA_VERSIONS, SCHEMA_VERSION)]
    if isinstance(cache_dir, Bucket):
        names = set().union(*map(cache_dir.list_folders, stores))
    else:
        # Python 3.13 finds nothing below a folder that no system can have; earlier ones raise.
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            os.stat(cache_dir)
        names = {path.name for each in stores for path in (cache_dir / each).glob("*/")}
    specs = map(FeatureSpec.from_fingerprint, sorted(names))
    return [spec for spec in specs if spec is not None]
