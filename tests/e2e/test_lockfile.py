"""Lockfiles by the command: written, verified, repeated, added to; here and on another machine."""

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, TypeAlias
from unicodedata import normalize

import pytest

from pictures import LONG_AGO_NS, make_old, write_collection, write_picture
from small_surveys import detect, write_jpeg, write_results
from smartdownsample import Document, ImageIndex, Lock
from smartdownsample.cli import main, time_limit
from smartdownsample.locks.lock_file import LockedSource, encode_lock, read_lock

_Form: TypeAlias = Literal["NFC", "NFD"]
N_PHOTOS = 40


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder with photos of three sites."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SMARTDOWNSAMPLE_CACHE_DIR", str(tmp_path / "cache"))
    write_collection(tmp_path / "photos", N_PHOTOS)
    return tmp_path


@pytest.fixture
def lock(folder: Path) -> Path:
    """Lock ten of them."""
    assert main(["sample", "photos", "-n", "10", "--lock", "picks.lock", "-q"]) == 0
    return folder / "picks.lock"


def list_printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    """Run a command that succeeds, and list the lines that it prints."""
    capsys.readouterr()
    assert main([*arguments, "-q"]) == 0
    return capsys.readouterr().out.splitlines()


def verify(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> dict[str, Any]:
    """Verify a lockfile, and return what is told."""
    capsys.readouterr()
    assert main(["verify", *(arguments or ("picks.lock",)), "--json", "-q"]) == code
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert told["is_same"] is {0: True, 1: False, 3: None}[code]
    return told


def refuse(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Run a command that fails, and return what it says."""
    capsys.readouterr()
    assert main([*arguments, "-q"]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "Traceback" not in printed.err
    return printed.err


def read_picks(lock: Path) -> list[str]:
    return [pick.path for pick in Lock.read(lock).content.picks]


# ------------------------------------------------------------------ what it is


def test_a_lockfile_tells_the_picks_and_no_place_on_the_machine(
    lock: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line for each, sorted; the same run writes the same bytes."""
    text = lock.read_text(encoding="utf-8")
    assert str(lock.parent) not in text
    picks = read_picks(lock)
    printed = list_printed(capsys, "sample", "photos", "-n", "10")
    assert sorted(f"photos/{pick}" for pick in picks) == sorted(printed)
    assert sum('"sha256"' in line for line in text.splitlines()) == len(picks) == 10
    assert json.loads(text)["picks"][0]["path"] == picks[0]
    list_printed(capsys, "sample", "photos", "-n", "10", "--lock", "picks.lock")
    assert lock.read_text(encoding="utf-8") == text


def test_where_nothing_has_changed_verify_says_so(
    lock: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """From any working folder, in words and in JSON."""
    told = verify(capsys)
    assert told["n_unchanged"] == told["picks"]["n_same"] == 10
    assert told["collection"]["n_present"] == N_PHOTOS
    monkeypatch.chdir(lock.parent / "photos")
    assert main(["verify", "../picks.lock", "-q"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "Selected: 10 of 10 images are as they were",
        "Collection: the same 40 images, by names and sizes",
        "Picks: the same command selects the same 10 images",
    ]


# ------------------------------------------------------------------ what verify finds


def test_what_became_of_picks_is_told_by_their_content(
    lock: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Moved, changed, gone; and a copy of the same bytes with another time is the same."""
    photos = lock.parent / "photos"
    moved, changed, gone, touched = read_picks(lock)[:4]
    (photos / "elsewhere").mkdir()
    (photos / moved).rename(photos / "elsewhere" / "other.jpg")
    data = bytearray((photos / changed).read_bytes())
    data[-1] ^= 1  # of the same size
    (photos / changed).write_bytes(data)
    make_old(photos / changed)
    (photos / gone).unlink()
    os.utime(photos / touched, ns=(LONG_AGO_NS, LONG_AGO_NS + 7))
    told = verify(capsys, code=1)
    assert told["moved"] == [[moved, "elsewhere/other.jpg"]]
    assert (told["changed"], told["missing"]) == ([changed], [gone])
    assert (told["n_unchanged"], told["n_touched"]) == (7, 1)
    assert told["collection"]["new"] == ["elsewhere/other.jpg"]
    assert told["collection"]["missing"] == sorted([moved, gone])
    assert main(["verify", "picks.lock", "-q"]) == 1
    shown = capsys.readouterr().out
    for line in (
        f"  moved  {moved} -> elsewhere/other.jpg",
        f"  changed  {changed}",
        f"  missing  {gone}",
        "  new  elsewhere/other.jpg",
    ):
        assert line in shown.splitlines()


def test_images_that_came_and_went_are_named(
    lock: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Those that were not selected as well; one of another size is told by its folder."""
    photos = lock.parent / "photos"
    picks = {*read_picks(lock)}
    names = sorted(
        os.path.relpath(path, photos) for path in ImageIndex.build(photos, cache=False).paths
    )
    gone, resized = [name for name in names if name not in picks][:2]
    (photos / gone).unlink()
    write_picture(photos / "site_9" / "new.jpg", 77)
    told = verify(capsys, code=1)["collection"]
    assert (told["new"], told["missing"]) == (["site_9/new.jpg"], [gone])
    write_picture(photos / gone, 5)
    (photos / "site_9" / "new.jpg").unlink()
    with (photos / resized).open("ab") as file:
        file.write(b"more")
    make_old(photos / resized)
    told = verify(capsys, code=1)["collection"]
    assert (told["new"], told["missing"]) == ([], [])
    assert os.path.dirname(resized) in told["resized"]


def test_another_machine_is_another_root_with_other_times(
    lock: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The content decides; the lockfile and the photos need not lie together."""
    there = lock.parent / "there"
    shutil.copytree(lock.parent / "photos", there / "data")
    for number, path in enumerate(sorted(there.rglob("*.jpg"))):
        os.utime(path, ns=(LONG_AGO_NS - number, LONG_AGO_NS - number))
    shutil.rmtree(lock.parent / "photos")
    (lock.parent / "repo").mkdir()
    lock.rename(lock.parent / "repo" / "picks.lock")
    monkeypatch.setenv("SMARTDOWNSAMPLE_CACHE_DIR", str(lock.parent / "other cache"))
    assert "--root" in refuse(capsys, "verify", "repo/picks.lock")
    told = verify(capsys, "repo/picks.lock", "--root", "there/data")
    assert told["n_touched"] == told["picks"]["n_same"] == 10
    printed = list_printed(
        capsys, "sample", "--lock", "repo/picks.lock", "--root", "there/data", "--copy-to", "out"
    )
    assert printed == []
    copied = {path.relative_to("out").as_posix() for path in Path("out").rglob("*.jpg")}
    assert copied == {*read_picks(Path("repo/picks.lock"))}


def test_what_cannot_be_repeated_hides_nothing_of_the_picks(
    lock: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Such as where all photos are gone."""
    shutil.rmtree(lock.parent / "photos")
    (lock.parent / "photos").mkdir()
    told = verify(capsys, code=1)
    assert len(told["missing"]) == 10
    assert "leads to no images" in told["not_repeated"]
    assert told["collection"] is None


def test_other_picks_are_named_with_what_they_were_made_with(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Such as of a lockfile whose seed somebody else's release takes otherwise."""
    index = ImageIndex.build("photos")
    index.sample(10, random_seed=1).save_lock("picks.lock", root="photos")
    lock = Lock.read("picks.lock")
    same, other = index.sample(10, random_seed=1), index.sample(10, random_seed=2)
    assert lock.verify(selection=same).is_same
    report = lock.verify(selection=other)
    assert report.picks is not None
    assert not report.is_same
    expected = {*same.paths} - {*other.paths}
    assert {f"photos/{path}" for path, _ in report.picks.dropped} == expected
    assert report.picks.has_same_features
    assert verify(capsys)["picks"]["n_same"] == 10
    del folder


@pytest.mark.parametrize("named", ["folder", "glob", "folders", "list", "few"])
def test_a_lockfile_from_python_is_repeated_and_added_to_by_the_command(
    folder: Path, capsys: pytest.CaptureFixture[str], named: str
) -> None:
    """Whatever named the images; with its options, and what was selected before."""
    if named == "list":  # more than are told one by one
        write_collection(folder / "photos" / "more", 80)
    every = sorted(map(str, Path("photos").rglob("*.jpg")))
    sources: dict[str, Any] = {
        "folder": Path("photos"),
        "glob": f"{folder}/photos/**/*.jpg",
        "folders": [folder / "photos" / "site_1", "photos/site_2"],
        "few": every[:30],
    }
    index = ImageIndex.build(sources.get(named, every), truncated="skip")
    first = index.sample(5)
    groups = r"regex:(site_\d)"
    index.sample(10, keep=first, groups=groups, balance=1, random_seed=7).save_lock("python.lock")
    assert verify(capsys, "python.lock")["picks"]["n_same"] == 10
    updated = list_printed(capsys, "sample", "--update", "python.lock", "-n", "+6")
    assert len({*updated}) == 6
    assert not {*map(os.path.abspath, updated)} & {*map(os.path.abspath, first.paths)}
    content = Lock.read("python.lock").content
    assert (len(content.picks), (content.options or {})["truncated"]) == (16, "skip")


def test_a_lockfile_of_a_document_from_python_is_repeated(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With what was taken from it, and the root of its photos."""
    Path("survey").mkdir()
    for number in range(12):
        write_jpeg(folder / "survey" / f"{number}.jpg", number)
    write_results(
        folder / "results.json", {f"{n}.jpg": [detect(0.1, 0.1, 0.5, 0.5)] for n in range(12)}
    )
    document = Document.read("results.json", root="survey", min_confidence=0.3)
    index = ImageIndex.build(document, crop_margin=0.1)
    index.sample(4, groups="category").save_lock("python.lock")
    assert verify(capsys, "python.lock")["picks"]["n_same"] == 4
    assert len(list_printed(capsys, "sample", "--update", "python.lock", "-n", "+2")) == 2


def test_options_are_repeated_with_the_run(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Groups, patterns, the seed, and images that were selected before."""
    first = min(path.as_posix() for path in Path("photos").rglob("*.jpg"))
    Path("before.txt").write_text(f"{first}\n", encoding="utf-8")
    options = ("--group-by", "parent", "--balance", "1", "--seed", "5", "--keep", "before.txt")
    run = ("sample", "photos", "-n", "20%", *options, "--exclude", "*_3.*", "--lock", "a.lock")
    list_printed(capsys, *run)
    assert verify(capsys, "a.lock")["picks"]["n_same"] == len(Lock.read("a.lock"))
    Path("before.txt").write_text("", encoding="utf-8")
    told = verify(capsys, "a.lock", code=1)
    assert told["documents"] == ["before.txt"]
    del folder


@pytest.mark.parametrize(("before", "now"), [("NFC", "NFD"), ("NFD", "NFC")])
def test_names_in_another_form_of_unicode_are_the_same(
    folder: Path, capsys: pytest.CaptureFixture[str], before: _Form, now: _Form
) -> None:
    """As macOS tools rename photos: said in a line, no difference, and the picks are found."""
    for number in range(12):
        site = folder / "survey" / normalize(before, ("Björk", "Plain")[number % 2])
        write_picture(site / normalize(before, f"Ölä_{number}.jpg"), number)
    run = ["sample", "survey", "-n", "5", "--lock", "a.lock"]
    list_printed(capsys, *run)
    for path in sorted((folder / "survey").rglob("*"), reverse=True):
        path.rename(path.with_name(normalize(now, path.name)))
    told = verify(capsys, "a.lock")
    assert told["n_respelt"] == told["n_unchanged"] == 5
    assert told["collection"]["n_respelt"] == 12
    assert told["moved"] == told["collection"]["new"] == told["collection"]["missing"] == []
    assert main(["verify", "a.lock", "-q"]) == 0
    assert "  12 names are in another form of Unicode" in capsys.readouterr().out
    printed = list_printed(capsys, "sample", "--lock", "a.lock")
    assert len(printed) == 5
    assert all(os.path.exists(path) for path in printed)
    list_printed(capsys, "sample", "--lock", "a.lock", "-o", "a.csv")
    added = list_printed(capsys, "sample", "--update", "a.lock", "-n", "+3")
    assert len({*added, *printed}) == 8
    verify(capsys, "a.lock")


def test_a_pipe_is_no_lockfile(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is refused rather than waited for."""
    if not hasattr(os, "mkfifo"):
        pytest.skip("this system has no named pipes")
    os.mkfifo("pipe.lock")
    assert "Not a regular file" in refuse(capsys, "verify", "pipe.lock")
    del folder


@pytest.mark.parametrize("place", ["..", "../../..", "/", "a/../.."])
def test_a_lockfile_leaves_out_no_folder_outside_its_root(
    lock: Path, capsys: pytest.CaptureFixture[str], place: str
) -> None:
    """A forged one is refused."""
    content = Lock.read(lock).content
    assert content.options is not None
    forged = replace(content, options={**content.options, "left_out": [place]})
    lock.write_bytes(encode_lock(forged))
    assert "'left_out' that is not" in refuse(capsys, "sample", "--lock", "picks.lock")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"options": {"colour": "red"}}, "'colour', which this release does not know"),
        ({"options": {"grouping": "regex:nowhere"}}, "must match every path"),
        ({"sources": [LockedSource(images="nowhere")]}, "nowhere"),
    ],
)
def test_what_cannot_be_repeated_is_neither_the_same_nor_different(
    lock: Path, capsys: pytest.CaptureFixture[str], changes: dict[str, Any], reason: str
) -> None:
    """An exit code of its own says so, and the reason is told."""
    content = Lock.read(lock).content
    assert content.options is not None
    if "options" in changes:
        changes = {"options": {**content.options, **changes["options"]}}
    lock.write_bytes(encode_lock(replace(content, **changes)))
    told = verify(capsys, code=3)
    assert told["n_unchanged"] == 10
    assert reason in told["not_repeated"]


@pytest.mark.parametrize("sources", [["photos"], ["photos/site_1", "photos/site_2"]])
@pytest.mark.parametrize("working_folder", [".", "elsewhere"])
def test_a_pattern_from_the_root_of_the_disk_serves_elsewhere(
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    sources: list[str],
    working_folder: str,
) -> None:
    """The lockfile has it from the folder of the images on."""
    (folder / "elsewhere").mkdir()
    monkeypatch.chdir(folder / working_folder)
    named = [str(folder / source) for source in sources]
    pattern = f"{folder}/photos/site_1/*_[1-5].jpg"
    lock = str(folder / "a.lock")
    list_printed(capsys, "sample", *named, "-n", "9", "--exclude", pattern, "--lock", lock)
    assert str(folder) not in Path(lock).read_text(encoding="utf-8")
    monkeypatch.chdir(folder)
    (folder / "photos").rename(folder / "moved")
    told = verify(capsys, "a.lock", "--root", "moved")
    assert told["picks"]["n_same"] == 9
    assert told["collection"]["missing"] == []


def test_a_pattern_that_names_other_folders_of_the_disk_is_not_locked(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It would match nothing elsewhere, which is said."""
    pattern = f"{folder.parent}/*/photos/site_1/"
    run = ("sample", "photos", "-n", "9", "--exclude", pattern, "--lock", "a.lock")
    assert "on another machine" in refuse(capsys, *run)
    assert not Path("a.lock").exists()


def test_an_update_elsewhere_notes_where_the_images_lie_now(
    lock: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It says so, and the file serves without --root from then on."""
    (lock.parent / "photos").rename(lock.parent / "fotos")
    run = ["sample", "--update", "picks.lock", "-n", "+3", "--root", "fotos", "-o", "new.csv"]
    assert main(run) == 0
    assert "now leads to images in fotos." in capsys.readouterr().err
    verify(capsys)


def test_a_lockfile_whose_pattern_takes_for_ever_ends_in_an_error(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may come from anybody; the same pattern on a command line is one's own."""
    write_picture(folder / "photos" / ("a" * 60 + "b.jpg"), 1)
    grouping = "regex:photos"
    lines = ["sample", "photos", "-n", "5", "--group-by", grouping, "--lock", "own.lock", "-q"]
    assert main(lines) == 0
    content = read_lock("own.lock")
    hostile = {**(content.options or {}), "grouping": "regex:/(a+)+$"}
    Path("hostile.lock").write_bytes(encode_lock(replace(content, options=hostile)))
    monkeypatch.setattr(time_limit, "LIMIT_S", 0.5)
    message = refuse(capsys, "sample", "--lock", "hostile.lock", "-o", "a.csv")
    assert "can be made to take for ever" in message
    assert not Path("a.csv").exists()
    assert main(["verify", "own.lock", "-q"]) == 0


# ------------------------------------------------------------------ the same again


def test_a_lockfile_alone_gives_its_picks_to_all_outputs(
    lock: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without sampling: paths, tables, copies, a page, all as of the first run."""
    first = list_printed(capsys, "sample", "photos", "-n", "10")
    assert list_printed(capsys, "sample", "--lock", "picks.lock") == first
    for name in ("a.csv", "a.txt", "a.html", "a.json"):
        option = "--report" if name.endswith("html") else "-o"
        list_printed(capsys, "sample", "photos", "-n", "10", option, name)
        list_printed(capsys, "sample", "--lock", "picks.lock", option, f"again-{name}")
    for name in ("a.csv", "a.txt", "a.json"):
        assert Path(f"again-{name}").read_bytes() == Path(name).read_bytes()
    shutil.rmtree(lock.parent / "cache")
    for path in (lock.parent / "photos").rglob("*.jpg"):
        if path.relative_to(lock.parent / "photos").as_posix() not in read_picks(lock):
            path.unlink()
    assert list_printed(capsys, "sample", "--lock", "picks.lock") == first


def test_the_summary_of_a_lockfile_counts_its_picks_among_all_images(
    lock: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also where the others were not looked at, which it says then."""
    n = Lock.read(lock).content.rounds[-1].readable
    capsys.readouterr()
    assert main(["sample", "--lock", "picks.lock", "-o", "a.txt"]) == 0
    counts = f"Kept      10 of {n} ({10 / n:.1%}), as the lockfile says; the others were not"
    assert counts in capsys.readouterr().err
    assert main(["sample", "--lock", "picks.lock", "-o", "a.csv"]) == 0
    assert f"Images    {n}, all known" in capsys.readouterr().err


def test_picks_that_are_gone_or_changed_end_the_run_before_anything_is_written(
    lock: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The message counts and names them, and says what tells more."""
    photos = lock.parent / "photos"
    gone, changed = read_picks(lock)[:2]
    (photos / gone).unlink()
    write_picture(photos / changed, 99)
    message = refuse(capsys, "sample", "--lock", "picks.lock", "--copy-to", "out")
    assert f"1 is gone ('{gone}') and 1 has changed ('{changed}')" in message
    assert "smartdownsample verify" in message
    assert not Path("out").exists()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--lock", "absent.lock"], "cannot be read"),
        (["--lock", "picks.lock", "--seed", "3"], "--seed is decided by the lockfile"),
        (["--update", "picks.lock", "-n", "3", "--spread", "visual"], "--spread is decided"),
        (["--lock", "picks.lock", "--root", "nowhere"], "'nowhere', which is not there"),
        (["--lock", "picks.lock", "-o", "picks.lock.json", "--keep", "x.txt"], "--keep is decided"),
    ],
)
def test_what_a_lockfile_decides_cannot_be_asked_for_again(
    lock: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], expected: str
) -> None:
    """The message says so, and nothing is done."""
    before = lock.read_bytes()
    assert expected in refuse(capsys, "sample", *arguments)
    assert lock.read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], "required: SOURCE"),
        (["--lock", "a.lock", "-n", "3"], "leave out -n"),
        (["--update", "a.lock"], "-n +500"),
        (["photos", "--update", "a.lock", "-n", "3"], "leave out sources"),
        (["--lock", "a.lock", "--dry-run"], "--dry-run needs sources"),
        (["photos", "-n", "3", "--lock", "a.txt"], ".lock, .json"),
        (["--lock", "a.lock", "-o", "a.lock"], "must be a file that ends"),
    ],
)
def test_a_command_line_that_makes_no_sense_ends_with_2(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], expected: str
) -> None:
    """Before anything is read."""
    with pytest.raises(SystemExit) as ended:
        main(["sample", *arguments])
    assert ended.value.code == 2
    assert expected in capsys.readouterr().err
    del folder


# ------------------------------------------------------------------ rounds


def test_an_update_adds_to_the_picks_and_keeps_the_lines_of_those_before(
    lock: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """New ones are printed; the difference of the file is theirs."""
    first = list_printed(capsys, "sample", "--lock", "picks.lock")
    before = lock.read_text(encoding="utf-8").splitlines()
    write_picture(lock.parent / "photos" / "site_9" / "new.jpg", 77)
    added = list_printed(capsys, "sample", "--update", "picks.lock", "-n", "+7", "--copy-to", "two")
    assert added == []
    content = Lock.read(lock).content
    new = [pick for pick in content.picks if pick.round == 2]
    assert len(new) == content.rounds[1].selected == 7
    assert len(list(Path("two").rglob("*.jpg"))) == 7
    after = lock.read_text(encoding="utf-8").splitlines()
    picks = [line.rstrip(",") for line in before if '"sha256"' in line]
    assert {*picks} < {line.rstrip(",") for line in after}
    everything = list_printed(capsys, "sample", "--lock", "picks.lock")
    assert {*first} < {*everything}
    assert len(everything) == 17
    index = ImageIndex.build("photos")
    expected = index.sample(7, keep=first).paths
    assert sorted(f"photos/{pick.path}" for pick in new) == sorted(expected)
    told = verify(capsys)
    assert (told["n_picks"], told["picks"]["n_same"]) == (17, 7)


def test_copies_below_the_photos_are_no_new_images(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Those of all rounds: they are left out again."""
    first = ("--lock", "a.lock", "--copy-to", "photos/round_1")
    list_printed(capsys, "sample", "photos", "-n", "5", *first)
    assert verify(capsys, "a.lock")["collection"]["n_present"] == N_PHOTOS
    list_printed(capsys, "sample", "--update", "a.lock", "-n", "5", "--copy-to", "photos/round_2")
    list_printed(capsys, "sample", "--update", "a.lock", "-n", "5")
    assert verify(capsys, "a.lock")["collection"]["n_present"] == N_PHOTOS
    assert not any(path.startswith("round_") for path in read_picks(Path("a.lock")))
    del folder


def test_no_lockfile_is_lost(lock: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One of several rounds, an edited one and a foreign file stay; one round gives way."""
    anew = ("sample", "photos", "-n", "4", "--lock", "picks.lock")
    list_printed(capsys, *anew)
    assert len(Lock.read(lock)) == 4
    list_printed(capsys, "sample", "--update", "picks.lock", "-n", "2")
    kept = lock.read_bytes()
    message = refuse(capsys, *anew)
    assert "it has 2 rounds of picks, to which --update adds" in message
    assert "not a lockfile of one round" in message
    edited = kept.replace(b'"round": 2', b'"round": 1', 1)
    lock.write_bytes(edited)
    for arguments in (
        anew,
        ("sample", "--update", "picks.lock", "-n", "1"),
        ("sample", "--lock", "picks.lock"),
        ("verify", "picks.lock"),
    ):
        assert "was changed since it was written" in refuse(capsys, *arguments)
    assert lock.read_bytes() == edited
    lock.write_text('{"my": "notes"}', encoding="utf-8")
    assert "no lockfile of this package" in refuse(capsys, *anew)
    assert lock.read_text(encoding="utf-8") == '{"my": "notes"}'


def test_one_of_a_kind_is_no_plural(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In what a lockfile of a single image of a single image tells."""
    write_picture(folder / "one" / "IMG_1.jpg", 1)
    list_printed(capsys, "sample", "one", "-n", "1", "--lock", "one.lock")
    assert list_printed(capsys, "verify", "one.lock") == [
        "Selected: 1 of 1 image is as it was",
        "Collection: the same 1 image, by names and sizes",
        "Picks: the same command selects the same 1 image",
    ]
    assert list_printed(capsys, "sample", "one", "-n", "1", "--dry-run")[0].startswith("1 image: ")


def test_line_ends_of_windows_are_no_change(lock: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As git makes them there."""
    lock.write_bytes(lock.read_bytes().replace(b"\n", b"\r\n"))
    verify(capsys)
    list_printed(capsys, "sample", "--update", "picks.lock", "-n", "2")
    assert b"\r" not in lock.read_bytes()


# ------------------------------------------------------------------ other sources


@pytest.mark.parametrize(
    "sources",
    [
        ["photos/*/*.jpg"],
        ["photos/site_1", "photos/site_2"],
        ["list.txt"],
        ["table.csv"],
        ["one by one"],
    ],
)
def test_sources_of_all_kinds_are_repeated(
    folder: Path, capsys: pytest.CaptureFixture[str], sources: list[str]
) -> None:
    """Globs, folders, lists, tables, and images that a shell names one by one."""
    paths = sorted(path.as_posix() for path in Path("photos").rglob("*.jpg"))
    Path("list.txt").write_text("\n".join(paths), encoding="utf-8")
    Path("table.csv").write_text("\n".join(["path", *paths]), encoding="utf-8")
    sources = paths if sources == ["one by one"] else sources
    list_printed(capsys, "sample", *sources, "-n", "6", "--lock", "a.lock")
    assert verify(capsys, "a.lock")["picks"]["n_same"] == 6
    printed = list_printed(capsys, "sample", "--lock", "a.lock")
    assert printed == list_printed(capsys, "sample", *sources, "-n", "6")
    list_printed(capsys, "sample", "--update", "a.lock", "-n", "+4")
    assert verify(capsys, "a.lock")["picks"]["n_same"] == 4
    del folder


def test_very_many_images_named_one_by_one_are_those_of_their_folder_or_not_repeated(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What a shell makes of a pattern is not written down name by name."""
    (folder / "many").mkdir()
    first = next((folder / "photos").rglob("*.jpg"))
    for number in range(101):
        shutil.copy(first, folder / "many" / f"{number}.jpg")
    paths = sorted(path.as_posix() for path in Path("many").iterdir())
    list_printed(capsys, "sample", *paths, "-n", "4", "--lock", "all.lock")
    assert verify(capsys, "all.lock")["picks"]["n_same"] == 4
    write_picture(folder / "many" / "more.jpg", 3)
    list_printed(capsys, "sample", *paths, "-n", "4", "--lock", "some.lock")
    assert "very many images" in verify(capsys, "some.lock")["not_repeated"]
    assert len(Path("some.lock").read_bytes()) < 5_000


@pytest.mark.parametrize("place", ["before", "photos/before", "before/*.jpg"])
def test_images_selected_before_are_kept_again_wherever_they_lie(
    folder: Path, capsys: pytest.CaptureFixture[str], place: str
) -> None:
    """In a folder beside the photos or among them, such as copies of last season's picks."""
    top = folder / place.removesuffix("/*.jpg")
    for number in range(3):
        write_picture(top / f"IMG_{number}.jpg", number)
    list_printed(capsys, "sample", "photos", "-n", "6", "--keep", place, "--lock", "a.lock")
    told = verify(capsys, "a.lock")
    if place.endswith(".jpg"):
        assert "does not say what named" in told["not_repeated"]
    else:
        assert told["picks"]["n_same"] == 6


def test_a_lockfile_in_a_folder_of_its_own_needs_no_root(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside the photos, whatever named them: verified, repeated and added to, from anywhere."""
    (folder / "locks").mkdir()
    paths = sorted(path.as_posix() for path in Path("photos").rglob("*.jpg"))
    Path("list.txt").write_text("\n".join(paths), encoding="utf-8")
    for source in ("photos", "photos/*/*.jpg", "list.txt", str(folder / "photos")):
        assert main(["sample", source, "-n", "5", "--lock", "locks/a.lock"]) == 0
        assert "Locked 5 picks in locks/a.lock\n" in capsys.readouterr().err
        assert Lock.read("locks/a.lock").content.root == "../photos"
        assert verify(capsys, "locks/a.lock")["picks"]["n_same"] == 5
    monkeypatch.chdir("locks")
    list_printed(capsys, "sample", "../photos", "-n", "5", "--lock", "a.lock")
    assert verify(capsys, "a.lock")["picks"]["n_same"] == 5
    first = list_printed(capsys, "sample", "--lock", "a.lock")
    assert len(first) == 5
    assert all(path.startswith("../photos/") for path in first)
    list_printed(capsys, "sample", "--update", "a.lock", "-n", "+3")
    shutil.copytree(folder, folder / "elsewhere")
    shutil.rmtree(folder / "photos")
    assert verify(capsys, "../elsewhere/locks/a.lock")["n_unchanged"] == 8


def test_photos_far_away_are_named_when_a_lockfile_is_used(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the way there would tell about the machine, which a run says even when it is quiet."""
    (folder / "far" / "work").mkdir(parents=True)
    monkeypatch.chdir(folder / "far" / "work")
    monkeypatch.setenv("HOME", str(folder / "far"))
    monkeypatch.setenv("USERPROFILE", str(folder / "far"))
    monkeypatch.setattr("tempfile.tempdir", str(folder / "far"))
    assert main(["sample", str(folder / "photos"), "-n", "1", "--lock", "a.lock", "-q"]) == 0
    assert "name it with --root" in capsys.readouterr().err
    assert "--root" in refuse(capsys, "verify", "a.lock")
    assert verify(capsys, "a.lock", "--root", str(folder / "photos"))["picks"]["n_same"] == 1


def test_what_a_lockfile_reads_outside_of_its_folder_is_said(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may come from anybody: only what it knows the content of is taken, and not unseen."""
    photos = folder / "private"
    (folder / "photos").rename(photos)
    (folder / "received" / "there").mkdir(parents=True)
    list_printed(capsys, "sample", "private", "-n", "2", "--lock", "received/a.lock")
    for arguments in (["verify", "received/a.lock"], ["sample", "--lock", "received/a.lock"]):
        assert main(arguments) == 0
        assert "outside of its folder: 'private'" in capsys.readouterr().err
        assert main([*arguments, "--root", "private"]) == 0
        assert "outside of its folder" not in capsys.readouterr().err
    monkeypatch.chdir("received/there")
    (photos / read_picks(Path("../a.lock"))[0]).write_bytes(b"secret")
    message = refuse(capsys, "sample", "--lock", "../a.lock", "--copy-to", "out")
    assert f"outside of its folder: {os.path.join('..', '..', 'private')!r}" in message
    assert "1 has changed" in message
    assert not Path("out").exists()


def test_a_list_on_standard_input_is_not_repeated_but_its_picks_are(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says what it cannot tell, and why."""
    paths = sorted(path.as_posix() for path in Path("photos").rglob("*.jpg"))
    Path("list.txt").write_text("\n".join(paths), encoding="utf-8")
    with Path("list.txt").open(encoding="utf-8") as stream:
        monkeypatch.setattr("sys.stdin", stream)
        list_printed(capsys, "sample", "-", "-n", "6", "--lock", "a.lock")
    assert "standard input" in verify(capsys, "a.lock")["not_repeated"]
    assert len(list_printed(capsys, "sample", "--lock", "a.lock")) == 6
    assert "cannot be added to" in refuse(capsys, "sample", "--update", "a.lock", "-n", "1")
    del folder


def test_crops_of_a_document_are_locked_repeated_and_added_to(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With their regions, also where the photos have moved, and turned ones."""
    shutil.rmtree("photos")
    found = {}
    for number in range(12):
        name = f"cam_{number % 2}/IMG_{number}.JPG"
        write_jpeg(folder / "photos" / name, number, orientation=6 if number % 3 == 0 else None)
        found[name] = [detect(0.1, 0.1, 0.3, 0.4), detect(0.5, 0.4, 0.4, 0.5)]
    write_results(folder / "found.json", found)
    run = ("sample", "found.json", "--root", "photos", "-n", "8")
    list_printed(capsys, *run, "--lock", "a.lock", "-o", "first.json", "--crops-to", "crops")
    assert len(Lock.read("a.lock")) == 8
    assert verify(capsys, "a.lock")["picks"]["n_same"] == 8
    list_printed(
        capsys, "sample", "--lock", "a.lock", "-o", "again.json", "--crops-to", "crops again"
    )
    assert Path("again.json").read_bytes() == Path("first.json").read_bytes()
    crops = [
        {path.relative_to(top): path.read_bytes() for path in top.rglob("*.*") if path.is_file()}
        for top in (Path("crops"), Path("crops again"))
    ]
    names = [[name for name in each if not name.name.startswith(".")] for each in crops]
    assert sorted(names[0]) == sorted(names[1])
    list_printed(capsys, "sample", "--update", "a.lock", "-n", "5", "-o", "second.json")
    picks = Lock.read("a.lock").content.picks
    assert len({pick.item for pick in picks}) == len(picks) == 13
    (folder / "photos").rename(folder / "moved")
    assert "--root" in refuse(capsys, "verify", "a.lock")
    assert verify(capsys, "a.lock", "--root", "moved")["picks"]["n_same"] == 5


@pytest.mark.parametrize(
    "options",
    [
        ("--exclude", "photos/site_1/"),
        ("--include", "photos/site_[12]/*"),
        ("--group-by", r"regex:^photos/(\w+)", "--balance", "1"),
    ],
)
def test_patterns_mean_the_same_from_another_folder_and_with_another_root(
    options: tuple[str, ...],
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Patterns may count from the working folder, which is another one when a lockfile is used."""
    assert main(["sample", "photos", "-n", "3", *options, "--lock", "picks.lock", "-q"]) == 0
    shutil.copytree(folder / "photos", folder / "moved")
    verify(capsys, "picks.lock", "--root", "moved")
    (folder / "below").mkdir()
    monkeypatch.chdir(folder / "below")
    told = verify(capsys, "../picks.lock")
    assert told["not_repeated"] is None
    printed = list_printed(capsys, "sample", "--update", "../picks.lock", "-n", "1")
    assert options[0] != "--exclude" or "site_1" not in printed[0]
    verify(capsys, "../picks.lock")


def test_lockfiles_tell_how_their_root_was_called_only_where_patterns_need_it(lock: Path) -> None:
    """Names of folders above the images are nobody's business."""
    assert "root_as_called" not in json.loads(lock.read_text(encoding="utf-8"))["options"]


@pytest.mark.parametrize("name", ["picks.lock", "picks.json"])
def test_a_lockfile_is_no_list_of_images(
    name: str, lock: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Else it would be an image that cannot be read; --keep takes its picks."""
    if name != lock.name:
        lock.rename(name)
    assert f"{name!r} is a lockfile" in refuse(capsys, "sample", name, "-n", "2")
    new = list_printed(capsys, "sample", "photos", "--keep", name, "-n", "2")
    assert {os.path.relpath(path, "photos") for path in new}.isdisjoint(read_picks(Path(name)))
