"""The other samplers of the benchmark keep to the small call they stand behind."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from pictures import DATA_SAMPLES, REPOSITORY

PATHS = sorted(map(str, (DATA_SAMPLES / "crops").rglob("*.jpg")))[:12]


def run_peer(
    name: str, cache_dir: Path, python: str = sys.executable, paths: Sequence[str] = PATHS
) -> Any:
    """Do a job with a peer; its result."""
    job = {
        "paths": paths,
        "target_count": 5,
        "n_workers": 2,
        "random_seed": 42,
        "cache_dir": str(cache_dir),
        "wants_picks": True,
    }
    done = subprocess.run(
        [python, "-E", "-m", *f"peers.{name}".split()],
        cwd=REPOSITORY / "benchmarks",
        input=json.dumps(job),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("name", ["random_choice", "imagehash_threads", "imagededup", "fastdup"])
def test_a_sampler_picks_the_same_distinct_images_again(name: str, tmp_path: Path) -> None:
    """As many as asked for, all from the collection; those without an environment are skipped."""
    python = sys.executable
    if name in {"imagededup", "fastdup"}:
        environment = REPOSITORY / f".venv-{name}"
        if not (environment / ".done").exists():
            pytest.skip(f"There is no {environment.name}; make peers installs it.")
        python = str(environment / "bin" / "python")
    picks = run_peer(name, tmp_path, python)["picks"]
    assert len(set(picks)) == 5
    assert set(picks) <= set(PATHS)
    assert run_peer(name, tmp_path, python)["picks"] == picks


def test_a_floor_handles_every_file_and_picks_none(tmp_path: Path) -> None:
    """What counts is the number of files that its time is for."""
    result = run_peer("floors read", tmp_path)
    assert result["n_returned"] == len(PATHS)
    assert result["picks"] == []


def test_the_floor_of_a_warm_run_needs_a_store_that_knows_all_images(tmp_path: Path) -> None:
    """It says so where there is none; where there is one, the smoke run has it."""
    with pytest.raises(AssertionError, match="knows 0 of 12 images"):
        run_peer("floors known", tmp_path)


@pytest.mark.parametrize("name", ["opencv_crops", "crop_folder"])
def test_a_cutter_writes_a_crop_for_each_box(name: str, tmp_path: Path) -> None:
    """Of the size of the box; cutters without an environment are skipped."""
    python = sys.executable
    if name == "crop_folder":
        environment = REPOSITORY / ".venv-megadetector"
        if not (environment / ".done").exists():
            pytest.skip(f"There is no {environment.name}; make peers installs it.")
        python = str(environment / "bin" / "python")
    document = tmp_path / "boxes.json"
    boxes = [[0.25, 0.5, 0.5, 0.25], [0, 0, 0.1, 0.2]]
    detections = [{"category": "1", "conf": 0.9, "bbox": box} for box in boxes]
    entries = [{"file": "photo.jpg", "detections": detections}]
    categories = {"1": "animal"}
    document.write_text(
        json.dumps({"images": entries, "detection_categories": categories, "info": {}})
    )
    (tmp_path / "photos").mkdir()
    Image.new("RGB", (200, 100)).save(tmp_path / "photos" / "photo.jpg")
    paths = [str(document), str(tmp_path / "photos")]
    (tmp_path / "crops").mkdir()
    crops = run_peer(name, tmp_path / "crops", python, paths)["picks"]
    sizes = set()
    for path in crops:
        with Image.open(path) as image:
            sizes.add(image.size)
    assert sizes == {(100, 25), (20, 20)}
