"""How many features came from previews, and of which folders these were not trusted."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from ..checks import check_type
from ..display import count_noun
from ..features import is_trusted
from ..items import name_folder
from ..records import FLAG_ALIKE, FLAG_CHECKED, FLAG_COMPARED, FeatureTable


class PreviewCounts(NamedTuple):
    """How many images were described by their previews, and how the previews were checked.

    Attributes
    ----------
    n_previews : int
        Images whose features are those of the preview in their file.
    n_decoded : int
        The other readable images, which were decoded.
    n_checked : int
        Decoded images that served to check the previews of their folder.
    n_compared : int
        Checked images that had a preview to compare with.
    n_alike : int
        Compared images that look like their preview.
    refused_folders : tuple of str
        Folders that were checked and not trusted, in natural order: too few photos had a preview,
        or one looks unlike its preview.
    """

    n_previews: int
    n_decoded: int
    n_checked: int
    n_compared: int
    n_alike: int
    refused_folders: tuple[str, ...]


def count_previews(table: FeatureTable) -> PreviewCounts:
    """Count the images described by previews, and the checks, from the flags of the rows.

    Parameters
    ----------
    table : FeatureTable
        Features that were computed in this run or in earlier ones; not changed.

    Returns
    -------
    PreviewCounts
        In other modes than ``preview`` all counts but ``n_decoded`` are zero.
    """
    check_type("table", table, FeatureTable, "a FeatureTable, such as ImageIndex.table")
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
    """Yield lines of text on the counts of a table whose decode mode is ``preview``."""
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
        folders = count_noun(len(counts.refused_folders), "folder")
        yield f"{folders} decoded as a whole: previews are missing or not like the photos"
