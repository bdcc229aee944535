"""Every choice of the caller: its values, its default and its check, once.

Keywords are written out where people type them (`ImageIndex.build`, `ImageIndex.sample`); the rest
of the package receives the records below. The command takes its defaults and choices from here.
"""

import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, SupportsIndex, TypeAlias, TypedDict, get_args

from .checks import (
    check_choice,
    check_flag,
    check_folder,
    check_integer,
    check_kept,
    check_number,
    shorten,
)
from .errors import InvalidParameterError
from .object_urls import check_cache_dir
from .opencv_limit import OPENCV_LIMIT_VARIABLE, is_readable

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

PathLike: TypeAlias = str | os.PathLike[str]

DecodeMode = Literal["fast", "exact", "preview"]
# Clusters that decode; of this process and this machine, joblib's configuration decides.
EngineName = Literal["dask", "ray", "spark"]
OnTruncated = Literal["keep", "skip", "raise"]
OnLoadingError = Literal["skip", "raise"]
Spread = Literal["joint", "order", "visual"]
Quotas = Literal["proportional", "equal", "two-phase"]
# Quotas of nested selections: the published rule gives none.
NestedQuotas = Literal["proportional", "equal"]
How = Literal["copy", "hardlink", "symlink"]
# What the items of a document are.
ItemKind = Literal["crops", "photos"]
# Formats that documents of others are turned into.
TargetFormat = Literal["coco", "megadetector"]
# What can be asked for; Camtrap DP is written from Camtrap DP alone.
WrittenFormat = Literal["coco", "megadetector", "camtrap-dp"]
# The picture that the boxes of a document count from: as a viewer shows it, as the file stores it,
# or as MegaDetector sees it, which leaves mirrored pictures as they are stored.
BoxOrientation = Literal["upright", "stored", "megadetector"]
# A rule such as "parent" or "regex:…", labels by path, or a label for each path.
GroupsLike: TypeAlias = Mapping[str, object] | Mapping[os.PathLike[str], object] | Iterable[object]
PerGroup: TypeAlias = SupportsIndex | Mapping[str, SupportsIndex]
# A photo, or one crop of it: path and region, which is x, y, width and height as shares of the
# upright photo.
Kept: TypeAlias = PathLike | tuple[PathLike, Sequence[float]]

MIN_HASH_SIZE, MAX_HASH_SIZE = 2, 32
# More than any panorama of a camera trap. With 8 bits a channel and alpha they take 1 GiB, which is
# what all decoders together may hold at a time.
MAX_PIXELS = 2**28
# JPEG's own limit; the weights of a longer side would take too much memory.
MAX_SIDE = 2**16
RANDOM_SEED = 42
# Share of a selection that is for validation.
VALIDATION = 0.2
# Below this, detections are mostly false: what AddaxAI, Zamba and PyTorch-Wildlife take.
MIN_CONFIDENCE = 0.2
# A crop that is wider than all of the photo around it shows no more.
MAX_CROP_MARGIN = 8.0


class ReadingKeywords(TypedDict, total=False):
    """The keywords of `ReadingOptions` that `sample_diverse` has and the published package not."""

    decode: DecodeMode
    truncated: OnTruncated
    max_pixels: int
    image_loading_errors: OnLoadingError
    cache: bool
    cache_dir: PathLike | None
    whole_seconds: bool


@dataclass(frozen=True)
class ReadingOptions:
    """How images are read: the keywords of `smartdownsample.ImageIndex.build`, described there.

    Raises
    ------
    InvalidParameterError
        When a value is not allowed.
    """

    hash_size: int = 8
    decode: DecodeMode = "fast"
    truncated: OnTruncated = "keep"
    max_pixels: int = MAX_PIXELS
    image_loading_errors: OnLoadingError = "skip"
    cache: bool = True
    cache_dir: PathLike | None = None
    n_workers: "SupportsIndex | None" = None
    # None: where somebody watches.
    show_progress: bool | None = None
    crop_margin: float = 0.0
    crop_square: bool = False
    # Take features whose time agrees up to the second: some disks lose the rest.
    whole_seconds: bool = False
    # Whether parts of the store are merged when there are many; not where many runs write to it.
    merges_parts: bool = True
    # Whether a run ends where features cannot be kept, because it is for nothing else.
    must_keep: bool = False
    # A cluster that decodes, and where it is; None: what joblib is configured for. In Python that
    # is how it is chosen, in the command there is no other way.
    engine: EngineName | None = None
    scheduler: str | None = None

    def __post_init__(self) -> None:
        """Check the values."""
        check_number("crop_margin", self.crop_margin, at_least=0, at_most=MAX_CROP_MARGIN)
        _check_integer(self, "hash_size", at_least=MIN_HASH_SIZE, at_most=MAX_HASH_SIZE)
        for name in ("cache", "crop_square", "whole_seconds", "merges_parts", "must_keep"):
            object.__setattr__(self, name, check_flag(name, getattr(self, name)))
        if self.show_progress is not None:
            shown = check_flag("show_progress", self.show_progress)
            object.__setattr__(self, "show_progress", shown)
        check_choice("decode", self.decode, get_args(DecodeMode))
        check_choice("truncated", self.truncated, get_args(OnTruncated))
        _check_integer(self, "max_pixels", at_least=1)
        check_choice("image_loading_errors", self.image_loading_errors, get_args(OnLoadingError))
        if self.n_workers is not None:
            _check_integer(self, "n_workers", at_least=1)
        if self.cache_dir is not None:
            object.__setattr__(self, "cache_dir", check_cache_dir("cache_dir", self.cache_dir))
        if self.engine is not None:
            check_choice("engine", self.engine, get_args(EngineName))
        elif self.scheduler is not None:
            msg = (
                "The 'scheduler' parameter needs 'engine', which says whose it is. Got "
                f"{self.scheduler!r} alone."
            )
            raise InvalidParameterError(msg)


