"""Tables of what was selected or ranked, with what the table that named the images tells."""

import argparse

import pyarrow as pa

from ..formats import BYTES_COLUMN
from ..records import Picks, pack_values
from ..results import (
    explain_selection,
    name_source_columns,
    tabulate_ranking,
    tabulate_selection,
)


def describe(options: argparse.Namespace, picks: Picks, table: "pa.Table | None") -> "pa.Table":
    """Describe the picked images, with the other columns of the table that named them."""
    if options.command == "rank":
        described = tabulate_ranking(picks, is_explained=options.explain)
    elif options.explain:
        described = explain_selection(picks, options.random_seed)
    else:
        described = tabulate_selection(picks)
    if table is not None:
        rows = take_columns(options, table).take(pack_values(picks.indices, pa.int64()))
        names = described.column_names + rows.column_names
        # At once: to append a column copies the list of all others.
        described = pa.table(described.columns + rows.columns, names=names)
    return described


def take_columns(options: argparse.Namespace, table: "pa.Table") -> "pa.Table":
    """Take what a table tells beside the paths, with names that are told from ours."""
    # A column of paths with another name stays, as paths may be told in another way there.
    told = {BYTES_COLUMN, "path"} if options.path_column in {None, "path"} else {BYTES_COLUMN}
    places = [place for place, name in enumerate(table.column_names) if name not in told]
    others = table.select(places)
    return others.rename_columns(name_source_columns(others.column_names))
