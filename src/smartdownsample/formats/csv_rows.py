"""CSV files: their cells as columns of text, and their rows as the bytes that they are."""

import csv
import gzip
import io
import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.csv

from ..display import to_line
from ..errors import InvalidParameterError
from ..records import ByteArray, IntArray

_BOM = b"\xef\xbb\xbf"
_GZIP = b"\x1f\x8b"
_LINE_FEED, _RETURN = b"\n\r"
# Bytes that are looked through at once; what is found in them is larger than they are.
_BLOCK = 2**18
# Blocks of Arrow, which must be longer than any row.
_ARROW_BLOCK = 2**20
_MOST_COLUMNS = 10_000
# Letters of a list or of a reason in an error.
_MOST_LETTERS = 300


class Dialect(NamedTuple):
    """What separates the cells of a CSV file, and what stands around those that need it."""

    delimiter: str = ","
    quote: str = '"'


COMMAS = Dialect()
# What a dialect may say beside them.
_PLAIN_DIALECT = {
    "doubleQuote": True,
    "escapeChar": None,
    "skipInitialSpace": False,
    "header": True,
    "commentChar": None,
}


@dataclass(frozen=True, eq=False)
class CsvRows:
    """Where the rows of a CSV file are.

    The file itself is not kept, since it may be hundreds of megabytes.

    Attributes
    ----------
    file : str
        Where it is, for messages.
    dialect : Dialect
        How it is written.
    names : list of str
        Names of the columns.
    starts : ndarray of int64, shape (n + 1,)
        Where each row begins in the file, and where the last one ends. Names and empty lines before
        the first row belong to no row, later empty lines to the row before them.
    numbers : ndarray of int64, shape (n,)
        Numbers of the rows as spreadsheets count, with names and empty lines.
    n_cells : ndarray of int64, shape (n,)
        How many cells each row has, which need not be as many as there are names.
    checksum : int
        CRC-32 of the file, to tell later whether it is the same.
    """

    file: str
    dialect: Dialect
    names: list[str]
    starts: IntArray
    numbers: IntArray
    n_cells: IntArray
    checksum: int

    def __len__(self) -> int:
        """Count the rows."""
        return len(self.numbers)

    def read_columns(
        self, data: bytes, names: Sequence[str], missing: Sequence[str] = ("",)
    ) -> pa.Table:
        """Read columns as text.

        Parameters
        ----------
        data : bytes
            The file, unpacked.
        names : sequence of str
            Names of the columns; what the file or a row of it does not have is null.
        missing : sequence of str
            Cells that are null, in quotes or not.

        Returns
        -------
        pyarrow.Table
            A column of strings for each name, in one piece.

        Raises
        ------
        InvalidParameterError
            When a column is there twice, or has a text that is not UTF-8.
        """
        for name in names:
            if self.names.count(name) > 1:
                msg = f"The table {self.file!r} must have one column {name!r}. Got several of them."
                raise InvalidParameterError(msg)
        n_columns = self._count_columns()
        index_of = {name: str(index) for index, name in enumerate(self.names[:n_columns])}
        wanted = {index_of[name]: name for name in names if name in index_of}
        found = self._parse(data, n_columns, list(wanted), missing)
        columns = dict.fromkeys(names, pa.nulls(len(self), pa.string()))
        while found:
            index, column = found.popitem()
            columns[wanted[index]] = column.combine_chunks()
            del column  # before the next one is there twice
            pa.default_memory_pool().release_unused()
        return pa.table(columns)

    def _count_columns(self) -> int:
        """Count the columns that Arrow is told of: the cells of a row, where all have as many."""
        is_even = len(self) and (self.n_cells == self.n_cells[0]).all()
        return int(self.n_cells[0]) if is_even else len(self.names)

    def _parse(
        self, data: bytes, n_columns: int, columns: list[str], missing: Sequence[str]
    ) -> dict[str, pa.ChunkedArray]:
        """Parse columns, which are called by their numbers."""
        if not len(self) or not columns:
            return {}
        longest = int(np.diff(self.starts).max()) + n_columns
        try:
            table = pyarrow.csv.read_csv(
                pa.BufferReader(self._even_out(data, n_columns)),
                # In one thread it is as fast.
                read_options=pyarrow.csv.ReadOptions(
                    use_threads=False,
                    block_size=max(_ARROW_BLOCK, 2 * longest),
                    column_names=list(map(str, range(n_columns))),
                ),
                parse_options=pyarrow.csv.ParseOptions(
                    delimiter=self.dialect.delimiter,
                    quote_char=self.dialect.quote,
                    newlines_in_values=True,
                ),
                convert_options=pyarrow.csv.ConvertOptions(
                    column_types=dict.fromkeys(columns, pa.string()),
                    include_columns=columns,
                    null_values=list(missing),
                    strings_can_be_null=True,
                ),
            )
        except (pa.ArrowException, OverflowError, MemoryError) as error:
            self._find_no_text(data)
            raise _make_error(self.file, str(error)) from error
        if len(table) != len(self):
            reason = f"it has {len(self):,} rows or {len(table):,}, depending on what ends a row"
            raise _make_error(self.file, reason)
        return dict(zip(table.column_names, table.columns, strict=True))

    def _even_out(self, data: bytes, n: int) -> pa.Buffer:
        """Return the rows with `n` cells each.

        Arrow takes no others, and writes beyond its memory for a row that is much longer.
        """
        buffer = pa.py_buffer(data)
        odd = np.flatnonzero(self.n_cells != n)
        if not len(odd):
            return buffer.slice(int(self.starts[0]))
        delimiter, view = self.dialect.delimiter.encode(), memoryview(data)
        pieces, done = [], int(self.starts[0])
        for start, end, n_there in zip(
            self.starts[odd].tolist(),
            self.starts[odd + 1].tolist(),
            self.n_cells[odd].tolist(),
            strict=True,
        ):
            row = data[start:end].rstrip(b"\r\n")
            even = row + delimiter * (n - n_there) if n_there < n else self._cut(row, n)
            pieces += [view[done:start], even, b"\n"]
            done = end
        return pa.py_buffer(b"".join((*pieces, view[done:])))

    def _cut(self, row: bytes, n: int) -> bytes:
        """Cut a row after `n` cells."""
        delimiter, quote = map(re.escape, map(str.encode, self.dialect))
        cell = rb"(?:%b(?:[^%b]|%b%b)*%b|[^%b]*)" % (*[quote] * 5, delimiter)
        cells = rb"%b(?:%b%b){%d}" % (cell, delimiter, cell, n - 1)
        found = re.match(cells, row)
        return found[0] if found else row

    def _find_no_text(self, data: bytes) -> None:
        """Raise an error for the row where a file is not UTF-8."""
        try:
            data.decode()
        except UnicodeDecodeError as error:
            row = int(np.searchsorted(self.starts, error.start, side="right")) - 1
            number = int(self.numbers[row]) if 0 <= row < len(self) else 1
            reason = f"row {number:,} is not UTF-8 (byte 0x{data[error.start]:02x})"
            raise _make_error(self.file, reason) from error

    def spell(self, stored: bytes) -> Iterator[bytes]:
        """Yield what stands in the file before the first row, and each row, without line ends."""
        data = unpack(stored, self.file)
        for start, stop in pairwise([0, *self.starts.tolist()]):
            yield data[start:stop].rstrip(b"\r\n")

    def keep(self, stored: bytes, rows: IntArray) -> bytes:
        """Return the file with some of its rows alone.

        Parameters
        ----------
        stored : bytes
            The file.
        rows : ndarray of int64
            The rows that stay, numbered from 0, ascending. Every byte of them stays, and so does
            what stands before the first row.

        Returns
        -------
        bytes
            The file, packed if it is.

        Raises
        ------
        InvalidParameterError
            When the file is not what it was.
        """
        data = unpack(stored, self.file)
        if zlib.crc32(data) != self.checksum:
            msg = (
                f"The file {self.file!r} must stay as it is until it was written in part. It has "
                "changed since it was read. Start again."
            )
            raise InvalidParameterError(msg)
        if len(rows) == len(self):
            return stored
        view = memoryview(data)
        begins = np.flatnonzero(np.diff(rows, prepend=-2) != 1)
        ends = np.append(begins[1:], len(rows))[: len(begins)] - 1
        froms, tos = self.starts[rows[begins]].tolist(), self.starts[rows[ends] + 1].tolist()
        pieces = (view[start:end] for start, end in zip(froms, tos, strict=True))
        kept = b"".join((view[: int(self.starts[0])], *pieces))
        # Without a time, so that the same rows are the same bytes.
        return kept if data is stored else gzip.compress(kept, mtime=0)


