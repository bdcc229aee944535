"""Lockfiles whose checksum fits and whose values are of any kind: they may come from anybody."""

import json
import random
from pathlib import Path
from typing import Any

import msgspec
import pytest

from fault_counts import LOCKS, TRIED
from pictures import write_collection
from smartdownsample.cli import main
from smartdownsample.locks.lock_file import LockContent, encode_lock

SEED = 7
# Of every kind that JSON has, and what is more than a library may take.
OTHERS: list[Any] = [
    *(None, True, -1, 0, 2**63, 2**90, 1.5, 1e308, "", ".", "..", "a/../b", "/etc", "regex:(", "-"),
    *("\ud800", "a\0b", "parent", "10%", "photos", [], ["a"], [1], {}, {"a": 1}, "*" * 300),
]
RUNS = (
    ["verify", "forged.lock"],
    ["sample", "--lock", "forged.lock"],
    ["sample", "--update", "forged.lock", "-n", "+2"],
    ["sample", "--lock", "forged.lock", "-o", "a.csv"],
)


def change_value(told: Any, chosen: random.Random) -> None:
    """Put another value somewhere into nested lists and objects."""
    while True:
        key = chosen.choice([*told] if isinstance(told, dict) else [*range(len(told))])
        if not isinstance(told[key], (dict, list)) or not told[key] or chosen.random() < 0.1:
            told[key] = chosen.choice(OTHERS)
            return
        told = told[key]


@pytest.mark.parametrize("n", [200, pytest.param(TRIED[LOCKS], marks=pytest.mark.long)])
@pytest.mark.filterwarnings("ignore:.*could not be loaded", "ignore:.*leads to no images")
def test_forged_lockfiles_end_in_our_errors(
    n: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """No error of a library, and nothing is written outside of what was named."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SMARTDOWNSAMPLE_CACHE_DIR", str(tmp_path / "cache"))
    write_collection(tmp_path / "photos", 12)
    assert main(["sample", "photos", "-n", "3", "--lock", "whole.lock", "-q"]) == 0
    whole = json.loads(Path("whole.lock").read_text(encoding="utf-8"))
    chosen = random.Random(SEED)
    n_read = 0
    for _ in range(n):
        told = json.loads(json.dumps(whole))
        change_value(told, chosen)
        try:
            data = encode_lock(msgspec.convert(told, LockContent))
        except (msgspec.MsgspecError, UnicodeError, ValueError):
            continue  # such a file cannot be made, see the tests of `lock_file`
        n_read += 1
        Path("forged.lock").write_bytes(data)
        Path("a.csv").unlink(missing_ok=True)
        assert main([*chosen.choice(RUNS), "-q"]) in {0, 1, 3}
        assert "Traceback" not in capsys.readouterr().err
    assert n_read > n / 5
    assert {path.name for path in tmp_path.iterdir()} <= {
        *("photos", "cache", "whole.lock", "forged.lock", "a.csv"),
    }
