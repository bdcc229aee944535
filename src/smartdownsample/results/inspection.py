"""What is in a collection, in figures, for people who are about to sample it."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from ..display import count_noun, format_html
from ..features import tell_infrared
from ..gathering import PreviewCounts, count_previews
from ..items import call_camera, find_cameras, name_found_cameras
from ..records import FLAG_TRUNCATED, BoolArray, Collection, Failure, FeatureTable, IntArray
from ..sampling import (
    QualityWord,
    are_near_duplicates,
    count_quality_unknown,
    number_sequences,
    tell_quality,
)
from .clocks import find_clock_faults

# Sizes that are shown.
_MAX_SIZES = 5


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
    n_failed : int
        Images that could not be loaded; they are not among `n_images`.
    n_truncated : int
        Images whose file ends too early.
    quality : dict of str to int
        Number of images by each word that holds of any: "blurred", "dark", "flat", "overexposed".
    clock : tuple of str
        What seems wrong with the camera's clock, see `find_clock_faults`; empty where nothing does.
    """

    n_images: int
    n_infrared: int
    n_near_duplicates: int
    n_sequences: int
    longest_sequence: int
    n_captured: int
    first_captured: str | None
    last_captured: str | None
    n_failed: int
    n_truncated: int
    quality: dict[str, int]
    clock: tuple[str, ...]


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


def describe_sizes(sizes: Mapping[str, int]) -> str:
    """Say how many images have each size, for the most frequent ones."""
    told = [f"{size} ({n:,})" for size, n in sizes.items()]
    more = f" and {len(told) - _MAX_SIZES:,} more" if len(told) > _MAX_SIZES else ""
    return ", ".join(told[:_MAX_SIZES]) + more


