"""Compare this package with other samplers: time, exactness and memory, in turn, in one run.

Every measurement is a process of its own. Samplers whose environment is missing are left out.
"""

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import measuring
from collection_files import Files, choose_sources, touch_some
from command_line import make_parser, parse_options
from kept import Record, load, save, trim
from peers.job import Job
from runs import PEERS, RUNS, Run
from scenarios import Scenario, make_scenarios
from write_pages import format_record, write_pages


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print tables, and keep figures and write pages when asked to."""
    parser = make_parser(__doc__, "--photos", "--environments")
    add = parser.add_argument
    names = [each.name for each in make_scenarios()]
    add("--only", nargs="+", choices=names, metavar="NAME", help="scenarios, or their collections")
    add("--peers", nargs="*", default=PEERS, choices=PEERS, help="samplers besides ours (all)")
    options = parse_options(parser, arguments, "speed")
    every = make_scenarios(is_smoke=options.smoke)
    wanted = set(options.only or names)
    chosen = [each for each in every if wanted & {each.name, each.collection.name}]
    records = measure(chosen, [each.name for each in every], options)
    print(format_record("speed", records))
    if options.keep:
        write_pages("speed")


def measure(
    scenarios: Sequence[Scenario], order: Sequence[str], options: argparse.Namespace
) -> dict[str, Record]:
    """Lay out collections and measure what is asked of them, keeping each when it is done."""
    records: dict[str, Record] = {}
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        # Once, before anything runs: later the load is this benchmark's own.
        machine = measuring.describe_machine(folder)
        files = Files(choose_sources(options.photos), folder, is_smoke=options.smoke)
        for scenario in scenarios:
            measuring.say(f"{scenario.name}: {scenario.title}")
            paths, sources = files.find(scenario.collection)
            if not paths:
                measuring.say(f"left out, there are no {scenario.collection.title}")
                continue
            record: Record = {
                "title": scenario.title,
                "n_images": len(paths),
                "target_count": scenario.target_count,
                "mean_bytes": sum(map(os.path.getsize, paths)) // len(paths),  # size of a file
                "sources": sources,  # what the files are made of
                "n_workers": measuring.count_cores(),  # of each sampler
                "n_cores": measuring.count_cores(),  # usable ones
                "machine": machine,
                "date": time.strftime("%Y-%m-%d"),
                "is_smoke": options.smoke,
                "runs": {},  # of each run what `Contest` keeps of each round
                "versions": {},  # of what each run used
                "left_out": {},  # why a run was not measured
            }
            Contest(scenario, paths, record, options).measure()
            records[scenario.name] = record
            if options.json:
                # In place of an older one; the others stay.
                kept = {**load(options.json), scenario.name: record}
                save(options.json, {each: kept[each] for each in (*order, *kept) if each in kept})
    if not records:
        sys.exit("None of the photos can be used: they must be whole, of 320 pixels at least.")
    return records


@dataclass
class Contest:
    """A scenario that is being measured: its samplers take their turns, round after round."""

    scenario: Scenario
    paths: list[str]
    record: Record  # where measurements go
    options: argparse.Namespace
    _picks: dict[str, set[str]] = field(default_factory=dict)

    def measure(self) -> None:
        """Run everything, round after round; what fails once is left out from then on."""
        with tempfile.TemporaryDirectory(prefix="bench-cache-") as folder:
            for number in range(1, max(self.scenario.rounds.values()) + 1):
                for run in RUNS:
                    is_due = self.scenario.rounds.get(run.name, 0) >= number
                    if is_due and run.name not in self.record["left_out"]:
                        self._take_turn(run, number, folder)

    def _take_turn(self, run: Run, number: int, folder: str) -> None:
        """Run one sampler, unless there is a reason against it."""
        place = f"{self.scenario.name}, round {number}: {run.name}"
        python = measuring.find_python(self.options.environments, run.environment)
        reason = self._find_reason(run, python)
        if reason is None:
            try:
                outcome = self._run(run, python, number, folder)
            except measuring.PeerError as error:
                reason = f"it failed: {error}"
            else:
                self._keep(run, number, outcome)
                measuring.say(f"{place} {outcome.process_s:.2f} s")
                return
        self.record["left_out"][run.name] = reason
        measuring.say(f"{place} left out, {reason}")

    def _find_reason(self, run: Run, python: str) -> str | None:
        """Tell why a sampler cannot take part, if so."""
        if run.module in PEERS and run.module not in self.options.peers:
            return "not asked for"
        if not os.path.exists(python):
            return f"there is no environment {run.environment}"
        can_choose = hasattr(os, "sched_setaffinity") and measuring.count_cores() > 1
        if run.n_cores is not None and not can_choose:
            return "there are no more cores to compare with, or none can be chosen"
        return None

    def _run(self, run: Run, python: str, number: int, folder: str) -> measuring.Outcome:
        """Run one sampler with what it is to find in its store."""
        scenario = self.scenario
        cache_dir = os.path.join(folder, "own" if run.store == "own" else "shared")
        if run.store != "kept":
            shutil.rmtree(cache_dir, ignore_errors=True)
        os.makedirs(cache_dir, exist_ok=True)
        if run.is_touched:
            touch_some(self.paths, number)
        job = Job(
            paths=self.paths,
            target_count=max(1, round(scenario.target_count * run.share_asked)),
            n_workers=run.n_cores or measuring.count_cores(),
            random_seed=scenario.random_seed + run.seed_step,
            cache_dir=cache_dir,
            wants_picks=scenario.compares_seeds,
            decode=run.decode,
            spread=run.spread,
        )
        return measuring.run_peer(run, python, job)

    def _keep(self, run: Run, number: int, outcome: measuring.Outcome) -> None:
        """Keep what was measured, and compare picks with those of the other seed."""
        result = outcome.result
        picks = self._picks[run.name] = set(result["picks"])
        other = self._picks.get(run.other_of)
        measurement: Record = {
            "round": number,  # from 1
            "call_s": trim(result["call_s"]),
            # Before the call: imports, and building an index that is sampled again.
            "load_s": trim(result["import_s"]),
            "process_s": trim(outcome.process_s),  # from the start of the process to its end
            "cpu_s": trim(outcome.cpu_s),  # of the processor during the call, see `Outcome`
            "n_returned": result["n_returned"],
            "n_different": result["n_different"],  # distinct picks among those returned
            "peak_bytes": outcome.peak_bytes,  # largest resident size
        }
        if picks and other:
            # Share of the distinct picks that another seed picked as well.
            measurement["in_common"] = trim(len(picks & other) / len(picks))
        self.record["runs"].setdefault(run.name, []).append(measurement)
        self.record["versions"][run.name] = result["versions"]


if __name__ == "__main__":
    main()
