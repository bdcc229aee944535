"""What sampling gives back: selections and rankings that can write, show and explain themselves."""

from collections.abc import Collection
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from . import page, report
from .checks import check_flag, check_integer, check_names, check_number, check_seed
from .display import count_noun
from .locks import lock_selection
from .options import RANDOM_SEED, VALIDATION, GroupsLike, Kept, PathLike
from .records import IntArray, Picks
from .results import (
    PickedItems,
    Split,
    explain_selection,
    split_selection,
    tabulate_ranking,
    tabulate_selection,
)
from .sampling import count_represented, find_kept, find_representatives, label_items

if TYPE_CHECKING:
    from typing import SupportsIndex

    import pyarrow as pa
    from matplotlib.figure import Figure


class Selection(PickedItems):
    """The selected items of a collection, in natural order."""

    def __repr__(self) -> str:
        """Show the counts."""
        n_earlier = len(self.earlier_rows)
        earlier = f", kept apart from {n_earlier:,} selected before" if n_earlier else ""
        return (
            f"<Selection of {len(self):,} of {self.table.count_items()} "
            f"from {count_noun(len(self.buckets), 'bucket')}{earlier}>"
        )

    @cached_property
    def representatives(self) -> IntArray:
        """The selected image that stands for each image of the collection.

        It is one of those nearest in the order that the selection is spread along (by capture time,
        by name or by looks): of the same group, then of the same event, then the one that looks
        most like it. Rows of ``table``, int64, shape (n,): a selected image stands for itself, one
        that was selected before may stand for others; -1 where nothing is selected.
        """
        return find_representatives(self)

    @property
    def n_represented(self) -> IntArray:
        """How many images each selected one stands for, itself included: int64, shape (k,)."""
        return count_represented(self)

    def to_arrow(self) -> "pa.Table":
        """Hand over a table with a row for each selected item.

        Returns
        -------
        pyarrow.Table
            Columns ``path``, ``index`` (place in the caller's list), ``bucket`` (as the
            summary and the page name it), ``group`` (null without groups), ``captured`` (local time
            of the camera, null where unknown), ``width`` and ``height`` of the upright picture in
            pixels, ``n_represented``, ``quality`` (what is wrong, such as "blurred" or "dark,
            flat"; "ok" where nothing seems to be, null where unknown), and ``bucket_bits`` (what
            makes the bucket, in words that are the same for any collection).
            With crops, ``x``, ``y``, ``box_width`` and ``box_height``: shares of the upright
            photo, from its top left; ``width`` and ``height`` are of the crop then. With items
            of a document, ``category``, ``label`` and ``confidence``, null where it tells none.
        """
        return tabulate_selection(self)

    def save_lock(self, destination: PathLike, *, root: PathLike | None = None) -> None:
        """Write a lockfile: which images were selected, with the digests of their contents.

        `smartdownsample.Lock` reads it, and tells later, or elsewhere, what became of the images.
        The selected ones are read to their ends. The file says what named the images as well, so
        that the command can select again by it and add to it.

        Parameters
        ----------
        destination : path
            A ``.lock`` or ``.json`` file. An earlier lockfile of one round is replaced. Missing
            folders are made, as by all that writes a file.
        root : path, optional
            Folder that all images lie below, by default the one that was named, or the deepest of
            them all. Paths count from there.

        Raises
        ------
        InvalidParameterError
            When an image does not lie below the root, or the name ends otherwise.
        OutputError
            When the file cannot be written, or would replace another one, or a selected image is
            gone.

        Warns
        -----
        LockWarning
            When the file cannot say where the images lie, or what was asked for of what.
        """
        lock_selection(self, destination, root)

    def save_report(
        self,
        path: PathLike,
        *,
        cache: bool = True,
        absolute_paths: bool = False,
        against: Collection[Kept] | None = None,
        names: tuple[str, str] = ("the other one", "this one"),
    ) -> None:
        """Write a page that shows what was selected and what was not, and why.

        Where images were selected before (``keep``), it also compares before and now.

        Parameters
        ----------
        path : path
            By custom ``*.html``. The file needs no other and no network. Missing folders are made.
        cache : bool
            Whether its thumbnails are kept for later pages, beside the features.
        absolute_paths : bool
            Whether the page shows where on this machine the images lie. By default absolute paths
            begin with the folder that all images have in common, such as ``photos/cam_A/1.jpg``.
        against : Selection, or what ``keep`` of `ImageIndex.sample` takes, optional
            Another selection of the same collection: the page compares the two instead, what both
            have, what only one has, and what each covers.
        names : tuple of str
            What the page calls the two: the other one, and this one.

        Raises
        ------
        InvalidParameterError
            When ``against`` names images that are not of the collection, or ``names`` are not two
            texts.
        OutputError
            When the file cannot be written.
        """
        check_names("names", names)
        check_flag("cache", cache)
        check_flag("absolute_paths", absolute_paths)
        picks: Picks = self
        if against is not None:
            other = against[:] if isinstance(against, PickedItems) else against
            rows = [np.flatnonzero(find_kept(self.table, other, "against")), self.rows]
            picks = page.compare_selections(
                self.collection, rows, names, labels=self.labels, scope=self.table.count_items()
            )
        page.save_report(picks, path, cache=cache, absolute_paths=absolute_paths)

    def explain(self, *, random_seed: "SupportsIndex | None" = RANDOM_SEED) -> "pa.Table":
        """Describe each selected item, to see why it was taken.

        Parameters
        ----------
        random_seed : int or None
            Of the ranks. Same seed, same ranks.

        Returns
        -------
        pyarrow.Table
            The table of `to_arrow`, and the columns ``rank`` (from 0; the first N in this order are
            a good selection of the selected), ``nearest_path`` (the other selected item, or one
            selected before, that looks most like it) and ``distance`` (how far apart both look, in
            levels of 8-bit Lab) and ``reason`` (what it is a pick of, such as "the only pick of
            event 28"; events have these numbers on the report page). With crops, also
            ``nearest_index``: the ``index`` of the other.

        Raises
        ------
        InvalidParameterError
            When the seed has a wrong type or value.
        """
        return explain_selection(self, check_seed(random_seed))

    def split(
        self,
        validation: float = VALIDATION,
        *,
        groups: GroupsLike | None = None,
        random_seed: "SupportsIndex | None" = RANDOM_SEED,
    ) -> "Split[Selection]":
        """Split the selection in two, for training and for validation, by whole groups.

        Parameters
        ----------
        validation : float
            Share of the selected items that is for validation, from 0 to 1. It is met as well as
            whole groups can.
        groups : str, mapping or sequence, optional
            What is not to be torn apart, as in `ImageIndex.sample`. By default the groups of the
            selection, or, where it has none, the folders. Nor are crops of one photo: groups that
            share a photo stay together.
        random_seed : int or None
            Same seed, same split.

        Returns
        -------
        Split
            Both sides, each a selection, and the near-duplicates between them.

        Raises
        ------
        InvalidParameterError
            When a parameter has a wrong type or value, or the selected items are of fewer than
            two groups.
        """
        check_number("validation", validation, at_least=0, at_most=1)
        seed = check_seed(random_seed)
        labels = self.labels if groups is None else label_items(groups, self.table)
        if labels is None:
            labels = label_items("parent", self.table)
        return split_selection(self, labels, validation, seed)

    def plot_distribution(self) -> "Figure":
        """Draw the chart of the buckets. Needs the extra ``viz``.

        Returns
        -------
        matplotlib.figure.Figure
            Shown by notebooks, and saved by its own method.

        Raises
        ------
        MissingExtraError
            When matplotlib is not installed.
        """
        return report.make_figure(report.draw_distribution, self)

    def plot_thumbnails(self) -> "Figure":
        """Draw grids of thumbnails, one for each bucket. Needs the extra ``viz``.

        Returns
        -------
        matplotlib.figure.Figure
            Shown by notebooks, and saved by its own method.

        Raises
        ------
        MissingExtraError
            When matplotlib is not installed.
        """
        return report.make_figure(report.draw_thumbnails, self)

    def _repr_html_(self) -> str:
        """Show the counts, the buckets and the groups in a notebook."""
        return report.format_picks(self)


