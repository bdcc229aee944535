"""The figures of docs/benchmarks.md, its appendix and README.md, made of results/speed.json."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from statistics import median
from typing import Literal, NamedTuple

import runs
from kept import Record
from pages.markdown import Column, Sections, format_range, tabulate

Records = Mapping[str, Record]
_NAMES = {"mixed": "crops of mixed sizes"}
GROWING = ("few", "crops", "many")
_PAGE, _APPENDIX, _README = "docs/benchmarks.md", "docs/benchmarks-figures.md", "README.md"
_NOTHING = "Not measured."
# In the order of a scenario's table; those that are compared otherwise have tables of their own.
_OTHERS = (runs.REFERENCE, runs.IMAGEHASH, runs.IMAGEDEDUP, runs.FASTDUP, runs.RANDOM)
_COLD = (runs.COLD, runs.EXACT, runs.PREVIEW)
_KNOWN = (runs.WARM, runs.OTHER_COUNT, runs.OTHER_SEED, runs.SOME_NEW)
# What floors take before their call is no part of them, but for that of known files.
_CALLS = (runs.FLOOR_READ, runs.FLOOR_DECODE_8, runs.FLOOR_DECODE)
_FLOORS = (*_CALLS, runs.FLOOR_KNOWN)
_LISTED = (*_OTHERS, *_COLD, *_KNOWN, *_FLOORS)
# What the published package's README says of picks and images.
_CLAIMS = {"few": "< 5 s", "few-most": "< 5 s", "crops": "~ 30 s", "crops-most": "~ 30 s"}
_SHOWN_IN_README = ("photos", "crops", "many", "archive")
_LARGE_RATIO = 100
_LEAST_BYTES, _BYTES_PER_IMAGE = 400e6, 500


def make_sections(records: Records) -> Sections:
    """Make what stands between the marks of the documents."""
    texts = {
        "aims": _tabulate_aims(records),
        "figures": "\n\n".join(map(_tabulate_scenario, records.values())),
        "seeds": _tabulate_seeds(records),
        "again": _tabulate_again(records),
        "scaling": _tabulate_scaling(records),
        "growth": _tabulate_growth(records),
        "environment": "\n".join(_list_environment(records)),
    }
    sections = {
        (_PAGE if name == "aims" else _APPENDIX, name): text or _NOTHING
        for name, text in texts.items()
    }
    summary = _summarise(records) or _NOTHING
    return {**sections, **{(page, "speed"): summary for page in (_PAGE, _README)}}


def take(record: Record | None, run: str, figure: str = "call_s") -> list[float]:
    """Take a figure of each round; nothing where it was not measured."""
    measured = record["runs"].get(run, []) if record else []
    return [each[figure] for each in measured if figure in each]


def take_per_image(record: Record, run: str) -> list[float]:
    """Take the seconds of the call that each image takes, in each round."""
    return [seconds / record["n_images"] for seconds in take(record, run)]


def _divide(record: Record | None, above: str, below: str, figure: str = "call_s") -> list[float]:
    """Divide what was measured in the same round, so that what slows a round down cancels out."""
    runs_of = record["runs"] if record else {}
    divisors = {each["round"]: each[figure] for each in runs_of.get(below, [])}
    shared = [each for each in runs_of.get(above, []) if each["round"] in divisors]
    return [each[figure] / divisors[each["round"]] for each in shared]


def _find_efficiency(record: Record | None, one_core: str, every: str) -> list[float]:
    """Find the share of all cores that a run makes use of, in each round."""
    n_cores = min(record["n_cores"], record["n_workers"]) if record else 1
    return [ratio / n_cores for ratio in _divide(record, one_core, every)]


def _compare_sizes(records: Records, run: str, small: str, large: str) -> list[float]:
    """Find how much longer an image takes in a large collection than in a small one."""
    if small not in records or large not in records:
        return []
    slow, quick = (take_per_image(records[name], run) for name in (large, small))
    return [median(slow) / median(quick)] if slow and quick else []


def _find_largest_memory(records: Records) -> list[float]:
    """Find the largest share that our runs take of the memory that they may take."""
    shares = [
        peak_bytes / (_LEAST_BYTES + _BYTES_PER_IMAGE * record["n_images"])
        for record in records.values()
        for run in record["runs"]
        if run.startswith("ours")
        for peak_bytes in take(record, run, "peak_bytes")
    ]
    return sorted(shares)[-1:]


def _write(figures: Sequence[float], write: Callable[[float], str]) -> str:
    """Write the median of some figures; nothing for none."""
    return write(median(figures)) if figures else ""


def _format_ratio(ratio: float, sign: str = "x") -> str:
    """Write a ratio with as many digits as it is worth."""
    return f"{ratio:.1f}{sign}" if ratio < _LARGE_RATIO else f"{ratio:,.0f}{sign}"


def _format_seconds(seconds: float) -> str:
    """Write seconds with about three digits."""
    n_decimals = 3 if seconds < 1 else 2 if seconds < 10 else 1  # noqa: PLR2004 - digits
    return f"{seconds:,.{n_decimals}f}"


def _format_three(figure: float) -> str:
    """Write a figure with about three digits."""
    n_decimals = 2 if figure < 10 else 1 if figure < 100 else 0  # noqa: PLR2004 - digits
    return f"{figure:,.{n_decimals}f}"


def _format_peak(record: Record, run: str) -> str:
    """Write the largest memory of a run in MiB."""
    peaks = sorted(take(record, run, "peak_bytes"))
    return _write(peaks[-1:], lambda peak_bytes: f"{peak_bytes / 2**20:,.0f}")


class Aim(NamedTuple):
    """A figure that was aimed at, and what it is in each round."""

    title: str
    direction: Literal["≥", "≤"]
    line: float
    unit: str
    figures: list[float]


def _list_aims(records: Records) -> Iterator[Aim]:
    """List what was aimed at."""
    published = "faster than the published package"
    for name, rate in (("photos", 0.9), ("crops", 0.75), ("mixed", 0.65)):
        figures = _divide(records.get(name), runs.FLOOR_DECODE, runs.COLD)
        title = f"first run, {_NAMES.get(name, name)}: rate by that of bare decoding"
        yield Aim(title, "≥", rate, "×", figures)
    for name, ratio in (("photos", 10), ("crops", 5)):
        figures = _divide(records.get(name), runs.REFERENCE, runs.COLD)
        yield Aim(f"first run, {name}: {published}", "≥", ratio, "×", figures)
    figures = _divide(records.get("originals"), runs.REFERENCE, runs.PREVIEW)
    yield Aim(f"first run from EXIF thumbnails: {published}", "≥", 100, "×", figures)
    many = records.get("many")
    figures = _divide(many, runs.WARM, runs.FLOOR_KNOWN, "process_s")
    yield Aim("again, 100,000 crops: whole process by that of the floor", "≤", 2, "×", figures)
    figures = _divide(many, runs.REFERENCE, runs.WARM)
    yield Aim(f"again, 100,000 crops: {published}, call", "≥", 300, "×", figures)
    for name, title in (("many", "crops"), ("archive", "photos of 1,024 pixels")):
        figures = _divide(records.get(name), runs.REFERENCE, runs.WARM, "process_s")
        yield Aim(f"again, 100,000 {title}: {published}, whole process", "≥", 300, "×", figures)
    for run, most_ms in ((runs.AGAIN_ORDER, 20), (runs.AGAIN_VISUAL, 50)):
        title = run.replace("index.sample", "index.sample, 1,000 of 100,000")
        yield Aim(title, "≤", most_ms, " ms", [1000 * seconds for seconds in take(many, run)])
    for name in ("photos", "crops"):
        figures = _find_efficiency(records.get(name), runs.COLD_ONE_CORE, runs.COLD)
        yield Aim(f"first run, {name}: share of all cores used", "≥", 0.9, "", figures)
    for title, run in (("first run", runs.COLD), ("again", runs.WARM)):
        figures = _compare_sizes(records, run, "few", "many")
        yield Aim(f"{title}: time of an image, 100,000 by 1,000 crops", "≤", 1.1, "×", figures)
    title = "peak memory of ours by 400 MB + 0.5 kB for each image, largest"
    yield Aim(title, "≤", 1, "×", _find_largest_memory(records))


def _tabulate_aims(records: Records) -> str:
    """Tabulate what was aimed at and what was measured of it."""

    def write_reached(aim: Aim) -> str:
        is_least, figure = aim.direction == "≥", median(aim.figures)
        is_reached = figure >= aim.line if is_least else figure <= aim.line
        return "yes" if is_reached else "**no**"

    return tabulate(
        [aim for aim in _list_aims(records) if aim.figures],
        ("", lambda aim: aim.title),
        ("aim", lambda aim: f"{aim.direction} {aim.line:g}{aim.unit}"),
        ("measured", lambda aim: f"{_format_three(median(aim.figures))}{aim.unit}"),
        ("range", lambda aim: format_range(aim.figures, _format_three)),
        ("reached", write_reached),
    )


def _tabulate_scenario(record: Record) -> str:
    """Tabulate one scenario's medians under its heading."""
    made = f"{record['mean_bytes'] / 1000:,.0f} kB each; made of {record['sources']}."

    def compare(run: str, figure: str = "call_s") -> list[float]:
        is_call_only = figure == "process_s" and run in _CALLS
        return [] if is_call_only else _divide(record, runs.REFERENCE, run, figure)

    def write_rate(seconds: float) -> str:
        return f"{float(f'{1 / seconds:.3g}'):,.0f}"

    def write_different(run: str) -> str:
        first = record["runs"][run][0]
        picked = f"{first['n_different']:,} of {first['n_returned']:,}"
        return picked if run not in _FLOORS else ""

    def write_process(run: str) -> str:
        return "" if run in _CALLS else f"{median(take(record, run, 'process_s')):.2f}"

    table = tabulate(
        [run for run in _LISTED if run in record["runs"]],
        ("sampler", str),
        ("faster", lambda run: _write(compare(run), _format_ratio)),
        ("range", lambda run: format_range(compare(run), _format_ratio)),
        ("in all", lambda run: _write(compare(run, "process_s"), _format_ratio)),
        ("call s", lambda run: f"{median(take(record, run)):.3f}"),
        ("img/s", lambda run: _write(take_per_image(record, run), write_rate)),
        ("cpu s", lambda run: f"{median(take(record, run, 'cpu_s')):.2f}"),
        ("all s", write_process),
        ("different", write_different),
        ("MiB", lambda run: _format_peak(record, run)),
        ("rounds", lambda run: str(len(record["runs"][run]))),
    )
    left_out = [f"{name} ({reason})" for name, reason in record["left_out"].items()]
    said = [f"Left out: {'; '.join(left_out)}."] if left_out else []
    return "\n\n".join([f"### {record['title']}", made, table, *said])


