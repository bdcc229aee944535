"""Files of the user's that stand where an output is to go: none is ever lost."""

import csv
import datetime as dt
import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pictures import write_collection
from smartdownsample import ImageIndex, InvalidParameterError, OutputError, Selection, report
from smartdownsample.cli import main
from smartdownsample.results import write_manifest, write_selection

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


def refuse(*words: str) -> None:
    """Give a command line that makes no sense."""
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2


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
@pytest.mark.parametrize("extension", [".csv", ".json", ".parquet"])
def test_columns_of_one_name_are_all_kept(extension: str) -> None:
    """Of a table that repeats a name, and of a selection that is sampled again and again."""
    paths = sorted(map(str, Path("photos").rglob("*.jpg")))
    rows = [f"{path},{path},fox,{number}\n" for number, path in enumerate(paths)]
    Path("0.csv").write_text("path,path_bytes,n,n\n" + "".join(rows))
    for number in range(3):
        file = f"{number}.csv" if number == 0 else f"{number}{extension.replace('.json', '.csv')}"
        for name in {f"{number + 1}{extension}", f"{number + 1}.csv"}:
            assert main(["sample", file, "-n", "5", "-q", "-o", name, "--explain"]) == 0
            assert main(["sample", file, "-n", "5", "-q", "-o", name]) == 0
    read = {".csv": pd.read_csv, ".json": pd.read_json, ".parquet": pd.read_parquet}[extension]
    table = read(f"3{extension}")
    assert table["n"].tolist() == ["fox"] * 5
    assert [paths[int(place)] for place in table["source_n"]] == table["path"].tolist()
    assert {"source_index", "source_index_2", "source_width_2"} <= {*table.columns}
    assert not any(name.startswith("source_source") for name in table.columns)


@pytest.mark.usefixtures("folder")
def test_thousands_of_columns_are_all_kept() -> None:
    """Of one name as well."""
    paths = sorted(map(str, Path("photos").rglob("*.jpg")))
    rows = [f"{path}{',fox' * 4000}\n" for path in paths]
    Path("table.csv").write_text(f"path{',n' * 4000}\n" + "".join(rows))
    for _ in range(2):
        assert main(["sample", "table.csv", "-n", "5", "-q", "-o", "picks.json"]) == 0
    records = json.loads(Path("picks.json").read_text())
    assert [list(record.values()).count("fox") for record in records] == [4000] * 5


@pytest.mark.usefixtures("folder")
def test_a_column_that_begins_with_an_apostrophe_is_ours_again() -> None:
    """Of a formula it is taken away, of other names it is not."""
    rows = [f"{path},fox,2,3\n" for path in sorted(Path("photos").rglob("*.jpg"))]
    Path("table.csv").write_text("path,'tis,'=1,'\uff1d1\n" + "".join(rows), encoding="utf-8")
    for _ in range(2):
        assert main(["sample", "table.csv", "-n", "5", "-q", "-o", "picks.csv"]) == 0
    assert pd.read_csv("picks.csv").columns.tolist()[-3:] == ["'tis", "'=1", "'\uff1d1"]


@pytest.mark.usefixtures("folder")
def test_a_column_called_path_is_kept_where_another_has_the_paths() -> None:
    """It may say where the image came from."""
    paths = sorted(map(str, Path("photos").rglob("*.jpg")))
    Path("table.csv").write_text("path,here\n" + "".join(f"card/{p},{p}\n" for p in paths))
    line = ["sample", "table.csv", "--path-column", "here", "-n", "5", "-q", "-o", "picks.csv"]
    assert main(line) == main(line) == 0
    table = pd.read_csv("picks.csv")
    assert table["source_path"].tolist() == [f"card/{path}" for path in table["path"]]


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
    refuse("sample", "list.txt", "-n", "5", "-o", "link.txt")
    assert "'link.txt' is read" in capfd.readouterr().err
    assert Path("list.txt").read_text() == "\n".join(paths)


