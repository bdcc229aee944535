"""Time picking alone: selections from feature rows that are in memory already.

Rows are made up: cameras with scenes of their own, triggers that change the light, frames that
change little. Each size is measured in a process of its own, so that its peak memory is its own.
"""

import argparse
import json
import multiprocessing
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import median

import numpy as np

from measuring import describe_machine
from peers.job import measure_peak_memory
from smartdownsample import FeatureTable, ImageIndex
from smartdownsample.features.spec import make_spec
from smartdownsample.records import RowArray
from tables import align_table, replace_section

_DOCUMENT = os.path.join(
    os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "docs", "selection.md"
)
_SPEC = make_spec(8, "fast")
_FRAMES_PER_CAMERA = 5000
_MEAN_TRIGGER = 5
_CHUNK_ROWS = 100_000
# Seconds for so many of 100,000.
_LINES = {(100_000, 1_000): 0.05, (100_000, 10_000): 0.3, (100_000, 50_000): 1.0}
_SIZES = (*_LINES, (1_000_000, 10_000), (1_000_000, 100_000), (10_000_000, 100_000))
_SMOKE_SIZES = ((2_000, 100), (5_000, 500))
_LARGE = 1_000_000


@dataclass(frozen=True)
class Timing:
    """What picking took.

    Parameters
    ----------
    n_images, n_picked : int
        Rows, and how many of them were picked.
    call_s, cpu_s : list of float
        Seconds of each call, and of processor time in it, which hardly changes with what else
        the machine does.
    prepare_s : float
        Seconds before the first call, once for an index: buckets and distances in order.
    rows_bytes : int
        Size of the rows themselves.
    peak_bytes : int or None
        Largest resident size of the process, rows included.
    """

    n_images: int
    n_picked: int
    call_s: list[float]
    cpu_s: list[float]
    prepare_s: float
    rows_bytes: int
    peak_bytes: int | None


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark and print its table.

    Parameters
    ----------
    arguments : sequence of str, optional
        Of the command line.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--rounds", type=int, default=7, help="selections of each size (7; 3 of a million or more)")
    add("--smoke", action="store_true", help="run everything once, on few rows")
    add("--json", metavar="FILE", help="keep every figure there")
    add("--document", action="store_true", help="write the table into docs/")
    options = parser.parse_args(arguments)
    machine = describe_machine()
    timings = []
    # A new process for each: what one size leaves behind is not the next one's.
    with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
        for n_images, n_picked in _SMOKE_SIZES if options.smoke else _SIZES:
            n_rounds = 1 if options.smoke else options.rounds
            n_rounds = min(n_rounds, 3) if n_images >= _LARGE else n_rounds
            timings.append(pool.apply(measure, (n_images, n_picked, n_rounds)))
            print(format_timings(timings[-1:]).splitlines()[-1], file=sys.stderr)
    text = f"{format_timings(timings)}\n\n- machine: {machine}"
    print(text)
    if options.json:
        record = {"machine": machine, "timings": [asdict(timing) for timing in timings]}
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(record, file, indent=1)
    if options.document:
        replace_section(_DOCUMENT, "cost", text)


def measure(n_images: int, n_picked: int, n_rounds: int) -> Timing:
    """Time selections from made-up rows.

    Parameters
    ----------
    n_images, n_picked : int
        Rows, and how many of them to pick.
    n_rounds : int
        Calls.

    Returns
    -------
    Timing
        Of all calls.
    """
    rows = make_rows(n_images)
    table = FeatureTable(
        spec=_SPEC,
        # Picking does not look at paths.
        paths=[""] * n_images,
        indices=np.arange(n_images),
        rows=rows,
        failures=(),
        n_given=n_images,
        n_extracted=0,
        n_known=n_images,
    )
    started = time.perf_counter()
    index = ImageIndex(table)
    _ = index.steps
    prepare_s = time.perf_counter() - started
    call_s, cpu_s = [], []
    for seed in range(n_rounds):
        started, cpu_started = time.perf_counter(), time.process_time()
        index.sample(n_picked, random_seed=seed)
        call_s.append(time.perf_counter() - started)
        cpu_s.append(time.process_time() - cpu_started)
    return Timing(n_images, n_picked, call_s, cpu_s, prepare_s, rows.nbytes, measure_peak_memory())


