"""The command, as shells and other programs call it: each run in a process of its own.

Where it matters how a process begins, Python starts anew; the others are forked, which is faster.
"""

import csv
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from forks import CommandServer
from pictures import REPOSITORY, make_old, write_collection, write_picture
from report_pages import Page
from smartdownsample import ImageIndex, __version__

COMMAND = [sys.executable, "-W", "error", "-m", "smartdownsample"]
BASH = shutil.which("bash")
N_PHOTOS = 60
# Runs the command where no file may grow beyond a size, like on a disk that fills up.
ON_SMALL_DISK = """
import resource, signal, sys
from smartdownsample.cli import main
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]),) * 2)
sys.exit(main(sys.argv[2:]))
"""


class Place:
    """A folder with photos, and a store that knows them."""

    def __init__(self, folder: Path, server: CommandServer | None) -> None:
        self.folder = folder
        self.server = server
        self.environment: Mapping[str, str] = {
            **os.environ,
            "SMARTDOWNSAMPLE_CACHE_DIR": str(folder / "cache"),
        }

    def start(self, *arguments: str, **settings: Any) -> "subprocess.Popen[bytes]":
        """Start the command in the folder."""
        settings = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **settings}
        return subprocess.Popen(
            [*COMMAND, *arguments], cwd=self.folder, env=self.environment, **settings
        )

    def call(self, *arguments: str, stdin: bytes = b"") -> "subprocess.CompletedProcess[bytes]":
        """Run the command to its end."""
        if self.server is None:
            return self.call_anew(*arguments, stdin=stdin)
        return self.server.run(arguments, self.folder, self.environment, stdin)

    def call_anew(
        self, *arguments: str, stdin: bytes = b""
    ) -> "subprocess.CompletedProcess[bytes]":
        """Run the command to its end, by another Python."""
        return subprocess.run(
            [*COMMAND, *arguments],
            cwd=self.folder,
            env=self.environment,
            input=stdin,
            capture_output=True,
            check=False,
        )

    def run(self, *arguments: str, stdin: bytes = b"") -> str:
        """Run the command, which succeeds and says nothing, and return what it prints."""
        done = self.call(*arguments, stdin=stdin)
        assert (done.returncode, done.stderr) == (0, b"")
        return os.fsdecode(done.stdout)

    def sample(self, *arguments: str, stdin: bytes = b"") -> list[str]:
        """Sample quietly, and return the paths that are printed."""
        return self.run("sample", "-q", *arguments, stdin=stdin).splitlines()


@pytest.fixture(scope="module")
def server() -> Iterator[CommandServer | None]:
    """Start what runs are forked from, where this is possible."""
    if sys.platform != "linux":
        yield None
        return
    running = CommandServer()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, server: CommandServer | None) -> Place:
    """Write photos of three sites, and let the store know them; not to be changed."""
    folder = tmp_path_factory.mktemp("place")
    write_collection(folder / "photos", N_PHOTOS)
    place = Place(folder, server)
    ImageIndex.build(folder / "photos", cache_dir=folder / "cache")
    return place


@pytest.fixture
def new_place(tmp_path: Path, server: CommandServer | None) -> Place:
    """Make a folder without photos or a store."""
    return Place(tmp_path, server)


def refuse(done: "subprocess.CompletedProcess[bytes]") -> str:
    """Expect an error of a line or two; return it."""
    assert done.returncode == 1
    assert done.stdout == b""
    error = done.stderr.decode()
    assert error.startswith("smartdownsample: error: ")
    assert len(error.splitlines()) <= 2
    assert "Traceback" not in error
    return error


# ------------------------------------------------------------------ what it prints


def test_paths_are_printed_and_words_go_to_standard_error(place: Place) -> None:
    """The paths are those of the library; the summary does not mix with them."""
    done = place.call_anew("sample", "photos", "-n", "12")
    assert done.returncode == 0
    index = ImageIndex.build(place.folder / "photos", cache_dir=place.folder / "cache")
    expected = [os.path.relpath(path, place.folder) for path in index.sample(12).paths]
    assert done.stdout.decode().splitlines() == expected
    assert done.stderr.decode().startswith("Images    60, ")
    assert "\nKept      12 " in done.stderr.decode()
    assert place.sample("photos", "-n", "12") == expected


