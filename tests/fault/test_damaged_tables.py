"""Lists and tables damaged in seeded ways: they are read, or refused with an error of ours.

Each input depends on its number only.
"""

import io
import warnings
from collections import Counter
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from fault_counts import DOCUMENTS, TRIED
from smartdownsample import ImageLoadingWarning, InvalidParameterError
from smartdownsample.items import Grouping, name_images

N_SHORT = 300
N_ROWS = 30
# Bytes that mean something to one of the formats, and others.
MEANINGFUL = b"\0\n\r,;\t\"'=\xff\xfe\xef\xbb\xbf\x80\x7f\x01 "
# Parquet has its columns, types and places there, and their length in the last bytes but four.
FOOTER_END = 8


def make_documents() -> list[tuple[str, bytes]]:
    """Make whole lists and tables, as extensions and contents."""
    paths = [f"cam_{i % 3}/IMG {i}.jpg" for i in range(N_ROWS)]
    table = pa.table(
        {
            "path": paths,
            "group": ["fox", None, "=cat"] * (N_ROWS // 3),
            "captured": pa.array([datetime(2024, 1, 1)] * N_ROWS, pa.timestamp("ms")),  # noqa: DTZ001 - a camera's
            "distance": pa.array(np.linspace(-3, 3, N_ROWS), pa.float32()),
            "path_bytes": [None] * (N_ROWS - 1) + [b"caf\xe9.jpg"],
        }
    )
    plain = table.drop_columns(["path_bytes"])
    rich = plain.append_column("scores", pa.array([[0.5, 0.25]] * N_ROWS)).set_column(
        1, "group", plain["group"].dictionary_encode()
    )
    lines = "\n".join(paths).encode()
    documents = [
        (".txt", lines),
        (".txt", lines.replace(b"\n", b"\0")),
        (".txt", lines.decode().encode("utf-16")),
        (".csv", encode_csv(plain, ",")),
        (".csv", b"\xef\xbb\xbf" + encode_csv(plain, ";")),
        (".tsv", encode_csv(plain, "\t")),
    ]
    for options in (
        {"compression": "zstd"},
        {"compression": "none", "use_dictionary": False},
        {"compression": "snappy", "row_group_size": 7, "data_page_version": "2.0"},
        {"compression": "none", "store_schema": False, "write_page_checksum": True},
    ):
        for content in (table, rich):
            file = io.BytesIO()
            pq.write_table(content, file, **options)
            documents.append((".parquet", file.getvalue()))
    return documents


def encode_csv(table: pa.Table, delimiter: str) -> bytes:
    file = io.BytesIO()
    pyarrow.csv.write_csv(table, file, pyarrow.csv.WriteOptions(delimiter=delimiter))
    return file.getvalue()


def damage(data: bytes, generator: np.random.Generator) -> bytes:
    """Cut, leave out, insert, repeat, flip, or replace bytes; half of the time near the end."""
    reach = len(data)
    if data[-4:] == b"PAR1" and generator.random() < 0.5:
        reach = int.from_bytes(data[-FOOTER_END:-4], "little") + FOOTER_END
    place = len(data) - int(generator.integers(min(reach, len(data)) + 1))
    length = int(2 ** (8 * generator.random()))
    flipped = bytearray(data + b"\0")
    for _ in range(int(generator.choice([1, 1, 2, 8]))):
        flipped[min(place + int(generator.integers(64)), len(data))] ^= 1 << generator.integers(8)
    letters = bytes(generator.choice(list(MEANINGFUL), min(length, 4)).astype(np.uint8))
    return (
        data[:place],
        data[:place] + data[place + length :],
        data[:place] + letters + data[place:],
        data[:place] + letters + data[place + len(letters) :],
        data[: place + length] + data[place:],
        bytes(flipped[:-1]),
        generator.bytes(length * 4),
        data[:place] + letters[:1] * 300_000 + data[place:],
    )[generator.choice(8, p=[0.1, 0.1, 0.15, 0.25, 0.1, 0.25, 0.03, 0.02])]


def judge(source: Path, grouping: Grouping | None) -> str:
    """Read a document as the command does: what comes of it."""
    try:
        with warnings.catch_warnings():
            # A document that is whole and names nothing, such as an empty one.
            warnings.filterwarnings("ignore", ".*names no images", ImageLoadingWarning)
            images = name_images([str(source)], grouping=grouping)
        keys = images.list_items().keys
    except InvalidParameterError as error:
        text = str(error)
        assert "\n" not in text
        assert text.endswith((".", "?"))
        assert len(text) < 1_000
        return "refused"
    assert all(path for path in images.paths)
    assert images.table is None or len(images.table) == len(images.paths)
    assert len(keys) <= len(images.paths)
    assert grouping is None or len(images.labels or []) == len(images.paths)
    return "read"


def try_all(folder: Path, n: int) -> Counter[tuple[str, str]]:
    """Damage and read n documents; count what comes of each format."""
    documents, outcomes = make_documents(), Counter[tuple[str, str]]()
    for number in range(n):
        generator = np.random.default_rng(number)
        extension, data = documents[number % len(documents)]
        for _ in range(int(generator.choice([1, 1, 2, 3]))):
            data = damage(data, generator)
        source = folder / f"damaged{extension}"
        source.write_bytes(data)
        is_grouped = extension != ".txt" and generator.random() < 0.5
        column = str(generator.choice(["group", "captured", "path"]))
        grouping = Grouping("column", column) if is_grouped else None
        try:
            outcomes[extension, judge(source, grouping)] += 1
        except Exception as error:
            msg = f"input {number}: {error!r}"
            raise AssertionError(msg) from error
    return outcomes


def check_all(folder: Path, n: int) -> None:
    """Make sure that some are read and some refused, so that more than beginnings is reached."""
    outcomes = try_all(folder, n)
    assert sum(outcomes.values()) == n
    for extension in (".csv", ".tsv", ".parquet"):
        for outcome in ("read", "refused"):
            assert outcomes[extension, outcome] > n // 200, outcomes
    assert outcomes[".txt", "read"] > n // 10


def test_damaged_documents_are_read_or_refused(tmp_path: Path) -> None:
    """No exception of a library, whatever is damaged."""
    check_all(tmp_path, N_SHORT)


@pytest.mark.long
def test_many_damaged_documents_are_read_or_refused(tmp_path: Path) -> None:
    """Thousands of them."""
    check_all(tmp_path, TRIED[DOCUMENTS])


def test_whole_documents_are_read(tmp_path: Path) -> None:
    """What is damaged is in order before."""
    for number, (extension, data) in enumerate(make_documents()):
        source = tmp_path / f"{number}{extension}"
        source.write_bytes(data)
        assert len(name_images([str(source)]).paths) == N_ROWS