def make_rows(n_images: int) -> RowArray:
    """Make up rows that hang together as those of camera traps do.

    Parameters
    ----------
    n_images : int
        How many.

    Returns
    -------
    structured ndarray, shape (n_images,)
        See `smartdownsample.FeatureSpec.row_dtype`.
    """
    rows = np.zeros(n_images, dtype=_SPEC.row_dtype)
    for start in range(0, n_images, _CHUNK_ROWS):
        _fill_rows(rows[start : start + _CHUNK_ROWS], np.random.default_rng([42, start]))
    return rows


def _fill_rows(rows: RowArray, rng: np.random.Generator) -> None:
    """Fill rows with cameras, triggers and frames."""
    n = len(rows)
    camera = np.arange(n) // _FRAMES_PER_CAMERA
    trigger = np.cumsum(rng.random(n) < 1 / _MEAN_TRIGGER)
    n_cameras, n_triggers = int(camera[-1]) + 1, int(trigger[-1]) + 1
    scenes = rng.integers(40, 200, (n_cameras, 48), dtype=np.int16)
    light = rng.integers(-40, 40, (n_triggers, 1), dtype=np.int16)
    subject = rng.integers(-12, 12, (n_triggers, 48), dtype=np.int16)
    noise = rng.integers(-2, 3, (n, 48), dtype=np.int16)
    layout = scenes[camera] + light[trigger] + subject[trigger] + noise
    rows["lab_layout"] = layout.clip(0, 255)
    # About one bit in eight changes from trigger to trigger, one in 64 from frame to frame.
    words = rng.integers(0, 256, (n_cameras, 8), dtype=np.uint8)[camera]
    words ^= _draw_bits(rng, (n_triggers, 8), 3)[trigger]
    rows["dhash"] = words ^ _draw_bits(rng, (n, 8), 6)
    rows["ahash"] = words[:, :2]
    tints = rng.integers(60, 170, (n_cameras, 3))[camera]
    is_infrared = rng.random(n_triggers) < 1 / 3
    tints[is_infrared[trigger]] = 100
    rows["mean_rgb"] = tints + light[trigger]


def _draw_bits(rng: np.random.Generator, shape: tuple[int, int], halvings: int) -> np.ndarray:
    """Draw packed bits, each set with a chance of one in ``2**halvings``."""
    bits = rng.integers(0, 256, shape, dtype=np.uint8)
    for _ in range(halvings - 1):
        bits &= rng.integers(0, 256, shape, dtype=np.uint8)
    return bits


def format_timings(timings: Sequence[Timing]) -> str:
    """Tabulate what picking took.

    Parameters
    ----------
    timings : sequence of Timing
        Of all sizes.

    Returns
    -------
    str
        A Markdown table.
    """
    header = (
        "picked",
        "best s",
        "median s",
        "cpu s",
        "line s",
        "once before s",
        "rows MB",
        "peak MB",
    )
    lines = []
    for timing in timings:
        line = _LINES.get((timing.n_images, timing.n_picked))
        peak = timing.peak_bytes
        lines.append(
            (
                f"{timing.n_picked:,} of {timing.n_images:,}",
                f"{min(timing.call_s):.3f}",
                f"{median(timing.call_s):.3f}",
                f"{median(timing.cpu_s):.3f}",
                "" if line is None else f"{line:g}",
                f"{timing.prepare_s:.2f}",
                f"{timing.rows_bytes / 1e6:,.0f}",
                "" if peak is None else f"{peak / 1e6:,.0f}",
            )
        )
    return align_table(header, lines)


if __name__ == "__main__":
    main()
