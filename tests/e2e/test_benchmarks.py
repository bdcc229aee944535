"""The benchmarks run; what they measure is not judged here."""

import json
import subprocess
import sys
from pathlib import Path

from pictures import DATA_SAMPLES, REPOSITORY


def run_benchmark(name: str, *options: str) -> str:
    """Run a benchmark on little; what it prints."""
    done = subprocess.run(
        [sys.executable, str(REPOSITORY / "benchmarks" / name), "--smoke", *options],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_comparison_runs_without_the_published_package(tmp_path: Path) -> None:
    """A smoke run on few images; it says what is missing and keeps its figures."""
    result = tmp_path / "result.json"
    printed = run_benchmark(
        "bench_sample.py", f"--photos={DATA_SAMPLES / 'photos'}", f"--json={result}"
    )
    assert "ours, cold" in printed
    assert "ours, warm" in printed
    assert json.loads(result.read_text())


def test_selections_are_judged_without_shared_photos_and_shown_again(tmp_path: Path) -> None:
    """A smoke run on rendered photos only; what it keeps gives the same tables again."""
    result = tmp_path / "result.json"
    printed = run_benchmark("bench_quality.py", f"--json={result}")
    assert "facility location" in printed
    assert "repeated picks: none" in printed
    assert "published" not in printed.split("\n- ")[0]
    assert run_benchmark("bench_quality.py", f"--again={result}") == printed


def test_selections_from_a_folder_of_ones_own_are_judged() -> None:
    """Parent folders are the groups; the collection is judged as it is and scrambled."""
    printed = run_benchmark("bench_quality.py", f"--folder={DATA_SAMPLES / 'photos'}")
    assert "Folder: " in printed
    assert "Folder, scrambled: " in printed
    assert "in 7 groups" in printed


def test_picking_is_timed(tmp_path: Path) -> None:
    """A smoke run on few made-up rows."""
    result = tmp_path / "result.json"
    assert "500 of 5,000" in run_benchmark("bench_picking.py", f"--json={result}")
    assert [timing["n_picked"] for timing in json.loads(result.read_text())["timings"]] == [
        100,
        500,
    ]
