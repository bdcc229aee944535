"""Packs and parts that were forged: their checksums fit, whatever they hold.

Who sends a pack can compute checksums as well as we do. These functions change a sound pack and put
its checksums right again, so that only checks of the content can tell.
"""

import json
import os
import subprocess
import sys
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from smartdownsample.store.part import write_part
from smartdownsample.store.schema import digest_rows

_DIGESTS_KEY = b"smartdownsample.digests"
_TAIL_BYTES = 8
# Wide enough for any digest, so that it can be put in place later.
_DIGEST_WIDTH = 12


class Sound(NamedTuple):
    """A sound pack: its rows, and its bytes with the place of the footer, before it is sealed."""

    rows: pa.Table
    data: bytes
    footer: int


def load_sound(pack: Path) -> Sound:
    """Read a pack, and encode it again without checksums of pages."""
    rows = pq.read_table(pack)
    data = encode(rows, digest_rows(rows))
    footer = len(data) - _TAIL_BYTES - int.from_bytes(data[-_TAIL_BYTES:-4], "little")
    return Sound(rows, data, footer)


def encode(rows: pa.Table, digest: int) -> bytes:
    """Encode rows with any digest; the length of the result does not depend on it."""
    sink = pa.BufferOutputStream()
    digests = f"[{digest:{_DIGEST_WIDTH}}]"
    pq.write_table(
        rows.replace_schema_metadata({**rows.schema.metadata, _DIGESTS_KEY: digests}),
        sink,
        compression="none",
        use_dictionary=["cause", "decoder", "etag", "frame", "region.list.element"],
        column_encoding={"path": "DELTA_BYTE_ARRAY", "order_key": "DELTA_BYTE_ARRAY"},
    )
    data: bytes = sink.getvalue().to_pybytes()
    return data


def seal(data: bytes, footer: int) -> bytes:
    """Insert the checksum of a footer before it."""
    return data[:footer] + zlib.crc32(data[footer:]).to_bytes(4, "little") + data[footer:]


def mutate(data: bytearray, start: int, stop: int, rng: np.random.Generator) -> None:
    """Change one to four bytes of a range."""
    for at in rng.integers(start, stop, rng.integers(1, 5)).tolist():
        data[at] = int(rng.choice([0, 1, 0x7F, 0x80, 0xFF, data[at] ^ (1 << rng.integers(8))]))


def forge_footer(sound: Sound, rng: np.random.Generator) -> bytes:
    """Change bytes of the footer: types, counts, places, statistics, metadata."""
    data = bytearray(sound.data)
    mutate(data, sound.footer, len(data) - _TAIL_BYTES, rng)
    return seal(bytes(data), sound.footer)


def forge_pages(sound: Sound, rng: np.random.Generator) -> bytes:
    """Change bytes of pages and their headers; `fit_digest` is to follow."""
    data = bytearray(sound.data)
    mutate(data, 4, sound.footer, rng)
    return bytes(data)


def fit_digest(sound: Sound, data: bytes) -> bytes:
    """Give a file the digest of what Arrow reads from it, which may end the process."""
    read = pq.read_table(pa.BufferReader(data))
    footer = encode(sound.rows, digest_rows(read))[sound.footer :]
    return seal(data[: sound.footer] + footer, sound.footer)


