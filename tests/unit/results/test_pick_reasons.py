"""Tests of smartdownsample.results.pick_reasons, through the command and the library."""

import csv
import re
from pathlib import Path

import numpy as np
import pytest

from feature_tables import make_table
from pictures import write_collection
from smartdownsample import ImageIndex
from smartdownsample.cli import main
from smartdownsample.results import explain_selection


def test_picks_name_their_event() -> None:
    """Where picks are spread over events; those with one pick say that it is the only one."""
    index = ImageIndex(make_table(60))
    selection = index.sample(14)
    layout = selection.collection.layout
    assert layout.regime == "timed"
    events = np.empty(60, dtype=np.int64)
    events[layout.order] = layout.events
    own = events[selection.rows].tolist()
    reasons = explain_selection(selection)["reason"].to_pylist()
    for event, reason in zip(own, reasons, strict=True):
        n = own.count(event)
        start = "the only pick" if n == 1 else f"one of {n} picks"
        assert reason.startswith(f"{start} of event {event + 1}")


def test_an_earlier_pick_of_the_event_counts() -> None:
    """An event with a pick from before has no only pick."""
    index = ImageIndex(make_table(60))
    keep = index.sample(12, random_seed=1)
    selection = index.sample(12, keep=keep.paths)
    layout = selection.collection.layout
    events = np.empty(60, dtype=np.int64)
    events[layout.order] = layout.events
    kept = set(events[selection.earlier_rows].tolist())
    reasons = explain_selection(selection)["reason"].to_pylist()
    for row, reason in zip(selection.rows.tolist(), reasons, strict=True):
        assert not (events[row] in kept and reason.startswith("the only pick of event"))


def test_the_command_writes_the_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of photos without times the bucket; the table can be written anew."""
    monkeypatch.chdir(tmp_path)
    write_collection(Path("photos"), 12)
    for _ in range(2):
        call = ["sample", "photos", "-n", "6", "--explain", "-o", "picks.csv", "-q"]
        assert main(call) == 0
    with Path("picks.csv").open(encoding="utf-8", newline="") as file:
        reasons = [row["reason"] for row in csv.DictReader(file)]
    assert len(reasons) == 6
    assert all(
        re.match(r"(the only pick|one of \d+ picks) of bucket '.+'", each) for each in reasons
    )
