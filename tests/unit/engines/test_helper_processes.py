"""Tests of smartdownsample.engines.helper_processes, with real processes."""

import multiprocessing.spawn
import os
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import joblib
import numpy as np
import pytest

from pictures import make_old, write_picture
from smartdownsample import HelperWarning, ImageIndex
from smartdownsample.engines import choose, helper_processes
from smartdownsample.engines.chunk import StopSign, extract_chunk
from smartdownsample.engines.helper_processes import Helpers
from smartdownsample.engines.task import ExtractedChunk, Task
from smartdownsample.features.spec import make_spec
from smartdownsample.items.locations import to_key
from smartdownsample.opencv_limit import OPENCV_LIMIT_VARIABLE
from smartdownsample.pictures import MEMORY, Picture, decode_image
from smartdownsample.records import WHOLE, Cause
from whole_photos import extract_photos, photo_task

SPEC = make_spec(8, "fast")
# Longer than a helper takes to start on any machine.
PATIENCE_S = 60.0
TESTS = str(Path(__file__).parents[2])


@pytest.fixture
def helpers() -> Iterator[Helpers]:
    """Give two helpers and end them."""
    with Helpers(2) as started:
        yield started


@pytest.fixture
def many_small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have helpers for the few images of a test, whatever the machine."""
    monkeypatch.setattr(choose, "_LEAST_HELPED", 1)
    monkeypatch.setattr(joblib, "cpu_count", lambda: 3)


def make_task(paths: list[str]) -> Task:
    """Make a task of plain decoding."""
    return photo_task(paths, SPEC)


def wait_for(happens: Callable[[], object]) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + PATIENCE_S
    while not happens():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def be_helped(helpers: Helpers, task: Task) -> ExtractedChunk:
    """Have a helper do a task as soon as one is ready."""
    wait_for(lambda: not helpers.free.empty())
    chunk = helpers.extract(task)
    assert chunk is not None
    return chunk


def test_a_helper_extracts_what_this_process_would(collection: list[str], tmp_path: Path) -> None:
    """Features, causes and all that is seen of the files, to the bit."""
    (tmp_path / "bad.jpg").write_text("no image")
    paths = [*collection[:9], str(tmp_path / "bad.jpg"), str(tmp_path / "missing.jpg")]
    with Helpers(1) as helpers:
        theirs = be_helped(helpers, make_task(paths))
        ours = extract_chunk(make_task(paths))
    assert theirs.causes == ours.causes == [None] * 9 + [Cause.TEXT, Cause.MISSING]
    assert theirs.order_keys == ours.order_keys
    for name in ("rows", "mtime_ns", "size_bytes", "is_lasting"):
        assert getattr(theirs, name).tobytes() == getattr(ours, name).tobytes()


def test_a_task_is_left_to_the_caller_while_no_helper_is_free(collection: list[str]) -> None:
    """Before any of them is ready, or when there is none."""
    with Helpers(0) as none, Helpers(1) as one:
        assert none.extract(make_task(collection[:1])) is None
        be_helped(one, make_task(collection[:1]))
        one.free.get()
        assert one.extract(make_task(collection[:1])) is None


@pytest.mark.skipif(sys.platform == "win32", reason="sends a signal that Windows does not have")
def test_the_chunk_of_a_helper_that_ends_is_left_to_the_caller(
    helpers: Helpers, collection: list[str]
) -> None:
    """The other goes on; it is told on closing how many ended, once."""
    be_helped(helpers, make_task(collection[:1]))
    process = helpers.free.get(timeout=PATIENCE_S)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    helpers.free.put(process)
    answers = [helpers.extract(make_task(collection[:1])) for _ in range(2)]
    assert None in answers
    assert be_helped(helpers, make_task(collection[:1])).causes == [None]
    with pytest.warns(HelperWarning, match=r"1 of 2 .* \(exit code -9\).* short of memory"):
        helpers.__exit__(None)


def test_a_picture_above_the_part_of_a_helper_is_left_to_the_caller(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who decodes it, and nothing else; the helper stays free."""
    # 96 MB, where a helper of two has 64 MiB of 128 MB.
    done, data = cv2.imencode(".png", np.zeros((4_000, 8_000, 3), dtype=np.uint8))
    assert done
    paths = [str(write_picture(tmp_path / f"{seed}.png", seed)) for seed in range(3)]
    (tmp_path / "large.png").write_bytes(data.tobytes())
    paths.insert(1, str(make_old(tmp_path / "large.png")))
    task = photo_task(paths, SPEC, max_pixels=4_000 * 8_000)
    decoded: list[int] = []

    def count_bytes(data: bytes, **options: Any) -> Picture | Cause:
        decoded.append(len(data))
        return decode_image(data, **options)

    monkeypatch.setattr("smartdownsample.engines.chunk.decode_image", count_bytes)
    with Helpers(1) as helpers, MEMORY.share(1):
        theirs = be_helped(helpers, task)
        assert decoded == [len(data)]
        assert be_helped(helpers, make_task(paths[:1])).causes == [None]
        ours = extract_chunk(task)
    assert theirs.causes == ours.causes == [None] * 4
    for name in ("rows", "mtime_ns", "size_bytes", "is_lasting"):
        assert getattr(theirs, name).tobytes() == getattr(ours, name).tobytes()


