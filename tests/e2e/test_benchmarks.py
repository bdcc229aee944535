"""The benchmarks run; what they measure is not judged here."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from pictures import DATA_SAMPLES, REPOSITORY

PHOTOS = f"--photos={DATA_SAMPLES / 'photos'}"
KEPT = REPOSITORY / "benchmarks" / "results" / "speed.json"


def run_script(script: Path, *options: str) -> "subprocess.CompletedProcess[str]":
    """Run a benchmark, whatever its exit code."""
    return subprocess.run(
        [sys.executable, str(script), *options], capture_output=True, text=True, check=False
    )


def run_benchmark(name: str, *options: str) -> str:
    """Run a benchmark on little; what it prints."""
    done = run_script(REPOSITORY / "benchmarks" / name, "--smoke", *options)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def smoke(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """Run everything without other samplers: what is printed, and the file with the figures."""
    folder = tmp_path_factory.mktemp("smoke")
    result = folder / "result.json"
    printed = run_benchmark(
        "bench_sample.py", PHOTOS, f"--json={result}", f"--environments={folder}"
    )
    return printed, result


def load(result: Path) -> dict[str, Any]:
    """Load the figures of a run."""
    records: dict[str, Any] = json.loads(result.read_text(encoding="utf-8"))
    return records


def test_every_scenario_is_measured(smoke: tuple[str, Path]) -> None:
    """On few images, each with a first run of ours and one more that knows all images."""
    printed, result = smoke
    records = load(result)
    names = {name.partition("-")[0] for name in records}
    assert names == {"photos", "originals", "png", "mixed", "few", "crops", "many", "archive"}
    for record in records.values():
        assert {"ours, first run", "ours, again"} <= record["runs"].keys()
        for run in record["runs"]["ours, first run"]:
            assert run["n_different"] == run["n_returned"] == record["target_count"]
        assert not [reason for reason in record["left_out"].values() if "it failed" in reason]
    assert "ours, first run" in printed
    assert "floor: decode" in printed
    assert "A smoke run: the times mean nothing." in printed


def test_a_sampler_without_its_environment_is_left_out_with_a_word(
    smoke: tuple[str, Path],
) -> None:
    """Neither silently nor with an error; all others are measured."""
    printed, result = smoke
    assert "published 1.8.4 (there is no environment .venv-reference)" in printed
    left_out = load(result)["few"]["left_out"]
    assert {"imagededup", "fastdup", "published 1.8.4"} <= left_out.keys()


def test_one_scenario_is_measured_anew_beside_the_others(
    smoke: tuple[str, Path], tmp_path: Path
) -> None:
    """Figures that are not measured anew stay as they are."""
    result = tmp_path / "result.json"
    kept = load(smoke[1])
    kept["png"]["date"] = kept["many"]["date"] = "long ago"
    result.write_text(json.dumps(kept), encoding="utf-8")
    run_benchmark("bench_sample.py", PHOTOS, f"--json={result}", "--only", "png", "--peers")
    records = load(result)
    assert list(records) == list(kept)
    assert records["png"]["date"] != "long ago"
    assert records["many"] == kept["many"]


def test_files_that_are_no_photos_are_passed_over(tmp_path: Path) -> None:
    """A folder of one's own may hold files that other decoders give up on in ways of their own."""
    photo = next((DATA_SAMPLES / "photos").rglob("*.JPG"))
    shutil.copyfile(photo, tmp_path / "photo.jpg")
    bomb = PngInfo()
    bomb.add_text("Comment", "x" * 2**21, zip=True)
    with Image.open(photo) as image:
        image.save(tmp_path / "bomb.png", pnginfo=bomb)
    with pytest.raises(ValueError, match="too large"), Image.open(tmp_path / "bomb.png") as image:
        image.load()
    (tmp_path / "broken.jpg").write_bytes(photo.read_bytes()[:100])
    printed = run_benchmark(
        "bench_sample.py", f"--photos={tmp_path}", "--only", "few", "--peers", "random_choice"
    )
    assert "made of 1 photos of one's own" in printed


def test_tables_are_shown_again_without_measuring(smoke: tuple[str, Path]) -> None:
    """What is kept gives the tables of the run itself."""
    printed, result = smoke
    script = REPOSITORY / "benchmarks" / "bench_sample.py"
    assert run_script(script, f"--again={result}").stdout == printed


def test_an_unknown_scenario_is_refused() -> None:
    """With the names that there are."""
    done = run_script(REPOSITORY / "benchmarks" / "bench_sample.py", "--only", "videos")
    assert done.returncode == 2
    assert "There is no videos. There are: archive, crops, crops-most, " in done.stderr


def test_documents_are_what_the_kept_figures_give() -> None:
    """No figure of the benchmarks was edited by hand, or left over from an earlier run."""
    done = run_script(REPOSITORY / "benchmarks" / "bench_sample.py", "--check")
    assert (done.returncode, done.stdout) == (0, "")
    assert not any(record["is_smoke"] for record in load(KEPT).values())
    done = run_script(REPOSITORY / "benchmarks" / "bench_store.py", "--check")
    assert (done.returncode, done.stderr) == (0, "")


def test_a_figure_edited_by_hand_is_noticed_and_mended(tmp_path: Path) -> None:
    """In a copy of the repository, whose documents are written anew from the kept figures."""
    shutil.copytree(
        REPOSITORY / "benchmarks", tmp_path / "benchmarks", ignore=shutil.ignore_patterns("__py*")
    )
    (tmp_path / "docs" / "images").mkdir(parents=True)
    shutil.copy(REPOSITORY / "README.md", tmp_path)
    page = tmp_path / "docs" / "benchmarks.md"
    before = (REPOSITORY / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    page.write_text(re.sub(r"\d\.\d+x", "9.99x", before, count=1), encoding="utf-8")
    script = tmp_path / "benchmarks" / "bench_sample.py"
    done = run_script(script, "--check")
    assert done.returncode == 1
    assert "benchmarks.md, section figures, is not what " in done.stdout
    assert run_script(script, "--document").returncode == 0
    assert page.read_text(encoding="utf-8") == before
    for name in ("speed.png", "growth.png"):
        assert (tmp_path / "docs" / "images" / name).stat().st_size > 5000


def test_a_folder_without_usable_photos_is_refused(tmp_path: Path) -> None:
    """With what a photo must be."""
    done = run_script(
        REPOSITORY / "benchmarks" / "bench_sample.py", "--smoke", f"--photos={tmp_path}"
    )
    assert done.returncode == 1
    assert "None of the photos can be used" in done.stderr


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
