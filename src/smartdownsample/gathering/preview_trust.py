"""Where features come from, previews or decoded photos, and which folders' previews are trusted.

Pure functions. A camera writes its previews all alike, and people edit folders rather than single
photos, so that a folder is trusted or not as a whole: a few of its photos are decoded and compared
with their previews.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from ..items import name_folder
from ..records import FLAG_ALIKE, FLAG_CHECKED, FLAG_COMPARED, ByteArray, FeatureTable, IntArray

# Photos that are decoded to check a folder. When half of its previews are wrong, one of five is
# with a chance of 97 %, when a quarter is, with 76 %; and five photos take about as long as the
# previews of 130 (8 megapixels, on one core).
N_CHECKED = 5
# Fewer comparisons, of a folder where most photos have no preview, say too little.
MIN_COMPARED = 3


class PreviewCounts(NamedTuple):
    """What came of previews.

    Attributes
    ----------
    n_previews : int
        Images whose features are those of the preview in their file.
    n_decoded : int
        The other readable ones, which were decoded.
    n_checked : int
        Of them those whose folders' previews were checked by them.
    n_compared : int
        Of them those that had a preview to compare.
    n_alike : int
        Of them those that look like their preview.
    refused_folders : tuple of str
        Folders whose previews were not trusted, in natural order: they are missing, or not alike.
    """

    n_previews: int
    n_decoded: int
    n_checked: int
    n_compared: int
    n_alike: int
    refused_folders: tuple[str, ...]


def choose_checked(folder: IntArray) -> IntArray:
    """Choose the images of a folder that are decoded to check its previews.

    Parameters
    ----------
    folder : ndarray of int64, shape (n,)
        Images in the order of their names.

    Returns
    -------
    ndarray of int64
        `N_CHECKED` of them, evenly spread. None of a folder that has no more: it is decoded.
    """
    n = len(folder)
    if n <= N_CHECKED:
        return folder[:0]
    return folder[(2 * np.arange(N_CHECKED) + 1) * n // (2 * N_CHECKED)]


def is_trusted(flags: ByteArray) -> bool:
    """Tell whether the previews of a folder can be used.

    Parameters
    ----------
    flags : ndarray of uint8, shape (n,)
        Of the rows of images of the folder.

    Returns
    -------
    bool
        True when at least `MIN_COMPARED` of them were compared with their previews, and all of
        these are alike.
    """
    n_compared = int((flags & FLAG_COMPARED != 0).sum())
    return n_compared >= MIN_COMPARED and int((flags & FLAG_ALIKE != 0).sum()) == n_compared


def count_previews(table: FeatureTable) -> PreviewCounts:
    """Count what came of previews, from the rows alone.

    Parameters
    ----------
    table : FeatureTable
        Of images that were read in this run or in earlier ones; not changed.

    Returns
    -------
    PreviewCounts
        All zero but for ``n_decoded`` in other modes than ``preview``.
    """
    flags = table.rows["flags"]
    n_previews = table.n_previews
    return PreviewCounts(
        n_previews=n_previews,
        n_decoded=len(table) - n_previews,
        n_checked=int((flags & FLAG_CHECKED != 0).sum()),
        n_compared=int((flags & FLAG_COMPARED != 0).sum()),
        n_alike=int((flags & FLAG_ALIKE != 0).sum()),
        refused_folders=tuple(_list_refused(table)),
    )


def _list_refused(table: FeatureTable) -> Iterator[str]:
    """List the folders that were checked and not trusted."""
    checked_of: dict[str, list[int]] = {}
    for row in np.flatnonzero(table.rows["flags"] & FLAG_CHECKED != 0).tolist():
        checked_of.setdefault(name_folder(table.paths[row]), []).append(row)
    for folder, rows in checked_of.items():
        if not is_trusted(table.rows["flags"][rows]):
            yield folder


def describe_previews(counts: PreviewCounts) -> Iterator[str]:
    """Say in words what came of previews.

    Parameters
    ----------
    counts : PreviewCounts
        Of a table whose decode mode is ``preview``.

    Yields
    ------
    str
        Lines.
    """
    yield (
        f"{counts.n_previews:,} described by the previews in their files, "
        f"{counts.n_decoded:,} decoded instead"
    )
    if counts.n_checked:
        missing = counts.n_checked - counts.n_compared
        without = f", {missing:,} had none to compare" if missing else ""
        yield (
            f"{counts.n_checked:,} decoded to check previews: {counts.n_alike:,} of "
            f"{counts.n_compared:,} look like theirs{without}"
        )
    if counts.refused_folders:
        n = len(counts.refused_folders)
        folders = "folder" if n == 1 else "folders"
        yield f"{n:,} {folders} decoded as a whole: previews are missing or not like the photos"
