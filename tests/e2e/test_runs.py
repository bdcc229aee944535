"""Whole runs in processes of their own, as a user starts them."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from pictures import write_collection, write_picture
from smartdownsample import ImageIndex
from smartdownsample.options import MAX_PIXELS

RUN = """
import json, sys
from smartdownsample import sample_diverse
paths = sample_diverse(sys.argv[1], 10, show_progress=False, show_summary=False)
names = ("cv2", "matplotlib", "natsort", "joblib", "tqdm", "PIL", "pandas")
print(json.dumps({"paths": paths, "imported": [name for name in names if sys.modules.get(name)]}))
"""

# Opening any file below the collection fails, and so does importing the decoder.
WITHOUT_DECODING = """
import sys
sys.modules["cv2"] = None
def refuse(event, arguments):
    if event == "open" and str(arguments[0]).startswith(sys.argv[1]):
        raise AssertionError(f"opened {arguments[0]}")
sys.addaudithook(refuse)
"""


def run(code: str, *arguments: str) -> Any:
    """Run Python code in a new process and read the JSON that it prints."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return json.loads(done.stdout)


def test_a_warm_run_decodes_nothing_and_imports_no_decoder(tmp_path: Path) -> None:
    """Decoding is made impossible, not merely slow."""
    write_collection(tmp_path, 30)
    cold = run(RUN, str(tmp_path))
    warm = run(WITHOUT_DECODING + RUN, str(tmp_path))
    assert len(cold["paths"]) == 10
    assert warm == {"paths": cold["paths"], "imported": []}


def test_the_guard_against_decoding_works(tmp_path: Path) -> None:
    """With one new file the guarded run must fail."""
    write_collection(tmp_path, 30)
    run(RUN, str(tmp_path))
    write_picture(tmp_path / "new.jpg", 99)
    with pytest.raises(AssertionError):
        run(WITHOUT_DECODING + RUN, str(tmp_path))


def test_one_changed_file_is_the_only_one_decoded(tmp_path: Path) -> None:
    """Its old features are not used, those of the others are."""
    code = RUN.replace(
        'print(json.dumps({"paths": paths,',
        "from smartdownsample import ImageIndex\n"
        'print(json.dumps({"n": ImageIndex.build(sys.argv[1], cache_dir=sys.argv[2])'
        ".table.n_extracted,",
    )
    paths = write_collection(tmp_path / "photos", 30)
    store = str(tmp_path / "store")
    counts = []
    for _ in range(2):
        counts.append(run(code, str(tmp_path / "photos"), store)["n"])
        write_picture(Path(paths[7]), 70)
        os.utime(paths[7], ns=(5, 5))
    counts.append(run(code, str(tmp_path / "photos"), store)["n"])
    assert counts == [30, 1, 0]


def test_importing_is_light_and_leaves_warnings_alone() -> None:
    """The published package silences every warning of the process."""
    code = """
import json, sys, warnings
import numpy, pyarrow.compute, pyarrow.parquet
before = list(warnings.filters)
import smartdownsample
heavy = ("cv2", "matplotlib", "joblib", "natsort", "tqdm", "platformdirs", "filelock")
print(json.dumps({
    "filters": warnings.filters == before, "heavy": [n for n in heavy if n in sys.modules]
}))
"""
    assert run(code) == {"filters": True, "heavy": []}


ENDS_EARLY = """
import sys, warnings
warnings.simplefilter("ignore")
from smartdownsample import ImageIndex
ImageIndex.build(sys.argv[1], image_loading_errors="raise", cache=False, decode="exact")
"""