def _check_integer(record: object, name: str, **bounds: int) -> None:
    """Make sure that a field is an integer, and keep it as an int."""
    object.__setattr__(record, name, check_integer(name, getattr(record, name), **bounds))


@dataclass(frozen=True)
class DocumentOptions:
    """What is taken from a document: the keywords of `smartdownsample.Document.read`.

    Raises
    ------
    InvalidParameterError
        When a value is not allowed.
    """

    root: PathLike | None = None
    items: ItemKind | None = None
    min_confidence: float = MIN_CONFIDENCE
    categories: Collection[str] = ()
    box_orientation: BoxOrientation | None = None
    strict: bool = False

    def __post_init__(self) -> None:
        """Check the values."""
        if self.root is not None:
            root = check_folder("root", self.root)
            if not os.path.isdir(root):
                msg = (
                    "The 'root' parameter must be a folder that is there, which the paths of the "
                    f"document count from. Got {root!r}."
                )
                raise InvalidParameterError(msg)
            object.__setattr__(self, "root", root)
        if self.items is not None:
            check_choice("items", self.items, get_args(ItemKind))
        check_number("min_confidence", self.min_confidence, at_least=0, at_most=1)
        if isinstance(self.categories, str) or not isinstance(self.categories, Collection):
            given = shorten(self.categories)
            msg = f"The 'categories' parameter must be a list of names. Got {given}."
            raise InvalidParameterError(msg)
        if self.box_orientation is not None:
            check_choice("box_orientation", self.box_orientation, get_args(BoxOrientation))
        object.__setattr__(self, "strict", check_flag("strict", self.strict))


class SamplingKeywords(TypedDict, total=False):
    """The keywords of `SamplingOptions`."""

    spread: Spread
    quotas: Quotas
    groups: GroupsLike | None
    per_group: "PerGroup | None"
    balance: float
    keep: "Collection[Kept] | npt.NDArray[np.int64]"
    max_per_sequence: "SupportsIndex | None"
    sequence_gap_s: float
    skip_flat: bool


@dataclass(frozen=True)
class SamplingOptions:
    """How to sample: the keywords of `smartdownsample.ImageIndex.sample`, described there.

    Raises
    ------
    InvalidParameterError
        When a value is not allowed, or two exclude each other.
    """

    spread: Spread = "joint"
    quotas: Quotas = "proportional"
    groups: GroupsLike | None = None
    per_group: "PerGroup | None" = None
    balance: float = 0.0
    keep: "Collection[Kept] | npt.NDArray[np.int64]" = ()
    max_per_sequence: "SupportsIndex | None" = None
    # Frames of one trigger are seconds apart; a minute is the customary gap between visits.
    sequence_gap_s: float = 60.0
    skip_flat: bool = False

    def __post_init__(self) -> None:
        """Check the values."""
        check_choice("spread", self.spread, get_args(Spread))
        check_choice("quotas", self.quotas, get_args(Quotas))
        check_number("balance", self.balance, at_least=0, at_most=1)
        check_number("sequence_gap_s", self.sequence_gap_s, at_least=0)
        object.__setattr__(self, "skip_flat", check_flag("skip_flat", self.skip_flat))
        if self.max_per_sequence is not None:
            _check_integer(self, "max_per_sequence", at_least=1)
        for name in ("groups", "keep"):
            given = getattr(self, name)
            if isinstance(given, Iterator):  # it can be gone through only once
                object.__setattr__(self, name, list(given))
        check_kept("keep", self.keep)
        object.__setattr__(self, "groups", map_series(self.groups))
        to_dict = getattr(self.per_group, "to_dict", None)
        if to_dict is not None:  # a pandas Series
            object.__setattr__(self, "per_group", to_dict())
        if isinstance(self.per_group, Mapping):
            caps = {
                str(name): check_integer("per_group", cap, at_least=0)
                for name, cap in self.per_group.items()
            }
            object.__setattr__(self, "per_group", caps)
        elif self.per_group is not None:
            _check_integer(self, "per_group", at_least=1)
        if self.groups is None and (self.per_group is not None or self.balance):
            name = "balance" if self.per_group is None else "per_group"
            msg = f"The '{name}' parameter needs 'groups', which says what a group is."
            raise InvalidParameterError(msg)
        if self.quotas == "two-phase" and len(self.keep):
            msg = (
                "The 'keep' parameter cannot be combined with quotas='two-phase', the published "
                "rule, which knows of no earlier picks. Use quotas='proportional'."
            )
            raise InvalidParameterError(msg)

    def for_ranking(self) -> "SamplingOptions":
        """Return the options of a ranking, or say which of them a ranking does not have."""
        check_choice("quotas", self.quotas, get_args(NestedQuotas))
        if self.per_group is not None:
            msg = (
                "The 'per_group' parameter is not for rankings, whose groups grow with each pick. "
                "Use 'balance', or sample with 'per_group'."
            )
            raise InvalidParameterError(msg)
        return self


