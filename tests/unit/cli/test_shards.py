"""Tests of smartdownsample.cli.shards."""

import pytest

from smartdownsample.cli.parser import parse_arguments
from smartdownsample.items import Shard


def read(text: str) -> Shard:
    shard = parse_arguments(["features", "photos", "--shard", text]).shard
    assert isinstance(shard, Shard)
    return shard


def set_task(monkeypatch: pytest.MonkeyPatch, **values: object) -> None:
    """Make the environment that of a task of a SLURM array."""
    for name in ("ID", "MIN", "MAX", "COUNT", "STEP"):
        monkeypatch.delenv(f"SLURM_ARRAY_TASK_{name}", raising=False)
    for name, value in values.items():
        monkeypatch.setenv(f"SLURM_ARRAY_TASK_{name}", str(value))


@pytest.mark.parametrize(
    ("text", "shard"), [("1/1", (1, 1)), ("3/16", (3, 16)), ("16/16", (16, 16)), ("007/9", (7, 9))]
)
def test_a_shard_is_named_by_two_numbers(text: str, shard: tuple[int, int]) -> None:
    """Which one, and of how many."""
    assert read(text) == Shard(*shard)


@pytest.mark.parametrize(
    "text",
    ["", "3", "0/3", "4/3", "1/0", "1/3/5", "a/b", "1.0/2", "١/٣", "1/" + "9" * 20, "AUTO"],
)
def test_what_is_no_shard_is_told_so(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    """With what is expected."""
    with pytest.raises(SystemExit) as ended:
        read(text)
    assert ended.value.code == 2
    assert "must be one of so many, such as 1/16 to 16/16, or auto" in capsys.readouterr().err


@pytest.mark.parametrize(("first", "count"), [(0, 16), (1, 16), (100, 3), (5, 1)])
def test_tasks_of_an_array_have_one_shard_each(
    monkeypatch: pytest.MonkeyPatch, first: int, count: int
) -> None:
    """Whatever number the first has."""
    shards = []
    for task in range(first, first + count):
        set_task(monkeypatch, ID=task, MIN=first, MAX=first + count - 1, COUNT=count)
        shards.append(read("auto"))
    assert shards == [Shard(i + 1, count) for i in range(count)]


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({}, "SLURM_ARRAY_TASK_ID is ''"),
        ({"ID": 3, "MIN": 1}, "SLURM_ARRAY_TASK_COUNT is ''"),
        ({"ID": "x", "MIN": 1, "COUNT": 4}, "SLURM_ARRAY_TASK_ID is 'x'"),
        ({"ID": 9, "MIN": 1, "COUNT": 4}, "without gaps"),
        ({"ID": 0, "MIN": 1, "COUNT": 4}, "without gaps"),
        ({"ID": 3, "MIN": 1, "MAX": 9, "COUNT": 3}, "without gaps"),
        ({"ID": 1, "MIN": 1, "MAX": 31, "COUNT": 16, "STEP": 2}, "without gaps"),
    ],
)
def test_auto_needs_an_array_without_gaps(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    values: dict[str, object],
    told: str,
) -> None:
    """Else shards would be left out, and nobody would know."""
    set_task(monkeypatch, **values)
    with pytest.raises(SystemExit):
        read("auto")
    assert told in capsys.readouterr().err