def test_what_is_read_under_another_name_is_not_written_over(folder: Path) -> None:
    """A link to the list, and a picture of ours that is among the images."""
    paths = sorted(str(path) for path in Path("photos").rglob("*.jpg"))
    assert main(["sample", *paths, "-n", "8", "-q", "-o", "picks.csv"]) == 0
    Path("current.csv").symlink_to("picks.csv")
    before = Path("picks.csv").read_bytes()
    refuse("sample", "current.csv", "-n", "5", "-q", "-o", "picks.csv")
    refuse("sample", *paths, "--keep", "current.csv", "-n", "2", "-q", "-o", "picks.csv")
    assert Path("picks.csv").read_bytes() == before
    assert main(["sample", *paths, "-n", "5", "-q", "--thumbnails", "grid.png"]) == 0
    Path("photos/link.png").symlink_to(folder / "grid.png")
    before = Path("grid.png").read_bytes()
    assert main(["sample", "photos", "-n", "5", "-q", "--thumbnails", "grid.png"]) == 1
    assert Path("grid.png").read_bytes() == before


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("a.csv", lambda text: text.replace("\n", ",cat\n").replace(",cat", "", 1)),
        ("a.csv", lambda text: text.replace("index", '"index\n",label', 1)),
        ("a.csv", lambda text: "path\n" + "\n".join(text.split("\n")[1:])),
        ("a.csv", lambda _: "path\nphotos/site_1/IMG_1.jpg\n"),
        ("a.json", lambda text: text.replace('"path"', '"label": "cat",\n    "path"').replace(
            '"label": "cat",\n    ', "", 1)),
        ("a.json", lambda text: text.replace("\n]", ",\n 3]")),
        ("a.json", lambda _: '[\n  {\n    "path": ' + "[" * 50_000),
        ("a.txt", lambda _: "my notes " * 9000),
        ("a.txt", lambda text: "".join(f"cat {line}\n" for line in text.split())),
        ("a.txt", lambda text: text + "a\0b\n"),
    ],
)  # fmt: skip
def test_a_selection_that_was_changed_in_any_way_is_kept(
    name: str, change: Callable[[str], str]
) -> None:
    """Wherever in the file, and whatever it makes of it."""
    line = ["sample", "photos", "-n", "5", "-q", "-o", name]
    assert main(line) == 0
    changed = change(Path(name).read_text())
    Path(name).write_text(changed)
    with open(name, newline="", encoding="utf-8") as file:
        before = file.read()
    assert main(line) == 1
    with open(name, newline="", encoding="utf-8") as file:
        assert file.read() == before


def edit_records(change: Callable[[list[dict[str, object]]], object]) -> Callable[[str], str]:
    """Make an edit of a JSON text from one of its records."""

    def edit(text: str) -> str:
        records = json.loads(text)
        change(records)
        return json.dumps(records)

    return edit


