"""``smartdownsample report A B page.html``: two selections compared."""

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from pictures import write_collection
from report_pages import Page
from small_surveys import detect, write_jpeg, write_results
from smartdownsample.cli import main


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work where there are photos of two sites, and two selections of them."""
    monkeypatch.chdir(tmp_path)
    write_collection(tmp_path / "photos", 60)
    for name, seed in (("a.json", "1"), ("b.csv", "2")):
        run("sample photos -n 12 -q --seed", seed, "-o", name)
    return tmp_path


def run(words: str, *more: str, code: int = 0) -> None:
    assert main([*words.split(), *more]) == code


def list_paths(name: str) -> set[str]:
    """List the paths of a selection."""
    text = Path(name).read_text("utf-8")
    if name.endswith(".txt"):
        return set(text.splitlines())
    rows = json.loads(text) if name.endswith(".json") else csv.DictReader(text.splitlines())
    return {row["path"] for row in rows}


def read_items(page: str = "page.html") -> dict[str, Any]:
    return Page(Path(page).read_text("utf-8")).items


def list_selected(items: dict[str, Any], bit: int) -> set[str]:
    """List the paths that the page says a selection has."""
    return {
        items["folders"][folder] + name
        for folder, name, has in zip(
            items["folder"], items["name"], items["selectedBy"], strict=True
        )
        if has & bit
    }


def test_two_selections_are_compared_in_the_folder_that_they_have_in_common(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It is named, since nobody has named it."""
    run("report a.json b.csv page.html")
    items = read_items()
    assert len(items["name"]) == 60
    first, second = list_paths("a.json"), list_paths("b.csv")
    assert list_selected(items, 1) == first
    assert list_selected(items, 2) == second
    told = capsys.readouterr().err
    assert "60 images below photos, the folder that both selections have in common" in told
    assert f"  in both: {len(first & second)}" in told
    assert f"  a: 12 images, {len(first - second)} in it alone" in told


def test_where_the_photos_lie_is_shown_on_request(folder: Path) -> None:
    """As of all paths on a page."""
    for name, seed in (("c.txt", "1"), ("d.txt", "2")):
        run("sample", str(folder / "photos"), *f"-n 12 -q --seed {seed} -o {name}".split())
    run("report c.txt d.txt page.html -q")
    shown = Path("page.html").read_text("utf-8")
    assert "60 images below photos, the folder" in shown
    assert str(folder) not in shown
    run("report c.txt d.txt page.html -q --absolute-paths")
    assert f"60 images below {folder / 'photos'}, the folder" in Path("page.html").read_text(
        "utf-8"
    )


def test_files_of_one_name_are_told_apart_by_their_folders(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Or by how their names end."""
    for year in ("2024", "2025"):
        Path(year).mkdir()
        shutil.copy("a.json", year)
    run("report 2024/a.json 2025/a.json page.html")
    told = capsys.readouterr().err
    assert "  2024/a.json: 12 images" in told
    assert "  2025/a.json: 12 images" in told
    run("sample photos -n 3 -q -o a.txt")
    run("report a.json a.txt page.html")
    assert "  a.txt: 3 images" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["b.txt", "b.parquet", "b.json"])
def test_selections_are_of_any_format_that_they_are_written_in(name: str) -> None:
    """And may be spelt with other paths than the collection."""
    run("sample", str(Path("photos").absolute()), *f"-n 12 -q --seed 2 -o {name}".split())
    run(f"report photos a.json {name} page.html -q")
    items = read_items()
    assert list_selected(items, 1) == list_paths("a.json")
    assert list_selected(items, 2) == list_paths("b.csv")


def test_the_collection_is_what_the_other_sources_name() -> None:
    """With its groups; picks that are not of it are added."""
    run("report photos/site_1 a.json b.csv page.html -q --group-by parent")
    items = read_items()
    n_added = len(
        {path for path in list_paths("a.json") | list_paths("b.csv") if "site_1/" not in path}
    )
    assert len(items["name"]) == len(list(Path("photos/site_1").iterdir())) + n_added
    assert "photos/site_1" in items["groups"]


def test_without_a_folder_in_common_the_picks_are_compared(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A folder above the user's own is of no collection, and would take hours to read."""
    monkeypatch.setenv("HOME", str(folder / "photos" / "user"))
    run("report a.json b.csv page.html")
    n = len(list_paths("a.json") | list_paths("b.csv"))
    assert len(read_items()["name"]) == n
    assert f"{n} images, those that either selection has" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("report photos page.html", "or name two selections to compare"),
        ("report picks.lock page.html", "of a lockfile, sample --lock makes a --report"),
        ("report a.json b.csv page.html --keep a.json", "--keep is about selecting"),
        ("report a.json b.csv page.html --max-per-sequence 1", "--max-per-sequence is about"),
    ],
)
def test_what_is_about_selecting_is_refused(
    words: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before anything is read."""
    with pytest.raises(SystemExit):
        main(words.split())
    assert told in capsys.readouterr().err


@pytest.mark.parametrize("words", ["photos a.json", "a.json photos/*/*.jpg", "a.json gone.csv"])
def test_only_files_are_compared(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The message says both ways on."""
    first, second = words.split()
    run("report", first, second, "page.html", code=1)
    told = capsys.readouterr().err
    assert "must be selections in files" in told
    assert "a.json b.json, or say how many images to select with -n" in told
    assert not Path("page.html").exists()


def test_a_photo_is_no_place_for_the_page(capsys: pytest.CaptureFixture[str]) -> None:
    """A file that is no page of ours stays."""
    Path("page.html").write_text("mine")
    run("report a.json b.csv page.html", code=1)
    assert "page.html" in capsys.readouterr().err
    assert Path("page.html").read_text() == "mine"


class TestCrops:
    """Crops are compared by their boxes."""

    @pytest.fixture(autouse=True)
    def results(self, folder: Path) -> Path:
        """Three crops of each of two photos."""
        shutil.rmtree(folder / "photos")
        boxes = [detect(x, 0.1, 0.3, 0.5) for x in (0, 0.3, 0.6)]
        for number in range(2):
            write_jpeg(folder / f"{number}.jpg", number)
        return write_results(folder / "all.json", {f"{n}.jpg": boxes for n in range(2)})

    def test_those_of_tables_are_found_in_the_document(self) -> None:
        """A photo does not stand for all of its crops."""
        run("sample all.json -n 2 -q --seed 1 -o a.csv")
        run("sample all.json -n 3 -q --seed 2 -o b.csv")
        run("report all.json a.csv b.csv page.html -q")
        has = read_items()["selectedBy"]
        assert len(has) == 6
        assert sum(bits & 1 > 0 for bits in has) == 2
        assert sum(bits & 2 > 0 for bits in has) == 3

    def test_those_of_documents_are_compared_alone(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """The folder of photos is not what they are a selection of."""
        run("sample all.json -n 2 -q --seed 1 --only-selected-boxes -o c.json")
        run("sample all.json -n 3 -q --seed 2 --only-selected-boxes -o d.json")
        capsys.readouterr()
        run("report c.json d.json page.html")
        assert "those that either selection has" in capsys.readouterr().err
        assert sum(bits & 2 > 0 for bits in read_items()["selectedBy"]) == 3

    def test_those_of_tables_need_the_document(self, capsys: pytest.CaptureFixture[str]) -> None:
        """A table does not tell how the boxes were made."""
        run("sample all.json -n 2 -q -o a.csv")
        run("report a.csv a.csv page.html", code=1)
        assert "Name the document that they were selected from" in capsys.readouterr().err
