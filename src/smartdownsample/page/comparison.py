"""Two selections compared: what both have, what only one has, what each covers."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ..display import count_noun
from ..records import BoolArray, Collection, GroupLabels, IntArray, Picks
from ..sampling import find_alike

# Bits of what the page's script knows of an image: the first selection, and the second one.
_FIRST, _SECOND = 1, 2
_NOT_MEASURED = -1


@dataclass(frozen=True, eq=False)
class Comparison:
    """Two selections of a collection of n images; the page's script counts everything else.

    Attributes
    ----------
    names : tuple of str
        What they are called.
    is_selected : ndarray of bool, shape (2, n)
        Whether each has the image.
    is_alike : ndarray of bool, shape (2, n)
        Whether each has the image or one that looks like it; False where that was not measured.
    is_measured : ndarray of bool, shape (n,)
        Whether it was.
    is_growth : bool
        Whether the second is the first and what was added to it.
    scope : str
        What the collection is, in words that go behind "compared in"; may be empty.
    folder : str
        The folder of all these images, if they were found by what both selections have in common.
    """

    names: tuple[str, str]
    is_selected: BoolArray
    is_alike: BoolArray
    is_measured: BoolArray
    is_growth: bool = False
    scope: str = ""
    folder: str = ""

    def describe_scope(self, folder: str) -> str:
        """Say what the collection is; ``folder`` is how to call its folder."""
        if not folder:
            return self.scope
        return f"{self.scope} below {folder}, the folder that both selections have in common"


@dataclass(frozen=True, eq=False, repr=False)
class ComparedPicks(Picks):
    """What either of two selections has, and how they compare."""

    comparison: Comparison = field(kw_only=True)

    def describe(self) -> list[str]:
        """Say how many items each has, how many both have, and what each covers by looks."""
        compared = self.comparison
        n_both = int(compared.is_selected.all(axis=0).sum())
        lines = [
            f"Compared in {compared.describe_scope(compared.folder)}",
            f"  in both: {n_both:,}",
        ]
        for name, is_selected, is_alike in zip(
            compared.names, compared.is_selected, compared.is_alike, strict=True
        ):
            n_own = int(is_selected.sum())
            share = is_alike.sum() / max(compared.is_measured.sum(), 1)
            lines.append(
                f"  {name}: {count_noun(n_own, self.table.noun)}, {n_own - n_both:,} in it alone; "
                f"{share:.0%} of the collection look like one of them"
            )
        return lines


def compare_selections(
    collection: Collection,
    rows: Sequence[IntArray],
    names: tuple[str, str],
    *,
    labels: GroupLabels | None = None,
    scope: str = "",
    folder: str = "",
) -> ComparedPicks:
    """Compare two selections, given as rows of the collection's table.

    ``labels`` are the groups that both are of; the rest is as for `Comparison`.
    """
    either = np.union1d(*rows)
    comparison = replace(_compare(collection, rows, names), scope=scope, folder=folder)
    return ComparedPicks(collection, either, len(either), None, labels, comparison=comparison)


def find_comparison(selection: Picks) -> Comparison | None:
    """Find out how a selection compares with another; None where there is none.

    Where images were selected before, that is with all that are selected now.
    """
    if isinstance(selection, ComparedPicks):
        return selection.comparison
    if not len(selection.earlier_rows):
        return None
    now = np.concatenate([selection.earlier_rows, selection.rows])
    selections = [selection.earlier_rows, now]
    return replace(_compare(selection.collection, selections, ("Before", "Now")), is_growth=True)


def _compare(
    collection: Collection, selections: Sequence[IntArray], names: tuple[str, str]
) -> Comparison:
    """Find out what two selections have, and what they cover by looks."""
    is_selected = np.zeros((2, len(collection.table)), dtype=np.bool_)
    for marks, rows in zip(is_selected, selections, strict=True):
        marks[rows] = True
    return Comparison(names, is_selected, *find_alike(collection.table, is_selected))


def list_comparison(comparison: Comparison | None) -> dict[str, Any]:
    """List the page's columns of a comparison: which selections have an image, and cover it."""
    if comparison is None:
        return {}
    weights = np.array([_FIRST, _SECOND])
    covered = np.where(comparison.is_measured, weights @ comparison.is_alike, _NOT_MEASURED)
    return {
        "selectedBy": (weights @ comparison.is_selected).tolist(),
        "coveredBy": covered.tolist(),
    }
