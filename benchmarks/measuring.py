"""Run samplers in processes of their own and name the machine they ran on."""

import json
import os
import platform
import subprocess
import time
from dataclasses import dataclass

from peers.job import Job, Result

_FOLDER = os.path.dirname(os.path.abspath(__file__))


@dataclass(frozen=True)
class Peer:
    """A sampler that can be run.

    Parameters
    ----------
    module : str
        Name of its module in ``peers``.
    python : str
        Interpreter of the environment it is installed in.
    """

    module: str
    python: str


@dataclass(frozen=True)
class Measurement:
    """One run of one sampler.

    Parameters
    ----------
    scenario : str
        Name of the collection.
    round : int
        From 1.
    sampler : str
        Name of the sampler, and in which state it ran.
    process_s : float
        Seconds from the start of its process to the end: start of Python, imports, call.
    result : Result
        What it measured itself.
    """

    scenario: str
    round: int
    sampler: str
    process_s: float
    result: Result


def run_peer(peer: Peer, job: Job) -> tuple[float, Result]:
    """Do a job in a new process.

    Parameters
    ----------
    peer : Peer
        Who does it.
    job : Job
        What to do.

    Returns
    -------
    float
        Seconds from the start of the process to its end.
    Result
        What it measured itself.
    """
    # Without -E a PYTHONPATH could put this package in place of the published one.
    command = [peer.python, "-E", "-m", f"peers.{peer.module}"]
    started = time.perf_counter()
    process = subprocess.run(
        command, cwd=_FOLDER, input=json.dumps(job), stdout=subprocess.PIPE, text=True, check=True
    )
    seconds = time.perf_counter() - started
    result: Result = json.loads(process.stdout)
    return seconds, result


def describe_machine() -> str:
    """Name the machine: system, processor, cores usable, and what else it is busy with."""
    parts = [platform.platform(), _name_processor(), f"{_count_cores()} cores"]
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


def _count_cores() -> int:
    """Count the cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
