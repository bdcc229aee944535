"""Blurred, dark, flat and overexposed images: what the command and the library tell of them."""

import csv
import io
import json
import sys
from contextlib import redirect_stdout
from pathlib import Path

import cv2
import numpy as np
import pytest

from pictures import REPOSITORY
from smartdownsample import ImageIndex, export_pack
from smartdownsample.cli import main
from smartdownsample.sampling import GOOD, name_quality
from smartdownsample.store import make_schema
from smartdownsample.store.folder import CACHE_TAG
from smartdownsample.store.part import read_part, write_part
from smartdownsample.store.schema import make_former_schemas
from spoilt_pictures import write_spoilt

sys.path.append(str(REPOSITORY / "benchmarks"))
import bench_words
import write_pages

KINDS = 7
N = 3 * KINDS
N_FLAT = 9


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[Path, str]:
    """Write three photos of each kind, in a folder that is the working folder."""
    words = write_spoilt(tmp_path / "photos")
    monkeypatch.chdir(tmp_path)
    return words


def forget_sharpness(cache_dir: Path, index: ImageIndex) -> None:
    """Let the store be as it was before sharpness was measured."""
    (part,) = (cache_dir / "features-4").rglob("*.parquet")
    schema = make_schema(index.table.spec)
    rows = read_part(part, schema).select(make_former_schemas(schema)[0].names)
    former = cache_dir / "features-3" / part.parent.name / part.name
    former.parent.mkdir(parents=True)
    (former.parents[1] / "CACHEDIR.TAG").write_text(CACHE_TAG, encoding="utf-8")
    write_part(former, rows)
    part.unlink()


def read_words(index: ImageIndex) -> dict[str, str | None]:
    """Read the words of each image."""
    return dict(zip(index.paths, name_quality(index.table.rows), strict=True))


def test_words_are_the_same_however_images_are_read(
    photos: dict[Path, str], tmp_path: Path
) -> None:
    """Cold or warm, in any order, in a pack, by one worker or several, in both ways of decoding."""
    expected = {str(path): word or GOOD for path, word in photos.items()}
    shuffled = [str(path) for path in np.random.default_rng(0).permutation(list(map(str, photos)))]
    cold = ImageIndex.build(shuffled, cache_dir=tmp_path / "cache")
    warm = ImageIndex.build(sorted(shuffled), cache_dir=tmp_path / "cache", n_workers=1)
    assert (cold.table.n_extracted, warm.table.n_extracted) == (N, 0)
    exact = ImageIndex.build(shuffled, decode="exact", cache=False)
    export_pack(tmp_path / "p.parquet", warm.table, tmp_path, cache_dir=tmp_path / "cache")
    packed = ImageIndex.from_pack(tmp_path / "p.parquet", tmp_path)
    for index in (cold, warm, exact, packed):
        assert read_words(index) == expected


