"""Files of the user's that stand where an output is to go: none is ever lost."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from pictures import write_collection
from smartdownsample import ImageIndex, InvalidParameterError, OutputError, Selection, report
from smartdownsample.cli import main
from smartdownsample.results import write_manifest

Write = Callable[[Selection, Path], None]

# Each writes one kind of output; and the names that it takes.
WRITERS: dict[str, tuple[Write, str]] = {
    "selection": (Selection.save, ".csv"),
    "manifest": (lambda selection, path: write_manifest(selection, path, {}), ".json"),
    "page": (lambda selection, path: selection.save_report(path, cache=False), ".html"),
    "chart": (
        lambda selection, path: report.save_figure(report.draw_distribution, selection, path),
        ".svg",
    ),
    "grid": (
        lambda selection, path: report.save_figure(report.draw_thumbnails, selection, path),
        ".png",
    ),
    "document": (
        lambda selection, path: report.save_figure(report.draw_distribution, selection, path),
        ".pdf",
    ),
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work where there are photos."""
    write_collection(tmp_path / "photos", 12)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def read_all(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    "line",
    [
        "cache export {photos} --root photos",
        "sample --report {photos} -n 5",
        "sample --manifest {photos} -n 5",
        "sample --distribution {photos} -n 5",
        "sample --thumbnails {photos} -n 5",
        "sample -o {photos} -n 5",
        "report {photos} -n 5",
    ],
)
def test_a_file_name_that_was_forgotten_costs_no_photo(
    folder: Path, line: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """The shell puts the first photo in its place."""
    before = read_all(folder)
    photos = " ".join(sorted(str(path) for path in Path("photos").rglob("*.jpg")))
    with pytest.raises(SystemExit, match="2"):
        main([*line.format(photos=photos).split(), "-q"])
    assert read_all(folder) == before
    assert "IMG_" in capfd.readouterr().err


@pytest.mark.parametrize("name", WRITERS)
def test_an_output_replaces_its_own_kind_only(folder: Path, name: str) -> None:
    """From Python: not a photo, not a file of the user's, not another output; itself gladly."""
    write, extension = WRITERS[name]
    selection = ImageIndex.build("photos").sample(5)
    photo = Path(selection.table.paths[0])
    target = folder / f"output{extension}"
    write(selection, target)
    write(selection, target)
    for content in (photo.read_bytes(), b"x,y\n1,2\n", b"{}", b"<html></html>", b"%PDF-1.4 mine"):
        target.write_bytes(content)
        with pytest.raises(OutputError, match="that is not a"):
            write(selection, target)
        assert target.read_bytes() == content
    before = photo.read_bytes()
    with pytest.raises(InvalidParameterError, match="must end in"):
        write(selection, photo)
    photo_like = folder / f"photo{extension}"
    shutil.copy(photo, photo_like)
    index = ImageIndex.build(["photos/site_1/IMG_1.jpg", photo_like])
    with pytest.raises(OutputError, match="one of the images or lists that are read"):
        write(index.sample(1), photo_like)
    assert photo.read_bytes() == photo_like.read_bytes() == before


@pytest.mark.parametrize("extension", [".txt", ".csv", ".json", ".parquet"])
def test_a_selection_that_somebody_labelled_is_kept(folder: Path, extension: str) -> None:
    """A column that we do not write is somebody's work."""
    index = ImageIndex.build("photos")
    target = folder / f"picks{extension}"
    index.sample(5).save(target)
    index.sample(6).save(target)
    if extension == ".txt":
        target.write_text(target.read_text() + "IMG_3 shows a fox\n")
    elif extension == ".csv":
        pd.read_csv(target).assign(label="fox").to_csv(target, index=False)
    elif extension == ".json":
        records = [{**record, "label": "fox"} for record in json.loads(target.read_text())]
        target.write_text(json.dumps(records, indent=2))
    else:
        pd.read_parquet(target).assign(label="fox").to_parquet(target)
    labelled = target.read_bytes()
    with pytest.raises(OutputError, match="is not a selection"):
        index.sample(5).save(target)
    assert target.read_bytes() == labelled


@pytest.mark.usefixtures("folder")
def test_columns_of_the_table_that_is_read_are_no_labels() -> None:
    """The same command again replaces what it wrote, with more columns or fewer."""
    rows = [f"{path},fox,1\n" for path in sorted(Path("photos").rglob("*.jpg"))]
    Path("table.csv").write_text("path,species,index\n" + "".join(rows))
    line = ["sample", "table.csv", "-n", "5", "-q", "-o", "picks.csv"]
    for more in ([], ["--explain"], []):
        assert main([*line, *more]) == 0
    assert pd.read_csv("picks.csv").columns.tolist()[-2:] == ["species", "source_index"]
    assert main(["sample", "photos", "-n", "5", "-q", "-o", "picks.csv"]) == 1


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("option", ["-o", "--manifest", "--report", "--thumbnails"])
def test_a_target_is_refused_before_any_photo_is_opened(
    option: str, capfd: pytest.CaptureFixture[str], cache_dir: Path
) -> None:
    """Decoding may take hours."""
    name = {"-o": "mine.json", "--manifest": "mine.json", "--report": "mine.html"}.get(option)
    mine = Path(name or "mine.png")
    mine.write_text("mine")
    assert main(["sample", "photos", "-n", "5", option, str(mine)]) == 1
    assert "would be lost" in capfd.readouterr().err
    assert mine.read_text() == "mine"
    assert list(cache_dir.glob("features-*")) == []


def test_a_list_that_is_read_is_not_written_over(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Through a link as well."""
    paths = sorted(str(path) for path in Path("photos").rglob("*.jpg"))
    Path("list.txt").write_text("\n".join(paths))
    Path("link.txt").symlink_to(folder / "list.txt")
    assert main(["sample", "list.txt", "-n", "5", "-o", "link.txt"]) == 1
    assert "images or lists that are read" in capfd.readouterr().err
    assert Path("list.txt").read_text() == "\n".join(paths)
