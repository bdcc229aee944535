"""What was selected, item by item, as a table: for labelling tools, and to see why."""

from dataclasses import replace

import numpy as np
import pyarrow as pa

from .columns import pack_texts, pack_values
from .looks import DISTANCE_SCALE, FAR, find_nearest_rows, measure_steps
from .model import IntArray, Selection
from .ranking import draw_ranking
from .sampling import SamplingOptions
from .tabulate import tabulate_selection


def explain_selection(selection: Selection, random_seed: int | None = 42) -> pa.Table:
    """Describe each selected item.

    Parameters
    ----------
    selection : Selection
        Not changed.
    random_seed : int or None
        Of the ranks. Same seed, same ranks.

    Returns
    -------
    pyarrow.Table
        A row for each selected item, in natural order, with the columns:

        - all of `smartdownsample.tabulate.tabulate_selection`;
        - ``rank``: int64 from 0; the first N in this order are a good selection of the selected.
        - ``nearest_path``: string, the other item that looks most like it, among the selected
          ones and those selected before; null when there is none.
        - ``distance``: float32, how far apart they look, in levels of 8-bit Lab, see
          `smartdownsample.looks.measure_distances`; null when there is none.

    Notes
    -----
    All pairs of selected items are compared: the time grows with the square of their number.
    """
    nearest_paths, distances = _find_nearest_paths(selection)
    columns = {
        "rank": pack_values(_rank_items(selection, random_seed), pa.int64()),
        "nearest_path": pack_texts(nearest_paths),
        "distance": distances,
    }
    table = tabulate_selection(selection)
    for name, column in columns.items():
        table = table.append_column(name, column)
    return table


def _rank_items(selection: Selection, random_seed: int | None) -> IntArray:
    """Rank the selected items as a collection of their own, shape (k,)."""
    table = selection.table
    selected = replace(
        table,
        paths=selection.paths,
        indices=selection.indices,
        rows=table.rows[selection.rows],
        failures=(),
        n_given=len(selection),
    )
    codes = selection.codes[selection.rows]
    steps = measure_steps(selected.rows, selected.spec)
    return draw_ranking(selected, codes, steps, None, random_seed, SamplingOptions()).places


def _find_nearest_paths(selection: Selection) -> tuple[list[str | None], pa.FloatArray]:
    """Find the item that each selected one looks most like, and how far apart they look."""
    table, rows = selection.table, selection.rows
    others = np.concatenate([rows, selection.earlier_rows])
    own = np.arange(len(rows))
    nearest, distances = find_nearest_rows(table.rows[rows], table.rows[others], table.spec, own)
    paths = [None if place < 0 else table.paths[others[place]] for place in nearest.tolist()]
    levels = (distances / DISTANCE_SCALE).astype(np.float32)
    return paths, pack_values(levels, pa.float32(), distances < FAR)
