"""Compare this package with the published one: time, exactness and memory, in turn, in one run.

Every measurement is a process of its own. The published package is run when ``--reference``
names a Python that has it.
"""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from statistics import median

from measuring import Measurement, Peer, describe_machine, run_peer
from peers.job import Job
from scenarios import Scenario, choose_photos, lay_out, make_scenarios
from tables import align_table

_ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
# Photos to use when none are given: real ones beside the repository, else rendered ones in it.
_PHOTO_FOLDERS = (
    os.path.join(os.path.dirname(_ROOT), "shared", "images", "camtrap"),
    os.path.join(_ROOT, "data_samples", "photos"),
)

_COLD = "ours, cold"
_WARM = "ours, warm"
_REFERENCE = "reference"

# Ratios of this and more are not worth a decimal.
_LARGE_RATIO = 100

_COLUMNS = (
    "sampler",
    "faster",
    "range",
    "in all",
    "call s",
    "img/s",
    "cpu s",
    "all s",
    "different",
    "MiB",
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark and print its tables.

    Parameters
    ----------
    arguments : sequence of str, optional
        Of the command line.
    """
    options = parse_options(arguments)
    machine = describe_machine()
    scenarios = make_scenarios(options.n_photos, options.n_crops)
    photos = choose_photos(options.photos, max(scenario.n_photos for scenario in scenarios))
    if not photos:
        sys.exit(f"No usable photo in {options.photos!r}. Name another folder with --photos.")
    print(introduce(options, n_photos=len(photos)))
    measurements: list[Measurement] = []
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        for scenario in scenarios:
            paths = lay_out(scenario, photos, folder)
            measured = measure(scenario, paths, options)
            print(format_heading(scenario, paths))
            print(format_table(scenario, measured))
            measurements += measured
    print(format_environment(machine, measurements))
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(
                {
                    "machine": machine,
                    "n_workers": options.n_workers,
                    "scenarios": [asdict(scenario) for scenario in scenarios],
                    "measurements": [asdict(measurement) for measurement in measurements],
                },
                file,
                indent=1,
            )


def parse_options(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Parse the command line.

    Parameters
    ----------
    arguments : sequence of str or None
        None takes those of the process.

    Returns
    -------
    argparse.Namespace
        With counts that are smaller in a smoke run.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--reference", metavar="PYTHON", help="interpreter with smartdownsample 1.8.4 installed")
    add("--photos", metavar="DIR", help="photos to make the collections of")
    add("--rounds", type=int, help="measurements of each sampler (3)")
    add("--n-photos", type=int, help="full-size photos to sample from (300); 0 leaves them out")
    add("--n-crops", type=int, help="crops to sample from (24000); 0 leaves them out")
    add("--n-workers", type=int, default=4, help="of each sampler (4, the published default)")
    add("--smoke", action="store_true", help="run everything once, on a few images")
    add("--json", metavar="FILE", help="keep every measurement there")
    options = parser.parse_args(arguments)
    defaults = (1, 6, 24) if options.smoke else (3, 300, 24000)
    for name, default in zip(("rounds", "n_photos", "n_crops"), defaults, strict=True):
        if getattr(options, name) is None:
            setattr(options, name, default)
    if options.rounds < 1 or not options.n_photos + options.n_crops > 0:
        parser.error("There must be at least one round and one image.")
    options.photos = options.photos or next(filter(os.path.isdir, _PHOTO_FOLDERS), None)
    if options.photos is None:
        parser.error("There are no photos to use. Name a folder with --photos.")
    return options


def introduce(options: argparse.Namespace, *, n_photos: int) -> str:
    """Say what is going to be measured, and what is not.

    Parameters
    ----------
    options : argparse.Namespace
        Of the run.
    n_photos : int
        Different photos that the collections are made of.

    Returns
    -------
    str
        A few lines.
    """
    lines = [
        f"{n_photos} different photos of {os.path.relpath(options.photos, _ROOT)},",
        "repeated as hard links (copies on another disk) where more are needed;",
        f"{options.rounds} round(s), the samplers in turn, {options.n_workers} workers each;",
        "every file is in the page cache.",
    ]
    if options.smoke:
        lines.append("A smoke run: the times mean nothing.")
    if not options.reference:
        lines.append("Without --reference there is nothing to compare with.")
    return "\n".join(lines)


def measure(scenario: Scenario, paths: list[str], options: argparse.Namespace) -> list[Measurement]:
    """Run all samplers in turn, round after round.

    Parameters
    ----------
    scenario : Scenario
        What is asked.
    paths : list of str
        The collection.
    options : argparse.Namespace
        Of the run.

    Returns
    -------
    list of Measurement
        In the order of the runs.
    """
    ours = Peer("ours", sys.executable)
    runs = [(_COLD, ours), (_WARM, ours)]
    if options.reference:
        # Not resolved: a virtual environment's interpreter is known by its link's place.
        runs.insert(0, (_REFERENCE, Peer("reference", os.path.abspath(options.reference))))
    measurements = []
    for number in range(1, options.rounds + 1):
        # Empty for the cold run, filled by it for the warm one.
        with tempfile.TemporaryDirectory(prefix="bench-cache-") as cache_dir:
            job = Job(
                paths=paths,
                target_count=scenario.target_count,
                n_workers=options.n_workers,
                random_seed=scenario.random_seed,
                cache_dir=cache_dir,
                wants_picks=False,
            )
            for sampler, peer in runs:
                seconds, result = run_peer(peer, job)
                measurements.append(Measurement(scenario.name, number, sampler, seconds, result))
                print(f"{scenario.name} {number}: {sampler} {seconds:.2f} s", file=sys.stderr)
    return measurements


def format_heading(scenario: Scenario, paths: Sequence[str]) -> str:
    """Say what a table is about.

    Parameters
    ----------
    scenario : Scenario
        What was asked.
    paths : sequence of str
        The collection.

    Returns
    -------
    str
        A Markdown heading between empty lines.
    """
    size = sum(os.path.getsize(path) for path in paths) / len(paths) / 1000
    return (
        f"\n### {scenario.target_count:,} of {scenario.n_images:,} {scenario.title}"
        f" ({size:,.0f} kB each)\n"
    )


def format_table(scenario: Scenario, measurements: Sequence[Measurement]) -> str:
    """Tabulate a scenario's medians.

    Parameters
    ----------
    scenario : Scenario
        What was asked.
    measurements : sequence of Measurement
        Of this scenario.

    Returns
    -------
    str
        A Markdown table that reads well as it is.
    """
    by_sampler: dict[str, list[Measurement]] = {}
    for measurement in measurements:
        by_sampler.setdefault(measurement.sampler, []).append(measurement)
    reference = by_sampler.get(_REFERENCE, [])
    return align_table(
        _COLUMNS,
        [_summarise(scenario, sampler, runs, reference) for sampler, runs in by_sampler.items()],
    )


def _summarise(
    scenario: Scenario,
    sampler: str,
    runs: Sequence[Measurement],
    reference: Sequence[Measurement],
) -> tuple[str, ...]:
    """Fill one sampler's line."""
    call_s = median(run.result["call_s"] for run in runs)
    # Each round's neighbours are compared, so that what slows a whole round down cancels out.
    pairs = list(zip(reference, runs, strict=bool(reference)))
    by_call = [other.result["call_s"] / run.result["call_s"] for other, run in pairs]
    peaks = [peak for run in runs if (peak := run.result["peak_bytes"]) is not None]
    by_process = [other.process_s / run.process_s for other, run in pairs]
    return (
        sampler,
        _format_ratio(median(by_call)) if pairs else "",
        f"{_format_ratio(min(by_call))} to {_format_ratio(max(by_call))}" if pairs else "",
        _format_ratio(median(by_process)) if pairs else "",
        f"{call_s:.3f}",
        f"{scenario.n_images / call_s:,.0f}",
        f"{median(run.result['cpu_s'] for run in runs):.2f}",
        f"{median(run.process_s for run in runs):.2f}",
        f"{runs[0].result['n_different']:,} of {runs[0].result['n_returned']:,}",
        f"{max(peaks) / 2**20:,.0f}" if peaks else "",
    )


def _format_ratio(ratio: float) -> str:
    """Write a ratio with as many digits as it is worth."""
    return f"{ratio:.1f}x" if ratio < _LARGE_RATIO else f"{ratio:,.0f}x"


def format_environment(machine: str, measurements: Sequence[Measurement]) -> str:
    """Name machine and versions, and explain the columns.

    Parameters
    ----------
    machine : str
        See `describe_machine`.
    measurements : sequence of Measurement
        All of them.

    Returns
    -------
    str
        A few lines.
    """
    versions = {
        measurement.sampler.split(",")[0]: measurement.result["versions"]
        for measurement in measurements
    }
    listed = [
        f"- {sampler}: {', '.join(f'{name} {number}' for name, number in numbers.items())}"
        for sampler, numbers in versions.items()
    ]
    return "\n".join(
        [
            "\nfaster: the reference's call by this one's (the package is imported before, what it",
            "imports later counts), median and range of the rounds; in all: the same for the whole",
            "process, from the start of Python to its end; call s, cpu s, all s: seconds of the",
            "call, of processor time in it, and of the whole process, medians; different: distinct",
            "paths among those returned; MiB: peak memory.\n",
            f"- machine: {machine}",
            *listed,
        ]
    )


if __name__ == "__main__":
    main()
