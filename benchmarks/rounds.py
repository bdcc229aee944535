"""Measure a scenario: its samplers take their turns, round after round."""

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from layout import touch_some
from measuring import Outcome, Peer, PeerError, count_cores, run_peer
from peers.job import Job
from records import Measurement, Record, trim
from runs import OURS, PEERS, Run
from scenarios import Scenario

_STARTED = time.perf_counter()


def say(text: str) -> None:
    """Say how far the benchmark is, on standard error.

    Parameters
    ----------
    text : str
        One line.
    """
    minutes, seconds = divmod(int(time.perf_counter() - _STARTED), 60)
    print(f"{minutes:3d}:{seconds:02d} {text}", file=sys.stderr, flush=True)


@dataclass
class Contest:
    """A scenario that is being measured.

    Parameters
    ----------
    scenario : Scenario
        What is asked.
    paths : list of str
        The files.
    record : Record
        Where measurements go.
    environments : str
        Folder with the environments of the samplers.
    peers : sequence of str
        Modules of the samplers besides ours that take part.
    n_rounds : int
        At most.
    """

    scenario: Scenario
    paths: list[str]
    record: Record
    environments: str
    peers: Sequence[str]
    n_rounds: int
    _picks: dict[str, set[str]] = field(default_factory=dict)

    def measure(self) -> None:
        """Run everything, round after round; what fails once is left out from then on."""
        n_rounds = min(self.n_rounds, self.scenario.n_rounds)
        with tempfile.TemporaryDirectory(prefix="bench-cache-") as folder:
            for number in range(1, n_rounds + 1):
                for run in self.scenario.list_runs(number):
                    if run.name not in self.record.left_out:
                        self._take_turn(run, number, folder)

    def _take_turn(self, run: Run, number: int, folder: str) -> None:
        """Run one sampler, unless there is a reason against it."""
        place = f"{self.scenario.name}, round {number}: {run.name}"
        reason = self._find_reason(run)
        if reason is None:
            try:
                outcome = self._run(run, number, folder)
            except PeerError as error:
                reason = f"it failed: {error}"
            else:
                self._keep(run, number, outcome)
                say(f"{place} {outcome.process_s:.2f} s")
                return
        self.record.left_out[run.name] = reason
        say(f"{place} left out, {reason}")

    def _find_reason(self, run: Run) -> str | None:
        """Tell why a sampler cannot take part, if so."""
        if run.module in PEERS and run.module not in self.peers:
            return "not asked for"
        if not os.path.exists(self._find_python(run)):
            return f"there is no environment {run.environment}"
        if run.n_cores is not None and not hasattr(os, "sched_setaffinity"):
            return "this system does not let a process choose its cores"
        if run.n_cores is not None and count_cores() <= run.n_cores:
            return "there are no more cores to compare with"
        return None

    def _find_python(self, run: Run) -> str:
        """Find the interpreter that has a sampler."""
        if not run.environment:
            return sys.executable
        # Not resolved: a virtual environment's interpreter is known by its link's place.
        return os.path.join(os.path.abspath(self.environments), run.environment, "bin", "python")

    def _run(self, run: Run, number: int, folder: str) -> Outcome:
        """Run one sampler with what it is to find in its store."""
        scenario = self.scenario
        kept, own = os.path.join(folder, "kept"), os.path.join(folder, "own")
        cache_dir = own if run.store == "own" else kept
        if run.store != "kept":
            shutil.rmtree(cache_dir, ignore_errors=True)
        os.makedirs(cache_dir, exist_ok=True)
        if run.is_touched:
            touch_some(self.paths, number)
        job = Job(
            paths=self.paths,
            target_count=max(1, round(scenario.target_count * run.share_asked)),
            n_workers=run.n_cores or self.record.n_workers,
            random_seed=scenario.random_seed + run.seed_step,
            cache_dir=cache_dir,
            wants_picks=scenario.compares_seeds,
        )
        if run.module == OURS and run.decode != "fast":
            job["decode"] = run.decode
        if run.module == "again":
            job["spread"] = run.spread
        peer = Peer(run.module, self._find_python(run), run.has_processes)
        return run_peer(peer, job, run.n_cores)

    def _keep(self, run: Run, number: int, outcome: Outcome) -> None:
        """Keep what was measured, and compare picks with those of the other seed."""
        result = outcome.result
        picks = self._picks[run.name] = set(result["picks"])
        other = self._picks.get(run.other_of)
        self.record.runs.setdefault(run.name, []).append(
            Measurement(
                round=number,
                call_s=trim(result["call_s"]),
                load_s=trim(result["import_s"]),
                process_s=trim(outcome.process_s),
                cpu_s=trim(outcome.cpu_s),
                n_returned=result["n_returned"],
                n_different=result["n_different"],
                peak_bytes=outcome.peak_bytes,
                in_common=trim(len(picks & other) / len(picks)) if picks and other else None,
            )
        )
        self.record.versions[run.name] = result["versions"]