def map_series(groups: Any) -> Any:  # noqa: ANN401 - any other is returned as it is
    """Turn a pandas Series that is indexed by paths into a mapping."""
    if not hasattr(groups, "to_dict") or not hasattr(groups, "index"):
        return groups
    paths = list(groups.index)
    if not paths or not all(isinstance(path, (str, os.PathLike)) for path in paths):
        _check_order(groups)
        return groups
    # Of a path that repeats, the first label counts, as in a list.
    return dict(zip(reversed(paths), reversed(list(groups)), strict=True))


def align_series(groups: Any, given: object) -> Any:  # noqa: ANN401 - any other is returned as it is
    """Put the labels of a pandas Series in the order of a frame, or Series, that gave the paths.

    `given` is what named the images. Where the two have the same index, labels go by it, as in
    pandas; where they have not, or `given` is something else, labels stay as they are.
    """
    own: Any = getattr(groups, "index", None)
    wanted: Any = getattr(given, "index", None)
    if not all(hasattr(index, "is_monotonic_increasing") for index in (own, wanted)):
        return groups
    if own.equals(wanted):
        return groups.to_numpy()
    is_same = len(own) == len(wanted) and own.is_unique and wanted.is_unique
    if not is_same or not own.isin(wanted).all():
        return groups
    return groups.reindex(wanted).to_numpy()


def _check_order(series: Any) -> None:  # noqa: ANN401 - of pandas, which is not imported
    """Refuse a pandas Series that was sorted or shuffled, whose labels may be of other images."""
    if getattr(series.index, "is_monotonic_increasing", True):
        return
    msg = (
        "The 'groups' parameter takes the labels of a Series by their order, where its index is "
        "not that of a frame that gave the paths. Got one whose index is not ascending, as after "
        "sorting, so that they may be of other images. Where they are in the order in which the "
        "paths were given, say so: groups.to_numpy(). Else give them by path: "
        "frame.set_index('path')['group']."
    )
    raise InvalidParameterError(msg)


def choose_opencv_limit(max_pixels: int) -> str:
    """Choose OpenCV's own limit, for processes that are this package's alone.

    It is a second wall behind the check of headers, unless the user has set another one. Report
    pages take the default `max_pixels`.
    """
    own = os.environ.get(OPENCV_LIMIT_VARIABLE, "")
    return own if is_readable(own) else str(min(max(max_pixels, MAX_PIXELS), 2**63 - 1))


def read_share(text: str) -> float | None:
    """Read a share in percent, such as ``10%``, as a number from 0 to 1; None for anything else."""
    try:
        share = float(text.removesuffix("%")) / 100 if text.endswith("%") else -1.0
    except ValueError:
        return None
    return share if 0 <= share <= 1 else None


def count_share(share: float, n_images: int) -> int:
    """Count the images of a share: one at least, if it is of any."""
    return max(round(share * n_images), min(n_images, int(share > 0)))


def count_amount(amount: float | None, n_images: int) -> int | None:
    """Count the images of what `check_amount` returns; None is no limit."""
    return count_share(amount, n_images) if isinstance(amount, float) else amount


def check_amount(name: str, value: object) -> int | float:
    """Return a count as int, or a share, such as ``"10%"``, as float from 0 to 1."""
    share = read_share(value) if isinstance(value, str) else None
    if share is not None:
        return share
    if isinstance(value, (str, float)):
        msg = (
            f"The '{name}' parameter must be an integer of at least 0, or a share in percent, such "
            f"as '10%'. Got {shorten(value)} instead."
        )
        raise InvalidParameterError(msg)
    return check_integer(name, value, at_least=0)


def check_target(target_count: object, options: SamplingOptions) -> int | float | None:
    """Return the count or share asked for; None only where groups have counts of their own."""
    if target_count is None and options.per_group is not None:
        if options.balance:
            msg = (
                "The 'balance' parameter shares a 'target_count' among groups. "
                "Give one, or leave 'balance' out: 'per_group' alone gives each group its count."
            )
            raise InvalidParameterError(msg)
        return None
    return check_amount("target_count", target_count)
