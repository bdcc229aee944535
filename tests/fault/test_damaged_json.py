"""JSON documents damaged in seeded ways: they are read, or refused with an error of ours.

Each input depends on its number only.
"""

import json
import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

import json_documents
from fault_counts import JSON_DOCUMENTS, TRIED
from smartdownsample import InvalidParameterError
from smartdownsample.formats import read_document

N_SHORT = 400
MEANINGFUL = rb"""{}[]",:\0189.-+eEntfuNI """ + b"\n\0\xff\x80\xef"

pytestmark = pytest.mark.filterwarnings("ignore::smartdownsample.DocumentWarning")


def damage(data: bytes, generator: np.random.Generator) -> bytes:
    """Cut, leave out, insert, replace, repeat or flip."""
    place = int(generator.integers(len(data) + 1))
    length = int(2 ** (8 * generator.random()))
    letters = bytes(generator.choice(list(MEANINGFUL), min(length, 4)).astype(np.uint8))
    flipped = bytearray(data + b"\0")
    flipped[place] ^= 1 << int(generator.integers(8))
    token = generator.choice([b"NaN", b"-Infinity", b"null", b"1e999", rb'"\ud800"', b"{}", b"[]"])
    return (
        data[:place],
        data[:place] + data[place + length :],
        data[:place] + letters + data[place:],
        data[:place] + letters + data[place + len(letters) :],
        data[: place + length] + data[place:],
        bytes(flipped[:-1]),
        replace_value(data, place, bytes(token)),
    )[generator.choice(7, p=[0.1, 0.1, 0.1, 0.15, 0.05, 0.2, 0.3])]


def replace_value(data: bytes, place: int, token: bytes) -> bytes:
    """Put another value behind the next colon or bracket, which leaves a document that is JSON."""
    opening = re.compile(rb"[:\[]").search(data, place)
    closing = opening and re.compile(rb"[,\]]").search(data, opening.end())
    if opening is None or closing is None:
        return data
    return data[: opening.end()] + token + data[closing.start() :]


def judge(file: Path) -> str:
    """Read a document and write a part of it: what comes of it."""
    try:
        found = read_document(str(file))
    except InvalidParameterError as error:
        text = str(error)
        assert "\n" not in text
        assert text.endswith(".")
        assert len(text) < 1_000
        return "refused"
    if found is None:
        return "something else"
    assert len(found.faults) == min(found.n_faults, 100)
    n = len(found.entries)
    for rows in (np.arange(n), np.arange(0, n, 2)):
        boxes = np.flatnonzero(np.isin(found.boxes["entry"].to_numpy(), rows))[::2]
        for kept in (None, boxes):
            json.loads(found.reduce(rows, kept)[""], parse_constant=pytest.fail)
    return "read with faults" if found.n_faults else "read"


def check_all(folder: Path, n: int) -> None:
    """Damage and read n documents, some of which come to each end."""
    outcomes = Counter[str]()
    file = folder / "damaged.json"
    for number in range(n):
        generator = np.random.default_rng(number)
        name = list(json_documents.MAKERS)[number % len(json_documents.MAKERS)]
        data = json_documents.MAKERS[name](4, number)
        for _ in range(int(generator.choice([1, 1, 2, 3]))):
            data = damage(data, generator)
        file.write_bytes(data)
        try:
            outcomes[judge(file)] += 1
        except Exception as error:
            msg = f"input {number}: {error!r}"
            raise AssertionError(msg) from error
    assert outcomes.keys() >= {"read", "read with faults", "refused"}


def test_damaged_documents_are_read_or_refused(tmp_path: Path) -> None:
    """Nothing else happens."""
    check_all(tmp_path, N_SHORT)


@pytest.mark.long
def test_many_damaged_documents_are_read_or_refused(tmp_path: Path) -> None:
    """As many as docs/security.md tells."""
    check_all(tmp_path, TRIED[JSON_DOCUMENTS])


def test_every_beginning_of_a_document_is_refused(tmp_path: Path) -> None:
    """A document that was cut is never taken for a smaller one."""
    for name, make in json_documents.MAKERS.items():
        data = make(2, 5).rstrip()
        file = tmp_path / f"{name}.json"
        for length in range(1, len(data), 7):
            file.write_bytes(data[:length])
            with pytest.raises(InvalidParameterError, match="must be whole JSON"):
                read_document(str(file))