def _name_picked(record: Record) -> str:
    """Name how many images are picked of how many."""
    return f"{record['target_count']:,} of {record['n_images']:,}"


def _name_seconds(title: str, run: str) -> Column[Record]:
    """Name a run's seconds in several scenarios."""
    return title, lambda record: _write(take(record, run), _format_seconds)


def _name_different(run: str) -> Column[Record]:
    """Name a run's distinct picks in several scenarios."""
    return "different", lambda record: _write(take(record, run, "n_different")[:1], "{:,}".format)


def _name_common(run: str) -> Column[Record]:
    """Name the share of picks that a run has in common with the run of another seed."""
    title = "as with another seed"
    return title, lambda record: _write(take(record, run, "in_common"), "{:.0%}".format)


def _tabulate_seeds(records: Records) -> str:
    """Tabulate the cases of the published README: times, distinct picks, and what a seed does."""
    cases = {records[name]["title"]: claim for name, claim in _CLAIMS.items() if name in records}
    return tabulate(
        [records[name] for name in _CLAIMS if name in records],
        ("picked", _name_picked),
        ("its README", lambda record: cases[record["title"]]),
        _name_seconds("published s", runs.REFERENCE),
        _name_different(runs.REFERENCE),
        _name_common(runs.REFERENCE_SEED),
        _name_seconds("ours s", runs.COLD),
        _name_seconds("again s", runs.WARM),
        _name_different(runs.COLD),
        _name_common(runs.OTHER_SEED),
    )