@dataclass(frozen=True, repr=False)
class Inspection:
    """What is in a collection.

    Attributes
    ----------
    total : Figures
        Figures of all readable images.
    cameras : dict of str to Figures
        Figures of each camera's images, in natural order of the names; those of which no image
        could be loaded are there as well. A camera is the deployment or location that a document
        tells, else the folder without those that cameras make when one is full (``100RECNX``).
    place : {"camera", "folder"}
        What a camera is called here: a folder where no document tells cameras.
    sizes : dict of str to int
        Number of images by size in pixels, such as "2048x1536", the most frequent size first.
    failures : dict of str to int
        Number of images that could not be loaded by cause, the most frequent cause first.
    failed : tuple of Failure
        Path and cause of each of them.
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
    cameras: dict[str, Figures]
    place: Literal["camera", "folder"]
    sizes: dict[str, int]
    failures: dict[str, int]
    failed: tuple[Failure, ...]
    n_truncated: int
    n_duplicates: int
    previews: PreviewCounts
    quality: dict[str, QualityCount]
    n_quality_unknown: int

    def __repr__(self) -> str:
        """Show the counts."""
        return f"<Inspection of {self._count()}>"

    def _repr_html_(self) -> str:
        """Show the figures of all images in a notebook."""
        return format_html(self._count(), self._list_texts())

    def _count(self) -> str:
        n_failures = sum(self.failures.values())
        return (
            f"{count_noun(self.total.n_images, 'image')} in "
            f"{count_noun(len(self.cameras), self.place)}, {n_failures:,} unreadable"
        )

    def _list_texts(self) -> Iterator[tuple[str, str]]:
        """List the figures of all images with their names."""
        total = self.total
        yield "Infrared", f"{total.n_infrared:,}"
        yield "Near-duplicates", f"{total.n_near_duplicates:,}"
        yield "Sequences", f"{total.n_sequences:,}, the longest of {total.longest_sequence:,}"
        if total.n_captured:
            n_unknown = total.n_images - total.n_captured
            unknown = f"; {n_unknown:,} at unknown times" if n_unknown else ""
            yield "Taken", f"{total.first_captured} to {total.last_captured}{unknown}"
        yield "Sizes", describe_sizes(self.sizes)
        for word, counted in self.quality.items():
            yield word.capitalize(), f"{counted.n_images:,}, first {counted.first_path}"
        for cause, n in self.failures.items():
            yield "Could not be loaded", f"{n:,}: {cause}"


class _Known(NamedTuple):
    """What is known of each row of a table."""

    sequences: IntArray
    is_near_duplicate: BoolArray
    is_infrared: BoolArray
    is_truncated: BoolArray
    quality: Mapping[QualityWord, BoolArray]


def inspect_collection(collection: Collection, sequence_gap_s: float) -> Inspection:
    """Compute the figures of a collection; `sequence_gap_s` is the longest pause in a sequence."""
    # Most runs inspect nothing and need not wait for this import.
    from natsort import natsorted

    table = collection.table
    # No image comes before the first.
    is_near_duplicate = np.zeros(len(table), dtype=np.bool_)
    is_near_duplicate[1:] = are_near_duplicates(table.rows[:-1], table.rows[1:], table.spec)
    known = _Known(
        number_sequences(table, sequence_gap_s),
        is_near_duplicate,
        tell_infrared(table.rows),
        table.rows["flags"] & FLAG_TRUNCATED != 0,
        tell_quality(table.rows),
    )
    found = find_cameras(table)
    failed = [failure.path for failure in table.failures]
    names = name_found_cameras(table, found, table.paths, failed)
    # Some images may be in a folder with the name of another camera: they have one line.
    line_of = {name: line for line, name in enumerate(dict.fromkeys(names))}
    lines = np.array([line_of[name] for name in names], dtype=np.int64)
    rows = _list_rows(lines[found.of_items], len(line_of))
    of_failures = lines[found.of_failures[found.of_failures >= 0]]
    n_failed = np.bincount(of_failures, minlength=len(line_of)).tolist()
    figures = {
        name: _compute_figures(table, own, known, n)
        for name, own, n in zip(line_of, rows, n_failed, strict=True)
    }
    return Inspection(
        total=_compute_figures(table, np.arange(len(table)), known, len(failed)),
        cameras={name: figures[name] for name in natsorted(sorted(figures))},
        place=call_camera(table),
        sizes=_count_sizes(table),
        failures=dict(Counter(failure.cause.value for failure in table.failures).most_common()),
        failed=table.failures,
        n_truncated=table.n_truncated,
        n_duplicates=table.n_duplicates,
        previews=count_previews(table),
        quality=_count_quality(table, known.quality),
        n_quality_unknown=count_quality_unknown(table.rows),
    )


def _list_rows(cameras: IntArray, n_cameras: int) -> list[IntArray]:
    """List the rows of each camera."""
    ends = np.cumsum(np.bincount(cameras, minlength=n_cameras))
    return np.split(np.argsort(cameras, kind="stable"), ends)[:n_cameras]


def _compute_figures(table: FeatureTable, rows: IntArray, known: _Known, n_failed: int) -> Figures:
    """Compute the figures of some rows of a table."""
    lengths = np.unique(known.sequences[rows], return_counts=True)[1]
    captured = table.rows["captured"][rows]
    captured = np.sort(captured[~np.isnat(captured)])
    first_captured, last_captured = (
        captured[[0, -1]].astype("datetime64[s]").astype(str).tolist()
        if len(captured)
        else (None, None)
    )
    quality = {word: int(is_so[rows].sum()) for word, is_so in known.quality.items()}
    return Figures(
        n_images=len(rows),
        n_infrared=int(known.is_infrared[rows].sum()),
        n_near_duplicates=int(known.is_near_duplicate[rows].sum()),
        n_sequences=len(lengths),
        longest_sequence=int(lengths.max(initial=0)),
        n_captured=len(captured),
        first_captured=first_captured,
        last_captured=last_captured,
        n_failed=n_failed,
        n_truncated=int(known.is_truncated[rows].sum()),
        quality={word: count for word, count in quality.items() if count},
        clock=find_clock_faults(table, rows),
    )


def _count_quality(
    table: FeatureTable, quality: Mapping[QualityWord, BoolArray]
) -> dict[str, QualityCount]:
    return {
        word: QualityCount(int(is_so.sum()), table.paths[int(is_so.argmax())])
        for word, is_so in quality.items()
        if is_so.any()
    }


def _count_sizes(table: FeatureTable) -> dict[str, int]:
    pixels = table.rows[["width", "height"]]
    sizes, counts = np.unique(pixels, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    return {f"{sizes[i]['width']}x{sizes[i]['height']}": int(counts[i]) for i in order}
