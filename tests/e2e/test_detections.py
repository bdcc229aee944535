"""From a document of detections to a smaller one, by the command and in Python."""

import csv
import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

import smartdownsample as sd
from pictures import DATA_SAMPLES, NO_SHARED_IMAGES, SHARED_IMAGES, write_picture
from smartdownsample.cli import main
from smartdownsample.formats import read_document
from smartdownsample.pictures import decode_image

DOCUMENTS = DATA_SAMPLES / "documents"
PHOTOS = DATA_SAMPLES / "photos"
NAMES = ("megadetector.json", "coco.json", "speciesnet.json", "camtrap-dp")
JSON_NAMES = NAMES[:3]
ROOT = ("--root", str(PHOTOS), "-q")

pytestmark = pytest.mark.filterwarnings(
    "ignore:.*Marked as failed", "ignore:.*Photo is on the web", "ignore:.*Not an image but a video"
)


@pytest.fixture(autouse=True)
def working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def sample(name: str, n: int | str, *arguments: str, code: int = 0) -> None:
    """Sample from one of the documents of the samples."""
    assert main(["sample", str(DOCUMENTS / name), "-n", str(n), *ROOT, *arguments]) == code


def list_photos(document: str | Path) -> list[str]:
    """List the photos that a document names."""
    annotations = read_document(str(document))
    assert annotations is not None
    paths: list[str] = annotations.entries["path"].to_pylist()
    return paths


def list_entries(document: Path) -> Sequence[Any]:
    content = json.loads(document.read_text(encoding="utf-8"))
    entries: Sequence[Any] = next(
        content[key] for key in ("images", "predictions") if key in content
    )
    return entries