class Ranking(PickedItems):
    """Items of a collection in an order of which every first N are a selection."""

    def __repr__(self) -> str:
        """Show the counts."""
        return f"<Ranking of {len(self):,} of {self.table.count_items()}>"

    def _repr_html_(self) -> str:
        """Show the counts, the buckets and the groups in a notebook."""
        return report.format_picks(self, "ranked")

    @property
    def places(self) -> IntArray:
        """Rank of each item of the table, from 0, shape (n,); -1 for items without one."""
        places = np.full(len(self.table), -1)
        places[self.rows] = np.arange(len(self.rows))
        return places

    def to_arrow(self) -> "pa.Table":
        """Hand over a table with a row for each ranked item, the first in rank first.

        Returns
        -------
        pyarrow.Table
            The columns of `Selection.to_arrow`, and ``rank``, from 0.
        """
        return tabulate_ranking(self)

    def explain(self) -> "pa.Table":
        """Describe each ranked item; all pairs are compared, so that many take a while.

        Returns
        -------
        pyarrow.Table
            The table of `to_arrow`, and the columns ``nearest_path`` and ``distance`` of
            `Selection.explain`, about the other ranked items.
        """
        return tabulate_ranking(self, is_explained=True)

    def first(self, target_count: "SupportsIndex") -> Selection:
        """Select the first items.

        Parameters
        ----------
        target_count : int
            How many, at least 0.

        Returns
        -------
        Selection
            Of ``min(target_count, len(self))`` items, in natural order.

        Raises
        ------
        InvalidParameterError
            When the count is no integer of at least 0.
        """
        count = check_integer("target_count", target_count, at_least=0)
        return Selection(
            self.collection,
            np.sort(self.rows[:count]),
            count,
            self.random_seed,
            self.labels,
            self.earlier_rows,
            skipped_rows=self.skipped_rows,
        )
