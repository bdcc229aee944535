"""Compare sampling boxes of photos with cutting them into files and sampling those.

All in turn, in one run, each in a process of its own, with as many workers: this package on the
document of a detector, first and again; OpenCV and MegaDetector's `create_crop_folder` that write
crop files, which this package then samples. A large document is read, sampled and written besides.
"""

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import measuring
from boxed_photos import BoxCollection, BoxedPhotos, lay_out
from collection_files import choose_sources
from command_line import make_parser, parse_options
from kept import Record, trim
from large_document import measure_large
from peers.job import Job
from runs import Run
from write_pages import finish

# What MegaDetector found in real photos, ENA24, https://lila.science/datasets/ena24detection, of
# which half have a shorter side below 183 pixels; and three kinds of sides.
_COLLECTIONS = (
    BoxCollection("all", 1200, (64, 1000), is_real=True),
    BoxCollection("small", 400, (80, 160)),
    BoxCollection("medium", 400, (200, 400)),
    BoxCollection("large", 400, (500, 1000)),
)
_SMOKE_PHOTOS = 4
_SHARE_PICKED = 0.1
_LARGE, _SMOKE_LARGE = 500_000, 2000

_OURS = Run("ours, first run", "document", has_processes=True)
_AGAIN = Run("ours, again", "document")
_SAMPLE_FILES = Run("ours, of crop files", has_processes=True)
# What cuts, and in which environment.
_CUTTERS = (
    Run("OpenCV", "opencv_crops"),
    Run("create_crop_folder", "crop_folder", ".venv-megadetector"),
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark and print its tables."""
    parser = make_parser(__doc__, "--photos", "--environments")
    parser.add_argument("--rounds", type=int, help="measurements of each figure (3)")
    parser.add_argument("--entries", type=int, help="photos that the large document names")
    options = parse_options(parser, arguments, "detections")
    n_rounds = options.rounds or (1 if options.smoke else 3)
    n_entries = options.entries or (_SMOKE_LARGE if options.smoke else _LARGE)
    record: Record = {
        "is_smoke": options.smoke,
        "n_rounds": n_rounds,
        "n_workers": measuring.count_cores(),
        "collections": [],
        "versions": {},  # of what each run used
        "left_out": {},  # why a run was not measured
    }
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        # Once, before anything runs: later the load is this benchmark's own.
        record["machine"] = measuring.describe_machine(folder)
        record["sources"], source = choose_sources(options.photos)
        for collection in _COLLECTIONS:
            n_photos = _SMOKE_PHOTOS if options.smoke else collection.n_photos
            boxed = lay_out(replace(collection, n_photos=n_photos), source, folder)
            contest = Contest(boxed, record, options)
            record["collections"].append(
                {
                    "name": collection.name,
                    "n_photos": n_photos,
                    "n_boxes": boxed.n_boxes,
                    "median_side": trim(boxed.median_side),
                    "n_different": boxed.n_different,
                    "n_enlarged": boxed.n_enlarged,
                    "rounds": [contest.measure(number) for number in range(1, n_rounds + 1)],
                }
            )
        record["large"] = measure_large(folder, n_entries, n_rounds)
    finish("detections", record, options)


class Contest:
    """A collection that is being measured: all take their turns, round after round."""

    def __init__(self, boxed: BoxedPhotos, record: Record, options: argparse.Namespace) -> None:
        self._boxed = boxed
        self._record = record
        self._options = options

    def measure(self, number: int) -> Record:
        """Measure one round: seconds of each call, and bytes that stay on disk after it."""
        figures: Record = {}
        name = os.path.basename(self._boxed.photos)
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            source = [self._boxed.document, self._boxed.photos]
            for run in _CUTTERS:
                figures[run.name] = self._cut_and_sample(run, source, os.path.join(folder, "crops"))
            store = os.path.join(folder, "store")
            for run in (_OURS, _AGAIN):
                outcome = self._run(run, source, store)
                figures[run.name] = {
                    "call_s": trim(outcome.result["call_s"]),
                    "cpu_s": trim(outcome.cpu_s),
                    "bytes": _count_bytes(store),
                }
        measuring.say(f"{name}, round {number} done")
        return {each: figure for each, figure in figures.items() if figure}

    def _cut_and_sample(self, run: Run, source: list[str], crops: str) -> Record | None:
        """Cut crops, sample them and throw them away; None where the cutter cannot take part."""
        python = measuring.find_python(self._options.environments, run.environment)
        if not os.path.exists(python):
            self._record["left_out"][run.name] = f"there is no environment {run.environment}"
            return None
        try:
            cut = self._run(run, source, crops, python)
        except measuring.PeerError as error:
            self._record["left_out"][run.name] = f"it failed: {error}"
            return None
        assert cut.result["n_different"] == self._boxed.n_boxes
        size_bytes = _count_bytes(crops)
        store = crops + "-store"
        sampled = self._run(_SAMPLE_FILES, cut.result["picks"], store)
        for folder in (crops, store):
            shutil.rmtree(folder)
        return {
            "call_s": trim(cut.result["call_s"] + sampled.result["call_s"]),
            "cut_s": trim(cut.result["call_s"]),
            "cpu_s": trim(cut.cpu_s + sampled.cpu_s),
            "bytes": size_bytes,
        }

    def _run(
        self, run: Run, paths: list[str], cache_dir: str, python: str = sys.executable
    ) -> measuring.Outcome:
        """Do a job in a process of its own."""
        os.makedirs(cache_dir, exist_ok=True)
        job = Job(
            paths=paths,
            target_count=max(1, round(self._boxed.n_boxes * _SHARE_PICKED)),
            n_workers=measuring.count_cores(),
            random_seed=42,
            cache_dir=cache_dir,
            wants_picks=run in _CUTTERS,
        )
        outcome = measuring.run_peer(run, python, job)
        self._record["versions"][run.name] = outcome.result["versions"]
        return outcome


def _count_bytes(folder: str) -> int:
    """Count the bytes of all files below a folder."""
    return sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())


if __name__ == "__main__":
    main()
