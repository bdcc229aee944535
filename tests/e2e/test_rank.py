"""What the command ranks, in files."""

from pathlib import Path

import pyarrow.csv
import pytest

from pictures import write_collection
from smartdownsample.cli import main


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder with photos and a table of them."""
    paths = write_collection(tmp_path / "photos", 12)
    rows = "".join(f"{path},{place}\n" for place, path in enumerate(paths))
    (tmp_path / "table.csv").write_text(f"path,place\n{rows}")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_ranking_is_written_to_a_file(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """In the order that is printed otherwise, and with the columns of the table that named it."""
    assert main(["rank", "table.csv", "-q"]) == 0
    printed = capfd.readouterr().out.splitlines()
    for name in ("ranks.txt", "ranks.csv"):
        assert main(["rank", "table.csv", "-q", "-o", name]) == 0
    assert capfd.readouterr() == ("", "")
    assert (folder / "ranks.txt").read_text().splitlines() == printed
    table = pyarrow.csv.read_csv(folder / "ranks.csv")
    assert table["path"].to_pylist() == printed
    assert table["rank"].to_pylist() == list(range(12))
    assert sorted(table["place"].to_pylist()) == list(range(12))


@pytest.mark.parametrize("command", ["rank table.csv", "sample table.csv -n 5"])
def test_both_commands_explain_what_they_write(
    command: str, folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """By the rank of each image and the other one that looks most like it."""
    assert main([*command.split(), "-q", "-o", "why.csv", "--explain"]) == 0
    table = pyarrow.csv.read_csv(folder / "why.csv")
    assert {"rank", "nearest_path", "distance"} < {*table.column_names}
    assert sorted(table["rank"].to_pylist()) == list(range(len(table)))
    with pytest.raises(SystemExit):
        main([*command.split(), "--explain"])
    assert "--explain needs -o" in capfd.readouterr().err


def test_a_ranking_replaces_nothing_of_the_user_s(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Neither what is read nor what others made."""
    (folder / "notes.csv").write_text("my,notes\n1,2\n")
    assert main(["rank", "photos", "-q", "-o", "notes.csv"]) == 1
    assert "'notes.csv' cannot be written" in capfd.readouterr().err
    assert (folder / "notes.csv").read_text() == "my,notes\n1,2\n"
    with pytest.raises(SystemExit):
        main(["rank", "table.csv", "-q", "-o", "table.csv"])
    assert "'table.csv' is read" in capfd.readouterr().err
