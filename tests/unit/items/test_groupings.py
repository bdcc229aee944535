"""Tests of smartdownsample.items.groupings: the same rules in Python as in the command."""

from pathlib import Path

import pytest

from pictures import write_collection
from small_surveys import detect, write_jpeg, write_results
from smartdownsample import Document, ImageIndex, sample_diverse
from smartdownsample.cli import main
from smartdownsample.errors import InvalidParameterError


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder with photos of three sites, and a document of two others."""
    write_collection(tmp_path / "photos", 30)
    for seed, name in enumerate(("camera_1/a.jpg", "camera_2/b.jpg"), start=1):
        write_jpeg(tmp_path / name, seed)
    write_results(
        tmp_path / "md.json",
        {
            "camera_1/a.jpg": [detect(0, 0, 0.5, 0.5), detect(0.5, 0.5, 0.5, 0.5)],
            "camera_2/b.jpg": [detect(0, 0, 1, 1)],
        },
    )
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("rule", ["parent", r"regex:site_(\d)", "regex:[0-9].jpg", "camera"])
def test_a_rule_selects_the_same_in_python_as_in_the_command(
    rule: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """However the groups share."""
    assert main(["sample", "photos", "-q", "--group-by", rule, "--per-group", "2"]) == 0
    printed = capfd.readouterr().out.splitlines()
    index = ImageIndex.build("photos")
    selection = index.sample(groups=rule, per_group=2)
    assert selection.paths == printed
    assert len(selection.groups) > 1
    given = sample_diverse("photos", None, groups=rule, per_group=2, show_summary=False)
    assert given == printed
    assert main(["rank", "photos", "-q", "--group-by", rule, "--balance", "1"]) == 0
    assert index.rank(groups=rule, balance=1).paths == capfd.readouterr().out.splitlines()


@pytest.mark.usefixtures("folder")
def test_groups_of_a_rule_have_names_for_counts() -> None:
    """The first group of the pattern, or all that it matches."""
    index = ImageIndex.build("photos")
    selection = index.sample(groups=r"regex:site_(\d)", per_group={"1": 2, "2": 1})
    assert [(group.name, group.n_kept) for group in selection.groups][:2] == [("1", 2), ("2", 1)]
    with pytest.raises(InvalidParameterError, match=r"'1', '2'.*Got 'site_1'"):
        index.sample(groups=r"regex:site_(\d)", per_group={"site_1": 2})
    split = selection.split(groups=r"regex:site_(\d)")
    assert len(split.train) + len(split.validation) == 3


@pytest.mark.usefixtures("folder")
def test_what_a_document_says_makes_groups() -> None:
    """By the words of the command."""
    index = ImageIndex.build(Document.read("md.json"), cache=False)
    assert [group.name for group in index.sample(1, groups="category").groups] == ["animal"]
    assert len(index.sample(groups="camera", per_group=1)) == 2


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("regex:(", "must be a regular expression"),
        ("regex:site_1", "of 30 do not match"),
        ("regex:", "'regex:' and a pattern.*Got 'regex:'"),
        ("folder", "Got 'folder'"),
        ("species", "need a document of detections"),
        ("column:place", r"Give the column itself, such as frame\['place'\]"),
    ],
)
def test_a_rule_that_cannot_be_followed_is_refused(rule: str, words: str) -> None:
    """With what to do."""
    index = ImageIndex.build("photos")
    with pytest.raises(InvalidParameterError, match=words):
        index.sample(5, groups=rule)


def test_species_that_folders_name_have_a_rule_of_their_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Which the message of the command tells."""
    write_collection(tmp_path, 4)
    assert main(["sample", str(tmp_path), "-n", "2", "--group-by", "species", "-q"]) == 1
    assert "Where folders name them, use parent or regex:PATTERN." in capsys.readouterr().err
