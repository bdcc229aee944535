"""Compare this package with other samplers: time, exactness and memory, in turn, in one run.

Every measurement is a process of its own. Samplers whose environment is missing are left out.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Sequence

from layout import Files
from measuring import count_cores, describe_machine, name_file_system
from pages import check_documents, format_records, write_documents
from records import Record, add_record, load_records
from rounds import Contest, say
from runs import PEERS
from scenarios import Scenario, choose_scenarios, make_scenarios

_ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_KEPT = os.path.join(_ROOT, "benchmarks", "results", "speed.json")
# Photos to use when none are given: real ones beside the repository, else rendered ones in it.
_PHOTO_FOLDERS = {
    "real camera-trap photos": os.path.join(os.path.dirname(_ROOT), "shared", "images", "camtrap"),
    "rendered photos": os.path.join(_ROOT, "data_samples", "photos"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print tables and keep figures, or write the documents from kept ones.

    Parameters
    ----------
    arguments : sequence of str, optional
        Of the command line.

    Returns
    -------
    int
        The exit code: 1 when a document is to be checked and is not what the figures give.
    """
    options = parse_options(arguments)
    if not options.measures:
        records = load_records(options.again or _KEPT)
        if not records:
            sys.exit("There are no kept figures. Measure with --keep first.")
        if options.check:
            return report_differences(check_documents(_ROOT, records))
        if options.again:
            print(format_records(records))
    else:
        records = measure(options)
        print(format_records(records))
    if options.document:
        # All that are kept, not only those of this run.
        write_documents(_ROOT, load_records(_KEPT))
    return 0


def parse_options(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Parse the command line.

    Parameters
    ----------
    arguments : sequence of str or None
        None takes those of the process.

    Returns
    -------
    argparse.Namespace
        With the chosen scenarios.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--photos", metavar="DIR", help="photos to make the collections of")
    add("--only", nargs="+", default=[], metavar="NAME", help="scenarios, or their collections")
    add("--peers", nargs="*", default=PEERS, choices=PEERS, help="samplers besides ours (all)")
    add("--rounds", type=int, default=5, help="measurements of each at most (5)")
    add("--n-workers", type=int, default=count_cores(), help="of each sampler (usable cores)")
    add("--environments", metavar="DIR", default=_ROOT, help="folder with their environments")
    add("--smoke", action="store_true", help="run everything once, on a few images")
    add("--json", metavar="FILE", help="keep the figures there, beside those of other scenarios")
    add("--keep", action="store_true", help="keep the figures in benchmarks/results/")
    add("--again", metavar="FILE", help="measure nothing, show what --json has kept there")
    add(
        "--document",
        action="store_true",
        help="write docs/ and README from the kept figures; without --keep nothing is measured",
    )
    add("--check", action="store_true", help="compare docs/ and README with the kept figures")
    options = parser.parse_args(arguments)
    if options.rounds < 1 or options.n_workers < 1:
        parser.error("There must be at least one round and one worker.")
    if options.keep and (options.smoke or options.photos or options.json):
        parser.error("--keep is for whole runs on the usual photos. Name a file with --json.")
    options.measures = options.keep or not (options.document or options.check or options.again)
    options.json = _KEPT if options.keep else options.json
    try:
        scenarios = make_scenarios(is_smoke=options.smoke)
        options.scenarios = choose_scenarios(scenarios, options.only)
    except ValueError as error:
        parser.error(str(error))
    options.order = {scenario.name: place for place, scenario in enumerate(scenarios)}
    return options


def measure(options: argparse.Namespace) -> dict[str, Record]:
    """Lay out collections and measure what is asked of them, one after the other.

    Parameters
    ----------
    options : argparse.Namespace
        Of the run.

    Returns
    -------
    dict of str to Record
        Of each scenario's name what was measured.
    """
    records: dict[str, Record] = {}
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        # Once, before anything runs: later the load is this benchmark's own.
        options.machine = ", ".join(filter(None, (describe_machine(), name_file_system(folder))))
        files = Files(choose_sources(options.photos), folder, is_smoke=options.smoke)
        for scenario in options.scenarios:
            say(f"{scenario.name}: {scenario.title}")
            paths, sources = files.find(scenario.collection)
            if not paths:
                say(f"{scenario.name}: left out, there are no {scenario.collection.title}")
                continue
            record = start_record(scenario, paths, sources, options)
            Contest(
                scenario, paths, record, options.environments, options.peers, options.rounds
            ).measure()
            records[scenario.name] = record
            if options.json:
                add_record(options.json, scenario.name, record, options.order)
    if not records:
        sys.exit("None of the photos can be used: they must be whole, of 320 pixels at least.")
    return records


def choose_sources(photos: str | None) -> tuple[str, str]:
    """Choose the photos that collections are made of.

    Parameters
    ----------
    photos : str or None
        A folder. None takes the usual ones.

    Returns
    -------
    name, folder : str
        What they are, for people, and where.
    """
    if photos is not None:
        return "photos of one's own", photos
    for name, folder in _PHOTO_FOLDERS.items():
        if os.path.isdir(folder):
            return name, folder
    sys.exit("There are no photos to use. Name a folder with --photos.")


def start_record(
    scenario: Scenario, paths: Sequence[str], sources: str, options: argparse.Namespace
) -> Record:
    """Describe what is going to be measured.

    Parameters
    ----------
    scenario : Scenario
        What is asked.
    paths : sequence of str
        The files.
    sources : str
        What they are made of.
    options : argparse.Namespace
        Of the run.

    Returns
    -------
    Record
        Without measurements.
    """
    return Record(
        title=scenario.title,
        images=scenario.collection.title,
        n_images=len(paths),
        target_count=scenario.target_count,
        mean_bytes=sum(map(os.path.getsize, paths)) // len(paths),
        sources=sources,
        n_workers=options.n_workers,
        n_cores=count_cores(),
        machine=options.machine,
        date=time.strftime("%Y-%m-%d"),
        is_smoke=options.smoke,
    )


def report_differences(names: Sequence[str]) -> int:
    """Say which documents are not what the figures give.

    Parameters
    ----------
    names : sequence of str
        Of the documents' sections.

    Returns
    -------
    int
        The exit code.
    """
    for name in names:
        print(f"{name} is not what benchmarks/results/ gives. Run this script with --document.")
    return int(bool(names))


if __name__ == "__main__":
    sys.exit(main())
