"""Tests of smartdownsample.engines.extract_table."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from pictures import DATA_SAMPLES
from smartdownsample import ImageIndex, ImageLoadingWarning, InvalidParameterError
from smartdownsample.engines import TABLE_SCHEMA, extract_table
from smartdownsample.options import DecodeMode

PHOTOS = sorted(map(str, (DATA_SAMPLES / "photos").rglob("*.JPG")))
BROKEN = sorted(str(path) for path in (DATA_SAMPLES / "broken").iterdir())


def compare(table: pa.Table, index: ImageIndex) -> None:
    """Make sure that a table of the index's paths has the rows of the index."""
    usable = table.filter(pc.is_null(table["cause"]))
    row_of = {path: row for row, path in enumerate(usable["path"].to_pylist())}
    assert len(row_of) == len(usable) == len(index.table)
    rows = index.table.rows
    own = [row_of[path] for path in index.table.paths]
    for name in rows.dtype.names or ():
        values = usable[name].to_pylist()
        for theirs, row in zip(rows[name], own, strict=True):
            if isinstance(values[row], bytes):
                assert values[row] == theirs.tobytes()
            elif name == "captured":
                assert np.datetime64(values[row] or "NaT", "us").tobytes() == (
                    theirs.astype("datetime64[us]").tobytes()
                )
            else:
                assert np.asarray(values[row], theirs.dtype).tobytes() == theirs.tobytes()
    causes = {f.path: f.cause.name for f in index.failures}
    assert causes == {
        row["path"]: row["cause"] for row in table.to_pylist() if row["cause"] is not None
    }


@pytest.mark.parametrize("decode", ["fast", "exact", "preview"])
def test_its_rows_are_those_of_an_index(decode: DecodeMode) -> None:
    """Byte by byte, whichever way photos are decoded, with the causes of broken files."""
    paths = [*PHOTOS[:40], *BROKEN, str(DATA_SAMPLES / "none.jpg")]
    table = extract_table(paths, decode=decode, hash_size=6)
    with pytest.warns(ImageLoadingWarning):
        index = ImageIndex.build(paths, decode=decode, hash_size=6, cache=False)
    compare(table, index)
    is_preview = [bool(flags & 2) for flags in table["flags"].to_pylist() if flags is not None]
    assert any(is_preview) == (decode == "preview")


def test_rows_are_in_the_order_of_the_paths_which_may_repeat() -> None:
    """So that they can be put beside the columns that somebody has already."""
    paths = [PHOTOS[3], BROKEN[0], PHOTOS[1], PHOTOS[3]]
    table = extract_table(map(Path, paths))
    assert table["path"].to_pylist() == paths
    assert table["dhash"][0] == table["dhash"][3] != table["dhash"][2]
    previews = extract_table([*reversed(PHOTOS)], decode="preview")
    assert previews["path"].to_pylist() == [*reversed(PHOTOS)]
    single = extract_table(PHOTOS[:1], decode="preview")
    assert single["flags"].to_pylist() == [0]


@pytest.mark.parametrize("paths", [[], pa.array([], pa.string()), np.array([], dtype=object)])
def test_no_paths_give_no_rows(paths: object) -> None:
    """The columns are there all the same."""
    table = extract_table(paths)
    assert (len(table), table.schema) == (0, TABLE_SCHEMA)


def test_columns_of_paths_are_taken_as_pipelines_have_them() -> None:
    """Arrow arrays, in pieces or not, and arrays of objects."""
    expected = extract_table(PHOTOS[:3])
    for paths in (
        pa.array(PHOTOS[:3]),
        pa.chunked_array([PHOTOS[:1], PHOTOS[1:3]]),
        np.array(PHOTOS[:3], dtype=object),
    ):
        assert extract_table(paths).equals(expected)


@pytest.mark.parametrize("paths", ["photo.jpg", b"photo.jpg", None, 3, [3], pa.array([None, "a"])])
def test_what_is_no_list_of_paths_is_refused(paths: object) -> None:
    """The error says what was given."""
    with pytest.raises(InvalidParameterError, match="Got "):
        extract_table(paths)


def test_options_are_checked() -> None:
    """As where an index is built."""
    with pytest.raises(InvalidParameterError, match="hash_size"):
        extract_table(PHOTOS[:1], hash_size=1)
    with pytest.raises(InvalidParameterError, match="decode"):
        extract_table(PHOTOS[:1], decode="quick")  # type: ignore[arg-type] # wrong on purpose
    assert extract_table(PHOTOS[:1], max_pixels=100)["cause"].to_pylist() == ["TOO_LARGE"]
