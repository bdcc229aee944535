"""Pick a visually diverse subset of exactly N images out of a large, redundant collection.

Names are imported on first use, so that the command answers ``--help`` without the libraries
that only its work needs.
"""

from importlib import import_module

# Importing typing would take longer than all else that is imported here.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from . import cache
    from .api import sample_diverse
    from .coverage import Coverage
    from .errors import (
        DecodeError,
        HelperWarning,
        ImageLoadingWarning,
        InvalidParameterError,
        MissingExtraError,
        MissingImageError,
        OutputError,
        SmartDownsampleError,
        StoreError,
        StoreWarning,
    )
    from .index import ImageIndex
    from .model import (
        BucketCount,
        Cause,
        Failure,
        FeatureSpec,
        FeatureTable,
        GroupCount,
        Selection,
    )
    from .packs import export_pack, import_pack
    from .paths import find_images
    from .placing import Placed, place_images
    from .ranking import Ranking
    from .split import Split

__version__ = "3.0.0.dev0"

__all__ = [
    "BucketCount",
    "Cause",
    "Coverage",
    "DecodeError",
    "Failure",
    "FeatureSpec",
    "FeatureTable",
    "GroupCount",
    "HelperWarning",
    "ImageIndex",
    "ImageLoadingWarning",
    "InvalidParameterError",
    "MissingExtraError",
    "MissingImageError",
    "OutputError",
    "Placed",
    "Ranking",
    "Selection",
    "SmartDownsampleError",
    "Split",
    "StoreError",
    "StoreWarning",
    "__version__",
    "cache",
    "export_pack",
    "find_images",
    "import_pack",
    "place_images",
    "sample_diverse",
]

_ROOM_OF = {
    name: room
    for room, names in {
        "api": "sample_diverse",
        "coverage": "Coverage",
        "errors": "DecodeError HelperWarning ImageLoadingWarning InvalidParameterError"
        " MissingExtraError MissingImageError OutputError SmartDownsampleError StoreError"
        " StoreWarning",
        "index": "ImageIndex",
        "model": "BucketCount Cause Failure FeatureSpec FeatureTable GroupCount Selection",
        "packs": "export_pack import_pack",
        "paths": "find_images",
        "placing": "Placed place_images",
        "ranking": "Ranking",
        "split": "Split",
    }.items()
    for name in names.split()
}


def __getattr__(name: str) -> object:
    """Import what is asked for, a name or a room, and keep it."""
    room = _ROOM_OF.get(name, name)
    if room.startswith("_"):
        raise AttributeError(_deny(name))
    try:
        module = import_module(f".{room}", __name__)
    except ModuleNotFoundError as error:
        if error.name != f"{__name__}.{room}":
            raise
        raise AttributeError(_deny(name)) from None
    value: object = getattr(module, name) if name in _ROOM_OF else module
    globals()[name] = value
    return value


def _deny(name: str) -> str:
    return f"module {__name__!r} has no attribute {name!r}"


def __dir__() -> list[str]:
    """List the public names, imported or not."""
    return sorted({*globals(), *__all__})
