"""What is in a collection, in figures, for people who are about to sample it."""

from collections import Counter
from dataclasses import dataclass

import numpy as np

from ..collection import Collection
from ..features import tell_infrared
from ..gathering import PreviewCounts, count_previews
from ..records import BoolArray, FeatureTable, IntArray
from ..sampling import (
    are_near_duplicates,
    is_quality_known,
    label_items,
    number_sequences,
    tell_quality,
)


@dataclass(frozen=True)
class Figures:
    """Figures of some images.

    Attributes
    ----------
    n_images : int
        Number of images.
    n_infrared : int
        Images without colour, or of one tint, as cameras take them at night.
    n_near_duplicates : int
        Images that show the same as the one before them in natural order, but for small changes.
    n_sequences : int
        Sequences that have one of the images; an image on its own is a sequence.
    longest_sequence : int
        Number of images of the longest sequence.
    n_captured : int
        Images with a known capture time.
    first_captured, last_captured : str or None
        Earliest and latest capture time, local time of the cameras' clocks, in ISO 8601.
    """

    n_images: int
    n_infrared: int
    n_near_duplicates: int
    n_sequences: int
    longest_sequence: int
    n_captured: int
    first_captured: str | None
    last_captured: str | None


@dataclass(frozen=True)
class QualityCount:
    """How many images one word holds of.

    Attributes
    ----------
    n_images : int
        Number of images.
    first_path : str
        The first of them in natural order.
    """

    n_images: int
    first_path: str


@dataclass(frozen=True)
class Inspection:
    """What is in a collection.

    Attributes
    ----------
    total : Figures
        Figures of all readable images.
    folders : dict of str to Figures
        Figures of each folder's images, in natural order of the folders.
    sizes : dict of str to int
        Number of images by size in pixels, such as "2048x1536", the most frequent size first.
    failures : dict of str to int
        Number of images that could not be loaded by cause, the most frequent cause first.
    n_truncated : int
        Readable images whose file ends too early.
    n_duplicates : int
        Paths that named an image again.
    previews : PreviewCounts
        How many images were described by the previews in their files.
    quality : dict of str to QualityCount
        The words that hold of any images: "blurred", "dark", "flat" or "overexposed".
    n_quality_unknown : int
        Images that may be blurred or flat: they were kept before that was measured.
    """

    total: Figures
    folders: dict[str, Figures]
    sizes: dict[str, int]
    failures: dict[str, int]
    n_truncated: int
    n_duplicates: int
    previews: PreviewCounts
    quality: dict[str, QualityCount]
    n_quality_unknown: int


def inspect_collection(collection: Collection, sequence_gap_s: float) -> Inspection:
    """Compute the figures of a collection; `sequence_gap_s` is the longest pause in a sequence."""
    table = collection.table
    sequences = number_sequences(table, sequence_gap_s)
    # No image comes before the first.
    is_near_duplicate = np.zeros(len(table), dtype=np.bool_)
    is_near_duplicate[1:] = are_near_duplicates(table.rows[:-1], table.rows[1:], table.spec)
    is_infrared = tell_infrared(table.rows)
    labels = label_items("parent", table)
    order = np.argsort(labels.ids, kind="stable")
    ends = np.cumsum(np.bincount(labels.ids, minlength=len(labels.names)))
    rows_of_folders = np.split(order, ends[:-1])
    return Inspection(
        total=_compute_figures(
            collection, np.arange(len(table)), sequences, is_near_duplicate, is_infrared
        ),
        folders={
            name: _compute_figures(collection, rows, sequences, is_near_duplicate, is_infrared)
            for name, rows in zip(labels.names, rows_of_folders, strict=False)
        },
        sizes=_count_sizes(table),
        failures=dict(Counter(failure.cause.value for failure in table.failures).most_common()),
        n_truncated=table.n_truncated,
        n_duplicates=table.n_duplicates,
        previews=count_previews(table),
        quality=_count_quality(table),
        n_quality_unknown=int((~is_quality_known(table.rows)).sum()),
    )


def _compute_figures(
    collection: Collection,
    rows: IntArray,
    sequences: IntArray,
    is_near_duplicate: BoolArray,
    is_infrared: BoolArray,
) -> Figures:
    """Compute the figures of some rows; the arrays have an entry for each row of the table."""
    lengths = np.unique(sequences[rows], return_counts=True)[1]
    captured = collection.table.rows["captured"][rows]
    captured = np.sort(captured[~np.isnat(captured)])
    first_captured, last_captured = (
        captured[[0, -1]].astype("datetime64[s]").astype(str).tolist()
        if len(captured)
        else (None, None)
    )
    return Figures(
        n_images=len(rows),
        n_infrared=int(is_infrared[rows].sum()),
        n_near_duplicates=int(is_near_duplicate[rows].sum()),
        n_sequences=len(lengths),
        longest_sequence=int(lengths.max(initial=0)),
        n_captured=len(captured),
        first_captured=first_captured,
        last_captured=last_captured,
    )


def _count_quality(table: FeatureTable) -> dict[str, QualityCount]:
    return {
        word: QualityCount(int(is_so.sum()), table.paths[int(is_so.argmax())])
        for word, is_so in tell_quality(table.rows).items()
        if is_so.any()
    }


def _count_sizes(table: FeatureTable) -> dict[str, int]:
    pixels = table.rows[["width", "height"]]
    sizes, counts = np.unique(pixels, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    return {f"{sizes[i]['width']}x{sizes[i]['height']}": int(counts[i]) for i in order}