def read_dialect(value: object) -> Dialect | None:
    """Read a dialect as data packages describe it; None for one that is not supported.

    References
    ----------
    https://specs.frictionlessdata.io/csv-dialect/
    """
    if not isinstance(value, dict):
        return None
    says = [value.get("delimiter", ","), value.get("quoteChar", '"')]
    is_letter = [isinstance(c, str) and len(c) == 1 and c.isascii() for c in says]
    is_plain = all(value.get(key, plain) == plain for key, plain in _PLAIN_DIALECT.items())
    if not is_plain or not all(is_letter) or len({*says, *"\n\r\0"}) < len(says) + 3:
        return None
    return Dialect(*says)


def split_rows(data: bytes, file: str, dialect: Dialect = COMMAS) -> CsvRows:
    """Cut a CSV file into rows, where line ends in quotes end none.

    Parameters
    ----------
    data : bytes
        The file, in UTF-8, with or without a byte order mark.
    file : str
        Where it is, for messages.
    dialect : Dialect
        How it is written; both are characters of ASCII.

    Returns
    -------
    CsvRows
        The rows.

    Raises
    ------
    InvalidParameterError
        When there is no row of names, or a quote where none may be.
    """
    text = np.frombuffer(data, np.uint8)
    body = len(_BOM) if data.startswith(_BOM) else 0
    ends, n_before, n_quotes, n_delimiters = _find_ends(text, body, file, dialect)
    if n_quotes % 2:
        reason = f"row {len(ends) + 1:,} has a quote ({dialect.quote}) that nothing closes"
        raise _make_error(file, reason)
    starts = np.concatenate(([body], ends + 1))
    if starts[-1] < len(data):
        ends = np.append(ends, len(data))
        n_before = np.append(n_before, n_delimiters)
        starts = np.append(starts, len(data))
    lengths = ends - starts[:-1]
    # The line feed ends the row, and the return before it is no cell.
    is_empty = (lengths == 0) | ((lengths == 1) & (text.take(starts[:-1], mode="clip") == _RETURN))
    filled = np.flatnonzero(~is_empty)
    if not len(filled):
        raise _make_error(file, "it is empty")
    n_cells = np.diff(n_before, prepend=0)[filled] + 1
    _check_width(int(n_cells[0]), file)
    head = data[starts[filled[0]] : starts[filled[0] + 1]]
    names = _read_names(head, file, dialect)
    if len(names) != n_cells[0]:
        raise _make_error(file, "its first row cannot be parsed")
    begins = np.append(starts[filled[1:]], len(data))
    checksum = zlib.crc32(data)
    return CsvRows(file, dialect, names, begins, filled[1:] + 1, n_cells[1:], checksum)


