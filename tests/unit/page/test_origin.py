"""Tests of smartdownsample.page.origin."""

import shlex
from pathlib import Path

import pytest

from feature_tables import make_table
from pictures import write_collection
from report_pages import save
from smartdownsample import ImageIndex
from smartdownsample.cli import main
from smartdownsample.page.origin import name_collection, spell_call, spell_command
from smartdownsample.page.paths import show_paths


def test_a_command_can_be_run_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is shown word by word, quoted where the shell needs it."""
    write_collection(tmp_path / "my photos", 12)
    monkeypatch.chdir(tmp_path)
    assert main(["report", "my photos", "-n", "3", "page.html", "-q"]) == 0
    assert capsys.readouterr().out == ""
    page = (tmp_path / "page.html").read_text("utf-8")
    assert "smartdownsample report &#39;my photos&#39; -n 3 page.html -q" in page


def test_absolute_paths_of_a_command_are_shortened(tmp_path: Path) -> None:
    """As everywhere on the page, unless they are asked for."""
    write_collection(tmp_path / "photos", 25)
    selection = ImageIndex.build(tmp_path / "photos", cache=False).sample(3)
    arguments = ["sample", str(tmp_path / "photos"), f"--report={tmp_path}/page.html", "-n", "3"]
    shown = show_paths(selection, absolute_paths=False)
    assert spell_command(arguments, shown) == (
        "smartdownsample sample photos --report=page.html -n 3"
    )
    shown = show_paths(selection, absolute_paths=True)
    assert spell_command(arguments, shown) == f"smartdownsample {shlex.join(arguments)}"


def test_a_call_is_spelt_in_python() -> None:
    """With what is not the default; long values are left out."""
    index = ImageIndex(make_table(30))
    shown = show_paths(index.sample(5), absolute_paths=False)
    assert spell_call(index.sample(5), shown) == "ImageIndex.build('…').sample(5)"
    selection = index.sample(5, groups="parent", per_group=3, random_seed=1, keep=index.paths[:2])
    assert spell_call(selection, shown) == (
        "ImageIndex.build('…').sample(5, random_seed=1, groups='parent', per_group=3, keep=…)"
    )
    selection = index.sample(5, groups="parent", per_group={"cam_0": 5})
    assert spell_call(selection, shown) == (
        "ImageIndex.build('…').sample(5, groups='parent', per_group=…)"
    )
    assert spell_call(index.rank().first(5), shown) == ""


def test_a_collection_is_named_by_its_folder(tmp_path: Path) -> None:
    """That which all images have in common; else by their number."""
    write_collection(tmp_path / "Peru 2024", 25)
    selection = ImageIndex.build(tmp_path / "Peru 2024", cache=False).sample(3)
    page = save(tmp_path / "page.html", selection)
    assert page.texts[0] == "Peru 2024: 3 of 25 images"
    assert "ImageIndex.build('Peru 2024').sample(3)" in page.texts
    selection = ImageIndex(make_table(30)).sample(3)
    shown = show_paths(selection, absolute_paths=False)
    assert name_collection(selection, shown) == "30 images"
