"""Copies and links in a destination where other processes write at the same time."""

import json
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any

import pytest

from fault_counts import COPIES, TRIED
from smartdownsample import OutputError
from smartdownsample.options import How
from smartdownsample.results import place, place_images

HOWS: list[How] = ["copy", "hardlink", "symlink"]
N_PHOTOS = 150
# Another program: for each line it reads it waits a moment and makes that file, if there is none.
OTHER_PROGRAM = """
import random, sys, time
generator = random.Random(0)
print("ready", flush=True)
for line in sys.stdin:
    path, longest = line.rstrip().rsplit(" ", 1)
    end = time.perf_counter() + generator.random() * float(longest)
    while time.perf_counter() < end:
        pass
    try:
        with open(path, "x") as file:
            file.write("theirs")
        print("made", flush=True)
    except FileExistsError:
        print("there", flush=True)
"""
# Places images as soon as it is told to, and says what came of it.
PLACE = """
import json, sys
from smartdownsample.results import place_images

task = json.loads(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
placed = place_images(task["paths"], task["destination"], task["how"])
print(json.dumps([placed.n_new, placed.n_there, len(placed.failures)]))
"""


@contextmanager
def started(code: str, *arguments: str) -> Iterator[tuple[IO[str], IO[str]]]:
    """Start Python, wait until it is ready, and give its input and output."""
    process = subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
    )
    with process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process.stdin, process.stdout
        process.stdin.close()


@pytest.fixture
def photos(tmp_path: Path) -> list[str]:
    """Write files, which need not be images to be placed."""
    generator = random.Random(1)
    paths = []
    for number in range(N_PHOTOS):
        path = tmp_path / "photos" / f"site_{number % 3}" / f"IMG_{number}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(generator.randbytes(generator.randrange(1, 200_000)))
        paths.append(str(path))
    return paths


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize(
    "n_files", [300, pytest.param(TRIED[COPIES] // 3, marks=pytest.mark.long)], ids=["some", "many"]
)
def test_no_file_of_another_program_is_lost(tmp_path: Path, n_files: int, how: How) -> None:
    """It appears after the plan was made, at any moment until the image has its name."""
    source = tmp_path / "photos" / "IMG_1.jpg"
    source.parent.mkdir()
    source.write_bytes(b"ours" * 5_000)
    n_made = n_refused = 0
    with started(OTHER_PROGRAM) as (orders, answers):
        longest = 0.002
        for number in range(n_files):
            out = tmp_path / "out" / str(number)
            out.mkdir(parents=True)
            print(out / source.name, longest, file=orders)
            start = time.perf_counter()
            try:
                place_images([source], out, how)
            except OutputError:
                n_refused += 1
            # As long as placing takes, so that it is met at every moment.
            longest += 0.1 * (2 * (time.perf_counter() - start) - longest)
            is_theirs = answers.readline() == "made\n"
            n_made += is_theirs
            content = (out / source.name).read_bytes()
            assert content == (b"theirs" if is_theirs else source.read_bytes())
            assert len([path for path in out.iterdir() if path.suffix == ".tmp"]) == 0
    assert n_made == n_refused
    assert 0 < n_made < n_files


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("n_processes", [2, 4])
@pytest.mark.parametrize(
    "n_rounds", [1, pytest.param(15, marks=pytest.mark.long)], ids=["once", "often"]
)
def test_processes_that_place_the_same_images_at_once_all_end_well(
    photos: list[str], tmp_path: Path, n_rounds: int, n_processes: int, how: How
) -> None:
    """Each image is placed by one of them, and found by the others."""
    for number in range(n_rounds):
        out = tmp_path / f"out {number}"
        task: dict[str, Any] = {"paths": photos, "destination": str(out), "how": how}
        placed = place_at_once(task, n_processes)
        assert [n_new + n_there for n_new, n_there, _ in placed] == [N_PHOTOS] * n_processes
        assert sum(n_new for n_new, _, _ in placed) == N_PHOTOS
        found = {path for path in out.rglob("*") if path.is_file()}
        assert len(found) == N_PHOTOS + 1  # the record
        for path in photos:
            copy = out / os.path.relpath(path, tmp_path / "photos")
            assert copy.read_bytes() == Path(path).read_bytes()
        (selection,) = json.loads((out / ".smartdownsample.json").read_text())["selections"]
        assert selection["n_images"] == N_PHOTOS


def place_at_once(task: dict[str, Any], n_processes: int) -> list[list[int]]:
    """Place the same images by several processes, and return what came of each."""
    with ExitStack() as stack:
        pipes = [stack.enter_context(started(PLACE, json.dumps(task))) for _ in range(n_processes)]
        for orders, _ in pipes:
            orders.write("\n")
        return [json.loads(answers.readline()) for _, answers in pipes]


def test_a_copy_that_another_process_has_begun_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where there are no hard links it is empty for a moment; what stays empty is no copy."""
    source, out = tmp_path / "photos" / "IMG_1.jpg", tmp_path / "out"
    source.parent.mkdir()
    source.write_bytes(b"ours")
    target = out / "IMG_1.jpg"
    finishing = threading.Timer(0.1, lambda: target.write_bytes(b"ours"))
    finish = os.utime

    def begin(copy: bytes, **times: Any) -> None:
        target.write_bytes(b"")
        finish(copy, **times)
        if not finishing.ident:
            finishing.start()

    monkeypatch.setattr(os, "utime", begin)
    placed = place_images([source], out, "copy")
    assert (placed.n_new, placed.n_there) == (0, 1)
    finishing.join()
    target.unlink()
    monkeypatch.setattr(place, "_PATIENCE_S", 0.05)
    with pytest.raises(OutputError, match="File exists"):
        place_images([source], out, "copy")
    assert target.read_bytes() == b""


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the platform has no named pipes")
def test_an_image_that_becomes_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    """It fails as what it is, and the others are placed."""
    paths = [tmp_path / "photos" / f"IMG_{number}.jpg" for number in range(4)]
    paths[0].parent.mkdir()
    for path in paths:
        path.write_bytes(b"ours")

    def swap(n_done: int, _: int) -> None:
        if n_done == 2:
            paths[2].unlink()
            os.mkfifo(paths[2])

    placed = place_images(paths, tmp_path / "out", "copy", on_progress=swap)
    assert placed.n_new == 3
    assert [failure.path for failure in placed.failures] == [str(paths[2])]
    assert not (tmp_path / "out" / "IMG_2.jpg").exists()
