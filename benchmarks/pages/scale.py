"""The figures of docs/scaling.md, made of results/scale.json."""

from kept import Record
from pages.markdown import Sections, tabulate

_BILLION = 10**9
_HOUR_S = 3600


def make_sections(record: Record) -> Sections:
    """Make what stands between the marks of the document."""
    runs = record["coordinator"]
    costs = [_find_largest(runs, way, kind) for way, kind in _list_ways(runs)]
    texts = {
        "coordinator": tabulate(
            runs,
            ("way", lambda run: run["way"]),
            ("images", lambda run: run["kind"]),
            ("workers", lambda run: f"{run['n_workers']:,}"),
            ("images a chunk", lambda run: f"{run['n_images'] / run['n_chunks']:,.0f}"),
            ("chunks/s", lambda run: f"{run['chunks_per_s']:,.0f}"),
            ("images/s", lambda run: f"{run['images_per_s']:,.0f}"),
            ("bytes out", lambda run: f"{run['bytes_out']:.0f}"),
            ("bytes back", lambda run: f"{run['bytes_back']:.1f}"),
            ("µs an image", lambda run: f"{run['coordinator_us']:.1f}"),
            ("coordinator busy", lambda run: f"{run['coordinator_share']:.0%}"),
            ("workers busy", lambda run: f"{run['worker_share']:.0%}"),
        ),
        "ends": tabulate(
            costs,
            ("way", lambda run: run["way"]),
            ("images", lambda run: run["kind"]),
            ("measured: coordinator", lambda run: f"{run['coordinator_us']:.1f} µs an image"),
            ("measured: back", lambda run: f"{run['bytes_back']:.1f} bytes an image"),
            ("extrapolated: workers it keeps busy", lambda run: f"{_count_workers(run):,.0f}"),
            ("extrapolated: a billion, coordinator", lambda run: f"{_count_hours(run):.1f} h"),
            (
                "extrapolated: a billion, back",
                lambda run: f"{run['bytes_back'] * _BILLION / 1e9:,.1f} GB",
            ),
            (
                "extrapolated: a billion, 1,000 workers",
                lambda run: f"{_count_hours_of(run, 1000):.1f} h",
            ),
        ),
        "engines": tabulate(
            record["engines"],
            ("engine", lambda each: f"{each['name']} {each['version']}"),
            ("workers", lambda each: str(each["n_workers"])),
            ("small photos", lambda each: f"{each['n_photos']:,}"),
            ("throughput / threads", lambda each: f"{each['ratio']:.2f}"),
            (
                "processor time of threads / its own",
                lambda each: f"{each['processor_ratio']:.2f}",
            ),
        )
        or "Not measured.",
        "environment": (
            f"{record['machine']}; smartdownsample {record['versions']['smartdownsample']}, "
            f"NumPy {record['versions']['numpy']}, PyArrow {record['versions']['pyarrow']}."
        ),
    }
    return {("docs/scaling.md", name): text for name, text in texts.items()}


def _list_ways(runs: list[Record]) -> list[tuple[str, str]]:
    """List the ways and kinds of images, in their order."""
    return list(dict.fromkeys((run["way"], run["kind"]) for run in runs))


def _find_largest(runs: list[Record], way: str, kind: str) -> Record:
    """Find the run with the most images for each worker, in which chunks are as large as usual."""
    own = [run for run in runs if (run["way"], run["kind"]) == (way, kind)]
    return max(own, key=lambda run: run["n_images"] / run["n_workers"])


def _count_workers(run: Record) -> float:
    """Count the workers whose rows a coordinator just takes in."""
    return float(run["image_s"] / (run["coordinator_us"] / 1e6))


def _count_hours(run: Record) -> float:
    """Count the hours that a coordinator works at a billion images."""
    return float(run["coordinator_us"] / 1e6 * _BILLION / _HOUR_S)


def _count_hours_of(run: Record, n_workers: int) -> float:
    """Count the hours until a billion images are done: as the slower side does them."""
    return max(_count_hours(run), float(run["image_s"]) * _BILLION / n_workers / _HOUR_S)
