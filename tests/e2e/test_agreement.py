"""The benchmark of agreement runs, and its page states what holds."""

import io
import json
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import pytest

from golden import test_preview_agreement, test_reference_agreement
from pictures import NO_SHARED_IMAGES, REPOSITORY, SHARED_IMAGES, write_photo
from smartdownsample import ImageLoadingWarning
from smartdownsample.features import N_CHECKED
from smartdownsample.features.spec import FEATURE_VERSION

sys.path.append(str(REPOSITORY / "benchmarks"))
import bench_agreement
import write_pages

KEPT = REPOSITORY / "benchmarks" / "results" / "agreement.json"
PAGE = REPOSITORY / "docs" / "agreement.md"
N_PHOTOS = 10


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
    printed = io.StringIO()
    with redirect_stdout(printed), pytest.warns(ImageLoadingWarning):
        bench_agreement.main(["--smoke", f"--photos={folder / 'photos'}", f"--json={result}"])
    return printed.getvalue(), result


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


def test_what_is_kept_gives_the_tables_of_the_run(smoke: tuple[str, Path]) -> None:
    """Nothing that is shown is known to the run alone."""
    printed, result = smoke
    assert write_pages.format_record("agreement", load(result)) == printed.strip()


def test_the_kept_figures_are_of_the_present_formulas() -> None:
    """Whoever changes them and can measure anew does so: make agreement."""
    if not SHARED_IMAGES.is_dir():
        pytest.skip(NO_SHARED_IMAGES)
    assert load(KEPT)["feature_version"] == FEATURE_VERSION


def test_crops_by_box_agree_with_files_of_their_own(smoke: tuple[str, Path]) -> None:
    """Fully in `exact`; in `fast` 97 % of bits and 95 % of buckets, for boxes of any size."""
    assert sum(each["n_images"] for each in load(smoke[1])["boxes"])
    for each in load(KEPT)["boxes"]:
        least_bits, least_buckets = {"exact": (1, 1), "fast": (0.97, 0.95)}[each["mode"]]
        assert 1 - each["n_flipped"] / each["n_bits"] >= least_bits
        assert 1 - each["n_moved"] / each["n_images"] >= least_buckets


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
