"""A selection in a file: a list of paths, or a table as CSV, JSON or Parquet."""

import os
from collections.abc import Callable, Sequence

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from ..checks import check_type
from ..display import count_noun
from ..errors import InvalidParameterError
from ..formats import BYTES_COLUMN, guard_cells
from ..items import strip_folder, to_key, to_keys, to_text
from ..options import PathLike
from ..records import Picks, pack_texts
from ..writing import write_output
from .earlier_selection import selection_kind
from .selection_table import tabulate_selection
from .spelt_columns import encode_json, list_records, spell_texts

_PATH_COLUMNS = ("path", "nearest_path")


def write_selection(
    selection: Picks,
    destination: PathLike,
    *,
    relative_to: PathLike | None = None,
    table: pa.Table | None = None,
) -> None:
    r"""Write a selection to a file, whose extension decides the format.

    Parameters
    ----------
    selection : Selection
        What to write, in natural order.
    destination : path
        ``.txt`` holds one path a line. ``.csv``, ``.json`` (a list of records) and ``.parquet``
        hold the table of `Selection.to_arrow`. Missing folders are made; an earlier
        selection is replaced.
    relative_to : path, optional
        Folder that all images lie below. Paths are written relative to it, with slashes; by
        default they are written as the caller gave them.
    table : pyarrow.Table, optional
        A table to write instead, such as that of `ImageIndex.explain`. It has a row for each
        selected image, in the same order, and the column ``path``.

    Raises
    ------
    InvalidParameterError
        When the extension is another, an image does not lie below ``relative_to``, a path for
        ``.txt`` has a line break, or the table is of another selection. Nothing is written then.
    OutputError
        When the file cannot be written, or would replace an image or a file that is no selection.
        An existing file is unchanged then.

    Notes
    -----
    The same selection gives the same bytes with the same versions of the libraries.

    In ``.txt``, names that are not valid Unicode are written as they are on disk. The other
    formats must be Unicode, so such bytes are escaped, each as ``\udcXX``. These paths lead to no
    file, but ``index`` still tells which image is meant. A Parquet file with such a path has one
    column more, ``path_bytes``: the bytes on disk, null where ``path`` says it all.

    In ``.csv`` and ``.json``, times are ISO 8601, lengths of time a number and its unit
    (``1500 ms``), and bytes are texts, escaped likewise. A time beyond the years that Arrow
    knows is spelt ``<value out of range: 9223372036854775807>``, in the unit of the column. In
    ``.json``, NaN is null, and infinities are the texts ``Infinity`` and ``-Infinity``.

    In ``.csv``, texts that begin with ``=``, ``+``, ``-``, ``@``, one of these in full width, a tab
    or a line break are written with an apostrophe before them, so that no spreadsheet runs them as
    formulas. So are those that begin with apostrophes and then such a character; plain numbers are
    not. When smartdownsample reads the file it takes the apostrophe away again.

    Examples
    --------
    >>> write_selection(selection, "selection.csv", relative_to="photos")  # doctest: +SKIP
    """
    check_type("selection", selection, Picks, "a Selection")
    name = to_text(destination, "The 'destination' parameter")
    if table is None:
        table = tabulate_selection(selection)
    else:
        _check_table(table, selection)
    paths = selection.paths
    if relative_to is not None:
        (folder,) = to_keys([to_text(relative_to, "The 'relative_to' parameter")])
        paths = [_relate_path(path, folder) for path in paths]
        table = _relate_table(table, selection.table.paths, folder)
    extension = os.path.splitext(name)[1].lower()
    if extension == ".parquet":
        table = _add_bytes(table, paths)
    encode = _ENCODERS.get(extension)
    data = _encode_paths(paths) if encode is None else encode(table)
    base = None if relative_to is None else to_text(relative_to, "")
    kind = selection_kind(table.column_names, selection.inputs, base)
    write_output(name, data, kind, selection.inputs)


def _check_table(table: pa.Table, selection: Picks) -> None:
    """Raise InvalidParameterError when a table is not of the selection."""
    paths = pa.chunked_array([pack_texts(selection.paths)])
    names = table.column_names
    if "path" not in names or len({*names}) < len(names) or not table["path"].equals(paths):
        msg = (
            "The 'table' parameter must have the paths of the selection, "
            f"{count_noun(len(selection), 'image')}, in the column 'path', in the same order, "
            "and no two columns of one name. "
            f"Got {count_noun(len(table), 'row')} of {', '.join(names)}. "
            "Make it with ImageIndex.explain(selection)."
        )
        raise InvalidParameterError(msg)


def _relate_table(table: pa.Table, given: Sequence[str], folder: bytes) -> pa.Table:
    """Make the paths of a table relative; `given` are those that it may have escaped."""
    path_of = dict(zip(pack_texts(given).to_pylist(), given, strict=True))
    for column, name in enumerate(table.column_names):
        if name in _PATH_COLUMNS:
            spelt = table[name].to_pylist()
            paths = [path and _relate_path(path_of.get(path, path), folder) for path in spelt]
            table = table.set_column(column, name, pack_texts(paths))
    return table


def _relate_path(path: str, folder: bytes) -> str:
    return os.fsdecode(strip_folder(to_key(path), folder, "'relative_to'"))


def _add_bytes(table: pa.Table, paths: Sequence[str]) -> pa.Table:
    """Add the paths that are not valid Unicode as they are on disk, if there are any."""
    exact = [None if _is_unicode(path) else os.fsencode(path) for path in paths]
    if BYTES_COLUMN in table.column_names:
        table = table.drop_columns([BYTES_COLUMN])
    return table.append_column(BYTES_COLUMN, pa.array(exact, pa.binary())) if any(exact) else table


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _encode_paths(paths: Sequence[str]) -> bytes:
    """Encode paths as they are on disk, one a line."""
    for path in paths:
        if "\n" in path or "\r" in path:
            msg = (
                f"A path with a line break cannot stand in a .txt file. Got {path!r}. "
                f"Write one of {', '.join(_ENCODERS)} instead."
            )
            raise InvalidParameterError(msg)
    return b"".join(os.fsencode(path) + b"\n" for path in paths)


def _encode_csv(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    pyarrow.csv.write_csv(guard_cells(spell_texts(table)), sink)
    return _take_bytes(sink)


def _encode_records(table: pa.Table) -> bytes:
    return encode_json(list_records(table))


def _encode_parquet(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    return _take_bytes(sink)


def _take_bytes(sink: pa.BufferOutputStream) -> bytes:
    data: bytes = sink.getvalue().to_pybytes()
    return data


_ENCODERS: dict[str, Callable[[pa.Table], bytes]] = {
    ".csv": _encode_csv,
    ".json": _encode_records,
    ".parquet": _encode_parquet,
}
