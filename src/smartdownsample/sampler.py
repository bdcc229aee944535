"""What a collection is asked for: selections, rankings, and how many images cover it."""

from collections.abc import Collection as CollectionOf
from typing import TYPE_CHECKING

from .checks import check_seed, choose_seed
from .options import (
    RANDOM_SEED,
    GroupsLike,
    Kept,
    PerGroup,
    Quotas,
    SamplingKeywords,
    SamplingOptions,
    Spread,
    align_series,
    check_amount,
    check_target,
    count_amount,
)
from .records import Collection
from .report import warn_of_shortfall
from .results import resolve_keep
from .sampling import Coverage, draw_ranking, draw_selection, measure_coverage
from .selection import Ranking, Selection

if TYPE_CHECKING:
    from typing import SupportsIndex

    from typing_extensions import Unpack


class Sampler:
    """A collection that selections are drawn from; see `ImageIndex`."""

    # The frame or Series that named the images, whose index labels may have as well.
    given: object = None

    @property
    def collection(self) -> Collection:
        """The images, their buckets and the order that picks are spread along."""
        raise NotImplementedError

    def sample(
        self,
        target_count: "SupportsIndex | str | None" = None,
        *,
        random_seed: "SupportsIndex | None" = RANDOM_SEED,
        spread: Spread = SamplingOptions.spread,
        quotas: Quotas = SamplingOptions.quotas,
        groups: GroupsLike | None = SamplingOptions.groups,
        per_group: "PerGroup | None" = SamplingOptions.per_group,
        balance: float = SamplingOptions.balance,
        keep: CollectionOf[Kept] = SamplingOptions.keep,
        max_per_sequence: "SupportsIndex | None" = SamplingOptions.max_per_sequence,
        sequence_gap_s: float = SamplingOptions.sequence_gap_s,
        skip_flat: bool = SamplingOptions.skip_flat,
    ) -> Selection:
        """Select visually diverse images.

        Parameters
        ----------
        target_count : int or str, optional
            How many new ones, at least 0, or a share of all, such as ``"10%"``. Left out only with
            ``per_group``: then every group gives as many as it may.
        random_seed : int or None
            Same seed, same selection. None takes a fresh one, which the selection tells.
        spread : {"joint", "order", "visual"}
            ``joint`` takes even steps along the order that fits the collection: over events by
            capture time, camera by camera, where most times are known and tell more than names;
            else over the natural order of names; else by looks. A few picks move where looks say
            clearly that it pays. ``order`` takes even steps in natural order, whatever images
            look like. ``visual`` goes by looks alone, for names and times that must not matter.
        quotas : {"proportional", "equal", "two-phase"}
            What each bucket gives: at least one, and the rest falls where the steps take it; or
            an equal share; or what it gives in the published package.
        groups : str, mapping or sequence, optional
            What is counted and balanced by: ``"parent"``, the folder of each image; ``"regex:…"``,
            what a pattern finds in its path; ``"species"`` and the like, what a document says; a
            label for each path, such as ``dict(zip(index.paths, labels))``; or the labels of all
            images in the order in which they were given, which ``indices`` relates to that of
            ``paths``; a pandas Series goes by its index, where that has paths or is that of the
            frame that was given.
        per_group : int or mapping of str to int, optional
            Most images of each group, those in ``keep`` included.
        balance : float
            0 shares images among groups in proportion to their sizes, 1 equally. Every group
            gets one, as far as images go.
        keep : Selection, Document, data frame, or collection of paths, of pairs or of places
            Images selected before: a selection, with what it was kept apart from; a document;
            paths, also as a column, each for all crops of its photo, and copies for their photos;
            pairs of path and region, (x, y, width, height) in shares of the photo; or places as
            ``Selection.indices`` has them. They count as picks; new ones are kept apart from them.
        max_per_sequence : int, optional
            Most images of one sequence, those in ``keep`` included: as a document tells it, or of
            frames of one folder whose capture times follow one another within ``sequence_gap_s``,
            or, without times, that look alike. Crops of one photo are always of one sequence.
        sequence_gap_s : float
            Longest pause within a sequence, in seconds.
        skip_flat : bool
            Leave out images that show nothing, as of a covered lens; ``skipped_rows`` has them.

        Returns
        -------
        Selection
            Exactly as many distinct images as asked for, or as there are; in natural order.

        Raises
        ------
        InvalidParameterError
            When a parameter has a wrong type or value, or excludes another.

        Warns
        -----
        ShortfallWarning
            When groups, sequences and what was selected before leave fewer than asked for.
        """
        options = SamplingOptions(
            spread=spread,
            quotas=quotas,
            groups=align_series(groups, self.given),
            per_group=per_group,
            balance=balance,
            keep=keep,
            max_per_sequence=max_per_sequence,
            sequence_gap_s=sequence_gap_s,
            skip_flat=skip_flat,
        )
        selection = self.draw(target_count, random_seed, options)
        warn_of_shortfall(selection)
        return selection

    def draw(
        self,
        target_count: "SupportsIndex | str | None",
        random_seed: "SupportsIndex | None",
        options: SamplingOptions,
    ) -> Selection:
        """Select images with all options in one record, see `sample`."""
        table = self.collection.table
        count = count_amount(check_target(target_count, options), len(table))
        seed, options = choose_seed(random_seed), resolve_keep(options, table)
        return Selection.wrap(draw_selection(self.collection, count, seed, options))

    def rank(
        self,
        limit: "SupportsIndex | str | None" = None,
        *,
        random_seed: "SupportsIndex | None" = RANDOM_SEED,
        **options: "Unpack[SamplingKeywords]",
    ) -> Ranking:
        """Rank images so that the first N are a good selection for every N.

        For learning curves, and for adding to what is labelled already: a larger selection
        contains every smaller one.

        Parameters
        ----------
        limit : int or str, optional
            How many to rank, or what share, such as ``"10%"``; by default all. Fewer are faster.
        random_seed, spread, groups, balance, keep, max_per_sequence, sequence_gap_s, skip_flat
            As in `sample`.
        quotas : {"proportional", "equal"}
            As in `sample`; the published rule gives no nested selections.

        Returns
        -------
        Ranking
            Of exactly as many images as asked for, or as there are.

        Raises
        ------
        InvalidParameterError
            When a parameter has a wrong type or value, or excludes another.
        """
        if "groups" in options:
            options["groups"] = align_series(options["groups"], self.given)
        return self.draw_ranking(limit, random_seed, SamplingOptions(**options))

    def draw_ranking(
        self,
        limit: "SupportsIndex | str | None",
        random_seed: "SupportsIndex | None",
        options: SamplingOptions,
    ) -> Ranking:
        """Rank images with all options in one record, see `rank`."""
        table = self.collection.table
        count = None if limit is None else count_amount(check_amount("limit", limit), len(table))
        seed, options = choose_seed(random_seed), resolve_keep(options.for_ranking(), table)
        return Ranking.wrap(draw_ranking(self.collection, count, seed, options))

    def measure_coverage(
        self, limit: int | None = None, *, random_seed: int | None = RANDOM_SEED
    ) -> Coverage:
        """Measure how well selections of growing size cover the collection.

        For choosing how many images to select: how many cover 80, 90 and 95 % of what there is,
        by looks and by events, and a suggestion where more add clearly little.

        Parameters
        ----------
        limit : int, optional
            Largest selection looked at, at least 1, by default 10,000; none larger is suggested.
        random_seed : int or None
            Same seed, same result.

        Returns
        -------
        Coverage
            Of selections of 1 to `limit` images, or to as many as there are.

        Raises
        ------
        InvalidParameterError
            When a parameter has a wrong type or value.
        """
        return measure_coverage(self.collection, limit, check_seed(random_seed))

    # Methods of a selection, which earlier versions had here.
    explain = staticmethod(Selection.explain)
    split = staticmethod(Selection.split)
