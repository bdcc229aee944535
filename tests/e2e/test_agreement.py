"""The benchmark of agreement runs, and its page is what it has kept."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from golden import test_preview_agreement, test_reference_agreement
from pictures import NO_SHARED_IMAGES, REPOSITORY, SHARED_IMAGES, write_photo
from smartdownsample.features.spec import FEATURE_VERSION
from smartdownsample.gathering.preview_trust import N_CHECKED

SCRIPT = REPOSITORY / "benchmarks" / "bench_agreement.py"
KEPT = REPOSITORY / "benchmarks" / "results" / "agreement.json"
PAGE = REPOSITORY / "docs" / "agreement.md"
N_PHOTOS = 10


def run_script(*options: str, script: Path = SCRIPT) -> "subprocess.CompletedProcess[str]":
    """Run the benchmark, whatever its exit code."""
    return subprocess.run(
        [sys.executable, str(script), *options], capture_output=True, text=True, check=False
    )


def load(path: Path) -> dict[str, Any]:
    """Load figures."""
    record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return record


@pytest.fixture(scope="module")
def smoke(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """Compare a handful of photos and two broken files: what is printed, and the figures' file."""
    folder = tmp_path_factory.mktemp("smoke")
    for number in range(N_PHOTOS):
        write_photo(folder / "photos" / f"IMG_{number}.jpg", number)
    (folder / "photos" / "empty.jpg").touch()
    whole = (folder / "photos" / "IMG_1.jpg").read_bytes()
    (folder / "photos" / "cut.jpg").write_bytes(whole[: len(whole) * 3 // 4])
    result = folder / "result.json"
    done = run_script("--smoke", f"--photos={folder / 'photos'}", f"--json={result}")
    assert done.returncode == 0, done.stderr
    return done.stdout, result


def test_both_modes_are_compared_with_the_published_definition(smoke: tuple[str, Path]) -> None:
    """On photos and on crops of them; a full decode gives every bucket and every bit."""
    record = load(smoke[1])
    photos = {
        each["mode"]: each
        for each in record["agreements"]
        if each["images"] == "photos of one's own"
    }
    assert photos.keys() == {"exact", "fast"}
    assert photos["exact"]["n_images"] == photos["fast"]["n_images"] == N_PHOTOS
    assert photos["exact"]["n_moved"] == sum(photos["exact"]["flipped"].values()) == 0
    assert {each["images"] for each in record["agreements"]} >= {
        "rendered photos",
        "rendered crops",
        "crops of 320×240 from 1 photos of one's own",
        "crops of mixed sizes from 1 photos of one's own",
    }
    assert "A smoke run: the figures mean nothing." in smoke[0]


def test_broken_files_are_left_out_and_counted(smoke: tuple[str, Path]) -> None:
    """Also a photo that was cut, which the package uses as far as it goes, but Pillow does not."""
    assert load(smoke[1])["n_left_out"] == 2
    assert "- files left out because they are broken: 2" in smoke[0]


def test_previews_are_compared_apart_from_photos_that_were_decoded(
    smoke: tuple[str, Path],
) -> None:
    """Those that check the folder are decoded, and agree as in `fast`."""
    n_images = {
        (each["images"], each["mode"]): each["n_images"]
        for each in load(smoke[1])["previews"]["agreements"]
    }
    expected = {
        "previews, folder 1": N_PHOTOS - N_CHECKED,
        "photos that were decoded": N_CHECKED,
        "photos in all": N_PHOTOS,
    }
    assert n_images == {
        (images, mode): n for images, n in expected.items() for mode in ("preview", "fast")
    }
    assert "5 of 5 look like theirs" in smoke[0]


def test_tables_are_shown_again_without_measuring(smoke: tuple[str, Path]) -> None:
    """What is kept gives the tables of the run itself."""
    printed, result = smoke
    assert run_script(f"--again={result}").stdout == printed


@pytest.mark.parametrize("option", ["--smoke", "--photos=.", "--json=figures.json"])
def test_only_whole_runs_are_kept(option: str) -> None:
    """On the usual images, beside nothing else."""
    done = run_script("--keep", option)
    assert done.returncode == 2
    assert "--keep is for whole runs on the usual images." in done.stderr


def test_the_page_is_what_the_kept_figures_give() -> None:
    """No table was edited by hand, or left over from an earlier run."""
    done = run_script("--check")
    assert (done.returncode, done.stdout) == (0, "")
    assert not load(KEPT)["is_smoke"]


def test_the_kept_figures_are_of_the_present_formulas() -> None:
    """Whoever changes them and can measure anew does so: make agreement."""
    if not SHARED_IMAGES.is_dir():
        pytest.skip(NO_SHARED_IMAGES)
    assert load(KEPT)["feature_version"] == FEATURE_VERSION


def test_a_table_edited_by_hand_is_noticed_and_mended(tmp_path: Path) -> None:
    """In a copy of the repository, whose page is written anew from the kept figures."""
    for name in ("benchmarks", "tests"):
        shutil.copytree(REPOSITORY / name, tmp_path / name, ignore=shutil.ignore_patterns("__py*"))
    (tmp_path / "docs").mkdir()
    page = tmp_path / "docs" / PAGE.name
    before = PAGE.read_text(encoding="utf-8")
    page.write_text(re.sub(r"\d\d\.\d %", "99.9 %", before, count=1), encoding="utf-8")
    script = tmp_path / "benchmarks" / SCRIPT.name
    done = run_script("--check", script=script)
    assert done.returncode == 1
    assert "agreement.md, section figures, is not what " in done.stdout
    assert run_script("--document", script=script).returncode == 0
    assert page.read_text(encoding="utf-8") == before


def test_the_page_states_the_bounds_that_the_tests_hold() -> None:
    """Of each decode mode, in percent."""
    page = " ".join(PAGE.read_text(encoding="utf-8").split())
    bounds = {
        mode: _state(least) for mode, least in test_reference_agreement.LEAST_AGREEMENT.items()
    }
    assert f"`exact`: {bounds['exact']}; `fast`: {bounds['fast']}." in page
    assert f"of both together: {_state(test_preview_agreement.LEAST_AGREEMENT)}." in page


def _state(least: tuple[float, float]) -> str:
    buckets, bits = (f"{100 * share:g} %" for share in least)
    return f"{buckets} of buckets, {bits} of bits"
