"""Names that would steer the terminal, in whatever the command shows people."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pictures import write_collection, write_picture

pty = pytest.importorskip("pty", reason="there are terminals of this kind on POSIX systems only")

# Erases the screen, sets a title, turns what follows around, and begins a line.
STEERING = "cam\x1b[2J\x9b1m\u202egpj\nsmartdownsample: all is well"
SHOWN = r"cam\x1b[2J\x9b1m\u202egpj\nsmartdownsample: all is well"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a folder whose only folder has such a name; a file has bytes that are no Unicode."""
    base = tmp_path_factory.mktemp("names")
    os.makedirs(base / "photos" / STEERING)
    for number, path in enumerate(write_collection(base / "made", 6)):
        os.rename(path, base / "photos" / STEERING / f"{number}.jpg")
    write_picture(base / "photos" / "9.jpg", 9).rename(base / "photos" / "caf\udc9b.jpg")
    call_on_terminal(base, "features", "photos", "--cache-dir", STEERING)
    return base


def call_on_terminal(folder: Path, *arguments: str) -> str:
    """Run the command on a terminal; return what that is sent, with the line ends of files."""
    terminal, end = pty.openpty()
    command = [sys.executable, "-m", "smartdownsample", *arguments]
    environment = {**os.environ, "SMARTDOWNSAMPLE_CACHE_DIR": str(folder / "cache")}
    with subprocess.Popen(command, stdin=end, stdout=end, stderr=end, cwd=folder, env=environment):
        os.close(end)
        sent = b"".join(read_all(terminal))
    os.close(terminal)
    return os.fsdecode(sent.replace(b"\r\n", b"\n"))


def read_all(terminal: int) -> Iterator[bytes]:
    """Read what is written until the other end is closed."""
    while True:
        try:
            data = os.read(terminal, 1 << 16)
        except OSError:  # Linux has no other end of a terminal
            return
        if not data:
            return
        yield data


@pytest.mark.parametrize(
    "line",
    [
        "sample photos -n 3 -q",
        "sample photos -n 6 --group-by parent -o out.csv --verbose",
        "sample photos -n 3 --dry-run --no-cache",
        "sample photos -n 3 -o x.txt --copy-to photos/NAME/new",
        "sample photos -n 7 -o NAME.csv --relative-to photos/NAME",
        "sample photos -n 3 -o photos/NAME",
        "inspect photos -q",
        "cache info --cache-dir NAME",
        "report photos -n 3 NAME.html",
    ],
)
def test_no_name_steers_a_terminal(folder: Path, line: str) -> None:
    """Names are shown escaped, on both streams, in results, summaries and errors."""
    shown = call_on_terminal(folder, *(word.replace("NAME", STEERING) for word in line.split()))
    assert not set(shown) & set("\x1b\x9b\u202e")
    assert "\nsmartdownsample: all is well" not in shown
    assert SHOWN[-30:] in shown


def test_paths_with_nul_are_data_on_a_terminal_too(folder: Path) -> None:
    """As everywhere else: whoever asks for them has a program read them."""
    shown = call_on_terminal(folder, "sample", "photos", "-n", "7", "-q", "-0")
    assert f"photos/{STEERING}/1.jpg\0" in shown
    assert "photos/caf\udc9b.jpg\0" in shown


def test_paths_in_a_pipe_are_data(folder: Path) -> None:
    """A line for each, as on disk."""
    command = [sys.executable, "-m", "smartdownsample", "sample", "photos", "-n", "9", "-q"]
    command += ["--exclude", "*/?.jpg"]
    done = subprocess.run(command, capture_output=True, cwd=folder, check=True)
    assert done.stdout == b"photos/caf\x9b.jpg\n"
