"""Run samplers in processes of their own and name the machine they ran on."""

import importlib.metadata
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple

from peers.job import Job, Result
from runs import Run

_FOLDER = os.path.dirname(os.path.abspath(__file__))
# How often the memory of worker processes is looked at.
_LOOK_S = 0.05
_LONGEST_S = 1200
_STARTED = time.perf_counter()


class PeerError(Exception):
    """A sampler that did not do its job; the text is the last that it said."""


class Outcome(NamedTuple):
    """What a process took."""

    process_s: float  # from its start to its end: start of Python, imports, call
    # Of the processor during the call; with worker processes, of all of them from start to end.
    cpu_s: float
    # Largest resident size; with worker processes, of all together, shared memory counted in each.
    peak_bytes: int
    result: Result  # what it measured itself


def find_python(environments: str, environment: str) -> str:
    """Find the interpreter of a sampler's environment, which need not be there; ours for none."""
    if not environment:
        return sys.executable
    # Not resolved: a virtual environment's interpreter is known by its link's place.
    return os.path.join(os.path.abspath(environments), environment, "bin", "python")


def run_peer(run: Run, python: str, job: Job) -> Outcome:
    """Do a job in a new process of an interpreter."""
    # Without -E a PYTHONPATH could put this package in place of the published one.
    command = [python, "-E", "-m", *f"peers.{run.module}".split()]
    cpu_before = _count_cpu()
    with (
        # Not through a pipe, which is stuck when a process is looked at before it has read it all.
        tempfile.TemporaryFile("w+", encoding="utf-8") as given,
        tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as said,
    ):
        json.dump(job, given)
        given.seek(0)
        started = time.perf_counter()
        with _using_cores(run.n_cores):
            process = subprocess.Popen(
                command, cwd=_FOLDER, stdin=given, stdout=subprocess.PIPE, stderr=said, text=True
            )
        printed, peak_bytes = _wait(process, is_watched=run.has_processes)
        seconds = time.perf_counter() - started
        if process.returncode:
            said.seek(0)
            lines = said.read().strip().splitlines() or [f"exit code {process.returncode}"]
            raise PeerError(lines[-1])
    result: Result = json.loads(printed)
    cpu_s = max(result["cpu_s"], _count_cpu() - cpu_before if run.has_processes else 0)
    return Outcome(seconds, cpu_s, max(result["peak_bytes"], peak_bytes), result)


def _wait(process: "subprocess.Popen[str]", *, is_watched: bool) -> tuple[str, int]:
    """Wait for what a process prints, and watch its memory in bytes when asked to."""
    peak_bytes = 0
    deadline = time.monotonic() + _LONGEST_S
    while True:
        try:
            printed, _ = process.communicate(timeout=_LOOK_S if is_watched else _LONGEST_S)
        except subprocess.TimeoutExpired as error:
            if time.monotonic() > deadline:
                process.kill()
                process.communicate()
                raise PeerError(f"not done after {_LONGEST_S} s") from error
            peak_bytes = max(peak_bytes, sum(_list_sizes(process.pid)))
        else:
            return printed, peak_bytes


def _list_sizes(pid: int) -> Iterator[int]:
    """List the resident sizes of a process and all below it, in bytes, where Linux tells."""
    # It can end meanwhile, and elsewhere there is no such file system.
    with suppress(OSError):
        yield int(_read(f"/proc/{pid}/statm").split()[1]) * os.sysconf("SC_PAGE_SIZE")
        for task in os.listdir(f"/proc/{pid}/task"):
            for child in _read(f"/proc/{pid}/task/{task}/children").split():
                yield from _list_sizes(int(child))


def _read(path: str) -> str:
    """Read a file of the system."""
    with open(path, encoding="utf-8") as file:
        return file.read()


@contextmanager
def _using_cores(n_cores: int | None) -> Iterator[None]:
    """Let processes that are started meanwhile use a few cores only."""
    if n_cores is None:
        yield
        return
    usable = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(usable)[:n_cores])
    try:
        yield
    finally:
        os.sched_setaffinity(0, usable)


def _count_cpu() -> float:
    """Count the processor seconds of all processes started here that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def say(text: str) -> None:
    """Say how far a benchmark is, on standard error."""
    minutes, seconds = divmod(int(time.perf_counter() - _STARTED), 60)
    print(f"{minutes:3d}:{seconds:02d} {text}", file=sys.stderr, flush=True)


def list_versions(*distributions: str) -> dict[str, str]:
    """List the versions of Python and of installed distributions."""
    versions = {name: importlib.metadata.version(name) for name in distributions}
    return {"Python": platform.python_version(), **versions}


def describe_machine(folder: str = "") -> str:
    """Name system, processor, cores usable, load, and the kind of file system of a folder."""
    # What distributors append to the version says nothing about speed.
    release = platform.release().split("-")[0]
    system = f"{platform.system()} {release} {platform.machine()}"
    load = f"load {os.getloadavg()[0]:.1f}"
    parts = [system, _name_processor(), f"{count_cores()} cores", load]
    with suppress(OSError):
        command = ["findmnt", "--noheadings", "--output=FSTYPE", "--target", folder]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        parts.append(done.stdout.strip())
    return ", ".join(filter(None, parts))


def _name_processor() -> str:
    """Name the processor's model, as far as the system tells."""
    with suppress(OSError):
        for line in _read("/proc/cpuinfo").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def count_cores() -> int:
    """Count the cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