def test_an_error_among_decoding_workers_ends_the_process_in_order(tmp_path: Path) -> None:
    """A worker that is inside a decoder when Python ends would abort the process."""
    first = write_picture(tmp_path / "1.jpg", 1, 1600, 1200)
    for i in range(2, 60):
        shutil.copy2(first, tmp_path / f"{i}.jpg")
    (tmp_path / "0.jpg").write_text("no image")
    for _ in range(3):
        done = subprocess.run(
            [sys.executable, "-c", ENDS_EARLY, str(tmp_path)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 1, done.stderr
        assert done.stderr.strip().splitlines()[-1].startswith("smartdownsample.errors.DecodeError")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT between processes")
def test_ctrl_c_ends_a_run_in_order_and_keeps_what_was_done(tmp_path: Path) -> None:
    """Python's own end on an interrupt, and a next run that goes on from there."""
    photos, store_folder = tmp_path / "photos", tmp_path / "store"
    first = write_picture(photos / "0.png", 0, 640, 480)
    for i in range(1, 250):
        shutil.copy2(first, photos / f"{i}.png")
    code = (
        "import sys; from smartdownsample import ImageIndex\n"
        "ImageIndex.build(sys.argv[1], cache_dir=sys.argv[2], show_progress=True)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(photos), str(store_folder)],
        stderr=subprocess.PIPE,
        # A test of the command in this process may have set a calmer one.
        env={**os.environ, "TQDM_MININTERVAL": "0.1"},
    ) as process:
        assert process.stderr is not None
        seen = b""
        while not re.search(rb"[1-9]\d%", seen):  # some chunks are done
            letter = process.stderr.read(1)
            assert letter, seen
            seen += letter
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode in {-signal.SIGINT, 1}, err
    assert b"KeyboardInterrupt" in err
    n_left = ImageIndex.build(photos, cache_dir=store_folder).table.n_extracted
    assert 0 < n_left < 250


def test_a_run_needs_no_main_guard(tmp_path: Path) -> None:
    """A plain script without `if __name__ == "__main__"` works, since workers are threads."""
    write_collection(tmp_path / "photos", 12)
    script = tmp_path / "script.py"
    script.write_text(RUN)
    done = subprocess.run(
        [sys.executable, str(script), str(tmp_path / "photos")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert len(json.loads(done.stdout)["paths"]) == 10


MEASURE_PEAK = """
import json, sys
import smartdownsample.features.fast_thumbnails, smartdownsample.gathering.schedule
from smartdownsample import ImageIndex

def read(name):
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith(name))

before = read("VmRSS")
index = ImageIndex.build(sys.argv[3:], cache=False, n_workers=int(sys.argv[1]),
                         max_pixels=int(sys.argv[2]))
print(json.dumps([read("VmHWM") - before, len(index)]))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak as Linux tells it")
def test_workers_share_the_memory_for_large_pictures(tmp_path: Path) -> None:
    """Of four that would take 75 MB and as much for a copy, one is decoded at a time."""
    side = 5_000
    paths = [str(tmp_path / f"{number}.png") for number in range(6)]
    done, data = cv2.imencode(".png", np.zeros((side, side, 3), dtype=np.uint8))
    assert done
    for path in paths:
        Path(path).write_bytes(data.tobytes())
    command = [sys.executable, "-c", MEASURE_PEAK, "4", str(side**2), *paths]
    measured = subprocess.run(command, capture_output=True, text=True, check=True)
    peak, n_read = json.loads(measured.stdout)
    assert n_read == len(paths)
    # One that is being decoded, those that are being shrunk meanwhile, and what libraries need.
    assert peak < 4 * 3 * side**2


TELL_LIMIT = """
import os, sys
if sys.argv[1] == "command":
    from smartdownsample.cli import main
    main(["sample", sys.argv[2], "-n", "1", "-q", "--no-cache", *sys.argv[3:]])
else:
    from smartdownsample import ImageIndex
    ImageIndex.build([sys.argv[2]], cache=False)
print(os.environ.get("OPENCV_IO_MAX_IMAGE_PIXELS"), "cv2" in sys.modules)
"""


@pytest.mark.parametrize(
    ("arguments", "own", "expected"),
    [
        (["command"], None, str(MAX_PIXELS)),
        (["command", "--max-pixels", "1000"], None, str(MAX_PIXELS)),
        (["command", "--max-pixels", str(2**31)], None, str(2**31)),
        (["command"], "123456", "123456"),
        (["command"], "many", str(MAX_PIXELS)),
        (["library"], None, "None"),
        (["library"], "123456", "123456"),
        (["library"], "many", "None"),
    ],
)
def test_opencv_has_a_limit_in_the_command_only(
    arguments: list[str], own: str | None, expected: str, tmp_path: Path
) -> None:
    """It is set before OpenCV is loaded; what users set and do with OpenCV is their own.

    But a value that OpenCV cannot read would end the process.
    """
    kind, *options = arguments
    path = write_picture(tmp_path / "a.png", 1)
    environment = {key: os.environ[key] for key in os.environ if "OPENCV" not in key}
    if own is not None:
        environment["OPENCV_IO_MAX_IMAGE_PIXELS"] = own
    done = subprocess.run(
        [sys.executable, "-c", TELL_LIMIT, kind, str(path), *options],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split("\n")[-2] == f"{expected} True"
