"""The guard against slower versions: what it does about limits, not what it measures."""

import json
import subprocess
import sys
from pathlib import Path

from pictures import REPOSITORY

BENCHMARKS = REPOSITORY / "benchmarks"


def run_guard(*options: str) -> "subprocess.CompletedProcess[str]":
    """Run the guard on counts only."""
    command = [sys.executable, str(BENCHMARKS / "bench_guard.py"), "--counts", *options]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_guard_fails_and_names_what_is_above_its_limit(tmp_path: Path) -> None:
    """A limit that is lower than anything can be, among those that are kept."""
    limits = json.loads((BENCHMARKS / "guard.json").read_text(encoding="utf-8"))
    limits["new crop: files opened"]["limit"] = 0.5
    kept = tmp_path / "guard.json"
    kept.write_text(json.dumps(limits), encoding="utf-8")
    done = run_guard(f"--limits={kept}")
    assert done.returncode == 1
    assert "new crop: files opened" in done.stderr
    assert "known image: files opened" not in done.stderr


def test_the_guard_takes_over_what_it_measures_when_told_to(tmp_path: Path) -> None:
    """Without limits it fails; an update writes limits that what was measured keeps."""
    kept = tmp_path / "guard.json"
    assert run_guard(f"--limits={kept}", "--update").returncode == 0
    limits = json.loads(kept.read_text(encoding="utf-8"))
    assert limits["new crop: files opened"] == {
        "measured": 1,
        "limit": 1,
        "why": "a whole number, the same everywhere",
    }
    assert all(limit["measured"] <= limit["limit"] for limit in limits.values())