def read_folder(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.mark.parametrize("name", NAMES)
def test_a_selection_is_the_same_document_with_some_photos(name: str) -> None:
    """It is read like the one it is a part of, and names the photos of the selected items."""
    sample(name, 7, "-o", name)
    index = sd.ImageIndex.build(sd.Document.read(DOCUMENTS / name, root=PHOTOS))
    selected = {os.path.relpath(path, PHOTOS) for path in index.sample(7).paths}
    found = sd.Document.read(name, root=PHOTOS)
    assert found.contents.annotations.format == index_format(name)
    assert {os.path.relpath(path, PHOTOS) for path in found.items.paths} == selected
    original = list_photos(DOCUMENTS / name)
    assert list_photos(name) == [path for path in original if path in set(list_photos(name))]


def index_format(name: str) -> str:
    annotations = read_document(str(DOCUMENTS / name))
    assert annotations is not None
    return annotations.format


@pytest.mark.parametrize("name", NAMES)
def test_all_items_give_the_entries_as_they_are_spelt(name: str) -> None:
    """Photos that have no wanted box, or are no photos, are left out and nothing else."""
    sample(name, "100%", "--min-confidence", "0", "-o", name)
    source = read_document(str(DOCUMENTS / name))
    part = read_document(name)
    assert source is not None
    assert part is not None
    items = sd.Document.read(DOCUMENTS / name, root=PHOTOS, min_confidence=0).items
    assert items.details is not None
    assert len(part.entries) == len(set(items.details["entry"].to_pylist()))
    assert set(part.spell_parts()) <= set(source.spell_parts())


@pytest.mark.parametrize("name", NAMES)
def test_the_same_selection_gives_the_same_bytes(name: str) -> None:
    """Also where it replaces the one before, or a selection of another size does."""
    target = Path(name)
    sample(name, 5, "-o", name)
    first = read_folder(target) if target.is_dir() else target.read_bytes()
    sample(name, 9, "-o", name)
    assert first != (read_folder(target) if target.is_dir() else target.read_bytes())
    sample(name, 5, "-o", name)
    assert first == (read_folder(target) if target.is_dir() else target.read_bytes())


def test_the_summary_compares_the_whole_document_with_the_disk(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Also the photos of which no box is wanted."""
    root = Path("photos")
    shutil.copytree(PHOTOS, root)
    named = {root / path for path in list_photos(DOCUMENTS / "megadetector.json")}
    os.unlink(min(filter(os.path.exists, named)))
    there = {path for path in root.rglob("*") if path.suffix in {".JPG", ".PNG", ".webp"}}
    n_absent, n_unnamed = len(named - there), len(there - named)
    arguments = ["-n", "3", "--min-confidence", "0.9", "--root", str(root)]
    assert main(["sample", str(DOCUMENTS / "megadetector.json"), *arguments]) == 0
    told = capsys.readouterr().err
    assert f"  named and not there: {n_absent} photos, first photos" in told
    assert f"  there and not named: {n_unnamed} photos, first " in told
    assert "with --root" not in told
    shutil.copy(DOCUMENTS / "megadetector.json", "results.json")
    assert main(["sample", "results.json", "-n", "3"]) == 1
    assert "Say with --root what folder the paths" in capsys.readouterr().err


def test_a_dry_run_tells_what_the_run_decodes(capsys: pytest.CaptureFixture[str]) -> None:
    """In photos: none after a run, and only those with new boxes for a lower confidence."""
    sample("megadetector.json", 3, "--min-confidence", "0.9")
    sample("megadetector.json", 3, "--min-confidence", "0.9", "--dry-run")
    assert "0 to decode" in capsys.readouterr().out
    sample("megadetector.json", 3, "--dry-run", "--json")
    found = json.loads(capsys.readouterr().out)
    items = sd.Document.read(DOCUMENTS / "megadetector.json", root=PHOTOS).items
    assert 0 < found["n_to_decode"] < len(items.keys)
    assert found["n_images"] == found["n_known"] + found["n_to_decode"] + found["n_unreadable"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("--to coco -o x.csv", "--to is about a document, which is a .json file"),
        ("--only-selected-boxes -o x.csv", "--only-selected-boxes is about a document"),
        ("--items photos --crop-square", "--crop-square is about crops"),
        ("--items photos --crop-margin 0.1", "--crop-margin is about crops"),
    ],
)
def test_nothing_that_is_asked_for_is_ignored(
    arguments: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """What has nothing to be about is an error."""
    sample("megadetector.json", 3, *arguments.split(), code=1)
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    "option",
    [
        *("--root .", "--items photos", "--min-confidence 0", "--category animal", "--strict"),
        *("--box-orientation stored", "--crop-margin 0.1", "--crop-square"),
    ],
)
def test_options_of_documents_need_one(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Among the sources, or among those of earlier rounds."""
    arguments = ["sample", str(PHOTOS), "-n", "3", "-q", *option.split()]
    assert main(arguments) == 1
    assert "there is none among the sources" in capsys.readouterr().err


def test_a_package_may_be_written_above_the_working_folder() -> None:
    """The dots of its path are none of its name."""
    os.mkdir("deeper")
    os.chdir("deeper")
    sample("camtrap-dp", 3, "-o", "../part")
    assert Path("../part/datapackage.json").is_file()


def test_an_own_encoding_is_a_warning_of_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    """As all warnings of this package are."""
    text = (DOCUMENTS / "megadetector.json").read_text(encoding="utf-8")
    Path("results.json").write_text(text, encoding="utf-16")
    assert main(["sample", "results.json", "-n", "3", *ROOT]) == 0
    assert "smartdownsample: warning: The document 'results.json'" in capsys.readouterr().err


def test_a_table_of_crops_is_not_kept_as_photos(capsys: pytest.CaptureFixture[str]) -> None:
    """Its crops would be selected again."""
    sample("megadetector.json", 4, "-o", "first.csv")
    sample("megadetector.json", 4, "--keep", "first.csv", code=1)
    assert "--keep needs a document where crops are sampled" in capsys.readouterr().err


def test_tables_of_documents_are_explained(capsys: pytest.CaptureFixture[str]) -> None:
    """The documents themselves have no room for that."""
    sample("megadetector.json", 4, "--explain", "-o", "table.csv")
    assert "nearest_path" in Path("table.csv").read_text(encoding="utf-8")
    sample("megadetector.json", 4, "--explain", "-o", "part.json", code=1)
    assert "--explain needs a table" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("rank {} -n 40", "Ranked 40 of 40 crops in 38 photos"),
        ("report {} -n 5 page.html", "Wrote page.html: 5 of 40 crops in 38 photos"),
        ("features {}", "Read 38 photos in "),
    ],
)
def test_every_command_tells_of_documents_and_counts_crops(
    line: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """With what is missing or wrong, and each photo printed once."""
    source = str(DOCUMENTS / "megadetector.json")
    assert main([*line.format(source).split(), "--root", str(PHOTOS), "--cache-dir", "kept"]) == 0
    out, told = capsys.readouterr()
    assert said in told
    assert "47 boxes in 72 photos" in told
    assert "named and not there: 2 photos" in told
    assert len(out.splitlines()) == len(set(out.splitlines()))


@pytest.mark.parametrize("name", ["results.txt", "results.csv", "results", "results.jpg"])
def test_the_name_of_a_document_does_not_matter(name: str) -> None:
    """Its content decides what it is."""
    shutil.copy(DOCUMENTS / "megadetector.json", name)
    assert main(["sample", name, "-n", "5", *ROOT, "-o", "part.json"]) == 0
    sample("megadetector.json", 5, "-o", "same.json")
    assert Path("part.json").read_bytes() == Path("same.json").read_bytes()


def test_a_box_of_no_category_is_unlabelled(capsys: pytest.CaptureFixture[str]) -> None:
    """In groups, in what `inspect` tells, and in other formats."""
    content = json.loads((DOCUMENTS / "coco.json").read_text(encoding="utf-8"))
    for annotation in content["annotations"]:
        annotation["category_id"] = 99
    Path("odd.json").write_text(json.dumps(content), encoding="utf-8")
    assert main(["inspect", "odd.json", *ROOT]) == 0
    assert "unlabelled" in capsys.readouterr().out
    for target in ("coco", "megadetector"):
        arguments = ["-n", "3", "--to", target, "-o", f"{target}.json", *ROOT]
        assert main(["sample", "odd.json", *arguments]) == 0
        found = sd.Document.read(f"{target}.json", root=PHOTOS)
        assert found.items.details is not None
        assert found.items.details["label"].to_pylist() == ["unlabelled"] * 3


def test_camtrap_dp_is_written_from_camtrap_dp_alone(capsys: pytest.CaptureFixture[str]) -> None:
    """Others lack what it needs, which is said."""
    sample("camtrap-dp", 4, "-o", "part")
    sample("camtrap-dp", 4, "--to", "camtrap-dp", "-o", "same")
    assert read_folder(Path("same")) == read_folder(Path("part"))
    sample("megadetector.json", 4, "--to", "camtrap-dp", "-o", "no.json", code=1)
    assert "needs deployments and coordinates" in capsys.readouterr().err
    document = sd.Document.read(DOCUMENTS / "coco.json", root=PHOTOS)
    with pytest.raises(sd.InvalidParameterError, match="deployments and coordinates"):
        document.write(sd.ImageIndex.build(document).sample(2), "no", to="camtrap-dp")


class TestNothingIsLost:
    """What stands where the document is to be written."""

    @pytest.mark.parametrize("name", JSON_NAMES)
    def test_a_part_that_somebody_changed_stays(
        self, name: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Such as one in which detections were verified."""
        sample(name, 5, "-o", name)
        changed = Path(name).read_text(encoding="utf-8").replace("IMG_", "img_", 1)
        Path(name).write_text(changed, encoding="utf-8")
        sample(name, 5, "-o", name, code=1)
        assert "of its parts are not in" in capsys.readouterr().err
        assert Path(name).read_text(encoding="utf-8") == changed

    def test_another_document_stays(self, capsys: pytest.CaptureFixture[str]) -> None:
        """It may be the only one of its kind."""
        shutil.copy(DOCUMENTS / "coco.json", "results.json")
        before = Path("results.json").read_bytes()
        sample("megadetector.json", 5, "-o", "results.json", code=1)
        assert "it is of the format COCO" in capsys.readouterr().err
        for content in (b"[1, 2]", b'{"notes": 1}', b"notes"):
            Path("results.json").write_bytes(content)
            sample("megadetector.json", 5, "-o", "results.json", code=1)
            assert "it is no document of detections" in capsys.readouterr().err
            assert Path("results.json").read_bytes() == content
        sample("megadetector.json", 5, "--to", "coco", "-o", "results.json", code=1)
        Path("results.json").write_bytes(before)
        sample("megadetector.json", 5, "--to", "coco", "-o", "results.json", code=1)
        assert Path("results.json").read_bytes() == before

    @pytest.mark.parametrize("linked", ["media.csv", "datapackage.json"])
    def test_what_links_in_a_package_lead_to_stays(
        self, linked: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Such as the files of the package that is read."""
        for folder in ("source", "part"):
            shutil.copytree(DOCUMENTS / "camtrap-dp", folder)
        os.unlink(Path("part", linked))
        os.symlink(Path("source", linked).absolute(), Path("part", linked))
        before = read_folder(Path("source"))
        assert main(["sample", "source", "-n", "4", *ROOT, "-o", "part"]) == 1
        assert "a link stands there" in capsys.readouterr().err
        assert read_folder(Path("source")) == before

    @pytest.mark.parametrize("name", ["coco.json", "camtrap-dp"])
    def test_the_document_itself_stays(self, name: str, capsys: pytest.CaptureFixture[str]) -> None:
        """By whatever name it is called."""
        if name == "coco.json":
            shutil.copy(DOCUMENTS / name, "source.json")
            source, link = "source.json", "link.json"
        else:
            shutil.copytree(DOCUMENTS / name, "source")
            source, link = "source", "link"
        os.symlink(source, link)
        for target in (source, link):
            with pytest.raises(SystemExit):
                main(["sample", source, "-n", "3", *ROOT, "-o", target])
            assert "is read: give the output another name" in capsys.readouterr().err
        document = sd.Document.read(source, root=PHOTOS)
        selection = sd.ImageIndex.build(document).sample(3)
        for target in (source, link):
            with pytest.raises(sd.OutputError, match="read"):
                document.write(selection, target)
        assert list_photos(source) == list_photos(DOCUMENTS / name)

    def test_a_folder_of_other_things_stays(self, capsys: pytest.CaptureFixture[str]) -> None:
        """A package is not mixed with them."""
        Path("season").mkdir()
        Path("season/notes.txt").write_text("mine", encoding="utf-8")
        sample("camtrap-dp", 3, "-o", "season", code=1)
        assert "it is no document of detections" in capsys.readouterr().err
        assert os.listdir("season") == ["notes.txt"]


def test_photos_may_keep_their_selected_boxes_alone() -> None:
    """The highest confidence follows; other fields of the photo stay."""
    sample("megadetector.json", 12, "--only-selected-boxes", "-o", "few.json")
    sample("megadetector.json", 12, "-o", "all.json")
    few, whole = list_entries(Path("few.json")), list_entries(Path("all.json"))
    assert [entry["file"] for entry in few] == [entry["file"] for entry in whole]
    assert sum(len(entry["detections"]) for entry in few) == 12
    for entry, other in zip(few, whole, strict=True):
        assert all(found in other["detections"] for found in entry["detections"])
        if "max_detection_conf" in entry:
            assert entry["max_detection_conf"] == max(each["conf"] for each in entry["detections"])


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("target", ["coco", "megadetector"])
def test_a_document_is_written_in_another_format(name: str, target: str) -> None:
    """Read again, it has the same boxes of the same photos."""
    sample(name, 6, "--to", target, "--only-selected-boxes", "-o", "other.json")
    sample(name, 6, "--to", target, "--only-selected-boxes", "-o", "other.json")
    found = sd.Document.read("other.json", root=PHOTOS, min_confidence=0)
    selection = sd.ImageIndex.build(sd.Document.read(DOCUMENTS / name, root=PHOTOS)).sample(6)
    assert found.contents.annotations.format == {"coco": "COCO"}.get(target, "MegaDetector")
    assert not found.faults
    ours = sorted(
        (os.path.relpath(path, PHOTOS), *region)
        for path, region in zip(
            selection.paths, selection.table.regions[selection.rows].tolist(), strict=True
        )
    )
    theirs = sorted(
        (os.path.relpath(found.items.name(item), PHOTOS), *region)
        for item, region in enumerate(found.items.regions.tolist())
    )
    assert [path for path, *_ in theirs] == [path for path, *_ in ours]
    differences = np.array([one[1:] for one in theirs]) - np.array([one[1:] for one in ours])
    # Shares are steps of 2**-16; pixels have two decimals.
    assert np.abs(differences).max() < 2e-5


class TestCrops:
    """The selected crops as files."""

    def test_they_are_cut_in_full_size_and_named_by_their_place(self) -> None:
        """They have the time of their photo, and keep its folders."""
        sample("megadetector.json", 6, "--crops-to", "crops", "--relative-to", str(PHOTOS))
        index = sd.ImageIndex.build(sd.Document.read(DOCUMENTS / "megadetector.json", root=PHOTOS))
        selection = index.sample(6)
        table = selection.to_arrow().to_pylist()
        details = index.table.details
        assert details is not None
        places = details["place"].take(selection.rows).to_pylist()
        names = set()
        for row, place in zip(table, places, strict=True):
            stem, extension = os.path.splitext(os.path.relpath(row["path"], PHOTOS))
            suffix = extension if extension.lower() == ".jpg" else f"{extension}.jpg"
            name = f"{stem}.crop_{place:03d}{suffix}"
            names.add(name)
            crop = decode_image((Path("crops") / name).read_bytes())
            assert not isinstance(crop, sd.Cause)
            assert (crop.width, crop.height) == (row["width"], row["height"])
            assert crop.captured == np.datetime64(row["captured"], "ms")
        found = {str(path.relative_to("crops")) for path in Path("crops").rglob("*.*")}
        assert {name for name in found if not os.path.basename(name).startswith(".")} == names

    def test_the_same_call_goes_on_and_nothing_is_overwritten(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """What another program put in the place of a crop stays."""
        sample("coco.json", 4, "--crops-to", "crops")
        first, *others = sorted(Path("crops").rglob("*.JPG"))
        times = [path.stat().st_mtime_ns for path in others]
        first.unlink()
        sample("coco.json", 4, "--crops-to", "crops")
        assert first.exists()
        assert [path.stat().st_mtime_ns for path in others] == times
        first.write_bytes(b"mine")
        sample("coco.json", 4, "--crops-to", "crops", code=1)
        assert "Something else stands in the place of the crop" in capsys.readouterr().err
        assert first.read_bytes() == b"mine"

    def test_another_selection_is_asked_about(self, capsys: pytest.CaptureFixture[str]) -> None:
        """It may be one that is being labelled."""
        sample("coco.json", 4, "--crops-to", "crops")
        sample("coco.json", 5, "--crops-to", "crops", "--seed", "3", code=1)
        assert "already holds" in capsys.readouterr().err
        sample("coco.json", 5, "--crops-to", "crops", "--seed", "3", "--add")

    def test_a_photo_that_is_named_twice_has_its_boxes_numbered_on(self) -> None:
        """So that each crop has a name of its own, whichever are selected."""
        content = json.loads((DOCUMENTS / "megadetector.json").read_text(encoding="utf-8"))
        entry = next(entry for entry in content["images"] if entry.get("detections"))
        box = {"category": "1", "conf": 0.9}
        boxes = [{**box, "bbox": [0.1 * i, 0.1, 0.3, 0.3]} for i in range(3)]
        twice = [{**entry, "detections": boxes[:2]}, {**entry, "detections": boxes[2:]}]
        Path("twice.json").write_text(json.dumps({**content, "images": twice}), encoding="utf-8")
        assert main(["sample", "twice.json", "-n", "9", *ROOT, "--crops-to", "crops"]) == 0
        stem = Path(entry["file"]).stem
        names = sorted(path.name for path in Path("crops").iterdir())[1:]
        assert names == [f"{stem}.crop_00{i}.JPG" for i in range(3)]

    def test_crops_of_one_name_are_refused(self, capsys: pytest.CaptureFixture[str]) -> None:
        """Of several documents, before any is written."""
        names = [str(DOCUMENTS / name) for name in ("megadetector.json", "coco.json")]
        same = ("--box-orientation", "upright", "--crops-to", "crops")
        assert main(["sample", *names, "-n", "999", *ROOT, *same]) == 1
        assert "from several sources" in capsys.readouterr().err
        assert not Path("crops").exists()

    def test_whole_photos_are_no_crops(self, capsys: pytest.CaptureFixture[str]) -> None:
        """That is said before anything is read."""
        sample("coco.json", 4, "--items", "photos", "--crops-to", "crops", code=1)
        assert "Crops can be written of boxes" in capsys.readouterr().err
        assert not Path("crops").exists()

    def test_a_photo_is_copied_once_however_many_crops_it_has(self) -> None:
        """There is one file of it."""
        sample("megadetector.json", "100%", "--copy-to", "copies")
        index = sd.ImageIndex.build(sd.Document.read(DOCUMENTS / "megadetector.json", root=PHOTOS))
        copies = [path for path in Path("copies").rglob("*.*") if path.name[0] != "."]
        assert len(copies) == index.table.n_files < len(index)


def test_earlier_rounds_are_kept_by_path_and_box() -> None:
    """New items are other ones, and together they are as many as both."""
    sample("megadetector.json", 8, "--only-selected-boxes", "-o", "first.json")
    sample("megadetector.json", 8, "--only-selected-boxes", "--keep", "first.json", "-o", "b.json")
    first, second = (
        {
            (entry["file"], tuple(found["bbox"]))
            for entry in list_entries(Path(name))
            for found in entry["detections"]
        }
        for name in ("first.json", "b.json")
    )
    assert len(first) == len(second) == 8
    assert not first & second


@pytest.mark.parametrize(
    "fact", ["species", "category", "location", "deployment", "sequence", "camera"]
)
def test_groups_are_what_the_document_says(fact: str) -> None:
    """Where it says nothing, items are of the group of the unlabelled."""
    sample("camtrap-dp", "100%", "--group-by", fact, "-o", "all.csv")
    with open("all.csv", encoding="utf-8") as table:
        rows = list(csv.DictReader(table))
    document = sd.Document.read(DOCUMENTS / "camtrap-dp", root=PHOTOS)
    details = document.items.details
    assert details is not None
    column = {"species": "label", "camera": "deployment"}.get(fact, fact)
    expected = {value or "unlabelled" for value in details[column].to_pylist()}
    assert {row["group"] for row in rows} == expected


def test_groups_by_species_need_a_document(capsys: pytest.CaptureFixture[str]) -> None:
    """Folders say nothing of species; of cameras they do."""
    assert main(["sample", str(PHOTOS), "-n", "3", "--group-by", "species", "-q"]) == 1
    assert "need a document of detections" in capsys.readouterr().err
    assert main(["sample", str(PHOTOS), "-n", "3", "--group-by", "camera", "-q"]) == 0


def test_photos_are_sampled_by_the_label_of_their_surest_box() -> None:
    """Those without one are blank."""
    sample("megadetector.json", "100%", "--items", "photos", "--group-by", "species", "-o", "a.csv")
    with open("a.csv", encoding="utf-8") as table:
        rows = list(csv.DictReader(table))
    assert "x" not in rows[0]
    labels = {row["label"] for row in rows}
    assert "blank" in labels
    assert {row["group"] for row in rows} == labels
    assert len(rows) == len({row["path"] for row in rows})


def test_tables_tell_box_category_label_and_confidence() -> None:
    """With --format records also where the document's own extension is asked for."""
    sample("megadetector.json", 5, "--format", "records", "-o", "five.json")
    rows = json.loads(Path("five.json").read_text(encoding="utf-8"))
    assert len(rows) == 5
    for row in rows:
        assert 0 <= row["x"] <= row["x"] + row["box_width"] <= 1
        assert 0 <= row["y"] <= row["y"] + row["box_height"] <= 1
        assert row["category"] in {"animal", "person"}
        assert row["confidence"] >= 0.2
    sample("megadetector.json", 3, "--format", "records", "-o", "five.json")


def test_the_command_prints_each_photo_once(capsys: pytest.CaptureFixture[str]) -> None:
    """What reads the list wants photos."""
    sample("megadetector.json", "100%")
    printed = capsys.readouterr().out.splitlines()
    assert len(printed) == len(set(printed)) == 38


def test_the_summary_tells_what_leads_nowhere(capsys: pytest.CaptureFixture[str]) -> None:
    """Absent photos, photos that are not named, and folders that were dropped."""
    shutil.copytree(PHOTOS / "site_2_desert", "mine/site_2_desert")
    os.unlink("mine/site_2_desert/cam_A/IMG_5.JPG")
    write_picture(Path("mine/site_2_desert/cam_A/new.jpg"), seed=1)
    call = ["sample", str(DOCUMENTS / "speciesnet.json"), "--root", "mine", "-n", "3"]
    assert main(call) == 0
    said = capsys.readouterr().err
    assert "dropped from each path: 2 leading folders" in said
    assert "photos, first mine/" in said
    assert "there and not named: " in said


def test_a_document_is_inspected(capsys: pytest.CaptureFixture[str]) -> None:
    """Boxes by category and confidence, labels, and what failed."""
    call = ["inspect", str(DOCUMENTS / "megadetector.json"), "--root", str(PHOTOS), "-q"]
    assert main(call) == 0
    shown = capsys.readouterr().out
    assert "MegaDetector 1.4" in shown
    assert "47 boxes in 72 photos" in shown
    assert "boxes of category" in shown
    assert "european hare" in shown
    assert "2  not usable: Marked as failed by the detector" in shown
    assert "40 crops in 4 folders" in shown
    assert f" folder below {PHOTOS}\n" in shown
    assert main(["inspect", str(DOCUMENTS / "camtrap-dp"), "--root", str(PHOTOS), "-q"]) == 0
    shown = capsys.readouterr().out
    assert "35 crops of 4 cameras" in shown
    assert "  site_10_snow-B\n" in shown


def test_margins_and_squares_are_other_features() -> None:
    """Crops are larger, and both are found again in the store."""
    document = sd.Document.read(DOCUMENTS / "coco.json", root=PHOTOS)
    plain = sd.ImageIndex.build(document)
    wide = sd.ImageIndex.build(document, crop_margin=0.25, crop_square=True)
    assert (wide.table.rows["width"] >= plain.table.rows["width"]).all()
    assert (wide.table.rows["width"] > plain.table.rows["width"]).any()
    for index, options in ((plain, {}), (wide, {"crop_margin": 0.25, "crop_square": True})):
        again = sd.ImageIndex.build(document, **options)  # type: ignore[arg-type] # as above
        assert again.table.n_extracted == 0
        assert np.array_equal(again.table.rows, index.table.rows)


def test_a_lower_confidence_decodes_only_photos_with_new_boxes() -> None:
    """What is known stays known, and whole photos lie beside crops."""
    high = sd.Document.read(DOCUMENTS / "megadetector.json", root=PHOTOS, min_confidence=0.6)
    low = sd.Document.read(DOCUMENTS / "megadetector.json", root=PHOTOS, min_confidence=0.1)
    photos = sd.Document.read(DOCUMENTS / "megadetector.json", root=PHOTOS, items="photos")
    first = sd.ImageIndex.build(high)
    sd.ImageIndex.build(photos)
    second = sd.ImageIndex.build(low)
    assert second.table.n_known == len(first)
    new = {low.items.name(item) for item in range(len(low.items))}
    assert 0 < second.table.n_extracted < len(new)
    assert sd.ImageIndex.build(photos).table.n_extracted == 0


class TestInPython:
    """The same, as a library."""

    def test_a_document_is_read_sampled_and_written(self) -> None:
        """What it says of itself is a line."""
        document = sd.Document.read(DOCUMENTS / "coco.json", root=PHOTOS)
        assert repr(document) == "<Document of COCO: 37 crops in 37 files>"
        selection = sd.ImageIndex.build(document).sample(5)
        document.write(selection, "five.json")
        assert len(list_photos("five.json")) == len(set(selection.paths))
        document.write(selection, "other.json", to="megadetector")
        assert len(list_photos("other.json")) == len(set(selection.paths))

    def test_a_selection_of_other_photos_is_refused(self) -> None:
        """Nothing is written."""
        document = sd.Document.read(DOCUMENTS / "coco.json", root=PHOTOS)
        selection = sd.ImageIndex.build(PHOTOS / "site_2_desert").sample(3)
        with pytest.raises(sd.InvalidParameterError, match="must be of the items of"):
            document.write(selection, "five.json")
        assert not Path("five.json").exists()

    @pytest.mark.parametrize("other", [{"min_confidence": 0.8}, {"items": "photos"}])
    def test_a_selection_of_another_reading_is_refused_or_right(self, other: Any) -> None:
        """Never are other photos written than those that are selected."""
        document = sd.Document.read(DOCUMENTS / "coco.json", root=PHOTOS)
        larger = sd.Document.read(DOCUMENTS / "megadetector.json", root=PHOTOS, min_confidence=0)
        with pytest.raises(sd.InvalidParameterError, match="must be of the items of"):
            document.write(sd.ImageIndex.build(larger).sample(5), "five.json")
        again = sd.Document.read(DOCUMENTS / "coco.json", root=PHOTOS, **other)
        selection = sd.ImageIndex.build(again).sample(5)
        document.write(selection, "five.json")
        assert {str(PHOTOS / path) for path in list_photos("five.json")} == {*selection.paths}

    @pytest.mark.parametrize("name", ["README.md", "data_samples/photos", "pyproject.toml"])
    def test_what_is_no_document_is_refused(self, name: str) -> None:
        """With what is expected."""
        with pytest.raises(sd.InvalidParameterError, match=r"must be|is no document"):
            sd.Document.read(DATA_SAMPLES.parent / name)

    def test_previews_are_too_small_for_crops(self) -> None:
        """That is said before a photo is read."""
        document = sd.Document.read(DOCUMENTS / "coco.json", root=PHOTOS)
        with pytest.raises(sd.InvalidParameterError, match="cannot be 'preview' for crops"):
            sd.ImageIndex.build(document, decode="preview")


REAL = sorted(
    path
    for path in (SHARED_IMAGES / "formats").rglob("*.json")
    # Label Studio's tasks are refused, and one descriptor has no tables beside it.
    if not path.stem.endswith(("schema", "profile", "_ls")) and "_snaps" not in path.parts
)


@pytest.mark.skipif(not SHARED_IMAGES.exists(), reason=NO_SHARED_IMAGES)
@pytest.mark.parametrize("file", REAL, ids=lambda path: str(path.relative_to(SHARED_IMAGES)))
def test_real_documents_are_reduced_to_what_is_asked_for(file: Path) -> None:
    """Every photo is there, all the same; what tools write is read, or refused with advice."""
    annotations = read_document(str(file))
    assert annotations is not None
    picture = write_picture(Path("picture.jpg"), seed=1)
    root = Path("root")
    for path in list_photos(file):
        if "://" in path:
            continue
        place = root / path.replace("\\", "/").replace("C:/", "").lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        if not place.exists():
            os.link(picture, place)
    if not root.exists():
        return
    document = sd.Document.read(file, root=root)
    index = sd.ImageIndex.build(document, image_loading_errors="skip")
    everything = index.sample(len(index))
    kind = "out" if annotations.is_folder else "out.json"
    document.write(everything, kind)
    part = read_document(kind)
    assert part is not None
    assert set(part.spell_parts()) <= set(annotations.spell_parts())
    assert len(part.entries) == len(set(everything.paths)) or annotations.format == "COCO"
    n = len(index) // 2
    if n:
        selection = index.sample(n)
        assert len(selection) == n
        document.write(selection, kind, only_selected_boxes=True)
        reduced = sd.Document.read(kind, root=root, items=document.contents.options.items)
        assert len(reduced.items) == n


def test_crops_of_the_command_are_those_of_opencv() -> None:
    """Cut by hand, in full, a crop has the pixels that were described."""
    document = sd.Document.read(DOCUMENTS / "coco.json", root=PHOTOS)
    index = sd.ImageIndex.build(document, decode="exact", cache=False)
    for row in range(0, len(index), 7):
        x, y, width, height = index.table.regions[row].tolist()
        pixels = cv2.imread(index.paths[row])
        assert pixels is not None
        n_rows, n_columns, _ = pixels.shape
        left, top = int(x * n_columns + 0.01), int(y * n_rows + 0.01)
        wide, high = int(width * n_columns + 0.01), int(height * n_rows + 0.01)
        cv2.imwrite(f"{row}.png", pixels[top : top + high, left : left + wide])
        alone = sd.ImageIndex.build([f"{row}.png"], decode="exact", cache=False).table.rows[0]
        for field in ("dhash", "ahash", "mean_rgb", "lab_layout", "width", "height"):
            assert np.array_equal(alone[field], index.table.rows[row][field])


def test_images_without_an_extension_are_no_documents(capsys: pytest.CaptureFixture[str]) -> None:
    """A file that is named itself is an image, unless it begins as a document does."""
    shutil.copy(PHOTOS / "site_2_desert/cam_A/IMG_1.JPG", "IMG_1")
    assert main(["sample", "IMG_1", "-n", "1", "-q"]) == 0
    assert capsys.readouterr().out == "IMG_1\n"


def test_groups_of_a_document_are_those_of_the_command() -> None:
    """In the order of its items."""
    document = sd.Document.read(DOCUMENTS / "camtrap-dp", root=PHOTOS)
    index = sd.ImageIndex.build(document)
    selection = index.sample(10, groups=document.list_groups("species"), balance=1)
    sample("camtrap-dp", 10, "--group-by", "species", "--balance", "1", "-o", "ten.csv")
    with open("ten.csv", encoding="utf-8") as table:
        assert [row["group"] for row in csv.DictReader(table)] == selection.to_arrow()[
            "group"
        ].to_pylist()
    with pytest.raises(sd.InvalidParameterError, match="The 'fact' parameter must be 'species'"):
        document.list_groups("colour")  # type: ignore[arg-type] # that is the mistake


def test_programs_are_told_of_documents_as_well(capsys: pytest.CaptureFixture[str]) -> None:
    """Only where there are any."""
    call = ["inspect", str(DOCUMENTS / "megadetector.json"), *ROOT, "--json"]
    assert main(call) == 0
    [told] = json.loads(capsys.readouterr().out)["documents"]
    assert (told["format"], told["n_boxes"], told["n_items"]) == ("MegaDetector", 47, 40)
    assert told["boxes_of_category"] == {"animal": 45, "vehicle": 1, "person": 1}
    assert told["items_of_label"]["european hare"] == 8
    assert told["causes"] == {"Marked as failed by the detector": 2}
    assert len(told["absent"]) == 2
    assert len(told["unnamed"]) == 188
    assert main(["inspect", str(PHOTOS / "site_2_desert"), "-q", "--json"]) == 0
    assert "documents" not in json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("option", ["--copy-to", "--crops-to"])
def test_folders_below_the_folder_of_all_photos_are_kept(option: str) -> None:
    """So that those of another selection fit in beside, also where the document is a folder."""
    for name in ("camtrap-dp", "coco.json"):
        sample(name, 1, option, name)
        [file] = [path for path in Path(name).rglob("*.*") if path.name[0] != "."]
        assert file.parent.name in {"cam_A", "cam_B"}
        assert file.parent.parent.name.startswith("site_")


def test_photos_that_were_selected_before_keep_all_their_crops() -> None:
    """Photos without a wanted box are nothing to keep."""
    document = sd.Document.read(DOCUMENTS / "megadetector.json", root=PHOTOS)
    several = [document.items.paths[file] for file in document.items.file_of.tolist()]
    photos = [path for path in dict.fromkeys(several) if several.count(path) > 1]
    blank = next(path for path in document.contents.paths if path not in several)
    Path("photos.txt").write_text("\n".join([*photos, blank]), encoding="utf-8")
    sample("megadetector.json", "100%", "--keep", "photos.txt", "-o", "rest.csv")
    with open("rest.csv", encoding="utf-8") as table:
        rest = [row["path"] for row in csv.DictReader(table)]
    assert sorted(rest) == sorted(path for path in several if path not in photos)


def test_documents_of_several_tools_are_sampled_together() -> None:
    """Though each counts boxes in its own way; each crop, which both name, is one item."""
    columns = ("path", "x", "y", "box_width", "box_height")
    crops = {}
    for name, sources in {"a": NAMES[:1], "b": NAMES[2:3], "both": NAMES[:3:2]}.items():
        paths = [str(DOCUMENTS / source) for source in sources]
        assert main(["sample", *paths, "-n", "100%", *ROOT, "-o", f"{name}.csv"]) == 0
        with open(f"{name}.csv", encoding="utf-8") as table:
            crops[name] = [tuple(row[key] for key in columns) for row in csv.DictReader(table)]
    assert sorted(crops["both"]) == sorted(crops["a"]) == sorted(crops["b"])