def edit_cell(row: int, column: int, value: str) -> Callable[[str], str]:
    """Make an edit of a cell of a CSV text that has no commas but those between cells."""

    def edit(text: str) -> str:
        rows = list(csv.reader(text.splitlines()))
        rows[row][column] = value
        written = io.StringIO()
        csv.writer(written, lineterminator="\n").writerows(rows)
        return written.getvalue()

    return edit


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("name", "change", "found"),
    [
        ("a.csv", lambda text: text + "my own note,,,,,,,,,do not lose\n", "row 7 has no value"),
        ("a.csv", lambda text: text + "my own note,,,,,,,,,\n", "row 7 has no value"),
        ("a.csv", lambda text: text.replace("\n", "\n,,,,,,,,,\n", 1), "row 2 has no value"),
        ("a.csv", edit_cell(3, 3, "fox"), "row 4 has 'fox' in the column 'group'"),
        ("a.csv", edit_cell(1, 3, "fox"), "row 3 has no value in the column 'group'"),
        ("a.csv", edit_cell(2, 4, "at dusk"), "row 3 has 'at dusk' in the column 'captured'"),
        ("a.csv", edit_cell(2, 2, "night"), "row 3 has 'night' in the column 'bucket'"),
        ("a.csv", edit_cell(2, 2, "grey · my note"), "row 3 has 'grey · my note' in the column"),
        ("a.csv", edit_cell(2, 9, "bright"), "row 3 has 'bright' in the column 'bucket_bits'"),
        ("a.csv", edit_cell(2, 5, "wide"), "row 3 has 'wide' in the column 'width'"),
        ("a.csv", edit_cell(2, 8, "good"), "row 3 has 'good' in the column 'quality'"),
        ("a.json", edit_records(lambda all_: all_[1].update(quality="dim")), "row 2 has 'dim'"),
        ("a.json", edit_records(lambda all_: all_.append({"path": "my note"})), "record 6 has"),
        ("a.json", edit_records(lambda all_: all_[2].update(group="fox")), "row 3 has 'fox'"),
        ("a.json", edit_records(lambda all_: all_[2].update(index=True)), "row 3 has True"),
    ],
)
def test_a_row_or_a_label_that_somebody_typed_is_kept(
    name: str, change: Callable[[str], str], found: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """Into cells of ours that are empty, or below them; the error says where."""
    line = ["sample", "photos", "-n", "5", "-q", "-o", name]
    assert main(line) == 0
    changed = change(Path(name).read_text())
    Path(name).write_text(changed)
    assert main(line) == 1
    assert found in capfd.readouterr().err
    assert Path(name).read_text() == changed


@pytest.mark.usefixtures("folder")
def test_a_table_from_before_buckets_had_names_is_replaced() -> None:
    """Its buckets are spelt by their bits, in the only column of them."""
    line = ["sample", "photos", "-n", "5", "-q", "-o", "a.csv"]
    assert main(line) == 0
    new = Path("a.csv").read_text()
    rows = list(csv.DictReader(io.StringIO(new)))
    with open("a.csv", "w", newline="", encoding="utf-8") as file:
        names = [name for name in rows[0] if name != "bucket_bits"]
        old = csv.DictWriter(file, names, lineterminator="\n", extrasaction="ignore")
        old.writeheader()
        old.writerows({**row, "bucket": row["bucket_bits"]} for row in rows)
    assert main(line) == 0
    assert Path("a.csv").read_text() == new


def test_labels_in_a_parquet_file_are_kept(folder: Path) -> None:
    """As those in other files."""
    selection = ImageIndex.build("photos").sample(5)
    target = folder / "picks.parquet"
    selection.save(target)
    pd.read_parquet(target).assign(group=[*"abcd", None]).to_parquet(target)
    with pytest.raises(OutputError, match="row 5 has no value in the column 'group'"):
        selection.save(target)


@pytest.mark.parametrize("extension", [".csv", ".json", ".parquet"])
def test_a_selection_with_groups_is_ours_again(folder: Path, extension: str) -> None:
    """Also when a group has an empty name, or there is nothing to compare with."""
    index = ImageIndex.build("photos")
    target = folder / f"picks{extension}"
    for names in ([""] * 12, ["", *"bcdefghijkl"], [*"ab"] * 6):
        for _ in range(2):
            write_selection(index.sample(12, groups=names), target)
    for n in (1, 0, 2):
        write_selection(index.sample(n), target, table=index.sample(n).explain())


def test_the_same_command_twice_replaces_its_own_selection(tmp_path: Path) -> None:
    """With odd columns, long cells, names without an extension and relative ones."""
    paths = write_collection(tmp_path / "photos", 12)
    named = [Path(path).rename(Path(path).with_suffix("")) for path in paths]
    rows = [f'"{path}",{"x" * 70_000},1\n' for path in named]
    table = tmp_path / "table.csv"
    table.write_text('path,"my\nnote",=b\n' + "".join(rows))
    for name in ("a.csv", "a.json", "a.parquet", "a.txt"):
        line = ["sample", str(table), "-n", "5", "-q", "-o", str(tmp_path / name)]
        for more in ([], [], ["--relative-to", str(tmp_path)], ["--relative-to", str(tmp_path)]):
            assert main([*line, *more]) == 0


@pytest.mark.parametrize("extension", [".csv", ".json"])
def test_columns_of_lists_and_the_like_are_written_as_text(tmp_path: Path, extension: str) -> None:
    """A detector's boxes for example."""
    paths = write_collection(tmp_path / "photos", 3)
    boxes = pa.array([[{"box": [0.1, 0.2], "when": dt.date(2024, 1, 1)}]] * 3)
    pq.write_table(pa.table({"path": paths, "boxes": boxes}), tmp_path / "table.parquet")
    target = tmp_path / f"picks{extension}"
    line = ["sample", str(tmp_path / "table.parquet"), "-n", "2", "-q", "-o", str(target)]
    assert main(line) == main(line) == 0
    assert "2024-01-01" in target.read_text()