def forge_bomb(sound: Sound) -> bytes:
    """Make a pack of some kilobytes whose paths take 8 GB when they are read."""
    n_rows, n_bytes = 8192, 2**20
    repeated = pa.concat_tables([sound.rows] * (n_rows // len(sound.rows) + 1)).slice(0, n_rows)
    path = pa.array([b"x" * n_bytes], pa.large_binary())
    paths = pa.DictionaryArray.from_arrays(pa.array(np.zeros(n_rows, np.int32)), path)
    rows = repeated.set_column(0, "path", paths)
    sink = pa.BufferOutputStream()
    with pq.ParquetWriter(sink, rows.schema, store_schema=False, compression="zstd") as writer:
        # The types that a sound pack claims.
        writer.add_key_value_metadata(pq.read_metadata(pa.BufferReader(sound.data)).metadata)
        writer.write_table(rows)
    data: bytes = sink.getvalue().to_pybytes()
    return seal(data, len(data) - _TAIL_BYTES - int.from_bytes(data[-_TAIL_BYTES:-4], "little"))


def forge_values(rows: pa.Table, rng: np.random.Generator) -> pa.Table:
    """Change values of one column to what is never written there."""
    name, change = _CHANGES[int(rng.integers(len(_CHANGES)))]
    place = rows.schema.get_field_index(name)
    field = rows.schema.field(place)
    values = rows[name].to_pylist()
    for row in rng.integers(0, len(values), rng.integers(1, 4)).tolist():
        values[row] = change(values[row], rng)
    try:
        column = pa.array(values, field.type)
    except (pa.ArrowException, OverflowError, ValueError):
        column = pa.array([None] * len(values), field.type)
    return rows.set_column(place, field, column)


def _odd_text(value: object, rng: np.random.Generator) -> bytes:
    assert isinstance(value, bytes)
    texts = [b"", b"/etc/passwd", b"../../etc/passwd", b"a/../../b", b"./a", b"a//b", b"a/"]
    texts += [b"a\0b", value + b"/..", b"x" * 40_000, b"\xff\xfe.jpg", b"C:\\x", b"\x1b[31m.jpg"]
    texts += [b"9" * 700, b"9" * 5000]
    return texts[int(rng.integers(len(texts)))]


def _odd_number(_: object, rng: np.random.Generator) -> int | None:
    numbers = [None, -1, 0, 2**31 - 1, 2**63 - 1, -(2**63), 255, 2**32 - 1, 65_537]
    return numbers[int(rng.integers(len(numbers)))]


def _odd_shares(_: object, rng: np.random.Generator) -> list[float | None] | None:
    shares = [float("nan"), float("inf"), -1.0, 0.3, 1e30, 300.0, None, 0.0, 1.0]
    return [shares[i] for i in rng.integers(0, len(shares), 4)] if rng.integers(5) else None


def _odd_colours(_: object, rng: np.random.Generator) -> list[float | None] | None:
    shares = _odd_shares(None, rng)
    return shares and shares[:3]


_Change = Callable[[object, np.random.Generator], object]
_CHANGES: tuple[tuple[str, _Change], ...] = (
    ("path", _odd_text),
    ("path", _odd_text),
    ("order_key", _odd_text),
    ("region", _odd_shares),
    ("mean_rgb", _odd_colours),
    ("frame", _odd_number),
    ("mtime_ns", _odd_number),
    ("size_bytes", _odd_number),
    ("written_ns", _odd_number),
    ("width", _odd_number),
    ("height", _odd_number),
    ("flags", _odd_number),
    ("captured", _odd_number),
    ("dhash", lambda *_: None),
    ("lab_layout", lambda *_: None),
    ("cause", lambda _, rng: ["", "UNREADABLE", "NO_SUCH_CAUSE", "x" * 500][rng.integers(4)]),
    ("decoder", lambda _, rng: [None, "", "x" * 5000][rng.integers(3)]),
    ("etag", lambda _, rng: ["", "e", "\0", "x" * 5000][rng.integers(4)]),
)


def forge(sound: Sound, target: Path, n: int, seed: int) -> Iterator[str]:
    """Write forged packs to `target`, one after the other, and yield how each was made."""
    rng = np.random.default_rng(seed)
    for _ in range(n):
        kind = rng.choice(["values", "footer", "pages"], p=[0.4, 0.3, 0.3])
        if kind == "values":
            target.unlink(missing_ok=True)
            # Older releases of pyarrow cannot write some of them.
            with suppress(pa.ArrowNotImplementedError):
                write_part(target, forge_values(sound.rows, rng))
            if not target.exists():
                write_part(target, sound.rows)
        elif kind == "footer":
            target.write_bytes(forge_footer(sound, rng))
        else:
            target.write_bytes(forge_pages(sound, rng))
        yield str(kind)


def count_outcomes(script: str, task: Mapping[str, object]) -> Counter[str]:
    """Let a script meet forged files, in a process of its own, and count what it says of each.

    One that ends the process must fail its test and not the whole run of tests.
    """
    done = subprocess.run(
        [sys.executable, "-c", script],
        input=json.dumps(task),
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    outcomes = done.stdout.splitlines()
    assert done.returncode == 0, (len(outcomes), done.stderr[-2000:])
    assert [outcome for outcome in outcomes if "BAD" in outcome] == []
    return Counter(outcomes)


def count_with(counts: Counter[str], word: str) -> int:
    """Count the outcomes that have a word."""
    return sum(count for outcome, count in counts.items() if word in outcome)
