"""What docs/feature-store.md promises is what happens."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image

from pictures import (
    DATA_SAMPLES,
    LONG_AGO_NS,
    REPOSITORY,
    make_exif,
    make_old,
    make_pixels,
    write_picture,
)
from smartdownsample import ImageIndex, cache
from smartdownsample.features.spec import make_spec
from smartdownsample.store.schema import make_schema

TEXT = (REPOSITORY / "docs" / "feature-store.md").read_text(encoding="utf-8")
SNIPPETS = re.findall(r"```python\n(.*?)```", TEXT, flags=re.DOTALL)
N_PHOTOS = 258
# Ends a script that got so far, without what old releases of pyarrow do while Python ends: now and
# then they abort, when pandas has read with them.
END = "\nimport sys\nsys.stdout.flush()\nos._exit(0)\n"


def read_table(header: str) -> list[list[str]]:
    """Read the cells of the table whose first line starts with a text."""
    lines = TEXT[TEXT.index(f"| {header} |") :].partition("\n\n")[0].splitlines()
    return [line.strip("|").strip().split(" | ") for line in lines[2:]]


# -------------------------------------------------------------------------- snippets


@pytest.fixture
def run(tmp_path: Path) -> Callable[[str], str]:
    """Run snippets as scripts of their own, in a folder that holds the sample pictures."""
    os.symlink(DATA_SAMPLES, tmp_path / "data_samples")

    def run_snippet(code: str) -> str:
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", f"import os\n{code}{END}"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run_snippet


def test_the_snippets_run_and_say_what_is_so(
    run: Callable[[str], str], tmp_path: Path, cache_dir: Path
) -> None:
    """Each in its own process, in order; other tools count the images that were sampled."""
    build, opening, pack, with_duckdb, with_pandas, care = SNIPPETS
    store = cache_dir / "features-4" / "hash8-fast-v4"

    assert run(build) == f"{N_PHOTOS} of {N_PHOTOS} images known, in {store}\n"

    assert run(opening) == f"12 of {N_PHOTOS}\n"

    first, second = run(pack).splitlines()
    assert first.startswith("/mnt/archive/photos/")
    assert first.endswith(f", of {N_PHOTOS}")
    assert second == f"0 of {N_PHOTOS} copies decoded"

    both = 2 * N_PHOTOS
    found = run(with_duckdb + "print(len(darkest), sorted(b for _, b in darkest)[0] >= 0)")
    assert found == f"{both} images, 0 of them unreadable\n3 True\n"

    checks = (
        "from smartdownsample import find_images\n"
        "print(list(paths) == find_images(os.path.abspath('copied'), "
        "os.path.abspath('data_samples/photos')))\n"
        "index = ImageIndex.build(list(paths))\n"
        "repacked = np.packbits(bits.reshape(len(bits), -1), axis=1)\n"
        "print((repacked == index.table.rows['dhash']).all())"
    )
    printed = run(f"{with_pandas}from smartdownsample import ImageIndex\n{checks}").splitlines()
    assert printed[0].startswith(str(tmp_path))
    assert printed[1:] == ["True", "True"]

    size_bytes = sum(path.stat().st_size for path in store.iterdir())
    assert run(care) == f"hash8-fast-v4 {both} 0 {size_bytes}\n"
    assert cache.info() == []


def test_duckdb_finds_exact_values(run: Callable[[str], str]) -> None:
    """The darkest images by SQL are the darkest of the index."""
    checks = (
        "index = ImageIndex.build('data_samples/photos')\n"
        "brightness = index.table.rows['mean_rgb'].mean(axis=1)\n"
        "order = brightness.argsort(kind='stable')[:3]\n"
        "expected = [os.path.abspath(index.paths[row]) for row in order]\n"
        "print(expected == [path for path, _ in darkest])"
    )
    build, _, _, with_duckdb, *_ = SNIPPETS
    run(build)
    code = f"{with_duckdb}import os\nfrom smartdownsample import ImageIndex\n{checks}"
    assert run(code).splitlines()[-1] == "True"


def test_other_tools_find_times(run: Callable[[str], str], tmp_path: Path) -> None:
    """Local times without a zone, and nothing where the time is unknown."""
    exif = b"Exif\0\0" + make_exif(photo={0x9003: b"2019:06:22 16:50:53\0"})
    Image.fromarray(make_pixels(1)).save(tmp_path / "taken.jpg", exif=exif)
    photos = [make_old(tmp_path / "taken.jpg"), write_picture(tmp_path / "unknown.jpg", 2)]
    ImageIndex.build(photos)
    _, _, _, with_duckdb, with_pandas, _ = SNIPPETS
    query = "SELECT captured FROM read_parquet(?) ORDER BY path"
    found = run(f"{with_duckdb}print(duckdb.execute({query!r}, [parts]).fetchall())")
    assert found.splitlines()[-1] == "[(datetime.datetime(2019, 6, 22, 16, 50, 53),), (None,)]"
    found = run(with_pandas + "print(*rows['captured'])")
    assert found.splitlines()[-1] == "2019-06-22 16:50:53 NaT"


# -------------------------------------------------------------------------- what is kept


def test_the_columns_are_those_of_the_store() -> None:
    """Names, order and types, as a part has them."""
    listed = [(name.strip("`"), kind.strip("`")) for name, kind, *_ in read_table("column")]
    schema = make_schema(make_spec(8, "fast"))
    assert listed == [(field.name, str(field.type)) for field in schema]


def test_the_files_are_those_that_are_listed(cache_dir: Path, tmp_path: Path) -> None:
    """A folder that marks itself as a cache, and one for the store in it."""
    ImageIndex.build([write_picture(tmp_path / "IMG_1.png", 1)])
    (schema_folder,) = cache_dir.iterdir()
    names = {path.name for path in schema_folder.iterdir()}
    assert names == {".gitignore", "CACHEDIR.TAG", "hash8-fast-v4"}
    assert f"    {schema_folder.name}/ " in TEXT
    for name in names:
        assert name in TEXT
    (part,) = (schema_folder / "hash8-fast-v4").iterdir()
    assert re.fullmatch(r"part-\d+-[0-9a-f]+\.parquet", part.name)


# -------------------------------------------------------------------------- when a row is used

# What happens to a file: yields what the first run samples, then, changed, what the next one does.
_Story = Callable[[Path], Iterator[Path]]


def _nothing(file: Path) -> Iterator[Path]:
    yield file
    yield file


def _touched(file: Path) -> Iterator[Path]:
    yield file
    yield make_old(file, 7)


def _other_content(file: Path) -> Iterator[Path]:
    size_bytes = file.stat().st_size
    yield file
    write_picture(file, 7)
    assert file.stat().st_size == size_bytes
    yield file


def _other_size(file: Path) -> Iterator[Path]:
    before = file.stat()
    yield file
    write_picture(file, 7, width=80)
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    yield file


def _behind_the_back(file: Path) -> Iterator[Path]:
    before = file.stat()
    yield file
    write_picture(file, 7)
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    yield file


def _moment_ago(file: Path) -> Iterator[Path]:
    # Whole seconds, so that a moment is long enough for a slow machine.
    now_ns = int(time.time() + 1) * 10**9
    os.utime(file, ns=(now_ns, now_ns))
    yield file
    yield file


def _future(file: Path) -> Iterator[Path]:
    tomorrow_ns = time.time_ns() + 86_400 * 10**9
    os.utime(file, ns=(tomorrow_ns, tomorrow_ns))
    yield file
    yield file


def _camera_clock(file: Path) -> Iterator[Path]:
    os.utime(file, (315_532_800, 315_532_800))  # 1980-01-01, an empty battery
    yield file
    yield file


def _moved(file: Path) -> Iterator[Path]:
    yield file
    yield file.rename(file.with_name("renamed.bmp"))


def _folder(file: Path) -> Iterator[Path]:
    yield file
    file.unlink()
    file.mkdir()
    yield file


def _deleted(file: Path) -> Iterator[Path]:
    yield file
    file.unlink()
    yield file


def _link(file: Path) -> Iterator[Path]:
    yield file
    link = file.with_name("link.bmp")
    link.symlink_to(file)
    yield link


def _other_target(file: Path) -> Iterator[Path]:
    link = file.with_name("link.bmp")
    link.symlink_to(file)
    yield link
    link.unlink()
    link.symlink_to(write_picture(file.with_name("other.bmp"), 7))
    yield link


def _unreadable(file: Path) -> Iterator[Path]:
    file.write_bytes(b"no picture")
    make_old(file)
    yield file
    yield file


STORIES: dict[str, _Story] = {
    "nothing": _nothing,
    "touched: a new time, the same content": _touched,
    "other content of the same size": _other_content,
    "other content of another size, with the old time put back": _other_size,
    "other content of the same size, with the old time put back": _behind_the_back,
    "written while it was read, or a moment before": _moment_ago,
    "its time lies in the future": _future,
    "its time is whatever the camera's clock said": _camera_clock,
    "moved or renamed": _moved,
    "replaced by a folder": _folder,
    "deleted": _deleted,
    "reached through a symbolic link": _link,
    "a symbolic link that now leads to another file": _other_target,
    "cannot be decoded": _unreadable,
}
# What the next run does, in its first words: images decoded, failures.
OUTCOMES = {
    "uses the row": (0, 0),
    "uses what it read": (1, 0),
    "decodes it": (1, 0),
    "reports it": (0, 1),
}
DECISIONS = dict(read_table("what happened to a file"))


def test_every_line_of_the_decisions_has_a_story() -> None:
    """Nothing is promised that is not tried below."""
    assert list(DECISIONS) == list(STORIES)


@pytest.mark.filterwarnings("ignore::smartdownsample.ImageLoadingWarning")
@pytest.mark.parametrize("what", STORIES)
def test_a_row_is_used_when_the_page_says_so(tmp_path: Path, what: str) -> None:
    """The next run decodes and reports as promised, and only the one promised lie is told."""
    promise = DECISIONS[what]
    (expected,) = (counts for words, counts in OUTCOMES.items() if promise.startswith(words))
    file = write_picture(tmp_path / "IMG_1.bmp", 1)
    ImageIndex.build([write_picture(tmp_path / "neighbour.bmp", 3)])
    first, then = (ImageIndex.build([path]) for path in STORIES[what](file))
    assert first.table.n_extracted == 1
    assert (then.table.n_extracted, len(then.failures)) == expected
    truth = ImageIndex.build([then.table.paths[0]] if then.paths else [], cache=False)
    is_true = truth.table.rows.tobytes() == then.table.rows.tobytes()
    assert is_true != promise.endswith("wrongly")


def test_a_link_to_a_file_of_equal_time_and_size_is_taken_for_the_old_one(tmp_path: Path) -> None:
    """As the page says of links: unless time and size agree."""
    link = tmp_path / "link.bmp"
    for seed in (1, 7):
        target = make_old(write_picture(tmp_path / f"IMG_{seed}.bmp", seed))
        assert target.stat().st_mtime_ns == LONG_AGO_NS
        link.unlink(missing_ok=True)
        link.symlink_to(target)
        index = ImageIndex.build([link])
    assert index.table.n_extracted == 0


# -------------------------------------------------------------------------- measured


@pytest.mark.long
def test_the_benchmark_of_the_store_runs(tmp_path: Path) -> None:
    """A smoke run with few images; what it measures is not judged here."""
    result = tmp_path / "result.json"
    done = subprocess.run(
        [
            sys.executable,
            str(REPOSITORY / "benchmarks" / "bench_store.py"),
            "--smoke",
            f"--folder={tmp_path}",
            f"--json={result}",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for figure in ("look-up / floor", "beside large / beside small", "numbered names"):
        assert figure in done.stdout
    assert {run["name"] for run in json.loads(result.read_text())["measurements"]} == {
        "floor",
        "listing",
        "look-up",
        "build",
        "folder",
    }
    assert [path.name for path in tmp_path.iterdir()] == ["result.json"]