@pytest.mark.usefixtures("photos")
def test_inspect_counts_words_and_names_the_first(capsys: pytest.CaptureFixture[str]) -> None:
    """For people and for programs."""
    assert main(["inspect", "photos", "-q"]) == 0
    lines = capsys.readouterr().out.splitlines()
    first = {"blurred": "1", "dark": "2", "flat": "3", "overexposed": "5"}
    for word, n in (("blurred", 3), ("dark", 6), ("flat", 9), ("overexposed", 6)):
        assert f"{n} look {word}, first photos/IMG_0{first[word]}.jpg" in lines
    assert main(["inspect", "photos", "-q", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["quality"]["flat"] == {"n_images": 9, "first_path": "photos/IMG_03.jpg"}
    assert told["n_quality_unknown"] == 0


@pytest.mark.parametrize("command", ["sample", "rank", "report"])
def test_flat_images_are_skipped_on_request_and_never_silently(
    command: str, photos: dict[Path, str], capsys: pytest.CaptureFixture[str]
) -> None:
    """The summary says how many and names the first; by default nothing is left out."""
    arguments = [command, "photos", "-n", str(N)]
    arguments += ["page.html"] if command == "report" else ["-o", "picks.csv"]
    assert main([*arguments, "--skip-flat"]) == 0
    assert f"{N_FLAT} left out as flat, first photos/IMG_03.jpg" in capsys.readouterr().err
    if command != "report":
        assert {row["quality"] for row in read_rows("picks.csv")} == {
            word or GOOD for word in photos.values() if "flat" not in word
        }
    assert main(arguments) == 0
    assert "flat, first" not in capsys.readouterr().err
    if command != "report":
        assert len(read_rows("picks.csv")) == N


def read_rows(name: str) -> list[dict[str, str]]:
    """Read the rows of a table."""
    with open(name, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_table_tells_good_images_from_unknown_ones_after_a_round_trip(
    photos: dict[Path, str],
) -> None:
    """An empty cell is read as unknown, so that images with nothing wrong have a word."""
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    selection = ImageIndex.build("photos", cache=False).sample(N)
    selection.save("picks.csv")
    saved = pandas.read_csv("picks.csv")
    n_good = sum(not word for word in photos.values())
    for table in (selection.to_pandas(), saved):
        assert (table["quality"] == "ok").sum() == n_good > 0
    assert saved["quality"].tolist() == selection.to_pandas()["quality"].tolist()


@pytest.mark.usefixtures("photos")
def test_the_manifest_counts_what_was_skipped() -> None:
    """Beside the option that asked for it."""
    arguments = ["sample", "photos", "-n", "5", "-q", "-o", "p.txt", "--manifest", "run.json"]
    assert main([*arguments, "--skip-flat"]) == 0
    told = json.loads(Path("run.json").read_text(encoding="utf-8"))
    assert told["parameters"]["skip_flat"] is True
    assert told["counts"]["skipped"] == N_FLAT
    assert main(arguments) == 0
    assert "skipped" not in json.loads(Path("run.json").read_text(encoding="utf-8"))["counts"]


@pytest.mark.usefixtures("photos")
def test_images_of_former_stores_are_used_and_said_to_be_unknown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is decoded again, nothing that may be flat is left out, and people are told."""
    cache_dir = tmp_path / "cache"
    forget_sharpness(cache_dir, ImageIndex.build("photos", cache_dir=cache_dir))
    arguments = ["sample", "photos", "-n", "30", "--cache-dir", str(cache_dir), "--skip-flat"]
    assert main([*arguments, "-o", "picks.json"]) == 0
    told = capsys.readouterr().err
    assert "all known from earlier runs" in told
    assert "none left out as flat" in told
    assert f"{N} may be blurred or flat, as they were kept before that was looked at" in told
    assert "'smartdownsample cache clear'" in told
    rows = json.loads(Path("picks.json").read_text(encoding="utf-8"))
    assert len(rows) == N
    assert {row["quality"] for row in rows} == {None, "dark", "overexposed"}
    assert main(["inspect", "photos", "-q", "--cache-dir", str(cache_dir)]) == 0
    assert f"{N} may be blurred or flat" in capsys.readouterr().out


def test_the_benchmark_of_words_runs_without_shared_photos(
    photos: dict[Path, str], tmp_path: Path
) -> None:
    """What it keeps gives the tables that it prints; plain cases are told rightly."""
    folder, kept = tmp_path / "good", tmp_path / "words.json"
    folder.mkdir()
    for path, word in photos.items():
        if not word:
            # Larger than crops, as photos are.
            picture = cv2.imread(str(path))
            assert picture is not None
            cv2.imwrite(str(folder / path.name), cv2.resize(picture, (640, 480)))
    printed = io.StringIO()
    with redirect_stdout(printed):
        bench_words.main(["--smoke", f"--photos={folder}", f"--json={kept}"])
    record = json.loads(kept.read_text(encoding="utf-8"))
    assert write_pages.format_record("words", record) == printed.getvalue().strip()
    assert "A smoke run: the figures mean nothing." in printed.getvalue()
    counts = {count["kind"]: count for count in record["counts"]}
    assert counts["out of focus, 4 %"]["blurred"] == counts["lens covered"]["flat"] == 3
    assert counts["as they are"]["flat"] == counts["fog, 10 % of the contrast"]["flat"] == 0
