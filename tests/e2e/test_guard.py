"""The guard against slower versions: what it does about limits, not what it measures."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from pictures import REPOSITORY

sys.path.append(str(REPOSITORY / "benchmarks"))
import bench_guard

SCRIPT = REPOSITORY / "benchmarks" / "bench_guard.py"


def test_the_guard_takes_over_what_it_measures_and_names_what_is_above(tmp_path: Path) -> None:
    """Limits of what was measured hold; one lower than anything can be does not, and is named."""
    kept = tmp_path / "guard.json"
    # A process of its own, since it counts what its process does.
    command = [sys.executable, str(SCRIPT), "--smoke", "--update", f"--limits={kept}"]
    subprocess.run(command, capture_output=True, check=True)
    limits = json.loads(kept.read_text(encoding="utf-8"))
    assert limits["new crop: files opened"] == {
        "measured": 1,
        "limit": 1,
        "why": "a whole number, the same everywhere",
    }
    assert limits.keys() == {name for name in bench_guard.MARGINS if "/" not in name}
    figures = {name: limit["measured"] for name, limit in limits.items()}
    bench_guard.report(figures, limits)
    limits["new crop: files opened"]["limit"] = 0.5
    with pytest.raises(SystemExit, match=r"Above the limit: new crop: files opened\."):
        bench_guard.report(figures, limits)


def test_a_figure_without_a_limit_is_above_it() -> None:
    """Whoever adds one has to say what it may be."""
    with pytest.raises(SystemExit, match="Above the limit: new crop: calls"):
        bench_guard.report({"new crop: calls": 1.0}, {})


def test_every_figure_has_a_limit() -> None:
    """Those that are kept are those that the guard knows."""
    kept = json.loads((SCRIPT.parent / "guard.json").read_text(encoding="utf-8"))
    assert kept.keys() == bench_guard.MARGINS.keys()
