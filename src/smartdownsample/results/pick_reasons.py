"""Why each item was picked, in a sentence."""

from collections.abc import Iterator

import numpy as np

from ..records import IntArray, Picks
from ..sampling import name_buckets


def name_reasons(selection: Picks) -> list[str]:
    """Say of each of k picks what it is a pick of, such as "the only pick of event 28".

    That is its event, where picks are spread over events, or else its bucket; and its bucket and
    group wherever it is the only pick of those. Items selected before count as picks.
    """
    names = name_buckets(selection.table.rows, selection.codes)
    facets = [*_list_facets(selection, names)]
    chosen = np.concatenate([selection.rows, selection.earlier_rows])
    n_picks = [np.bincount(numbers[chosen], minlength=1) for numbers, _ in facets]
    return [", ".join(_find_reasons(row, facets, n_picks)) for row in selection.rows.tolist()]


def _list_facets(
    selection: Picks, names: dict[int, str]
) -> Iterator[tuple[IntArray, dict[int, str]]]:
    """Yield the number of each row's event, bucket and group, and what these are called."""
    layout, codes = selection.collection.layout, selection.codes.astype(np.int64)
    if layout.regime == "timed":
        events = np.empty(len(codes), dtype=np.int64)
        events[layout.order] = layout.events
        yield events, {event: f"event {event + 1:,}" for event in range(layout.n_events)}
    yield codes, {code: f"bucket '{name}'" for code, name in names.items()}
    if selection.labels is not None:
        groups, ids = selection.labels
        yield ids, {number: f"group '{name}'" for number, name in enumerate(groups)}


def _find_reasons(
    row: int, facets: list[tuple[IntArray, dict[int, str]]], n_picks: list[IntArray]
) -> Iterator[str]:
    """Yield the reasons of one row: the first facet always, others where no other pick is there."""
    for place, ((numbers, names), counts) in enumerate(zip(facets, n_picks, strict=True)):
        number = int(numbers[row])
        n = int(counts[number])
        if n == 1:
            yield f"the only pick of {names[number]}"
        elif not place:
            yield f"one of {n:,} picks of {names[number]}"
