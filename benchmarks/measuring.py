"""Run samplers in processes of their own and name the machine they ran on."""

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

from peers.job import Job, Result

if sys.platform != "win32":
    import resource

_FOLDER = os.path.dirname(os.path.abspath(__file__))
# How often the memory of worker processes is looked at.
_LOOK_S = 0.05
_LONGEST_S = 1200


class PeerError(Exception):
    """A sampler that did not do its job; the text is the last that it said."""


@dataclass(frozen=True)
class Peer:
    """A sampler that can be run.

    Parameters
    ----------
    module : str
        Name of its module in ``peers``.
    python : str
        Interpreter of the environment it is installed in.
    has_processes : bool
        Whether its workers are processes, whose memory counts as well.
    """

    module: str
    python: str
    has_processes: bool = False


class Outcome(NamedTuple):
    """What a process took.

    Attributes
    ----------
    process_s : float
        Seconds from its start to its end: start of Python, imports, call.
    cpu_s : float
        Seconds of the processor during the call; with worker processes, of all of them from
        start to end.
    peak_bytes : int or None
        Largest resident size; with worker processes, of all together, what they share counted
        in each.
    result : Result
        What it measured itself.
    """

    process_s: float
    cpu_s: float
    peak_bytes: int | None
    result: Result


def run_peer(peer: Peer, job: Job, n_cores: int | None = None) -> Outcome:
    """Do a job in a new process.

    Parameters
    ----------
    peer : Peer
        Who does it.
    job : Job
        What to do.
    n_cores : int, optional
        How many cores it may use. None for all.

    Returns
    -------
    Outcome
        What it took.

    Raises
    ------
    PeerError
        When it fails.
    """
    # Without -E a PYTHONPATH could put this package in place of the published one.
    command = [peer.python, "-E", "-m", f"peers.{peer.module}"]
    text = json.dumps(job)
    cpu_before = _count_cpu()
    with (
        # Not through a pipe, which is stuck when a process is looked at before it has read it all.
        tempfile.TemporaryFile("w+", encoding="utf-8") as given,
        tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as said,
    ):
        given.write(text)
        given.seek(0)
        started = time.perf_counter()
        with _using_cores(n_cores):
            process = subprocess.Popen(
                command,
                cwd=_FOLDER,
                stdin=given,
                stdout=subprocess.PIPE,
                stderr=said,
                text=True,
            )
        printed, peak = _wait(process, is_watched=peer.has_processes)
        seconds = time.perf_counter() - started
        if process.returncode:
            said.seek(0)
            lines = said.read().strip().splitlines() or [f"exit code {process.returncode}"]
            raise PeerError(lines[-1])
    result: Result = json.loads(printed)
    own = result["peak_bytes"]
    return Outcome(
        seconds,
        max(result["cpu_s"], _count_cpu() - cpu_before) if peer.has_processes else result["cpu_s"],
        own if peak is None or own is None else max(own, peak),
        result,
    )


def _wait(process: "subprocess.Popen[str]", *, is_watched: bool) -> tuple[str, int | None]:
    """Wait for what a process prints; watch its memory when asked to."""
    peak = 0 if is_watched else None
    deadline = time.monotonic() + _LONGEST_S
    while True:
        try:
            timeout = _LONGEST_S if peak is None else _LOOK_S
            printed, _ = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired as error:
            if time.monotonic() > deadline:
                process.kill()
                process.communicate()
                raise PeerError(f"not done after {_LONGEST_S} s") from error
            peak = max(peak or 0, sum(_list_sizes(process.pid)))
        else:
            return printed, peak


def _list_sizes(pid: int) -> Iterator[int]:
    """List the resident sizes of a process and all below it, in bytes, where Linux tells."""
    try:
        with open(f"/proc/{pid}/statm", encoding="ascii") as file:
            yield int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/children", encoding="ascii") as file:
                children = file.read().split()
            for child in children:
                yield from _list_sizes(int(child))
    except OSError:
        # It has ended meanwhile, or there is no such file system.
        return


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
    """Count the processor seconds of all processes started here that have ended; 0 if unknown."""
    if sys.platform == "win32":
        return 0.0
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def describe_machine() -> str:
    """Name the machine: system, processor, cores usable, and what else it is busy with."""
    # What distributors append to the version says nothing about speed.
    release = platform.release().split("-")[0]
    system = f"{platform.system()} {release} {platform.machine()}"
    parts = [system, _name_processor(), f"{count_cores()} cores"]
    if hasattr(os, "getloadavg"):
        parts.append(f"load {os.getloadavg()[0]:.1f}")
    return ", ".join(parts)


def _name_processor() -> str:
    """Name the processor's model, as far as the system tells."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            models = [
                line.split(":", 1)[1].strip() for line in file if line.startswith("model name")
            ]
    except OSError:
        models = []
    return models[0] if models else platform.processor() or platform.machine()


def count_cores() -> int:
    """Count the cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def name_file_system(path: str) -> str:
    """Name the kind of file system that a path is on.

    Parameters
    ----------
    path : str
        Of a file or folder.

    Returns
    -------
    str
        Such as ``ext4``; empty where the system does not tell.
    """
    path = os.path.realpath(path)
    best, kind = "", ""
    try:
        with open("/proc/self/mounts", encoding="utf-8") as file:
            for line in file:
                mount, name = line.split()[1:3]
                is_above = os.path.commonpath((mount, path)) == mount
                if is_above and len(mount) >= len(best):
                    best, kind = mount, name
    except OSError:
        return ""
    return kind