def test_a_first_run_shows_progress_and_the_next_one_knows_the_images(new_place: Place) -> None:
    """On standard error, and neither when told to be quiet."""
    write_collection(new_place.folder / "photos", 5)
    first = new_place.call_anew("sample", "photos", "-n", "3").stderr.decode()
    assert "Decoding: 100%" in first
    assert "5, all read now" in first
    second = new_place.call("sample", "photos", "-n", "3").stderr.decode()
    assert "Decoding" not in second
    assert "all known" in second


def test_a_reader_that_has_enough_ends_the_command_silently(place: Place) -> None:
    """As it ends ``cat``."""
    reader, writer = os.pipe()
    os.close(reader)
    with place.start("sample", "photos", "-n", "50", "-q", stdout=writer) as process:
        os.close(writer)
        _, error = process.communicate(timeout=60)
    assert (process.returncode, error) == (141, b"")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="the platform has no full device")
@pytest.mark.parametrize("arguments", ["sample photos -n 5 -q", "--version"])
def test_output_that_cannot_be_written_is_an_error(place: Place, arguments: str) -> None:
    """It is not lost in silence."""
    with open("/dev/full", "wb") as full:
        process = place.start(*arguments.split(), stdout=full)
        _, error = process.communicate(timeout=60)
    assert process.returncode == 1
    assert error.decode().startswith("smartdownsample: error: ")
    assert b"No space left on device" in error
    assert len(error.splitlines()) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="needs names that are not Unicode")
def test_names_with_line_breaks_and_no_unicode_come_through(new_place: Place) -> None:
    """In and out, with NUL between them; on lines they are refused."""
    names = [b"photos/a\nb.jpg", b"photos/a b.jpg", b"photos/caf\xe9.jpg"]
    for seed, name in enumerate(names):
        good = write_picture(new_place.folder / "photos" / f"{seed}.jpg", seed)
        os.rename(good, os.path.join(os.fsencode(new_place.folder), name))
    listed = b"\0".join(names) + b"\0"
    done = new_place.call_anew("sample", "-", "-n", "3", "-0", "-q", stdin=listed)
    assert sorted(done.stdout.split(b"\0")) == [b"", *names]
    error = refuse(new_place.call_anew("sample", "photos", "-n", "3", "-q"))
    assert "Print paths with -0" in error
    found = json.loads(new_place.run("sample", "photos", "-n", "3", "--json", "-q"))
    assert {os.fsencode(path) for path in found["paths"]} == set(names)


@pytest.mark.skipif(sys.platform != "linux", reason="needs names that are not Unicode")
def test_a_parquet_file_brings_back_names_that_are_no_unicode(new_place: Place) -> None:
    """As a source, and as images selected before."""
    names = [b"photos/caf\xe9.jpg", b"photos/caf\xe8.jpg", b"photos/plain.jpg"]
    for seed, name in enumerate(names):
        good = write_picture(new_place.folder / "photos" / f"{seed}.jpg", seed)
        os.rename(good, os.path.join(os.fsencode(new_place.folder), name))
    new_place.run("sample", "photos", "--exclude", "plain*", "-n", "9", "-q", "-o", "a.parquet")
    ranked = new_place.call("rank", "a.parquet", "-q").stdout
    assert set(ranked.split(b"\n")) == {*names[:2], b""}
    rest = new_place.call("sample", "photos", "-n", "9", "--keep", "a.parquet", "-q").stdout
    assert rest == names[2] + b"\n"
    new_place.run("sample", "a.parquet", "-n", "1", "-q", "-o", "b.parquet")
    again = pq.read_table(new_place.folder / "b.parquet")
    assert again["path_bytes"].to_pylist()[0] in names[:2]
    assert "source_path_bytes" not in again.column_names


