"""A collection that is ready to be sampled, and what was picked from it."""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from ..options import DocumentOptions, ReadingOptions, SamplingOptions
from .arrays import BoolArray, ByteArray, DistanceArray, Float64Array, IntArray
from .failures import Failure
from .feature_table import FeatureTable

if TYPE_CHECKING:
    from typing_extensions import Self


class BucketCount(NamedTuple):
    """How many items of one bucket there are, and how many of them were selected."""

    code: int
    size: int
    n_kept: int


class GroupCount(NamedTuple):
    """How many items of one group there are, and how many of them were selected."""

    name: str
    size: int
    n_kept: int


Regime = Literal["timed", "ordered", "unordered"]


@dataclass(frozen=True, eq=False)
class Layout:
    """The order that picks of a collection are spread along, see `smartdownsample.sampling.layout`.

    Attributes
    ----------
    regime : {"timed", "ordered", "unordered"}
        Whether the order is by capture time within a camera, natural, or by looks.
    order : ndarray of int64, shape (n,)
        The row of each place.
    events : ndarray of int64, shape (n,)
        Number of each place's event, ascending. Without times each place is one.
    worth : ndarray of float64, shape (n,)
        What each place's event is worth, up to 1.
    steps : ndarray of uint16, shape (n,), or None
        How far each place looks from the one before it, as `smartdownsample.sampling.distances`
        measures it; None where that is not measured.
    """

    regime: Regime
    order: IntArray
    events: IntArray
    worth: Float64Array
    steps: DistanceArray | None = None

    @property
    def n_events(self) -> int:
        """Count the events."""
        return int(self.events.max(initial=-1)) + 1


class GroupLabels(NamedTuple):
    """The groups of a collection.

    Attributes
    ----------
    names : tuple of str, length g
        Name of each group, in natural order.
    ids : ndarray of int64, shape (n,)
        Number of each item's group.
    """

    names: tuple[str, ...]
    ids: IntArray


class NamedBy(NamedTuple):
    """What named the images of a collection, and how they were read.

    Attributes
    ----------
    sources : sequence of str
        Folders, globs and images, or the file of a document.
    reading : ReadingOptions
        How they were read.
    document : DocumentOptions or None
        What was taken from the document, where it is one.
    """

    sources: Sequence[str]
    reading: ReadingOptions
    document: DocumentOptions | None = None


@dataclass(frozen=True, eq=False, repr=False)
class Collection:
    """A collection that is ready to be sampled.

    Attributes
    ----------
    table : FeatureTable
        Its readable items, in natural order, with their features.
    codes : ndarray of uint8, shape (n,)
        Each item's bucket, see `smartdownsample.sampling.encode_buckets`.
    layout : Layout
        The order that picks are spread along.
    cache_dir : Path or None
        Folder for what is kept about the collection; None keeps nothing.
    other_layouts : dict of str to Layout
        Those that were asked for instead, by their regime.
    named_by : NamedBy or None
        What named the items; None where that is not known.
    """

    table: FeatureTable
    codes: ByteArray
    layout: Layout
    cache_dir: Path | None = None
    other_layouts: dict[Regime, Layout] = field(default_factory=dict)
    named_by: NamedBy | None = None


@dataclass(frozen=True, eq=False, repr=False)
class Picks:
    """The items of a collection that were picked.

    Attributes
    ----------
    collection : Collection
        What was sampled.
    rows : ndarray of int64, shape (k,)
        The picked rows of the table: ascending, that is in natural order, or in the order of rank.
    target_count : int
        How many items were asked for.
    random_seed : int or None
        The seed they were picked with.
    labels : GroupLabels or None
        The groups that were sampled, if any.
    earlier_rows : ndarray of int64
        Rows selected before, which these were kept apart from; not among ``rows``.
    options : SamplingOptions or None
        How they were sampled; None where they were found in another way, such as by a ranking.
    skipped_rows : ndarray of int64 or None
        Rows that were left out as flat; None where none had to be, see `SamplingOptions`.
    """

    collection: Collection
    rows: IntArray
    target_count: int
    random_seed: int | None
    labels: GroupLabels | None = None
    earlier_rows: IntArray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    options: SamplingOptions | None = None
    skipped_rows: IntArray | None = None

    @classmethod
    def wrap(cls, picks: "Picks") -> "Self":
        """Give picks the methods of this class."""
        return cls(*(getattr(picks, entry.name) for entry in fields(Picks)))

    def __len__(self) -> int:
        """Count the picked items."""
        return len(self.rows)

    @property
    def table(self) -> FeatureTable:
        """The items that were picked from."""
        return self.collection.table

    @property
    def codes(self) -> ByteArray:
        """Each item's bucket, shape (n,)."""
        return self.collection.codes

    @property
    def paths(self) -> list[str]:
        """Paths of the picked items, each as the caller gave it."""
        return self.table.paths.list_some(self.rows)

    @property
    def indices(self) -> IntArray:
        """Places of the picked items in the caller's own list, not in ``paths``, shape (k,)."""
        return self.table.indices[self.rows]

    @property
    def failures(self) -> tuple[Failure, ...]:
        """The items that could not be used."""
        return self.table.failures

    @property
    def inputs(self) -> list[str]:
        """The paths of all items in natural order, those that could not be used last.

        ``indices`` count in the caller's list, not in this one.
        """
        return [*self.table.paths, *(failure.path for failure in self.failures)]

    @cached_property
    def is_kept(self) -> BoolArray:
        """Whether each item of the table is picked, shape (n,)."""
        kept = np.zeros(len(self.table), dtype=np.bool_)
        kept[self.rows] = True
        return kept

    @cached_property
    def buckets(self) -> list[BucketCount]:
        """Size and number of picked items of each bucket, largest first."""
        codes, sizes = np.unique(self.codes, return_counts=True)
        kept = np.bincount(self.codes[self.rows], minlength=256)[codes]
        order = np.argsort(-sizes, kind="stable")
        return [BucketCount(int(codes[i]), int(sizes[i]), int(kept[i])) for i in order]

    @cached_property
    def groups(self) -> list[GroupCount]:
        """Size and number of picked items of each group, in natural order of the names."""
        if self.labels is None:
            return []
        names, ids = self.labels
        sizes = np.bincount(ids, minlength=len(names)).tolist()
        kept = np.bincount(ids[self.rows], minlength=len(names)).tolist()
        return list(map(GroupCount, names, sizes, kept))
