"""Tests of smartdownsample.cli: what command lines mean, and what runs say and write."""

import inspect
import json
import os
import shlex
import shutil
import subprocess
import warnings
from dataclasses import fields
from pathlib import Path
from typing import NoReturn

import pyarrow.parquet as pq
import pytest

import smartdownsample as sd
from pictures import write_collection, write_photo
from smartdownsample import ImageIndex, __version__
from smartdownsample.cli import main
from smartdownsample.cli.parser import COMMANDS, make_parser, parse_arguments
from smartdownsample.errors import warn_user
from smartdownsample.items.local_files import LocalFiles
from smartdownsample.options import RANDOM_SEED, ReadingOptions, SamplingOptions
from smartdownsample.records import ItemList


@pytest.mark.parametrize("command", ["sample", "rank"])
def test_options_have_the_names_and_defaults_of_the_library(command: str) -> None:
    """Whatever the library takes, the command has, and means the same."""
    options = vars(parse_arguments([command, "photos", "-n", "3"]))
    assert options["random_seed"] == RANDOM_SEED
    others = {"keep", "groups", "show_progress", "merges_parts", "must_keep"}
    others |= {"per_group"} if command == "rank" else set()
    for record in (ReadingOptions(), SamplingOptions()):
        for field in fields(record):
            if field.name not in others:
                assert options[field.name] == getattr(record, field.name)


def test_choices_are_those_of_the_library() -> None:
    """A word that one knows, the other knows as well."""
    parser = make_parser()
    sample = next(action for action in parser._actions if action.dest == "command").choices  # noqa: SLF001 # argparse has no other way
    assert sample is not None
    choices = {
        action.dest: action.choices
        for action in sample["sample"]._actions  # type: ignore[index] # a mapping # noqa: SLF001
        if action.choices
    }
    for call in (ImageIndex.build, ImageIndex.sample):
        for name, parameter in inspect.signature(call).parameters.items():
            if name in choices:
                assert set(choices[name]) == set(parameter.annotation.__args__)


def test_sources_may_stand_on_both_sides_of_options() -> None:
    """In the order in which they are given."""
    options = parse_arguments(["sample", "a", "b", "-n", "5", "c", "--seed", "1", "d"])
    assert options.sources == ["a", "b", "c", "d"]
    assert options.target_count == 5


def test_a_share_is_told_from_a_count() -> None:
    """The percent sign decides."""
    assert parse_arguments(["sample", "a", "-n", "1"]).target_count == 1
    share = parse_arguments(["sample", "a", "-n", "12.5%"]).target_count
    assert isinstance(share, float)
    assert share == 0.125