def test_programs_read_json(place: Place) -> None:
    """The selection with how it came about, figures, and the state of the store."""
    found = json.loads(place.run("sample", "photos", "-n", "5", "--json", "-q"))
    assert found["paths"] == place.sample("photos", "-n", "5")
    assert found["counts"]["readable"] == N_PHOTOS
    figures = json.loads(place.run("inspect", "photos", "--json", "-q"))
    assert figures["total"]["n_images"] == N_PHOTOS
    assert list(figures["cameras"]) == ["photos/site_1", "photos/site_2", "photos/site_3"]
    assert figures["suggested_count"] is None or 1 <= figures["suggested_count"] <= N_PHOTOS
    assert [each["share"] for each in figures["needed"]] == [0.8, 0.9, 0.95]
    (store,) = json.loads(place.run("cache", "info", "--json"))
    assert store["n_rows"] == N_PHOTOS


def test_versions_are_told_without_the_libraries(place: Place) -> None:
    """Those of this package, of Python and of what decodes; nothing of it is imported."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "smartdownsample", "--version"],
        capture_output=True,
        text=True,
        check=True,
        env=place.environment,
    )
    assert done.stdout.startswith(f"smartdownsample {__version__}\nPython 3.")
    for name in ("numpy", "pyarrow", "opencv-python-headless"):
        assert re.search(rf"^{name} \d", done.stdout, flags=re.MULTILINE)
    imported = {line.split("|")[-1].strip() for line in done.stderr.splitlines()}
    assert "argparse" in imported
    assert not imported & {"numpy", "pyarrow", "cv2", "shtab", "PIL"}


@pytest.mark.skipif(BASH is None, reason="there is no bash")
def test_bash_completes_the_command(place: Place) -> None:
    """Commands and options, from what the command prints."""
    assert BASH is not None
    script = place.run("--print-completion", "bash")
    ask = (
        "COMP_WORDS=(smartdownsample sample --max); COMP_CWORD=2; COMP_LINE='x'; COMP_POINT=1\n"
        "_shtab_smartdownsample smartdownsample --max sample; echo ${COMPREPLY[@]}"
    )
    done = subprocess.run(
        [BASH, "-c", f"{script}\n{ask}"], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["--max-per-sequence", "--max-pixels"]


# ------------------------------------------------------------------ how many, of what


def test_counts_and_shares(place: Place) -> None:
    """Nothing, a share, and all where more are asked for, which is said."""
    assert place.sample("photos", "-n", "0") == []
    assert len(place.sample("photos", "-n", "10%")) == N_PHOTOS // 10
    done = place.call("sample", "photos", "-n", "1000")
    assert len(done.stdout.splitlines()) == N_PHOTOS
    assert b"asked for 1,000: every readable image is selected" in done.stderr


def test_sources_of_all_kinds_go_together(place: Place, tmp_path: Path) -> None:
    """A folder, a glob, an image, standard input and a table, before and after options."""
    (tmp_path / "table.csv").write_text("path\nphotos/site_3/IMG_2.jpg\n")
    found = place.sample(
        "photos/site_1",
        "photos/site_2/IMG_1*.jpg",
        "-n",
        "100%",
        "--exclude",
        "IMG_2*",
        "photos/site_3/IMG_1.jpg",
        str(tmp_path / "table.csv"),
        "-",
        stdin=b"photos/site_3/IMG_3.jpg\n",
    )
    of_site_3 = [path for path in found if "site_3" in path]
    assert of_site_3 == ["photos/site_3/IMG_1.jpg", "photos/site_3/IMG_3.jpg"]
    assert len(found) == 18 + 11 + 2


def test_a_missing_source_is_named(place: Place) -> None:
    """Before anything is decoded."""
    error = refuse(place.call_anew("sample", "photos", "nowhere", "-n", "5"))
    assert "'nowhere'" in error
    assert "Check the spelling" in error
    assert "Did you mean" not in error


def test_what_a_labelling_tool_gives_back_is_kept(place: Place, tmp_path: Path) -> None:
    """From a flat folder: the folder, a copy of it without its record, a table of its names."""
    place.run("sample", "photos", "-n", "10", "--copy-to", str(tmp_path / "flat"), "--flat", "-q")
    shutil.copytree(tmp_path / "flat", tmp_path / "back")
    (tmp_path / "back" / ".smartdownsample.json").unlink()
    names = sorted(path.name for path in (tmp_path / "back").iterdir())
    assert len(names) == 10
    assert all(name.startswith("site_") and "--" in name for name in names)
    text = "".join(f"{name},fox\n" for name in names)
    (tmp_path / "labels.csv").write_text(f"filename,label\n{text}")
    labelled = {f"photos/{name.replace('--', '/')}" for name in names}
    others = set(place.sample("photos", "-n", "100%")) - labelled
    for earlier in ("flat", "back", "labels.csv"):
        kept = str(tmp_path / earlier)
        assert set(place.sample("photos", "-n", "100%", "--keep", kept)) == others


def test_what_was_mistyped_is_guessed(place: Place, tmp_path: Path) -> None:
    """Folders, files, columns and groups, by what there is."""
    for source, meant in (
        ("photso", "photos"),
        ("photos/site3", "photos/site_3"),
        ("photso/site_3/IMG_1.jpg", "photos/site_3/IMG_1.jpg"),
    ):
        error = refuse(place.call_anew("sample", source, "-n", "5"))
        assert f"Did you mean '{meant}'?" in error
    table = str(tmp_path / "a.csv")
    place.run("sample", "photos", "-n", "5", "-q", "-o", table)
    error = refuse(place.call("sample", table, "-n", "5", "--group-by", "column:bukcet"))
    assert "Did you mean 'bucket'?" in error


@pytest.mark.parametrize("extension", ["txt", "csv", "json", "parquet"])
def test_images_selected_before_are_kept_apart_from(
    place: Place, tmp_path: Path, extension: str
) -> None:
    """From any file that a selection is written to, of the collection or not; new are others."""
    earlier = str(tmp_path / f"earlier.{extension}")
    place.run("sample", "photos", "-n", "20", "-q", "-o", earlier)
    new = place.sample("photos", "-n", "20", "--keep", earlier)
    kept = place.sample(earlier, "-n", "20")
    assert len(new) == len(kept) == 20
    assert set(new).isdisjoint(kept)
    of_one_site = place.sample("photos/site_1", "-n", "100%", "--keep", earlier)
    assert set(of_one_site) == {
        path for path in place.sample("photos/site_1", "-n", "20") if path not in kept
    }


def test_groups_come_from_folders_patterns_and_columns(place: Place, tmp_path: Path) -> None:
    """Each gives as many as it may."""

    def count(paths: list[str]) -> list[int]:
        return [sum(f"site_{site}" in path for path in paths) for site in (1, 2, 3)]

    capped = ("--per-group", "2", "--group-by")
    assert count(place.sample("photos", *capped, "parent")) == [2, 2, 2]
    assert count(place.sample("photos", *capped, r"regex:site_(\d)")) == [2, 2, 2]
    rows = "".join(f"{path};{i % 4}\n" for i, path in enumerate(place.sample("photos", "-n", "60")))
    table = tmp_path / "table.csv"
    table.write_text(f"File;species\n{rows}")
    picked = tmp_path / "picked.parquet"
    place.run("sample", str(table), *capped, "column:species", "-q", "-o", str(picked))
    species = pq.read_table(picked)["species"].to_pylist()
    assert sorted(species) == sorted("01230123")
    error = refuse(place.call("sample", "photos", *capped, "column:species"))
    assert "need a table" in error


def test_a_ranking_nests_selections(place: Place) -> None:
    """The first are the same however many are asked for."""
    few = place.run("rank", "photos", "-n", "10", "-q").splitlines()
    many = place.run("rank", "photos", "-n", "40", "-q").splitlines()
    assert many[:10] == few
    assert len(set(many)) == 40


# ------------------------------------------------------------------ what it writes


def test_the_same_line_writes_the_same_bytes(new_place: Place) -> None:
    """Whether images are decoded or known; what was copied is no source of the next run."""
    write_collection(new_place.folder / "photos", 30)
    line = (
        "sample photos -n 7 -q --copy-to photos/picked "
        "--manifest out/run.json -o out/picked.csv --parents"
    )
    written = []
    for _ in range(2):
        new_place.call(*line.split())
        written.append(
            {
                path.relative_to(new_place.folder): path.read_bytes()
                for name in ("out", "photos/picked")
                for path in (new_place.folder / name).rglob("*")
                if path.is_file()
            }
        )
    assert len(written[0]) == 10  # with the record of what was placed
    assert written[0] == written[1]
    run = json.loads(written[0][Path("out/run.json")])
    assert run["parameters"]["sources"] == ["photos"]
    assert run["counts"]["given"] == 30


def test_links_lead_to_the_selected_images(place: Place, tmp_path: Path) -> None:
    """Below the folder that all images have in common."""
    for kind in ("symbolic", "hard"):
        target = tmp_path / kind
        place.run(
            *("sample", "photos/site_1", "photos/site_2", "-n", "4", "-q"),
            *("--link-to", str(target), "--link-type", kind),
        )
        links = sorted(target.rglob("*.jpg"))
        assert len(links) == 4
        for link in links:
            original = place.folder / "photos" / link.relative_to(target)
            assert link.samefile(original)
            assert link.is_symlink() == (kind == "symbolic")


def test_a_table_is_written_with_all_its_columns(place: Place, tmp_path: Path) -> None:
    """Those of the source behind those of the selection, and paths relative to a folder."""
    table = tmp_path / "table.csv"
    table.write_text("photos,where,path\n1,north,photos/site_1/IMG_1.jpg\n")
    line = ("sample", str(table), "-n", "1", "-q", "--relative-to", "photos")
    place.run(*line, "-o", str(tmp_path / "picked.json"))
    (record,) = json.loads((tmp_path / "picked.json").read_text())
    assert record["path"] == "site_1/IMG_1.jpg"
    assert (record["photos"], record["where"]) == ("1", "north")
    assert place.run(*line) == "site_1/IMG_1.jpg\n"


def test_pages_and_drawings_are_written(place: Place, tmp_path: Path) -> None:
    """By the command of their own, and beside a selection."""
    page, other = tmp_path / "page.html", tmp_path / "other.html"
    done = place.call_anew("report", "photos", "-n", "5", str(page))
    assert done.returncode == 0, done.stderr
    drawings = [tmp_path / "distribution.png", tmp_path / "thumbnails.png"]
    place.sample(
        *("photos", "-n", "5", "--report", str(other)),
        *("--distribution", str(drawings[0]), "--thumbnails", str(drawings[1])),
    )
    assert b"<!doctype html>" in page.read_bytes().lower()
    # Apart from the commands that made them.
    command = re.compile(rb"<code.*?</code>")
    assert command.sub(b"", other.read_bytes()) == command.sub(b"", page.read_bytes())
    assert b">smartdownsample report photos -n 5 page.html<" in page.read_bytes()
    assert os.fsencode(place.folder) not in page.read_bytes()
    place.sample("photos", "-n", "5", "--report", str(other), "--absolute-paths")
    shown = Page(other.read_text("utf-8")).items["folders"]
    assert all(folder.startswith(str(place.folder / "photos")) for folder in shown)
    place.call("report", str(place.folder / "photos"), "-n", "5", str(page))
    shown = Page(page.read_text("utf-8")).items["folders"]
    assert all(folder.startswith("photos/") for folder in shown)
    place.call("report", "photos", "-n", "5", str(page), "--absolute-paths")
    assert command.sub(b"", other.read_bytes()) == command.sub(b"", page.read_bytes())
    assert all(drawing.read_bytes().startswith(b"\x89PNG") for drawing in drawings)


# ------------------------------------------------------------------ features


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT between processes")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_after_ctrl_c_the_same_command_goes_on(new_place: Place, name: str) -> None:
    """It says so in a line, and only what was left is decoded; also where its time is over."""
    first = write_picture(new_place.folder / "photos" / "0.png", 0, 640, 480)
    for i in range(1, 200):
        shutil.copy2(first, first.with_name(f"{i}.png"))
    new_place.environment = {**new_place.environment, "TQDM_MININTERVAL": "0.01"}
    with new_place.start("features", "photos") as process:
        assert process.stderr is not None
        seen = b""
        while not re.search(rb"[1-9]\d%", seen):  # some chunks are done
            seen += process.stderr.read(1)
        process.send_signal(getattr(signal, name))
        _, error = process.communicate(timeout=60)
    assert process.returncode == 130
    last = error.decode().splitlines()[-1]
    assert last.startswith("smartdownsample: interrupted. To go on, run the same command again")
    assert b"Traceback" not in error
    done = new_place.call("features", "photos").stderr.decode()
    n_read, n_known = map(int, re.findall(r"Read (\d+) images .* (\d+) known before", done)[0])
    assert n_read + n_known == 200
    assert n_known > 0
    assert n_known > 0


@pytest.mark.skipif(sys.platform != "linux", reason="limits file sizes as Linux does")
def test_a_disk_that_fills_up_is_told_of(new_place: Place) -> None:
    """Features that cannot be kept cost a warning, an output that cannot be written the run.

    So do features where nothing else is asked for.
    """
    write_collection(new_place.folder / "photos", 60)

    def call(*arguments: str) -> "subprocess.CompletedProcess[bytes]":
        return subprocess.run(
            [sys.executable, "-c", ON_SMALL_DISK, "2000", *arguments],
            cwd=new_place.folder,
            env=new_place.environment,
            capture_output=True,
            check=False,
        )

    done = call("sample", "photos", "-n", "3", "-q")
    assert len(done.stdout.splitlines()) == 3
    warning = done.stderr.decode().splitlines()[-1]
    assert re.fullmatch("smartdownsample: warning: .*cannot be written.*not kept.", warning)
    done = call("features", "photos", "-q")
    assert done.returncode == 1
    warning, error = done.stderr.decode().splitlines()[-2:]
    assert re.fullmatch("smartdownsample: warning: .*cannot be written.*not kept.", warning)
    assert error.startswith("smartdownsample: error: No more images are read, since their features")
    done = call("sample", "photos", "-n", "50", "-q", "--no-cache", "-o", "picked.json")
    assert (done.returncode, done.stdout) == (1, b"")
    error = done.stderr.decode().splitlines()[-1]
    assert error.startswith("smartdownsample: error: 'picked.json' cannot be written")
    assert {path.name for path in new_place.folder.iterdir()} <= {"photos", "cache"}


def test_images_that_cannot_be_loaded_are_left_out_or_end_the_run(new_place: Place) -> None:
    """Each way with its reason, in a line."""
    write_collection(new_place.folder / "photos", 3)
    (new_place.folder / "photos" / "bad.jpg").write_text("no image")
    make_old(new_place.folder / "photos" / "bad.jpg")
    for _ in range(2):  # read, and known
        done = new_place.call("sample", "photos", "-n", "100%", "-q")
        assert len(done.stdout.splitlines()) == 3
        (warning,) = [line for line in done.stderr.decode().splitlines() if "smartdown" in line]
        assert warning.startswith("smartdownsample: warning: 1 image could not be loaded")
        error = refuse(new_place.call("sample", "photos", "-n", "3", "-q", "--on-error", "raise"))
        assert "photos/bad.jpg" in error
    told = new_place.call("inspect", "photos", "-q").stdout.decode()
    assert "1 could not be loaded: Not an image but text" in told
    assert re.search(r"^ +3 .*  all$", told, flags=re.MULTILINE)


def test_images_that_two_commands_read_at_a_time_count_once(new_place: Place) -> None:
    """And are kept once, when the store was pruned."""
    write_collection(new_place.folder / "photos", 300)
    commands = [new_place.start("sample", "photos", "-n", "3", "-q") for _ in range(2)]
    (first, _), (second, _) = (command.communicate() for command in commands)
    assert first == second
    assert ": 300 files in 15 folders, " in new_place.run("cache", "info")
    new_place.run("cache", "prune")
    assert ": 300 files in 15 folders, " in new_place.run("cache", "info")
    (kept,) = json.loads(new_place.run("cache", "info", "--json"))
    assert (kept["n_files"], kept["n_images"], kept["n_rows"]) == (300, 300, 300)


def test_the_store_is_looked_after(new_place: Place) -> None:
    """From telling what is in it to clearing it; features travel in a file between."""
    write_collection(new_place.folder / "photos", 10)
    assert new_place.run("cache", "info").startswith("Nothing is kept in /")
    done = new_place.call("cache", "export", "pack.parquet", "photos", "--root", ".", "-q")
    assert done.stdout == b"Wrote the features of 10 images to pack.parquet.\n"
    assert ": 10 files in 1 folder, 0 unreadable, " in new_place.run("cache", "info")
    assert new_place.run("cache", "verify").startswith("All is well in /")
    (new_place.folder / "photos" / "site_1" / "IMG_1.jpg").unlink()
    assert new_place.run("cache", "prune").startswith("Removed 1 row of images that are gone")
    (part,) = (new_place.folder / "cache").rglob("part-*.parquet")
    part.write_bytes(part.read_bytes()[:-100])
    done = new_place.call("cache", "verify", "--json")
    assert done.returncode == 1
    (damage,) = json.loads(done.stdout)
    assert damage["part"] == str(part)
    assert json.loads(new_place.run("cache", "clear", "--json"))["size_bytes"] > 0
    new_place.run("cache", "import", "pack.parquet", "--root", ".")
    assert len(new_place.sample("photos", "-n", "100%")) == 9
    (store,) = json.loads(new_place.run("cache", "info", "--json"))
    assert store["n_rows"] == 10


def test_the_benchmark_of_the_command_runs() -> None:
    """A smoke run on little; what it measures is not judged here."""
    benchmark = REPOSITORY / "benchmarks" / "bench_command.py"
    done = subprocess.run(
        [sys.executable, str(benchmark), "--smoke"], capture_output=True, text=True, check=True
    )
    assert "--help / Python that does nothing" in done.stdout
    assert "sample 10 of 2,000 known / library" in done.stdout


def test_a_folder_that_holds_all_images_is_no_place_for_copies(place: Place) -> None:
    """They would be left out of the collection, and nothing remained to select."""
    done = place.call("sample", "photos", "-n", "5", "--copy-to", ".")
    assert done.returncode == 1
    assert b"All images are below '.'" in done.stderr


def test_copies_of_a_later_selection_fit_in_beside_those_of_an_earlier_one(
    place: Place, tmp_path: Path
) -> None:
    """Folders are kept below the source, whatever is selected or kept; they are asked for."""
    copies = str(tmp_path / "copies")
    first = ("sample", "photos", "-q", "-n", "6", "--copy-to", copies)
    place.run(*first, "--manifest", str(tmp_path / "first.json"))
    second = ("sample", "photos", "-q", "-n", "6", "--keep", copies, "--copy-to", copies)
    error = refuse(place.call(*second))
    assert "already holds 6 images" in error
    assert "6 of 'first.json'. Nothing was placed" in error
    place.run(*second, "--add")
    place.run("sample", "photos", "-q", "-n", "1", "--copy-to", copies, "--add")
    place.run(*first)
    names = {path.name for path in (place.folder / "photos").iterdir()}
    assert {path.name for path in Path(copies).iterdir()} - {".smartdownsample.json"} <= names


def test_columns_of_a_table_are_told_from_ours(place: Place, tmp_path: Path) -> None:
    """None is lost, and none of ours is replaced."""
    paths = sorted((place.folder / "photos").rglob("*.[jJ]*"))[:6]
    lines = [f"{path},fox,{i}" for i, path in enumerate(paths)]
    (tmp_path / "t.csv").write_text("\n".join(["path,group,species_id", *lines, ""]))
    written = tmp_path / "picks.csv"
    place.run("sample", str(tmp_path / "t.csv"), "-q", "-n", "3", "-o", str(written))
    with written.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["source_group"] for row in rows] == ["fox"] * 3
    assert all(row["species_id"] for row in rows)
    assert {row["group"] for row in rows} == {""}


@pytest.mark.skipif(BASH is None, reason="there is no bash to close streams")
@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-"])
def test_closed_streams_are_no_error(place: Place, tmp_path: Path, closed: str) -> None:
    """As daemons start commands."""
    written = tmp_path / "picks.txt"
    line = f"{sys.executable} -m smartdownsample sample photos -n 3 -o {written} {closed}"
    assert BASH is not None
    done = subprocess.run([BASH, "-c", line], cwd=place.folder, env=place.environment, check=False)
    assert done.returncode == 0
    assert len(written.read_text().splitlines()) == 3
