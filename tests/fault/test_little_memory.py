"""Commands with too little memory to load what they need."""

import subprocess
import sys
from pathlib import Path

import pytest

from pictures import write_collection

# Runs the command with an address space of so many megabytes.
LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv.pop(1)) * 1_000_000,) * 2)
from smartdownsample.cli import main
sys.exit(main())
"""


def run(folder: Path, megabytes: int) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", LIMITED, str(megabytes), "sample", "photos", "-n", "2", "-q"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.skipif(sys.platform != "linux", reason="limits as on Linux")
@pytest.mark.parametrize(
    "limits",
    [(200, 300, 400), pytest.param(tuple(range(100, 1600, 50)), marks=pytest.mark.long)],
    ids=["some", "many"],
)
def test_a_command_without_enough_memory_says_so_in_a_line(
    tmp_path: Path, limits: tuple[int, ...]
) -> None:
    """Without a traceback. Libraries say what they like before, or end the process themselves."""
    write_collection(tmp_path / "photos", 3)
    n_said = 0
    for megabytes in limits:
        done = run(tmp_path, megabytes)
        assert "Traceback" not in done.stderr
        if "error: there is too little memory (" in done.stderr:
            n_said += 1
            assert done.returncode == 1
            assert "Close other programs, or raise the limits" in done.stderr
            *_, last = done.stderr.splitlines()
            assert last.startswith("smartdownsample: error: ")
    assert n_said > 0
