"""Tests of smartdownsample.results.tabulate_selection."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from feature_tables import make_table
from smartdownsample import ImageIndex
from smartdownsample.results import name_source_columns, tabulate_selection
from smartdownsample.sampling import describe_bucket, name_buckets


def test_a_row_says_what_is_known_of_an_item() -> None:
    """Each in natural order, with the values of the collection."""
    table = make_table(40)
    table.rows["width"], table.rows["height"] = 640, np.arange(40)
    index = ImageIndex(replace(table, indices=np.arange(40)[::-1].copy()))
    selection = index.sample(12, groups="parent")
    rows = tabulate_selection(selection)
    assert rows.num_rows == 12
    assert rows["path"].to_pylist() == selection.paths == sorted(selection.paths)
    assert rows["index"].to_pylist() == selection.indices.tolist()
    names = name_buckets(table.rows, selection.codes)
    for row, place in zip(rows.to_pylist(), selection.rows.tolist(), strict=True):
        assert row["captured"] == table.rows["captured"][place].item()
        assert (row["width"], row["height"]) == (640, place)
        assert row["path"].split("/")[-2] in row["group"]
        assert row["bucket"] == names[selection.codes[place]]
        assert row["bucket_bits"] == describe_bucket(selection.codes[place])


def test_what_is_not_known_is_null() -> None:
    """Groups where there are none, and times that the photo does not tell."""
    table = make_table(20)
    table.rows["captured"] = np.datetime64("NaT", "ms")
    rows = tabulate_selection(ImageIndex(table).sample(5))
    assert rows["group"].null_count == rows["captured"].null_count == 5


def test_the_columns_have_their_types_without_rows_too() -> None:
    """Tables of several runs can be put together."""
    index = ImageIndex(make_table(20))
    empty, full = (tabulate_selection(index.sample(n)) for n in (0, 20))
    assert empty.schema == full.schema
    assert dict(zip(full.schema.names, full.schema.types, strict=True)) == {
        "path": pa.string(),
        "index": pa.int64(),
        "bucket": pa.string(),
        "group": pa.string(),
        "captured": pa.timestamp("ms"),
        "width": pa.uint32(),
        "height": pa.uint32(),
        "n_represented": pa.int64(),
        "quality": pa.string(),
        "bucket_bits": pa.string(),
    }


@pytest.mark.parametrize(
    ("columns", "names"),
    [
        (["species", "index"], ["species", "source_index"]),
        (["label", "x", "index"], ["label", "x", "source_index"]),
        (["rank", "distance"], ["source_rank", "source_distance"]),
        (["n", "n", "n", "n_2"], ["n", "source_n", "source_n_2", "n_2"]),
        (["index", "source_index"], ["source_index", "source_index_2"]),
        (
            ["index", "source_index", "source_index_2"],
            ["source_index", "source_index_2", "source_index_3"],
        ),
        (["source_index", "index"], ["source_index", "source_index_2"]),
        (["", "", "source_"], ["", "source_", "source__2"]),
    ],
)
def test_columns_of_the_source_have_names_of_their_own(
    columns: list[str], names: list[str]
) -> None:
    """Also when a selection is sampled again and again, or a table repeats a name."""
    assert name_source_columns(columns) == names
