"""``--keep``, and selections that are compared: their images are found, or it is said."""

import os
from pathlib import Path

import pytest

from pictures import write_collection, write_picture
from report_pages import Page
from small_surveys import detect, write_jpeg, write_results
from smartdownsample.cli import main

N_PHOTOS = 40


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder with photos of three sites."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SMARTDOWNSAMPLE_CACHE_DIR", str(tmp_path / "cache"))
    write_collection(tmp_path / "photos", N_PHOTOS)
    return tmp_path


def call(capsys: pytest.CaptureFixture[str], line: str, code: int = 0) -> tuple[list[str], str]:
    """Run a command; return the lines that it prints, and what it says."""
    capsys.readouterr()
    assert main(line.split()) == code
    printed = capsys.readouterr()
    return printed.out.splitlines(), printed.err


def select(capsys: pytest.CaptureFixture[str], line: str) -> set[str]:
    """Select images, without a word."""
    paths, told = call(capsys, f"sample {line} -q")
    assert told == ""
    return set(paths)


# ------------------------------------------------------------------ lists


@pytest.mark.parametrize("name", ["first.csv", "first.txt", "first.json", "first.lock"])
@pytest.mark.parametrize("command", ["sample", "rank"])
def test_paths_of_a_list_may_count_from_the_folder_of_the_photos(
    capsys: pytest.CaptureFixture[str], name: str, command: str
) -> None:
    """As with ``--relative-to``; a lockfile tells itself what its paths count from."""
    out = f"--lock {name}" if name.endswith(".lock") else f"--relative-to photos -o {name}"
    call(capsys, f"sample photos -n 15 -q {out}")
    first = select(capsys, "photos -n 15")
    paths, told = call(capsys, f"{command} photos -n 100% --keep {name} -q")
    assert told == ""
    assert len(first) == 15
    assert first.isdisjoint(paths)
    assert len(paths) == N_PHOTOS - 15
    call(capsys, f"sample photos/site_1 photos/site_2 -n 5 -q --keep {name}")