def _tabulate_again(records: Records) -> str:
    """Tabulate what one more selection takes when the index is in memory."""
    again = (runs.AGAIN_ORDER, runs.AGAIN_VISUAL, runs.AGAIN_JOINT)

    def ms(seconds: float) -> str:
        return f"{seconds * 1000:.1f}"

    return tabulate(
        [(each, run) for each in records.values() for run in again if run in each["runs"]],
        ("picked", lambda at: f"{_name_picked(at[0])}, {at[1].partition(', ')[2]}"),
        ("ms", lambda at: _write(take(*at), ms)),
        ("range", lambda at: format_range(take(*at), ms)),
        ("index built s", lambda at: _write(take(*at, "load_s"), _format_seconds)),
    )


def _tabulate_scaling(records: Records) -> str:
    """Tabulate what all cores gain over one, of ours and of bare decoding."""
    floors = (runs.FLOOR_DECODE_ONE_CORE, runs.FLOOR_DECODE)
    measured = [
        (name, records[name], *pair)
        for name in ("photos", "crops")
        for pair in ((runs.COLD_ONE_CORE, runs.COLD), floors)
        if _find_efficiency(records.get(name), *pair)
    ]
    return tabulate(
        measured,
        ("", lambda at: f"{at[0]}: {at[3]}"),
        ("cores", lambda at: str(at[1]["n_cores"])),
        ("s on one", lambda at: _write(take(at[1], at[2]), _format_seconds)),
        ("s on all", lambda at: _write(take(at[1], at[3]), _format_seconds)),
        ("share used", lambda at: _write(_find_efficiency(*at[1:]), "{:.2f}".format)),
        ("range", lambda at: format_range(_find_efficiency(*at[1:]))),
    )