def test_the_page_of_a_report_is_named_last() -> None:
    """Wherever the options stand."""
    for line in ("a b page.html -n 5", "a b -n 5 page.html", "-n 5 a b page.html"):
        options = parse_arguments(["report", *line.split()])
        assert (options.sources, options.page) == (["a", "b"], "page.html")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", "required: COMMAND"),
        ("pick photos", "invalid choice: 'pick'"),
        ("sample -n 5", "required: SOURCE"),
        ("sample photos", "say how many images with -n"),
        ("sample photos -n 5 --absolute-paths", "--absolute-paths needs --report"),
        ("sample photos -n 3 --add", "--add adds images to the folder of --copy-to, --link-to or"),
        ("sample photos -n 3 --explain", "--explain needs -o"),
        (
            "sample photos -n ten",
            "a count such as 1000, or a share such as 10%, at most 100%. Got 'ten'",
        ),
        (
            "sample photos -n -5",
            "a count such as 1000, or a share such as 10%, at most 100%. Got '-5'",
        ),
        ("sample photos -n 5 --seed -1", "of at least 0. Got '-1'"),
        ("sample photos -n 101%", "a share such as 10%, at most 100%. Got '101%'"),
        ("sample photos -n 5 --balance 2", "from 0 to 1. Got '2'"),
        ("sample photos -n 5 --balance 1", "--balance needs --group-by"),
        ("sample photos --per-group 5", "--per-group needs --group-by"),
        ("sample photos --per-group 5 --balance 1 --group-by parent", "give -n as well"),
        ("sample photos --per-group 0 --group-by parent", "of at least 1. Got '0'"),
        ("sample photos -n 5 --group-by site", "column:NAME. Got 'site'"),
        ("sample photos -n 5 --group-by column:", "Got 'column:'"),
        ("sample photos -n 5 --group-by regex:(", "no regular expression"),
        ("sample photos -n 5 --hash-size 1", "from 2 to 32. Got '1'"),
        ("sample photos -n 5 --hash-size 33", "from 2 to 32. Got '33'"),
        (
            f"sample photos -n {2**63}",
            f"a count such as 1000, or a share such as 10%, at most 100%. Got '{2**63}'",
        ),
        (f"sample photos -n 5 --max-per-sequence {10**30}", f"from 1 to {2**63 - 1}. Got '1000"),
        ("sample photos -n 5 --quotas two-phase --keep a.txt", "leave out --keep"),
        ("sample photos -n 5 -o picked.xlsx", ".parquet. Got 'picked.xlsx'"),
        ("sample - -n 5 --keep -", "can be read once only"),
        ("sample photos -n 5 --see 3", "unknown argument '--see'. Did you mean '--seed'?"),
        ("sample photos --cuont=5", "unknown argument '--cuont=5'. Did you mean '--count'?"),
        ("smaple photos -n 5", "Did you mean 'sample'?"),
        (". -n 5", "A command comes first, such as: smartdownsample sample '.'"),
        ("sample photos -n 5 --spread vsual", "Did you mean 'visual'?"),
        ("sample photos -n 5 --group-by specis", "Got 'specis' instead. Did you mean 'species'?"),
        ("sample photos more -n 5 --seed", "--seed"),
        ("rank photos --per-group 5 --group-by parent", "unknown argument '--per-group'"),
        ("rank photos --quotas two-phase", "invalid choice: 'two-phase'"),
        ("report photos -n 5", "such as page.html, not photos"),
        ("report page.html -n 5", "name the page to write after the sources"),
        ("cache", "required: ACTION"),
        ("cache info photos", "unknown argument 'photos'"),
        ("cache import pack.parquet", "required: --root"),
        ("--print-completion cmd", "must be one of bash"),
    ],
)
def test_a_line_that_makes_no_sense_is_told_so(
    line: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """In two lines with exit code 2; the second says where help is."""
    with pytest.raises(SystemExit) as ended:
        parse_arguments(line.split())
    assert ended.value.code == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert words in err
    first, second = err.splitlines()
    assert first.startswith("smartdownsample: error: ")
    assert second.startswith("See: smartdownsample")


@pytest.mark.parametrize("name", COMMANDS)
def test_help_ends_in_two_examples(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Of the command, which it understands."""
    with pytest.raises(SystemExit) as ended:
        parse_arguments([name, "--help"])
    assert ended.value.code == 0
    _, _, shown = capsys.readouterr().out.partition("\nexamples:\n")
    examples = [shlex.split(line.partition(" |")[0]) for line in shown.splitlines()]
    assert len(examples) == 2
    for program, *arguments in examples:
        assert program == "smartdownsample"
        assert parse_arguments(arguments).command == name


def test_help_tells_how_shells_complete(capsys: pytest.CaptureFixture[str]) -> None:
    """Each by a line to type."""
    with pytest.raises(SystemExit):
        parse_arguments(["--help"])
    out = capsys.readouterr().out
    for shell in ("bash", "fish", "zsh"):
        assert f"smartdownsample --print-completion {shell} > " in out


@pytest.mark.parametrize("shell", ["bash", "fish", "zsh"])
def test_what_shells_need_is_printed(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    """With the options of every command."""
    with pytest.raises(SystemExit) as ended:
        parse_arguments(["--print-completion", shell])
    assert ended.value.code == 0
    out = capsys.readouterr().out
    assert "max-per-sequence" in out
    assert "prune" in out
    program = shutil.which(shell)
    if program is not None:
        done = subprocess.run([program, "-n"], input=out, text=True, check=False)
        assert done.returncode == 0


# ------------------------------------------------------------------ runs


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder of photos."""
    write_collection(tmp_path / "photos", 30)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TQDM_MININTERVAL", "0.1")  # which a run would set
    return tmp_path


def test_a_run_writes_all_that_is_asked_for(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """And prints no paths then; images that were placed before are there already."""
    outputs = {
        "--output": "picked.parquet",
        "--manifest": "run.json",
        "--report": "page.html",
        "--distribution": "distribution.png",
        "--thumbnails": "thumbnails.png",
        "--copy-to": "copies",
        "--link-to": "links",
    }
    words = [word for pair in outputs.items() for word in pair]
    line = ["sample", "photos", "-n", "20%", "--group-by", "parent", "--explain", *words]
    for told in ("Placed 6 images in copies", "Placed 0 images in copies, 6 there already"):
        assert main(line) == 0
        out, err = capfd.readouterr()
        assert out == ""
        assert told in err
    assert all((folder / name).exists() for name in outputs.values())
    assert {"rank", "nearest_path"} <= set(pq.read_table("picked.parquet").column_names)
    manifest = json.loads((folder / "run.json").read_text())
    assert manifest["parameters"]["grouping"] == "parent"


def test_images_that_are_gone_before_they_are_placed_fail_the_run(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """They are named, and all others are placed."""
    gather = ImageIndex.gather_items

    def gather_and_lose(items: ItemList, reading: ReadingOptions) -> ImageIndex:
        index = gather(items, reading)
        os.unlink(index.paths[3])
        return index

    monkeypatch.setattr(ImageIndex, "gather_items", gather_and_lose)
    assert main(["sample", "photos", "-n", "30", "-q", "--copy-to", "copies"]) == 1
    assert "Could not be placed: photos/site_1/IMG_4.jpg (File not found)" in capfd.readouterr().err
    assert len(list((folder / "copies").rglob("*.jpg"))) == 29


@pytest.mark.usefixtures("folder")
def test_every_command_answers(capfd: pytest.CaptureFixture[str]) -> None:
    """For people as for programs."""

    def run(line: str) -> str:
        assert main(line.split()) == 0
        return capfd.readouterr().out

    assert run("features photos/site_1 --cache-dir store") == ""
    told = run("sample photos -n 5 --dry-run --cache-dir store")
    assert told.startswith("30 images: 20 known from earlier runs")
    assert told.endswith("10  photos/site_2\n")
    assert json.loads(run("sample photos -n 5 --dry-run --json"))["n_to_decode"] == 30
    assert len(json.loads(run("sample photos -n 5 --json"))["paths"]) == 5
    assert len(run("rank photos -n 50% --relative-to photos -0").split("\0")) == 16
    assert run("report photos --per-group 1 --group-by regex:site_. page.html") == ""
    assert "30 images in 2 folders" in run("inspect photos")
    assert json.loads(run("inspect photos --json"))["total"]["n_images"] == 30
    assert "30 files in 2 folders" in run("cache info")
    assert json.loads(run("cache info --json"))[0]["spec"].startswith("hash8-fast")
    assert "30 images to pack.parquet" in run("cache export pack.parquet photos --root .")
    assert "30 images below ." in run("cache import pack.parquet --root . --cache-dir new")
    assert run("cache verify").startswith("All is well in /")
    assert run("cache prune") == "Removed 0 rows of images that are gone, outdated or kept twice.\n"
    assert json.loads(run("cache prune --json")) == {"n_removed": 0}
    assert run("cache clear").startswith("Freed ")
    assert json.loads(run("cache clear --json")) == {"size_bytes": 0}
    assert run("cache info").startswith("Nothing is kept in /")


def test_what_was_named_twice_or_not_loaded_is_counted(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """With the reasons of failures."""
    assert main(["inspect", "gone.jpg", "photos/site_1/IMG_1.jpg", "-q"]) == 1
    (folder / "bad.jpg").write_text("no image")
    assert main(["inspect", *(["bad.jpg", "photos/site_1/IMG_1.jpg"] * 2), "-q"]) == 0
    out, _ = capfd.readouterr()
    assert "2 paths named an image again" in out
    assert "1 could not be loaded: Not an image but text" in out


def test_damage_is_named(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """With the exit code of a failure."""
    assert main(["features", "photos", "-q", "--cache-dir", "store"]) == 0
    (part,) = (folder / "store").rglob("part-*")
    part.write_bytes(b"no part")
    assert main(["cache", "verify", "--cache-dir", "store"]) == 1
    assert f"{part.name}: " in capfd.readouterr().out
    assert main(["cache", "verify", "--cache-dir", "store", "--json"]) == 1
    assert len(json.loads(capfd.readouterr().out)) == 1


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    "line",
    ["sample table.csv -n 2", "report table.csv -n 2 page.html", "rank table.csv"],
)
def test_groups_are_checked_before_images_are_opened(
    line: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Decoding may take hours."""

    def refuse(_: LocalFiles, location: str, *_bounds: int) -> NoReturn:
        raise AssertionError(location)

    Path("table.csv").write_text("path,kind\nphotos/site_1/IMG_1.jpg,\n")
    monkeypatch.setattr(LocalFiles, "read", refuse)
    assert main([*line.split(), "--group-by", "column:kind"]) == 1
    assert "must have a label for every image" in capfd.readouterr().err


@pytest.mark.usefixtures("folder")
def test_a_root_is_for_tables_as_well(capfd: pytest.CaptureFixture[str]) -> None:
    """Of another machine, say; where there is no table or document it is about nothing."""
    Path("table.csv").write_text("filename\nD:\\cards\\site_1\\IMG_1.jpg\n")
    assert main(["sample", "table.csv", "-n", "1", "-q"]) == 1
    assert "Say with --root what folder the paths of the table count" in capfd.readouterr().err
    assert main(["sample", "table.csv", "-n", "1", "-q", "--root", "photos"]) == 0
    assert Path(capfd.readouterr().out.strip()) == Path("photos/site_1/IMG_1.jpg")
    assert main(["sample", "photos", "-n", "1", "-q", "--root", "photos"]) == 1
    assert "--root is about documents" in capfd.readouterr().err


@pytest.mark.usefixtures("folder")
def test_what_to_do_about_photos_on_the_web_is_told(capfd: pytest.CaptureFixture[str]) -> None:
    """No folder that is named makes a file of an address."""
    entry = {"file": "https://example.org/a.jpg", "detections": []}
    Path("results.json").write_text(json.dumps({"images": [entry]}))
    assert main(["sample", "results.json", "-n", "1", "-q"]) == 1
    assert "Download them, and write into the document where they are." in capfd.readouterr().err


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("results.xlsx", "Save the sheet as CSV"),
        ("data.yaml", "Name the folder of its images"),
        ("package.zip", "Unpack it"),
    ],
)
def test_files_that_are_no_lists_are_refused_with_advice(
    name: str, words: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """What people take for one."""
    Path(name).write_bytes(b"PK\3\4" if name != "data.yaml" else b"train: images\n")
    assert main(["sample", name, "-n", "1", "-q"]) == 1
    assert words in capfd.readouterr().err


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("sample nowhere -n 5", "no file, folder or match for 'nowhere'"),
        ("sample photos -n 5 --relative-to elsewhere", "--relative-to"),
        (
            "cache import nowhere.parquet --root .",
            "'nowhere.parquet' cannot be used as a feature pack: No such file",
        ),
    ],
)
def test_an_error_is_said_in_a_line(
    line: str, words: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """Whether it is an error of this package or of the system."""
    assert main([*line.split(), *(["-q"] if line.startswith("sample") else [])]) == 1
    out, err = capfd.readouterr()
    assert out == ""
    (told,) = [text for text in err.splitlines() if "error" in text]
    assert told.startswith("smartdownsample: error: ")
    assert words in told


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("options", "told"),
    [([], "To go on, run the same command again"), (["--no-cache"], "interrupted.\n")],
)
def test_an_interrupt_is_told_of(
    options: list[str],
    told: str,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """With what has become of the work done so far."""

    def interrupt(*_: object) -> NoReturn:
        raise KeyboardInterrupt

    monkeypatch.setattr(ImageIndex, "gather_items", interrupt)
    assert main(["sample", "photos", "-n", "5", *options]) == 130
    assert told in capfd.readouterr().err


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("kind", [name for name in sd.__all__ if name.endswith("Warning")])
def test_warnings_of_this_package_are_a_line(
    kind: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Of whatever kind: without the line of code that gave it."""
    gather = ImageIndex.gather_items

    def gather_and_warn(items: ItemList, reading: ReadingOptions) -> ImageIndex:
        warn_user("beware", getattr(sd, kind))
        return gather(items, reading)

    monkeypatch.setattr(ImageIndex, "gather_items", gather_and_warn)
    assert main(["rank", "photos", "-q"]) == 0
    assert capfd.readouterr().err.splitlines() == ["smartdownsample: warning: beware"]


@pytest.mark.usefixtures("folder")
def test_warnings_of_others_look_as_ever(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Only those of this package are a line in the name of the command."""
    gather = ImageIndex.gather_items

    def gather_and_warn(items: ItemList, reading: ReadingOptions) -> ImageIndex:
        warnings.warn("beware", stacklevel=1)
        return gather(items, reading)

    monkeypatch.setattr(ImageIndex, "gather_items", gather_and_warn)
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        assert main(["rank", "photos", "-q"]) == 0
    assert "UserWarning: beware" in capfd.readouterr().err


@pytest.mark.parametrize("option", ["-V", "--version"])
def test_versions_are_listed(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Of what the package can use, not of what it is developed with."""
    with pytest.raises(SystemExit) as ended:
        main([option])
    assert ended.value.code == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"smartdownsample {__version__}"
    names = {line.partition(" ")[0] for line in lines}
    assert {"numpy", "shtab", "opencv-python-headless"} <= names
    assert "pytest" not in names


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("photos -n 3 -o a.json --manifest ./a.json", "two outputs are one file, './a.json'"),
        ("photos -n 3 --keep a.csv -o a.csv", "'a.csv' is read: give the output another name"),
        ("a.txt -n 3 -o ./a.txt", "'./a.txt' is read"),
    ],
)
def test_no_output_replaces_another_or_a_list_that_is_read(
    line: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Labels of last season are not lost."""
    with pytest.raises(SystemExit) as ended:
        parse_arguments(["sample", *line.split()])
    assert ended.value.code == 2
    assert message in capsys.readouterr().err


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs links and devices of POSIX")
@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("sample /dev/stdin -n 3 -o list.txt", "'list.txt' is read"),
        ("sample - -n 3 -o list.txt", "'list.txt' is read"),
        ("sample photos -n 3 --keep /dev/fd/0 -o soft.txt", "'soft.txt' is read"),
        ("sample soft.txt -n 3 -o hard.txt", "'hard.txt' is read"),
        ("cache export pack.parquet pack --root .", "'pack.parquet' is read"),
        ("sample photos -n 3 -o x/a.json --manifest y/a.json", "one file, 'y/a.json'"),
        ("sample photos -n 3 -o new.json --manifest one.json", "one file, 'one.json'"),
    ],
)
def test_no_output_is_a_file_that_is_read_by_another_name(
    line: str,
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Through links, and through the standard input; nor are two outputs."""
    monkeypatch.chdir(tmp_path)
    listed = Path("list.txt")
    listed.write_text("photos/1.jpg\n")
    os.link(listed, "hard.txt")
    os.symlink(listed, "soft.txt")
    Path("pack.parquet").touch()
    os.symlink("pack.parquet", "pack")
    Path("x").mkdir()
    os.symlink("x", "y")
    os.symlink("new.json", "one.json")
    keyboard = os.dup(0)
    stream = os.open(listed, os.O_RDONLY)
    os.dup2(stream, 0)
    try:
        with pytest.raises(SystemExit) as ended:
            main(line.split())
    finally:
        os.dup2(keyboard, 0)
        os.close(keyboard)
        os.close(stream)
    assert ended.value.code == 2
    assert message in capfd.readouterr().err
    assert listed.read_text() == "photos/1.jpg\n"


def test_commands_say_what_came_of_previews(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In their summaries; `inspect` names the folders that were decoded, also for programs."""
    monkeypatch.chdir(tmp_path)
    for i in range(7):
        write_photo(Path("photos/good") / f"{i}.jpg", i)
        write_photo(Path("photos/none") / f"{i}.jpg", i, has_thumbnail=False)
    options = ["photos", "--decode", "preview", "--cache-dir", "cache"]
    assert main(["sample", *options, "-n", "3", "--dry-run"]) == 0
    assert "Decoding takes at most" in capsys.readouterr().out
    lines = [
        "2 described by the previews in their files, 12 decoded instead",
        "10 decoded to check previews: 5 of 5 look like theirs, 5 had none to compare",
        "1 folder decoded as a whole: previews are missing or not like the photos",
    ]
    assert main(["features", *options]) == 0
    assert [f"  {line}" for line in lines] == capsys.readouterr().err.splitlines()[-3:]
    assert main(["inspect", *options, "-q"]) == 0
    assert capsys.readouterr().out.splitlines()[1:5] == [*lines, "  photos/none"]
    assert main(["inspect", *options, "-q", "--json"]) == 0
    previews = json.loads(capsys.readouterr().out)["previews"]
    assert (previews["n_previews"], previews["refused_folders"]) == (2, ["photos/none"])
    assert main(["report", *options, "-n", "3", "-q", "page.html"]) == 0
    page = Path("page.html").read_text(encoding="utf-8")
    assert "From previews" in page
    assert "; ".join(lines[1:]) in page