def test_a_list_of_which_no_image_is_there_is_an_error(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It names the first of them, and the folders that were looked in."""
    Path("stale.txt").write_text("".join(f"gone/IMG_{i}.jpg\n" for i in range(12)))
    paths, told = call(capsys, "sample photos -n 5 --keep stale.txt", code=1)
    assert paths == []
    assert "None of 12 images in 'stale.txt', first 'gone/IMG_0.jpg', is there" in told
    assert "looked for in the working folder and 'photos'" in told
    _, told = call(capsys, "rank photos -n 5 --keep stale.txt", code=1)
    assert "None of 12 images" in told
    _, told = call(capsys, "report photos -n 5 --keep stale.txt page.html", code=1)
    assert "None of 12 images" in told
    assert not Path("page.html").exists()


@pytest.mark.parametrize("name", ["first.txt", "first.lock"])
def test_images_that_are_gone_since_are_counted_in_a_warning_of_their_own(
    capsys: pytest.CaptureFixture[str], name: str
) -> None:
    """They are no failures of this collection."""
    option = "--lock" if name.endswith(".lock") else "-o"
    call(capsys, f"sample photos -n 15 -q {option} {name}")
    gone = min(select(capsys, "photos -n 15"))
    os.remove(gone)
    paths, told = call(capsys, f"sample photos -n 100% --keep {name}")
    assert len(paths) == N_PHOTOS - 15
    assert "1 of 15 images in" in told
    assert gone in told
    assert "kept apart from 14 selected before" in told
    assert "Failures  none" in told


def test_a_lockfile_of_crops_keeps_them(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    """And a collection of photos those that they are of."""
    photos = [f"deer/{number}.jpg" for number in range(6)]
    for number, photo in enumerate(photos):
        write_jpeg(folder / photo, number)
    boxes = [[0.1, 0.1, 0.3, 0.3], [0.5, 0.5, 0.4, 0.4]]
    found = [detect(*box) for box in boxes]
    write_results(folder / "results.json", dict.fromkeys(photos, found))
    crops = "results.json --root . --items crops"
    call(capsys, f"sample {crops} -n 5 --lock crops.lock -q")
    _, told = call(capsys, f"sample {crops} -n 100% --keep crops.lock")
    assert "kept apart from 5 selected before" in told
    assert "Kept      7 " in told
    _, told = call(capsys, "sample deer -n 100% --keep crops.lock", code=0)
    assert "Images    6, " in told


# ------------------------------------------------------------------ compared selections


def compare(capsys: pytest.CaptureFixture[str], line: str, code: int = 0) -> str:
    return call(capsys, f"report {line} page.html", code)[1]


def test_compared_selections_may_count_from_the_folder_of_the_photos(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """As those of ``--keep``; lockfiles are selections, too."""
    for name, seed in (("a", 1), ("b", 2)):
        line = f"sample photos -n 12 -q --seed {seed}"
        call(capsys, f"{line} --relative-to photos -o {name}.csv --lock {name}.lock")
    both = len(select(capsys, "photos -n 12 --seed 1") & select(capsys, "photos -n 12 --seed 2"))
    for line in (
        "photos a.csv b.csv",
        "photos a.lock b.lock",
        "a.lock b.lock",
        "photos a.lock b.csv",
    ):
        compare(capsys, line)
        selected = Page(Path("page.html").read_text("utf-8")).items["selectedBy"]
        assert [selected.count(bits) for bits in (1, 2, 3)] == [12 - both, 12 - both, both]


def test_a_compared_selection_of_which_no_image_is_there_is_an_error(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """And no page without it."""
    Path("a.txt").write_text("gone.jpg\n")
    call(capsys, "sample photos -n 12 -q -o b.csv")
    assert "None of 1 image in 'a.txt'" in compare(capsys, "photos a.txt b.csv", code=1)
    assert not Path("page.html").exists()


# ------------------------------------------------------------------ copies and links


@pytest.mark.parametrize("how", ["--copy-to", "--link-to", "--link-type hard --link-to"])
@pytest.mark.parametrize("base", ["photos", ".", "photos/site_1"])
def test_copies_and_links_count_as_the_photos_they_were_made_from(
    capsys: pytest.CaptureFixture[str], folder: Path, how: str, base: str
) -> None:
    """They are neither chosen again nor counted twice, whatever folders of theirs are kept."""
    for name in ("site_1", "site_2"):  # one name and one end of the path for several photos
        write_picture(folder / "photos" / name / "cam" / "IMG_1.png", len(name))
    source = base if base.endswith("site_1") else "photos"
    call(capsys, f"sample {source} -n 12 -q -o first.txt")
    call(capsys, f"sample first.txt -n 12 -q {how} labelled --relative-to {base}")
    first = set(Path("first.txt").read_text().splitlines())
    paths, told = call(capsys, "sample photos -n 100% --keep labelled")
    assert first.isdisjoint(paths)
    assert len(paths) == N_PHOTOS + 2 - 12
    assert f"Images    {N_PHOTOS + 2}, " in told
    assert "kept apart from 12 selected before" in told


def test_a_file_of_the_same_name_is_no_copy(
    capsys: pytest.CaptureFixture[str], folder: Path
) -> None:
    """Photos elsewhere that this package has not placed are photos of their own."""
    call(capsys, "sample photos -n 12 -q --copy-to labelled")
    (folder / "labelled" / ".smartdownsample.json").unlink()
    _, told = call(capsys, "sample photos -n 100% --keep labelled")
    assert f"Images    {N_PHOTOS + 12}, " in told


def test_a_collection_may_be_reached_through_a_link(
    capsys: pytest.CaptureFixture[str], folder: Path
) -> None:
    """Its photos are those that were selected where they lie."""
    call(capsys, "sample photos -n 12 -q -o first.txt")
    (folder / "season").symlink_to(folder / "photos")
    paths, told = call(capsys, "sample season -n 100% --keep first.txt")
    assert len(paths) == N_PHOTOS - 12
    assert f"Images    {N_PHOTOS}, " in told


def test_copies_below_the_collection_are_no_photos_of_the_next_run(
    capsys: pytest.CaptureFixture[str], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line counts them; whatever is done next, and wherever that is placed."""
    monkeypatch.chdir(folder / "photos")
    call(capsys, "sample . -n 12 -q --copy-to picked")
    for line in ("inspect .", "rank .", "sample . -n 100% --copy-to more"):
        _, told = call(capsys, line)
        assert told.count("Left out 12 images below './picked':") == 1
    assert not (folder / "photos" / "more" / "picked").exists()
    paths, _ = call(capsys, "sample picked -n 100% -q")
    assert len(paths) == 12


def test_where_nothing_can_be_placed_nothing_is_written(
    capsys: pytest.CaptureFixture[str], folder: Path
) -> None:
    """No list tells of a selection that is not in its folder."""
    call(capsys, "sample photos -n 12 -q --copy-to labelled")
    line = "sample photos -n 5 --seed 3 --copy-to labelled -o second.csv --report second.html"
    _, told = call(capsys, f"{line} --manifest second.json --lock second.lock", code=1)
    assert "Nothing was placed" in told
    assert [path.name for path in folder.glob("second.*")] == []
