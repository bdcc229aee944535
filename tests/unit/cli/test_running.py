"""Tests of smartdownsample.cli.running: the environment that libraries read."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pictures import write_collection
from smartdownsample.cli import main


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Write a few photos, and make their folder's parent the working folder."""
    write_collection(tmp_path / "photos", 3)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LOKY_MAX_CPU_COUNT", "x"),
        ("LOKY_MAX_CPU_COUNT", ""),
        ("JOBLIB_MULTIPROCESSING", "no"),
        ("SOURCE_DATE_EPOCH", "abc"),
        ("SOURCE_DATE_EPOCH", "99999999999999"),
        ("OPENCV_IO_MAX_IMAGE_PIXELS", "-1"),
        ("OPENCV_IO_MAX_IMAGE_WIDTH", "wide"),
        ("OPENCV_IO_MAX_IMAGE_HEIGHT", " 5"),
        ("OPENCV_IO_MAX_IMAGE_HEIGHT", "5kB"),
        ("OPENCV_FOR_THREADS_NUM", "all"),
        ("OPENCV_FOR_THREADS_NUM", "\u0663"),
        ("OPENCV_DUMP_ERRORS", "abc"),
        ("LOKY_MAX_CPU_COUNT", "\u0663"),
        ("JOBLIB_START_METHOD", "foo"),
    ],
)
@pytest.mark.parametrize(
    "command", ["sample photos -n 2", "inspect photos", "report photos p.html"]
)
def test_variables_that_libraries_cannot_read_are_named(
    command: str,
    name: str,
    value: str,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Before images are decoded, in a line."""
    monkeypatch.setenv(name, value)
    line = [*command.split(), "-q", *(["-n", "2"] if command.startswith("report") else [])]
    assert main(line) == 1
    out, err = capfd.readouterr()
    assert out == ""
    assert err.startswith(f"smartdownsample: error: The environment variable {name} must be ")
    assert err.endswith(f"Got {value!r} instead. Correct or unset it.\n")


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(("name", "value"), [("TQDM_MININTERVAL", "abc"), ("TQDM_ASCII", "5")])
def test_what_a_progress_bar_cannot_use_is_named(name: str, value: str) -> None:
    """Its defaults come from the environment; without a bar they do not matter."""
    line = [sys.executable, "-m", "smartdownsample", "sample", "photos", "-n", "2", "--no-cache"]
    environment = {**os.environ, name: value}
    done = subprocess.run(line, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    (told,) = [text for text in done.stderr.splitlines() if "error" in text]
    assert told.startswith("smartdownsample: error: The progress bar cannot be drawn with ")
    assert f"{name}={value!r}" in told
    subprocess.run([*line, "-q"], env=environment, capture_output=True, check=True)


def test_a_backend_that_matplotlib_does_not_know_is_named(folder: Path) -> None:
    """Before images are decoded; without drawings it does not matter."""
    line = [sys.executable, "-m", "smartdownsample", "sample", "photos", "-n", "2", "-q"]
    environment = {**os.environ, "MPLBACKEND": "nonsense"}
    done = subprocess.run(
        [*line, "--distribution", "d.pdf", "--cache-dir", "kept"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("smartdownsample: error: Charts and thumbnail grids need matplot")
    assert done.stderr.endswith("variable MPLBACKEND (now 'nonsense').\n")
    assert len(done.stderr.splitlines()) == 1
    assert not (folder / "kept").exists()
    subprocess.run(line, env=environment, capture_output=True, check=True)


@pytest.mark.usefixtures("folder")
def test_any_number_of_pixels_may_be_allowed() -> None:
    """The command sets a variable to it, which nobody has to correct."""
    line = "-m smartdownsample sample photos -n 2 -q --no-cache --max-pixels"
    for number in ("999999999999999999999", str(2**63 - 1), str(2**62)):
        done = subprocess.run(
            [sys.executable, *line.split(), number],
            env={key: os.environ[key] for key in os.environ if "OPENCV" not in key},
            capture_output=True,
            text=True,
            check=False,
        )
        assert "environment" not in done.stderr
        assert done.returncode == 0 or "max_pixels" in done.stderr or "max-pixels" in done.stderr


def test_what_libraries_can_read_is_left(folder: Path) -> None:
    """Such as numbers with a unit, and no number where none is needed."""
    line = "-m smartdownsample sample photos -n 2 -q --no-cache --distribution d.pdf"
    environment = {
        **os.environ,
        "LOKY_MAX_CPU_COUNT": " -1",
        "SOURCE_DATE_EPOCH": "",
        "OPENCV_IO_MAX_IMAGE_PIXELS": "1000MB",
        "JOBLIB_START_METHOD": "spawn",
        "MPLBACKEND": "qtagg",
    }
    done = subprocess.run(
        [sys.executable, *line.split()],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert (folder / "d.pdf").exists()
