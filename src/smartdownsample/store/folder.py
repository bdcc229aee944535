"""Where stores lie: the cache folder, and the folder of each spec in it."""

import os
from pathlib import Path

from ..errors import InvalidParameterError
from ..options import PathLike, ReadingOptions
from ..records import FeatureSpec

# Changes with the columns of the parts; stores of different schemas lie side by side.
SCHEMA_VERSION = 3
# Parts of this one are read as well: its rows lack the columns for frames and etags.
FORMER_SCHEMA_VERSION = 2

CACHE_DIR_VARIABLE = "SMARTDOWNSAMPLE_CACHE_DIR"

CACHE_TAG = (
    "Signature: 8a477f597d28d172789f06886806bc55\n"
    "# This folder holds features of images, kept by smartdownsample. It can be deleted.\n"
    "# For information about cache directory tags see https://bford.info/cachedir/\n"
)


def default_cache_dir() -> Path:
    """Return the folder of the store: ``SMARTDOWNSAMPLE_CACHE_DIR`` or the user's cache."""
    from_environment = os.environ.get(CACHE_DIR_VARIABLE)
    if from_environment:
        return Path(from_environment)
    from platformdirs import user_cache_path

    return user_cache_path("smartdownsample", appauthor=False)


def choose_cache_dir(cache_dir: PathLike | None) -> Path:
    """Return the folder of the store that the caller names, else the default.

    Parameters
    ----------
    cache_dir : path, optional
        As the caller gave it.

    Returns
    -------
    Path
        It need not exist.

    Raises
    ------
    InvalidParameterError
        When it is no path.
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
    """Return the folder of the store, None where nothing is to be kept."""
    return choose_cache_dir(reading.cache_dir) if reading.cache else None


def list_specs(cache_dir: Path) -> list[FeatureSpec]:
    """List the specs that a cache folder has stores of.

    Parameters
    ----------
    cache_dir : Path
        Folder of all stores.

    Returns
    -------
    list of FeatureSpec
        Of stores whose columns are those of this version.
    """
    folders = sorted((cache_dir / f"features-{SCHEMA_VERSION}").glob("*/"))
    specs = (FeatureSpec.from_fingerprint(folder.name) for folder in folders)
    return [spec for spec in specs if spec is not None]
