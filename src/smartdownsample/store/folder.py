"""Where stores lie: the cache folder, and in it one folder for each `FeatureSpec`."""

import os
from pathlib import Path

from ..errors import InvalidParameterError
from ..options import PathLike, ReadingOptions
from ..records import FeatureSpec

# Goes up when the columns of the parts change; stores of different versions lie side by side.
SCHEMA_VERSION = 3
# Parts of this version are still read; they lack the columns ``frame`` and ``etag``.
FORMER_SCHEMA_VERSION = 2

CACHE_DIR_VARIABLE = "SMARTDOWNSAMPLE_CACHE_DIR"

CACHE_TAG = (
    "Signature: 8a477f597d28d172789f06886806bc55\n"
    "# This folder holds features of images, kept by smartdownsample. It can be deleted.\n"
    "# For information about cache directory tags see https://bford.info/cachedir/\n"
)


def default_cache_dir() -> Path:
    """Return the folder that ``SMARTDOWNSAMPLE_CACHE_DIR`` names, else the user's cache folder."""
    from_environment = os.environ.get(CACHE_DIR_VARIABLE)
    if from_environment:
        return Path(from_environment)
    from platformdirs import user_cache_path

    return user_cache_path("smartdownsample", appauthor=False)


def choose_cache_dir(cache_dir: PathLike | None) -> Path:
    """Return the cache folder that the caller names, else the default; it need not exist.

    Raises `InvalidParameterError` when the caller's value is not a path.
    """
    if cache_dir is None:
        return default_cache_dir()
    try:
        named = os.fspath(cache_dir)
    except TypeError:
        named = ""
    if not named:
        msg = f"The 'cache_dir' parameter must be a folder's path. Got {cache_dir!r} instead."
        raise InvalidParameterError(msg)
    return Path(named)


def choose_store_dir(reading: ReadingOptions) -> Path | None:
    """Return the cache folder, or None when nothing is to be kept."""
    return choose_cache_dir(reading.cache_dir) if reading.cache else None


def list_specs(cache_dir: Path) -> list[FeatureSpec]:
    """List the specs that have a store of the current schema in a cache folder."""
    folders = sorted((cache_dir / f"features-{SCHEMA_VERSION}").glob("*/"))
    specs = (FeatureSpec.from_fingerprint(folder.name) for folder in folders)
    return [spec for spec in specs if spec is not None]
