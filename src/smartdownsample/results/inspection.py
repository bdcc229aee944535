"""What is in a collection, in figures: for people who are about to sample it."""

from collections import Counter
from dataclasses import dataclass

import numpy as np

from ..collection import Collection
from ..gathering import PreviewCounts, count_previews
from ..items import number_folders
from ..records import BoolArray, FeatureTable, IntArray
from ..sampling import NEAR_DUPLICATE, THEMES, find_sequences, label_items


@dataclass(frozen=True)
class Figures:
    """Figures of some images.

    Attributes
    ----------
    n_images : int
        How many.
    n_infrared : int
        Of them grey, as cameras take them by night.
    n_near_duplicates : int
        Of them that look like the image before them, in natural order.
    n_sequences : int
        Sequences that they are of; an image on its own is one.
    longest_sequence : int
        Images of the longest of these.
    n_captured : int
        Of them with a known capture time.
    first_captured, last_captured : str or None
        The earliest and latest of these, local time of the cameras' clocks, in ISO 8601.
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
class Inspection:
    """What is in a collection.

    Attributes
    ----------
    total : Figures
        Of all readable images.
    folders : dict of str to Figures
        Of the images of each folder, in natural order.
    sizes : dict of str to int
        How many images have which size, such as "2048x1536", the most frequent one first.
    failures : dict of str to int
        How many images could not be loaded, by cause, the most frequent one first.
    n_truncated : int
        Readable images whose file ends too early.
    n_duplicates : int
        Paths that named an image again.
    previews : PreviewCounts
        What came of previews.
    """

    total: Figures
    folders: dict[str, Figures]
    sizes: dict[str, int]
    failures: dict[str, int]
    n_truncated: int
    n_duplicates: int
    previews: PreviewCounts


def inspect_collection(collection: Collection, sequence_gap_s: float) -> Inspection:
    """Tell what is in a collection.

    Parameters
    ----------
    collection : Collection
        Not changed.
    sequence_gap_s : float
        Longest pause within a sequence, in seconds.

    Returns
    -------
    Inspection
        Its figures.
    """
    table = collection.table
    sequences = find_sequences(table.rows, table.spec, number_folders(table.paths), sequence_gap_s)
    is_near_duplicate = collection.steps < NEAR_DUPLICATE
    is_near_duplicate[:1] = False  # there is none before it
    labels = label_items("parent", table)
    order = np.argsort(labels.ids, kind="stable")
    ends = np.cumsum(np.bincount(labels.ids, minlength=len(labels.names)))
    rows_of_folders = np.split(order, ends[:-1])
    return Inspection(
        total=_sum_up(collection, np.arange(len(table)), sequences, is_near_duplicate),
        folders={
            name: _sum_up(collection, rows, sequences, is_near_duplicate)
            for name, rows in zip(labels.names, rows_of_folders, strict=False)
        },
        sizes=_count_sizes(table),
        failures=dict(Counter(failure.cause.value for failure in table.failures).most_common()),
        n_truncated=table.n_truncated,
        n_duplicates=table.n_duplicates,
        previews=count_previews(table),
    )


def _sum_up(
    collection: Collection, rows: IntArray, sequences: IntArray, is_near_duplicate: BoolArray
) -> Figures:
    """Sum up some rows of a collection."""
    lengths = np.unique(sequences[rows], return_counts=True)[1]
    captured = collection.table.rows["captured"][rows]
    captured = np.sort(captured[~np.isnat(captured)])
    bounds = [
        str(time.astype("datetime64[s]")) for time in captured[[0, -1] if len(captured) else []]
    ]
    first_captured, last_captured = bounds or (None, None)
    return Figures(
        n_images=len(rows),
        n_infrared=int((collection.codes[rows] >> 4 == THEMES.index("grey")).sum()),
        n_near_duplicates=int(is_near_duplicate[rows].sum()),
        n_sequences=len(lengths),
        longest_sequence=int(lengths.max(initial=0)),
        n_captured=len(captured),
        first_captured=first_captured,
        last_captured=last_captured,
    )


def _count_sizes(table: FeatureTable) -> dict[str, int]:
    """Count the images of each size."""
    pixels = table.rows[["width", "height"]]
    sizes, counts = np.unique(pixels, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    return {f"{sizes[i]['width']}x{sizes[i]['height']}": int(counts[i]) for i in order}
