"""What callers give as selected before: selections, frames, places, paths, and pairs."""

from collections.abc import Iterable, Sequence
from typing import Any, cast

import numpy as np

from ..checks import check_kept
from ..formats import find_path_column
from ..options import Kept
from ..records import REGION_COLUMNS, IntArray, Picks


def list_selected_before(keep: object, name: str) -> list[Kept] | IntArray:
    """List paths and pairs of path and region, or return the places of items, int64.

    Of a selection, what it was kept apart from as well: so rounds follow one another, each with
    ``keep`` of the last one alone. `name` is the parameter's, for `InvalidParameterError`.
    """
    check_kept(name, keep)
    if isinstance(keep, Picks):
        return [*keep.table.name_items(np.concatenate([keep.rows, keep.earlier_rows]))]
    names = getattr(keep, "column_names", None) or getattr(keep, "columns", None)
    if names is not None:
        return _list_rows(keep, list(map(str, names)), name)
    for method in ("to_pylist", "tolist"):  # Arrow; NumPy and pandas
        if hasattr(keep, method):
            keep = getattr(keep, method)()
    elements = list(cast("Iterable[Any]", keep))
    if elements and all(map(_is_place, elements)):
        return np.array(elements, dtype=np.int64)
    # JSON makes lists of pairs.
    return [tuple(each) if isinstance(each, list) else each for each in elements]


def _is_place(element: object) -> bool:
    return isinstance(element, (int, np.integer)) and not isinstance(element, bool)


def _list_rows(frame: Any, names: Sequence[str], name: str) -> list[Kept]:  # noqa: ANN401 - of any library
    """List the paths of a frame, with regions where it has the columns of a selection's table."""
    paths = _list_column(frame, find_path_column(list(names), f"The table in {name!r}"))
    if not {*REGION_COLUMNS} <= {*names}:
        return cast("list[Kept]", paths)
    regions = zip(*(_list_column(frame, column) for column in REGION_COLUMNS), strict=True)
    return cast("list[Kept]", list(zip(paths, regions, strict=True)))


def _list_column(frame: Any, column: str) -> list[object]:  # noqa: ANN401 - of any library
    values = frame[column]
    return list(values.to_pylist() if hasattr(values, "to_pylist") else values)
