"""The words on image quality that the report page tells and filters by."""

from typing import Any, NamedTuple

import numpy as np

from ..records import GroupCount, IntArray, Picks
from ..sampling import GOOD, name_quality


class QualityWords(NamedTuple):
    """What is wrong with the images of a page.

    Attributes
    ----------
    counts : list of GroupCount
        How many images each text is said of, and how many of them are kept; the most frequent text
        first. None where the same is said of all.
    numbers : ndarray of int64, shape (n,)
        Number of each image's text; empty without counts.
    """

    counts: list[GroupCount]
    numbers: IntArray

    def list_columns(self) -> dict[str, Any]:
        """List the page's columns: the texts, and the number of each image's."""
        return {"words": [each.name for each in self.counts], "word": self.numbers.tolist()}


def find_words(selection: Picks) -> QualityWords:
    """Find out what is wrong with images; of most, nothing is."""
    told = [
        "Nothing wrong" if words == GOOD else (words or "unknown").capitalize()
        for words in name_quality(selection.table.rows)
    ]
    names, numbers, sizes = np.unique(told, return_inverse=True, return_counts=True)
    if len(names) <= 1:
        return QualityWords([], np.zeros(0, dtype=np.int64))
    n_kept = np.bincount(numbers[selection.rows], minlength=len(names))
    order = np.argsort(-sizes, kind="stable")
    places = np.empty(len(order), dtype=np.int64)
    places[order] = np.arange(len(order))
    counts = [GroupCount(str(names[i]), int(sizes[i]), int(n_kept[i])) for i in order]
    return QualityWords(counts, places[numbers])
