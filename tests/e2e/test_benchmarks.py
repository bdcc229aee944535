"""The benchmarks run; what they measure is not judged here."""

import io
import json
import re
import shutil
import sys
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any, get_args

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from pictures import DATA_SAMPLES, REPOSITORY, write_collection

sys.path.append(str(REPOSITORY / "benchmarks"))
import bench_detections
import bench_picking
import bench_quality
import bench_sample
import bench_scale
import bench_size
import kept
import runs
import scenarios
import selection_lines
import write_pages
from pages import rivals

PHOTOS = f"--photos={DATA_SAMPLES / 'photos'}"


def run(main: Callable[[Sequence[str]], object], *options: str) -> str:
    """Run a benchmark on little; what it prints."""
    printed = io.StringIO()
    with redirect_stdout(printed):
        main(["--smoke", *options])
    return printed.getvalue()


@pytest.fixture(scope="module")
def smoke(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """Run everything without other samplers: what is printed, and the file with the figures."""
    folder = tmp_path_factory.mktemp("smoke")
    result = folder / "result.json"
    options = (PHOTOS, f"--json={result}", f"--environments={folder}")
    return run(bench_sample.main, *options), result


def load(result: Path) -> dict[str, Any]:
    """Load the figures of a run."""
    records: dict[str, Any] = json.loads(result.read_text(encoding="utf-8"))
    return records


def test_every_collection_is_laid_out_and_every_run_is_done(smoke: tuple[str, Path]) -> None:
    """On few images; runs of ours pick as many distinct ones as asked for, and floors none."""
    printed, result = smoke
    records = load(result)
    assert records.keys() == {
        *("photos", "originals", "png", "mixed", "few", "crops", "many", "archive")
    }
    done = set()
    for record in records.values():
        done |= record["runs"].keys() | record["left_out"].keys()
        assert not [reason for reason in record["left_out"].values() if "it failed" in reason]
        for name, (run,) in record["runs"].items():
            asked = record["target_count"] // (2 if name == "ours, other number" else 1)
            n_handled = record["n_images"] if name.startswith("floor") else asked
            assert run["n_different"] == run["n_returned"] == n_handled
    assert done == {run.name for run in runs.RUNS} - scenarios.LEFT_OUT_OF_SMOKE
    assert "ours, first run" in printed
    assert "A smoke run: the figures mean nothing." in printed


def test_a_sampler_without_its_environment_is_left_out_with_a_word(
    smoke: tuple[str, Path],
) -> None:
    """Neither silently nor with an error; all others are measured."""
    printed, result = smoke
    assert "published 1.8.4 (there is no environment .venv-reference)" in printed
    left_out = load(result)["few"]["left_out"]
    assert {"imagededup", "fastdup", "published 1.8.4"} <= left_out.keys()


def test_one_scenario_is_measured_anew_beside_the_others(
    smoke: tuple[str, Path], tmp_path: Path
) -> None:
    """Figures that are not measured anew stay as they are."""
    result = tmp_path / "result.json"
    before = load(smoke[1])
    before["png"]["date"] = before["many"]["date"] = "long ago"
    result.write_text(json.dumps(before), encoding="utf-8")
    run(bench_sample.main, PHOTOS, f"--json={result}", "--only", "png", "--peers")
    records = load(result)
    assert list(records) == list(before)
    assert records["png"]["date"] != "long ago"
    assert records["many"] == before["many"]


def test_files_that_are_no_photos_are_passed_over(tmp_path: Path) -> None:
    """A folder of one's own may hold files that other decoders give up on in ways of their own."""
    photo = next((DATA_SAMPLES / "photos").rglob("*.JPG"))
    shutil.copyfile(photo, tmp_path / "photo.jpg")
    bomb = PngInfo()
    bomb.add_text("Comment", "x" * 2**21, zip=True)
    with Image.open(photo) as image:
        image.save(tmp_path / "bomb.png", pnginfo=bomb)
    with pytest.raises(ValueError, match="too large"), Image.open(tmp_path / "bomb.png") as image:
        image.load()
    (tmp_path / "broken.jpg").write_bytes(photo.read_bytes()[:100])
    printed = run(bench_sample.main, f"--photos={tmp_path}", "--only", "mixed", "--peers")
    assert "made of 1 photos of one's own" in printed


def test_what_is_kept_gives_the_tables_of_the_run(smoke: tuple[str, Path]) -> None:
    """Nothing that is shown is known to the run alone."""
    printed, result = smoke
    assert write_pages.format_record("speed", load(result)) == printed.strip()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--only", "videos"], "invalid choice: 'videos' (choose from "),
        (["--keep", "--smoke"], "--keep is for whole runs on the usual images."),
        (["--keep", "--photos=."], "--keep is for whole runs on the usual images."),
        (["--keep", "--json=figures.json"], "--keep is for whole runs on the usual images."),
    ],
)
def test_what_cannot_be_measured_or_kept_is_refused(
    options: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Unknown scenarios, with the names that there are; and runs that pages must not show."""
    with pytest.raises(SystemExit, match="2"):
        bench_sample.main(options)
    assert message in capsys.readouterr().err


def test_a_folder_without_usable_photos_is_refused(tmp_path: Path) -> None:
    """With what a photo must be."""
    with pytest.raises(SystemExit, match="None of the photos can be used"):
        bench_sample.main(["--smoke", f"--photos={tmp_path}"])


def test_pages_are_what_the_kept_figures_give(capsys: pytest.CaptureFixture[str]) -> None:
    """No figure of any page was edited by hand, or left over from an earlier run."""
    assert write_pages.main(["--check"]) == 0
    assert capsys.readouterr().out == ""
    for kind in get_args(kept.Kind):
        record = load(Path(kept.find_kept(kind)))
        assert not any(
            each["is_smoke"] for each in (record.values() if kind == "speed" else [record])
        )


def test_the_kept_lines_are_those_that_the_kept_selections_reach_and_miss() -> None:
    """Which are reached where follows from the figures, even from rounded ones."""
    record = load(Path(kept.find_kept("selection")))
    found = selection_lines.check_lines(record["cells"])
    for line, kept_line in zip(found, record["lines"], strict=True):
        assert line["title"] == kept_line["title"]
        assert line["n_checked"] == kept_line["n_checked"]
        assert {place for place, _ in line["missed"]} == {place for place, _ in kept_line["missed"]}


def test_a_figure_edited_by_hand_is_noticed_and_mended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In a copy of the pages, which are written anew from the kept figures."""
    shutil.copytree(REPOSITORY / "benchmarks" / "results", tmp_path / "benchmarks" / "results")
    (tmp_path / "docs" / "images").mkdir(parents=True)
    pages = (
        "benchmarks",
        "benchmarks-figures",
        "agreement",
        "selection",
        "selection-figures",
        "feature-store",
        "scaling",
        "quality",
    )
    names = ("README.md", *(f"docs/{name}.md" for name in pages))
    before = {name: (REPOSITORY / name).read_text(encoding="utf-8") for name in names}
    for name, text in before.items():
        edited = re.sub(r"\d\.\d(?=x|×|%| %| bytes)", "9.9", text)
        assert edited != text
        (tmp_path / name).write_text(edited, encoding="utf-8")
    for module in (kept, write_pages):
        monkeypatch.setattr(module, "ROOT", str(tmp_path))
    assert write_pages.main(["--check"]) == 1
    printed = capsys.readouterr().out
    assert "benchmarks-figures.md, section figures, is not what " in printed
    assert "agreement.md, section figures, is not what " in printed
    assert "selection-figures.md, section figures, is not what " in printed
    assert write_pages.main([]) == 0
    assert write_pages.main(["--check"]) == 0
    for name in ("speed.png", "growth.png"):
        assert (tmp_path / "docs" / "images" / name).stat().st_size > 5000


def test_selections_are_judged_without_shared_photos(tmp_path: Path) -> None:
    """A smoke run on rendered photos only; what it keeps gives tables, lines and pictures."""
    result = tmp_path / "result.json"
    printed = run(bench_quality.main, f"--json={result}", f"--environments={tmp_path}")
    assert "facility location" in printed
    assert "repeated picks: none: 96 of 96." in printed
    assert "Classifiers trained on 5 picks: bursty bursts" in printed
    assert "published 1.8.4" not in printed
    pictures = write_pages.draw("selection", load(result))
    assert sorted(pictures) == ["probe.png", "selection.png"]
    assert min(map(len, pictures.values())) > 5000


def test_selections_from_a_folder_of_ones_own_are_judged(tmp_path: Path) -> None:
    """Parent folders are the groups; the collection is judged as it is and scrambled."""
    write_collection(tmp_path, 40)
    printed = run(bench_quality.main, f"--photos={tmp_path}", f"--environments={tmp_path}")
    assert "Folder: " in printed
    assert "Folder, scrambled: " in printed
    assert "in 2 groups" in printed


def test_selections_are_judged_by_capture_times_where_there_are_any(tmp_path: Path) -> None:
    """Names are scrambled twice then, and even steps are taken in time."""
    options = (PHOTOS, f"--environments={tmp_path}")
    printed = run(bench_quality.main, *options)
    assert "Folder, scrambled, times kept: " in printed
    # In the means, two tables and among the rivals.
    assert printed.count("| even stride in time") == 1 + 2 + 1
    assert "; kept aside" in printed


def test_rivals_are_named_where_they_do_clearly_better() -> None:
    """Not where they are better by less, nor where they are worse."""
    asked = {"collection": "photos", "order": "scrambled", "target_count": 1000}
    ours = {"sampler": "ours", "groups": 100, "near": 0.1, "mean": 1.0, "accuracy": 0.5, **asked}
    same = {**ours, "sampler": "same", "groups": 101, "near": 0.09, "mean": 0.99, "accuracy": 0.51}
    worse = {**ours, "sampler": "worse", "groups": 90, "near": 0.2, "mean": 1.1, "accuracy": 0.4}
    rival = {**ours, "sampler": "rival", "groups": 103, "near": 0.07, "mean": 0.9}
    described = rivals.describe_rivals([ours, same, worse, rival], "ours", ["ours"])
    assert described.count("1 of 1") == 3
    assert described.count("0 of 1") == 9
    assert "- photos, scrambled, 1,000: rival: groups 103.0 for 100.0, " in described
    assert " ".join(described.split()).endswith("near-duplicates 7% for 10%, mean 0.90 for 1.00")


def test_only_the_former_figures_that_answer_the_same_question_are_added() -> None:
    """Another number of photos, or of picks, is another question."""
    asked = {"collection": "photos", "order": "", "n_groups": 3, "n_buckets": 4}
    cell = {**asked, "n_images": 50, "target_count": 10, "sampler": "default"}
    former = {**cell, "sampler": "former default"}
    others = [{**former, "n_images": 51}, {**former, "target_count": 11}]
    assert bench_quality.add_former([cell], [*others, former]) == [cell, former]
    assert bench_quality.add_former([cell], others) == [cell]


def test_picking_is_timed(tmp_path: Path) -> None:
    """A smoke run on few made-up rows."""
    result = tmp_path / "result.json"
    assert "500 of 5,000" in run(bench_picking.main, f"--json={result}")
    assert [timing["n_picked"] for timing in load(result)["timings"]] == [500]


def test_a_coordinator_is_simulated(tmp_path: Path) -> None:
    """A smoke run on little; all rows of a stream come back, and none that workers keep."""
    result = tmp_path / "result.json"
    printed = run(bench_scale.main, f"--json={result}")
    record = load(result)
    assert write_pages.format_record("scale", record) == printed.strip()
    back: dict[str, list[float]] = {"stream": [], "parts": []}
    for each in record["coordinator"]:
        back[each["way"]].append(each["bytes_back"])
    assert min(back["stream"]) > 100 > max(back["parts"])


def test_large_collections_are_measured_in_both_ways(tmp_path: Path) -> None:
    """Both pick the same rows."""
    result = tmp_path / "result.json"
    printed = run(bench_size.main, f"--json={result}")
    record = load(result)
    assert write_pages.format_record("size", record) == printed.strip()
    built, opened = record["measured"][:2]
    assert (built["way"], opened["way"]) == ("build", "open")
    assert built["rows_sum"] == opened["rows_sum"]


def test_boxes_are_sampled_beside_cutting_them(tmp_path: Path) -> None:
    """A smoke run on little; what is kept gives the tables of the run."""
    result = tmp_path / "result.json"
    options = (PHOTOS, f"--json={result}", f"--environments={tmp_path}")
    printed = run(bench_detections.main, *options)
    record = load(result)
    assert write_pages.format_record("detections", record) == printed.strip()
    assert "create_crop_folder (there is no environment .venv-megadetector)" in printed
    assert [each["n_photos"] for each in record["collections"]] == [4, 4, 4, 4]
    for each in record["collections"]:
        (figures,) = each["rounds"]
        assert figures.keys() == {"OpenCV", "ours, first run", "ours, again"}
        # Crops and store stay apart: ours leaves no crop behind.
        assert 0 < figures["ours, again"]["bytes"] == figures["ours, first run"]["bytes"]
    assert record["large"]["n_boxes"] == 4000


def test_without_photos_nothing_can_be_cut(tmp_path: Path) -> None:
    """With what a photo must be."""
    with pytest.raises(SystemExit, match="None of the photos can be used"):
        bench_detections.main(["--smoke", f"--photos={tmp_path}"])