def _tabulate_growth(records: Records) -> str:
    """Tabulate the time of an image, and the memory, in collections of growing size."""

    def write_time(record: Record, run: str) -> str:
        return _write(take_per_image(record, run), lambda seconds: f"{seconds * 1e6:,.1f}")

    growing = [records[name] for name in GROWING if name in records]
    shown = (runs.REFERENCE, runs.COLD, runs.WARM, runs.SOME_NEW)
    return tabulate(
        (*shown, runs.FLOOR_DECODE, runs.FLOOR_KNOWN) if growing else (),
        ("", str),
        *((f"µs/image of {each['n_images']:,}", partial(write_time, each)) for each in growing),
        *((f"MiB of {each['n_images']:,}", partial(_format_peak, each)) for each in growing),
    )


def _list_environment(records: Records) -> Iterator[str]:
    """Name each machine with the scenarios that ran on it, and the versions of each sampler."""
    machines: dict[str, list[str]] = {}
    versions: dict[str, dict[str, str]] = {}
    for scenario, record in records.items():
        machines.setdefault(f"{record['machine']}, {record['date']}", []).append(scenario)
        for name, numbers in record["versions"].items():
            versions.setdefault(name.split(",")[0].split(":")[0], {}).update(numbers)
    for machine, scenarios in machines.items():
        yield f"- {', '.join(scenarios)}: {machine}"
    for name, numbers in versions.items():
        yield f"- {name}: {', '.join(f'{each} {number}' for each, number in numbers.items())}"


def _summarise(records: Records) -> str:
    """Tabulate what the README shows, and name the machine."""
    needed = {runs.REFERENCE, runs.COLD, runs.WARM}
    found = [records[name] for name in _SHOWN_IN_README if name in records]
    shown = [record for record in found if needed <= record["runs"].keys()]

    def compare(record: Record, run: str) -> str:
        ratio = median(_divide(record, runs.REFERENCE, run))
        return f"{_format_seconds(median(take(record, run)))} s, {_format_ratio(ratio, '×')} faster"

    table = tabulate(
        shown,
        ("", lambda record: record["title"]),
        ("published", lambda record: f"{_format_seconds(median(take(record, runs.REFERENCE)))} s"),
        _name_different(runs.REFERENCE),
        ("first run", lambda record: compare(record, runs.COLD)),
        ("later runs", lambda record: compare(record, runs.WARM)),
    )
    machines = {f"{each['machine'].split(', ')[1]} with {each['n_cores']} cores" for each in shown}
    said = "*different*: distinct images among the published picks; ours all are."
    return f"{table}\n\nMeasured on {'; '.join(sorted(machines))}. {said}" if shown else ""