def unpack(stored: bytes, file: str) -> bytes:
    """Unpack a file if it is one of gzip, which its content tells."""
    try:
        return gzip.decompress(stored) if stored.startswith(_GZIP) else stored
    except (OSError, EOFError, zlib.error, MemoryError) as error:
        msg = f"The file {file!r} must be a whole file of gzip. Got: {error}. Export it again."
        raise InvalidParameterError(msg) from error


def _find_ends(
    text: ByteArray, body: int, file: str, dialect: Dialect
) -> tuple[IntArray, IntArray, int, int]:
    """Find where rows end.

    The last byte of each row, the number of delimiters up to there, and the numbers of quotes and
    of delimiters in all.
    """
    delimiter, quote = map(ord, dialect)
    means = (_LINE_FEED, _RETURN, delimiter, quote)
    n_quotes = n_delimiters = n_rows = 0
    ends, before = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for begin in range(body, len(text), _BLOCK):
        block = text[begin : begin + _BLOCK]
        is_found = block == quote
        for byte in means[:-1]:
            is_found |= block == byte
        at = np.flatnonzero(is_found) + begin
        kinds = text[at]
        is_quote = kinds == quote
        is_inside = (np.cumsum(is_quote) + n_quotes) % 2 == 1
        n_quotes += int(np.count_nonzero(is_quote))
        is_outside = ~is_inside & ~is_quote
        is_end = (kinds == _LINE_FEED) | (
            (kinds == _RETURN) & (text.take(at + 1, mode="clip") != _LINE_FEED)
        )
        is_end &= is_outside
        for quotes, beside in ((at[is_quote & is_inside], -1), (at[is_quote & ~is_inside], 1)):
            near = text.take(quotes + beside, mode="clip")
            is_wrong = ~np.isin(near, means) & (quotes != body)
            if is_wrong.any():
                wrong = quotes[is_wrong][0]
                number = n_rows + int(np.count_nonzero(at[is_end] < wrong)) + 1
                reason = f"row {number:,} has a quote ({dialect.quote}) within a cell, which must "
                raise _make_error(file, f"{reason}be doubled there, in a cell in quotes")
        n_so_far = np.cumsum(is_outside & (kinds == delimiter)) + n_delimiters
        ends.append(at[is_end])
        before.append(n_so_far[is_end])
        n_rows += len(ends[-1])
        n_delimiters = int(n_so_far[-1]) if len(at) else n_delimiters
    return np.concatenate(ends), np.concatenate(before), n_quotes, n_delimiters


def _check_width(n_columns: int, file: str) -> None:
    """Make sure that a table has not too many columns."""
    if n_columns > _MOST_COLUMNS:
        raise _make_error(file, f"it has {n_columns:,} columns, more than {_MOST_COLUMNS:,}")


def _read_names(head: bytes, file: str, dialect: Dialect) -> list[str]:
    """Read the names of the columns from the first row."""
    try:
        lines: Iterator[str] = io.StringIO(head.decode(), newline="")
        return next(csv.reader(lines, delimiter=dialect.delimiter, quotechar=dialect.quote))
    except (UnicodeDecodeError, csv.Error, StopIteration) as error:
        raise _make_error(file, f"its first row cannot be parsed ({error})") from error


def _make_error(file: str, reason: str) -> InvalidParameterError:
    """Make the error of a table that cannot be read."""
    line = to_line(reason.partition("\n")[0])[:_MOST_LETTERS].rstrip(".")
    return InvalidParameterError(
        f"The table {file!r} cannot be read: {line}. Tables must be CSV in UTF-8 with names of "
        "columns. Write it again with the program that made it."
    )
