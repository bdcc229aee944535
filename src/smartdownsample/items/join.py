"""Two lists of items made one, such as a document and what was selected from it before."""

from collections.abc import Callable, Mapping
from typing import TypeAlias

import numpy as np
import pyarrow as pa

from ..errors import InvalidParameterError
from ..records import IntArray, ItemList
from .natural_order import encode_order_key
from .same_items import find_first

# Turns the boxes of items so that all count from the upright picture.
TurnItems: TypeAlias = Callable[[ItemList], ItemList]


def join_items(
    items: ItemList, others: ItemList, turn: TurnItems | None = None
) -> tuple[ItemList, IntArray]:
    """Append the items of another list that are not in a list yet.

    An item is the same where file, frame and region are. Those that are new count as added, not as
    given, because the caller's labels do not cover them; nor do the other list's failures.

    Parameters
    ----------
    items, others : ItemList
        The lists; not changed.
    turn : callable, optional
        Turns the boxes of a list upright. It is called where boxes of the two count from pictures
        by different rules, since they cannot be compared before.

    Returns
    -------
    joined : ItemList
        The items, in their order, and then the new ones.
    places : ndarray of int64
        The place of each of the other items in it.

    Raises
    ------
    InvalidParameterError
        When boxes of the two count from pictures by different rules and there is no `turn`.
    """
    number_of = {key: file for file, key in enumerate(items.keys)}
    if not _count_alike(items, others, number_of):
        items, others = _turn_both(items, others, turn)
    new_files = [file for file, key in enumerate(others.keys) if key not in number_of]
    number_of |= {others.keys[file]: len(items.keys) + i for i, file in enumerate(new_files)}
    file_numbers = np.fromiter((number_of[key] for key in others.keys), np.int64, len(others.keys))
    file_of = file_numbers[others.file_of]
    first = _find_same(items, others, file_of)
    n = len(items)
    new = np.flatnonzero(first == n + np.arange(len(others)))
    place_of = np.arange(n + len(others))
    place_of[n + new] = n + np.arange(len(new))
    n_counted = items.n_given + items.n_added
    joined = ItemList(
        paths=[*items.paths, *(others.paths[file] for file in new_files)],
        keys=[*items.keys, *(others.keys[file] for file in new_files)],
        file_of=np.concatenate([items.file_of, file_of[new]]),
        frames=np.concatenate([items.frames, others.frames[new]]),
        regions=np.concatenate([items.regions, others.regions[new]]),
        positions=np.concatenate([_place_items(items), n_counted + np.arange(len(new))]),
        n_given=items.n_given,
        n_added=items.n_added + len(new),
        details=_join_details(items, others, new),
        failures=items.failures,
        orientation=items.orientation if items.has_regions else others.orientation,
        sizes=_join_sizes(items, others, new_files),
    )
    return joined, place_of[first]


def _count_alike(items: ItemList, others: ItemList, number_of: Mapping[bytes, int]) -> bool:
    """Tell whether boxes of both lists count from pictures by one rule; whole photos have any.

    The sizes that decide about a photo of both must be the same as well.
    """
    if not (items.has_regions and others.has_regions):
        return True
    if items.orientation != others.orientation:
        return False
    ours = [number_of.get(key, -1) for key in others.keys]
    is_shared = np.array(ours) >= 0
    return np.array_equal(_fill_sizes(items)[ours][is_shared], _fill_sizes(others)[is_shared])


def _turn_both(
    items: ItemList, others: ItemList, turn: TurnItems | None
) -> tuple[ItemList, ItemList]:
    """Turn the boxes of both lists upright."""
    if turn is None:
        msg = (
            "The 'turn' parameter must be given where boxes of two lists count from pictures by "
            f"different rules. Got {items.orientation!r} and {others.orientation!r} without it."
        )
        raise InvalidParameterError(msg)
    return turn(items), turn(others)


def _find_same(items: ItemList, others: ItemList, file_of: IntArray) -> IntArray:
    """Find the first item that each of the others is the same as, as a place in both lists.

    ``file_of``, shape (m,), are the others' files, by the numbers that they have in both.
    """
    shared = np.flatnonzero(np.isin(items.file_of, file_of))
    places = np.concatenate([shared, len(items) + np.arange(len(others))])
    frames = np.concatenate([items.frames[shared], others.frames])
    regions = np.concatenate([items.regions[shared], others.regions])
    files = np.concatenate([items.file_of[shared], file_of])
    return places[find_first(files, frames, regions)][len(shared) :]


def _place_items(items: ItemList) -> IntArray:
    """Return the place of each item in the caller's list, or in natural order without one."""
    if items.positions is not None:
        return items.positions
    ranked = sorted(range(len(items.keys)), key=lambda file: _encode_place(items.keys[file]))
    ranks = np.empty(len(ranked), dtype=np.int64)
    ranks[ranked] = np.arange(len(ranked))
    order = np.lexsort((*items.regions.T[::-1], items.frames, ranks[items.file_of]))
    positions = np.empty(len(order), dtype=np.int64)
    positions[order] = np.arange(len(order))
    return positions


def _encode_place(key: bytes) -> tuple[bytes, bytes]:
    """Encode the place of a path in natural order."""
    return encode_order_key(key), key


def _join_details(items: ItemList, others: ItemList, new: IntArray) -> pa.Table | None:
    """Append what a document says of the new items; null where no document names an item."""
    if items.details is None and others.details is None:
        return None
    parts = [items.details, None if others.details is None else others.details.take(new)]
    schema = next(part.schema for part in parts if part is not None)
    filled = [
        part.select(schema.names)
        if part is not None
        else pa.table([pa.nulls(n, kind) for kind in schema.types], schema=schema)
        for part, n in zip(parts, (len(items), len(new)), strict=True)
    ]
    return pa.concat_tables(filled)


def _join_sizes(items: ItemList, others: ItemList, new_files: list[int]) -> IntArray | None:
    """Append the sizes of new files; 0 where they are not known."""
    if items.sizes is None and others.sizes is None:
        return None
    return np.concatenate([_fill_sizes(items), _fill_sizes(others)[new_files]])


def _fill_sizes(items: ItemList) -> IntArray:
    """Return the sizes that boxes of each file count from; 0 where they are not known."""
    unknown = np.zeros((len(items.keys), 2), dtype=np.int64)
    return unknown if items.sizes is None else items.sizes
