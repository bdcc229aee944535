"""The benchmarks run; what they measure is not judged here."""

import json
import subprocess
import sys
from pathlib import Path

from pictures import DATA_SAMPLES, REPOSITORY


def test_the_comparison_runs_without_the_published_package(tmp_path: Path) -> None:
    """A smoke run on few images; it says what is missing and keeps its figures."""
    result = tmp_path / "result.json"
    done = subprocess.run(
        [
            sys.executable,
            str(REPOSITORY / "benchmarks" / "bench_sample.py"),
            "--smoke",
            f"--photos={DATA_SAMPLES / 'photos'}",
            f"--json={result}",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "ours, cold" in done.stdout
    assert "ours, warm" in done.stdout
    assert json.loads(result.read_text())