def test_regions_of_a_picture_that_is_left_have_their_places(tmp_path: Path) -> None:
    """Also between those of others, with failures among them."""
    done, data = cv2.imencode(".png", np.zeros((4_000, 8_000, 3), dtype=np.uint8))
    assert done
    (tmp_path / "large.png").write_bytes(data.tobytes())
    small = str(write_picture(tmp_path / "small.png", 1))
    large = str(make_old(tmp_path / "large.png"))
    half, quarter = (0, 0, 0.5, 1), (0, 0, 0.25, 0.25)
    task = Task(
        [small, large, str(tmp_path / "missing.png"), large],
        [2, 2, 1, 1],
        np.zeros(6, dtype=np.int32),
        np.array([half, WHOLE, WHOLE, quarter, WHOLE, half], dtype=np.float32),
        SPEC,
        None,
        4_000 * 8_000,
    )
    with Helpers(1) as helpers, MEMORY.share(1):
        theirs, ours = be_helped(helpers, task), extract_chunk(task)
    assert theirs.causes == ours.causes == [None] * 4 + [Cause.MISSING, None]
    assert theirs.rows.tobytes() == ours.rows.tobytes()
    assert theirs.order_keys == ours.order_keys


@pytest.mark.parametrize("name", ["user", "package"])
def test_opencv_has_a_limit_in_helpers(
    name: str, collection: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The user's own comes before this package's; this process has neither."""
    task = make_task(collection[:1])
    if name == "user":
        monkeypatch.setenv(OPENCV_LIMIT_VARIABLE, "1000")
    else:
        monkeypatch.delenv(OPENCV_LIMIT_VARIABLE, raising=False)
        monkeypatch.setattr(helper_processes, "choose_opencv_limit", lambda _: "1000")
    with Helpers(1) as helpers:
        assert be_helped(helpers, task).causes == [Cause.TOO_LARGE]
    assert os.environ.get(OPENCV_LIMIT_VARIABLE) == ("1000" if name == "user" else None)
    assert extract_chunk(task).causes == [None]


def test_a_limit_that_opencv_cannot_read_does_not_end_helpers(
    collection: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be set after OpenCV was loaded here."""
    monkeypatch.setenv(OPENCV_LIMIT_VARIABLE, "many")
    with Helpers(1) as helpers:
        assert be_helped(helpers, make_task(collection[:1])).causes == [None]


def test_an_answer_that_is_cut_short_is_none(collection: list[str]) -> None:
    """Nothing of it is taken for a chunk."""
    command = "import sys; sys.stdin.buffer.read(9); sys.stdout.buffer.write(b'\\x80\\x05\\x95')"
    with Helpers(1) as helpers:
        be_helped(helpers, make_task(collection[:1]))
        real = helpers.free.get()
        with subprocess.Popen(
            [sys.executable, "-c", command], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as cut:
            helpers.free.put(cut)
            assert helpers.extract(make_task(collection[:1])) is None
        helpers.free.put(real)
        assert helpers.extract(make_task(collection[:1])) is not None


@pytest.mark.parametrize("executable", [None, "nowhere/python"])
def test_where_no_python_can_be_started_there_is_no_helper(
    executable: str | None, collection: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a program that brings its own along; nothing is said, for nothing was lost."""
    monkeypatch.setattr(multiprocessing.spawn, "get_executable", lambda: executable)
    with Helpers(2) as helpers:
        assert not helpers.processes
        assert helpers.extract(make_task(collection[:1])) is None


def test_a_program_of_its_own_is_not_started_again(
    collection: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Frozen programs name themselves as the Python to start."""
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    with Helpers(1) as helpers:
        time.sleep(0.1)
        assert not helpers.processes
        assert helpers.extract(make_task(collection[:1])) is None


SCRIPT = """
import sys
import joblib
from smartdownsample import sample_diverse
from smartdownsample.engines import choose, helper_processes

joblib.cpu_count = lambda: 2
choose._LEAST_HELPED = 1
{change}
print(len(sample_diverse(sys.argv[1:], 3, cache=False, show_progress=False, show_summary=False)))
"""


@pytest.mark.parametrize("words", ["good morning", "cos\nnothing"])
def test_what_a_helper_prints_as_it_starts_is_no_answer(
    words: str, collection: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such a helper is not used, even by a run that waits for it to answer."""
    (tmp_path / "sitecustomize.py").write_text(f"print({words!r})\n")
    script = tmp_path / "script.py"
    change = """
welcome = helper_processes.Helpers._welcome
def note(self, process):
    welcome(self, process)
    self.is_over = True
def wait_and_ask(self, task, stop):
    while not hasattr(self, "is_over"):
        pass
    assert self.free.empty()
helper_processes.Helpers._welcome = note
helper_processes.Helpers.extract = wait_and_ask
"""
    script.write_text(SCRIPT.format(change=change))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    done = run_script(script, collection)
    assert done.stdout == f"{words}\n3\n"
    assert not done.stderr


def test_a_script_needs_no_guard_around_its_main_part(
    collection: list[str], tmp_path: Path
) -> None:
    """Helpers are no copies of the script: it runs once."""
    script = tmp_path / "script.py"
    change = """
ask = helper_processes.Helpers.extract
def wait_and_ask(self, task, stop):
    self.free.put(self.free.get(timeout=60))
    return ask(self, task, stop)
helper_processes.Helpers.extract = wait_and_ask
"""
    script.write_text(SCRIPT.format(change=change))
    done = run_script(script, collection)
    assert done.stdout == "3\n"
    assert not done.stderr


def run_script(script: Path, collection: list[str]) -> subprocess.CompletedProcess[str]:
    """Run a script that samples from a collection."""
    command = [sys.executable, str(script), *collection]
    return subprocess.run(command, capture_output=True, text=True, check=True)


def test_a_helper_does_not_run_files_that_lie_beside_the_images(
    collection: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A module's name in the folder that one works in is not taken for the module."""
    for name in ("pickle.py", "numpy.py"):
        (tmp_path / name).write_text("raise SystemExit(3)\n")
    monkeypatch.chdir(tmp_path)
    # As where one types, and in notebooks.
    monkeypatch.setattr(sys, "path", ["", *sys.path])
    with Helpers(1) as helpers:
        assert be_helped(helpers, make_task(collection[:1])).causes == [None]


@pytest.mark.parametrize("other", [(-1, 0), (0, "elsewhere"), (0, 1)])
def test_a_helper_that_is_not_like_this_process_is_not_used(
    other: tuple[int, object],
    collection: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """As after an update: it would compute other features under the name of these."""
    place, value = other
    identity = list(helper_processes.IDENTITY)
    identity[place] = value
    monkeypatch.setattr(helper_processes, "IDENTITY", tuple(identity))
    helpers = Helpers(1)
    helpers.processes[0].wait(PATIENCE_S)
    assert helpers.extract(make_task(collection[:1])) is None
    with pytest.warns(HelperWarning, match=r"1 of 1 .* \(exit code 1\).* longer\.$"):
        helpers.__exit__(None)
    assert "installed anew" in capfd.readouterr().err


@pytest.mark.skipif(sys.platform != "linux", reason="needs names that are no UTF-8")
@pytest.mark.parametrize("mode", ["0", "1"])
def test_a_helper_reads_paths_as_this_process_does(mode: str, tmp_path: Path) -> None:
    """Whatever the locale, which may be another than what this Python was told to use."""
    path = str(write_picture(tmp_path / "\N{LATIN SMALL LETTER U WITH DIAERESIS}.png", 1, 64, 64))
    script = (
        "import sys\n"
        f"sys.path.insert(0, {TESTS!r})\n"
        "from smartdownsample.features import make_spec\n"
        "from smartdownsample.engines.helper_processes import Helpers\n"
        "from whole_photos import photo_task\n"
        "with Helpers(1) as helpers:\n"
        "    helpers.free.put(helpers.free.get(timeout=60))\n"
        "    chunk = helpers.extract(photo_task(sys.argv[1:], make_spec(8, 'fast')))\n"
        "print(chunk.causes)\n"
    )
    environment = {**os.environ, "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0"}
    command = [sys.executable, "-X", f"utf8={mode}", "-c", script, path]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "[None]\n"
    assert not done.stderr


def test_a_run_goes_on_where_no_more_threads_can_be_started(
    collection: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fewer helpers give the same."""

    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    with Helpers(2) as helpers:
        assert helpers.extract(make_task(collection[:1])) is None
        assert len(helpers.processes) == 1


def test_only_a_run_that_comes_to_its_end_tells_of_lost_helpers() -> None:
    """A warning, which may be an error, must not take the place of what ended the run."""

    def run() -> None:
        with Helpers(1) as helpers:
            helpers.processes[0].kill()
            helpers.processes[0].wait()
            raise KeyboardInterrupt

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(KeyboardInterrupt):
            run()


@pytest.mark.usefixtures("many_small")
def test_a_lost_helper_is_told_of_at_the_line_that_asked_for_the_run(
    collection: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not at one of this package or of Python."""
    start = helper_processes.start_helper

    def start_dying(executable: str) -> subprocess.Popen[bytes]:
        process = start(executable)
        process.kill()
        process.wait()
        return process

    monkeypatch.setattr(helper_processes, "start_helper", start_dying)
    with pytest.warns(HelperWarning) as told:
        ImageIndex.build(collection, cache=False, n_workers=2)
    assert [warning.filename for warning in told] == [__file__]


@pytest.mark.usefixtures("many_small")
def test_features_are_the_same_with_helpers(
    collection: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Helpers extract some of the chunks, from a collection's first run on."""
    is_helped: list[bool] = []
    ask = Helpers.extract

    def note(self: Helpers, task: Task, stop: StopSign | None) -> ExtractedChunk | None:
        # Slow enough for a helper to be there in time.
        wait_for(lambda: any(is_helped) or not self.free.empty())
        chunk = ask(self, task, stop)
        is_helped.append(chunk is not None)
        return chunk

    alone = ImageIndex.build(collection, cache=False, n_workers=1).table.rows
    monkeypatch.setattr(Helpers, "extract", note)
    helped = ImageIndex.build(collection, cache=False, n_workers=3).table.rows
    assert any(is_helped)
    assert helped.tobytes() == alone.tobytes()


@pytest.mark.usefixtures("many_small")
def test_a_run_that_is_left_early_leaves_no_helper(
    collection: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither at work nor waiting; that they were ended is no news."""
    started: list[subprocess.Popen[bytes]] = []
    start = helper_processes.start_helper

    def note(executable: str) -> subprocess.Popen[bytes]:
        started.append(start(executable))
        return started[-1]

    keys = [to_key(path) for path in collection] * 20
    sizes = np.zeros(len(keys), dtype=np.int64)
    batches = extract_photos(keys, SPEC, sizes=sizes, n_workers=3)
    monkeypatch.setattr(helper_processes, "start_helper", note)
    next(batches)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        batches.close()
    assert len(started) == 2
    assert all(process.returncode is not None for process in started)


@pytest.mark.usefixtures("many_small")
def test_helpers_are_for_many_small_images_and_spare_cores(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Large files, single workers and other backends have none."""
    monkeypatch.setattr(choose, "_LEAST_HELPED", 100)
    small = choose.count_small(np.full(1000, 2**15), SPEC)
    assert small == 1000
    assert choose.count_small(np.full(1000, 2**20), SPEC) == 0
    assert choose.count_small(np.full(1000, 2**20), make_spec(8, "preview")) == 1000
    assert choose.count_helpers(small, 2) == 1
    assert choose.count_helpers(small, 8) == 2
    assert choose.count_helpers(small, 1) == 0
    assert choose.count_helpers(250, 8) == 1
    assert choose.count_helpers(99, 8) == 0
    for backend in ("loky", "sequential"):
        with joblib.parallel_config(backend=backend):
            assert choose.count_helpers(small, 2) == 0
    nested = joblib.Parallel(n_jobs=2, prefer="threads")(
        joblib.delayed(choose.count_helpers)(small, 2) for _ in range(2)
    )
    assert nested == [0, 0]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no groups of processes")
def test_a_helper_does_not_hear_what_the_terminal_says(helpers: Helpers) -> None:
    """Ctrl-C is for the run, which then ends its helpers."""
    assert os.getpgrp() not in [os.getpgid(process.pid) for process in helpers.processes]


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes as Linux does")
@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT])
def test_helpers_end_with_the_run_that_started_them(end: signal.Signals, tmp_path: Path) -> None:
    """Whether it is killed or interrupted; an interrupted one says so itself, once."""
    paths = [str(write_picture(tmp_path / f"{i}.png", i, 64, 64)) for i in range(40)]
    script = (
        "import signal, sys\n"
        "from contextlib import closing\n"
        # A background shell may have deafened its processes to Ctrl-C.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        f"sys.path.insert(0, {TESTS!r})\n"
        "from smartdownsample.features import make_spec\n"
        "from smartdownsample.engines.helper_processes import Helpers\n"
        "from whole_photos import photo_task\n"
        "started = Helpers(1)\n"
        "task = photo_task(sys.argv[1:] * 50, make_spec(8, 'fast'))\n"
        "print(started.processes[0].pid, flush=True)\n"
        "with closing(started):\n"
        "    while started.free.empty():\n"
        "        pass\n"
        "    print('ready', flush=True)\n"
        "    started.extract(task)\n"
    )
    run = subprocess.Popen(
        [sys.executable, "-c", script, *paths],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    with run:
        assert run.stdout is not None
        assert run.stderr is not None
        helper = int(run.stdout.readline())
        assert run.stdout.readline() == "ready\n"
        time.sleep(0.2)
        # As a terminal does: to all that it has in the foreground.
        os.killpg(run.pid, end)
        said = run.stderr.read()
    wait_for(lambda: not _is_alive(helper))
    assert said.count("Traceback") == (end == signal.SIGINT)


def _is_alive(pid: int) -> bool:
    """Tell whether a process runs; one that has ended may wait for somebody to ask."""
    try:
        return " Z " not in Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except FileNotFoundError:
        return False
