"""Pick a visually diverse subset of exactly N images out of a large, redundant collection.

Names are imported on first use, so that the command answers ``--help`` without the libraries
that only its work needs.
"""

import sys
from importlib import import_module
from types import ModuleType

from .opencv_limit import drop_unreadable_variables

# Importing typing would take longer than all else that is imported here.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from . import cache
    from .api import inspect_index, sample_diverse
    from .document import Document
    from .errors import (
        DecodeError,
        DocumentWarning,
        ExtractionError,
        HelperWarning,
        ImageLoadingWarning,
        InvalidParameterError,
        LabelWarning,
        LockWarning,
        MissingExtraError,
        MissingImageError,
        OutputError,
        ShortfallWarning,
        SmartDownsampleError,
        StorageError,
        StoreError,
        StoreWarning,
    )
    from .gathering import PreviewCounts, count_previews
    from .index import ImageIndex
    from .items import find_images
    from .locks import Lock, LockReport
    from .records import BucketCount, Cause, Failure, FeatureSpec, FeatureTable, GroupCount
    from .results import (
        Figures,
        Inspection,
        NearDuplicate,
        Placed,
        Split,
        place_images,
        write_manifest,
        write_selection,
    )
    from .sampling import Coverage, NeededCount
    from .selection import Ranking, Selection
    from .store import export_pack, import_pack

drop_unreadable_variables()

__version__ = "3.0.0.dev0"

__all__ = [
    "BucketCount",
    "Cause",
    "Coverage",
    "DecodeError",
    "Document",
    "DocumentWarning",
    "ExtractionError",
    "Failure",
    "FeatureSpec",
    "FeatureTable",
    "Figures",
    "GroupCount",
    "HelperWarning",
    "ImageIndex",
    "ImageLoadingWarning",
    "Inspection",
    "InvalidParameterError",
    "LabelWarning",
    "Lock",
    "LockReport",
    "LockWarning",
    "MissingExtraError",
    "MissingImageError",
    "NearDuplicate",
    "NeededCount",
    "OutputError",
    "Placed",
    "PreviewCounts",
    "Ranking",
    "Selection",
    "ShortfallWarning",
    "SmartDownsampleError",
    "Split",
    "StorageError",
    "StoreError",
    "StoreWarning",
    "__version__",
    "cache",
    "count_previews",
    "export_pack",
    "find_images",
    "import_pack",
    "inspect_index",
    "place_images",
    "sample_diverse",
    "write_manifest",
    "write_selection",
]

_HOME_OF = {
    name: home
    for home, names in {
        "api": "inspect_index sample_diverse",
        "document": "Document",
        "errors": "DecodeError DocumentWarning ExtractionError HelperWarning"
        " ImageLoadingWarning InvalidParameterError LabelWarning LockWarning"
        " MissingExtraError MissingImageError OutputError ShortfallWarning"
        " SmartDownsampleError StorageError StoreError StoreWarning",
        "gathering": "PreviewCounts count_previews",
        "index": "ImageIndex",
        "items": "find_images",
        "locks": "Lock LockReport",
        "records": "BucketCount Cause Failure FeatureSpec FeatureTable GroupCount",
        "results": "Figures Inspection NearDuplicate Placed Split place_images write_manifest"
        " write_selection",
        "sampling": "Coverage NeededCount",
        "selection": "Ranking Selection",
        "store": "export_pack import_pack",
    }.items()
    for name in names.split()
}


def __getattr__(name: str) -> object:
    """Import what is asked for, a name or a module, and keep it."""
    home = _HOME_OF.get(name, name)
    if home.startswith("_"):
        raise AttributeError(_deny(name))
    try:
        module = import_module(f".{home}", __name__)
    except ModuleNotFoundError as error:
        if error.name != f"{__name__}.{home}":
            raise
        raise AttributeError(_deny(name)) from None
    value: object = getattr(module, name) if name in _HOME_OF else module
    globals()[name] = value
    return value


def _deny(name: str) -> str:
    return f"module {__name__!r} has no attribute {name!r}"


def __dir__() -> list[str]:
    """List the public names, imported or not."""
    return sorted({*globals(), *__all__})


# Modules of the time before there were wings; what they had is the package's now.
for _former in ("inspection", "manifest", "outputs", "packs", "provenance", "split"):
    _module = ModuleType(f"{__name__}.{_former}")
    vars(_module)["__getattr__"] = __getattr__
    sys.modules[_module.__name__] = _module
