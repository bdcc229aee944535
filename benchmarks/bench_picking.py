"""Time picking alone: selections from feature rows that are in memory already.

Rows are made up: cameras with scenes of their own, triggers that change the light, frames that
change little. Each size is measured in a process of its own, so that its peak memory is its own.
"""

import multiprocessing
import time
from collections.abc import Sequence
from statistics import median

import numpy as np

from command_line import make_parser, parse_options
from kept import Record, trim
from measuring import describe_machine, say
from peers.job import measure_peak_memory
from smartdownsample import FeatureTable, ImageIndex
from smartdownsample.features.spec import make_spec
from smartdownsample.records import RowArray, pack_paths, whole_photos
from write_pages import finish

_SPEC = make_spec(8, "fast")
_FRAMES_PER_CAMERA = 5000
_MEAN_TRIGGER = 5
_CHUNK_ROWS = 100_000
# Images, how many of them are picked, and how often.
_SIZES = (
    *((100_000, n_picked, 7) for n_picked in (1_000, 10_000, 50_000)),
    *((1_000_000, n_picked, 3) for n_picked in (10_000, 100_000)),
    (10_000_000, 100_000, 3),
)
_SMOKE_SIZES = ((5_000, 500, 1),)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark and print its table."""
    options = parse_options(make_parser(__doc__), arguments, "picking")
    machine = describe_machine()
    timings = []
    # A new process for each: what one size leaves behind is not the next one's.
    with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
        for size in _SMOKE_SIZES if options.smoke else _SIZES:
            timings.append(pool.apply(measure, size))
            say(f"{size[1]:,} of {size[0]:,}: {timings[-1]['median_s']:.3f} s")
    record = {"is_smoke": options.smoke, "machine": machine, "timings": timings}
    finish("picking", record, options)


def measure(n_images: int, n_picked: int, n_rounds: int) -> Record:
    """Time selections from made-up rows."""
    rows = make_rows(n_images)
    # Picking does not look at paths.
    table = FeatureTable(
        spec=_SPEC,
        paths=pack_paths([""] * n_images),
        frames=whole_photos(n_images)[0],
        regions=whole_photos(n_images)[1],
        indices=np.arange(n_images),
        rows=rows,
        failures=(),
        n_given=n_images,
        n_extracted=0,
        n_known=n_images,
    )
    started = time.perf_counter()
    index = ImageIndex(table)
    _ = index.collection
    prepare_s = time.perf_counter() - started
    call_s, cpu_s = [], []
    for seed in range(n_rounds):
        started, cpu_started = time.perf_counter(), time.process_time()
        index.sample(n_picked, random_seed=seed)
        call_s.append(time.perf_counter() - started)
        cpu_s.append(time.process_time() - cpu_started)
    return {
        "n_images": n_images,
        "n_picked": n_picked,
        "best_s": trim(min(call_s)),
        "median_s": trim(median(call_s)),
        "cpu_s": trim(median(cpu_s)),  # hardly changes with what else the machine does
        "prepare_s": trim(prepare_s),  # once for an index: buckets and distances in order
        "rows_bytes": rows.nbytes,
        "peak_bytes": measure_peak_memory(),  # of the whole process, rows included
    }


def make_rows(n_images: int, first: int = 0) -> RowArray:
    """Make up rows that hang together as those of camera traps do."""
    rows = np.zeros(n_images, dtype=_SPEC.row_dtype)
    for start in range(0, n_images, _CHUNK_ROWS):
        _fill_rows(rows[start : start + _CHUNK_ROWS], np.random.default_rng([42, first + start]))
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


if __name__ == "__main__":
    main()
