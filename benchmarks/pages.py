"""Tables of what was measured, and the documents that they stand in."""

import os
from collections.abc import Iterator, Mapping, Sequence
from statistics import median

from aims import find_efficiency, find_time_per_image, format_aims
from figures import (
    find_median,
    find_ratios,
    format_range,
    format_ratio,
    format_seconds,
    read_process,
)
from plots import save_growth, save_speed
from records import Record, Records
from runs import (
    AGAIN_JOINT,
    AGAIN_ORDER,
    AGAIN_VISUAL,
    COLD,
    COLD_ONE_CORE,
    EXACT,
    FASTDUP,
    FLOOR_DECODE,
    FLOOR_DECODE_8,
    FLOOR_DECODE_ONE_CORE,
    FLOOR_KNOWN,
    FLOOR_READ,
    IMAGEDEDUP,
    IMAGEHASH,
    OTHER_COUNT,
    OTHER_SEED,
    PREVIEW,
    RANDOM,
    REFERENCE,
    REFERENCE_SEED,
    SOME_NEW,
    WARM,
)
from tables import align_table, read_section, replace_section

_DOCUMENT = os.path.join("docs", "benchmarks.md")
_README = "README.md"
_PICTURES = os.path.join("docs", "images")
# In the order of a scenario's table; those that are compared otherwise have tables of their own.
_LISTED = (
    REFERENCE,
    IMAGEHASH,
    IMAGEDEDUP,
    FASTDUP,
    RANDOM,
    COLD,
    EXACT,
    PREVIEW,
    WARM,
    OTHER_COUNT,
    OTHER_SEED,
    SOME_NEW,
    FLOOR_READ,
    FLOOR_DECODE_8,
    FLOOR_DECODE,
    FLOOR_KNOWN,
)
_AGAIN = (AGAIN_ORDER, AGAIN_VISUAL, AGAIN_JOINT)
_COLUMNS = (
    "sampler",
    "faster",
    "range",
    "in all",
    "call s",
    "img/s",
    "cpu s",
    "all s",
    "different",
    "MiB",
    "rounds",
)
# What the published package's README says of picks and images.
_CLAIMS = {
    "few": "< 5 s",
    "few-most": "< 5 s",
    "crops": "~ 30 s",
    "crops-most": "~ 30 s",
}
_GROWING = ("few", "crops", "many")
_SHOWN_IN_README = ("photos", "crops", "many", "archive")
_NOTHING = "Not measured."


def format_records(records: Records) -> str:
    """Tabulate everything.

    Parameters
    ----------
    records : Records
        Of all scenarios.

    Returns
    -------
    str
        Markdown.
    """
    smoke = ["A smoke run: the times mean nothing."]
    parts = [
        *(smoke if any(record.is_smoke for record in records.values()) else []),
        format_scenarios(records),
        "### Aims",
        format_aims(records),
        "### As the published README has it",
        format_seeds(records),
        "### One more selection in memory",
        format_again(records),
        "### Cores",
        format_scaling(records),
        "### Growth",
        format_growth(records),
        format_environment(records),
    ]
    return "\n\n".join(part or _NOTHING for part in parts)


def make_sections(records: Records) -> dict[tuple[str, str], str]:
    """Make what stands between the marks of the documents.

    Parameters
    ----------
    records : Records
        Of all scenarios.

    Returns
    -------
    dict of (str, str) to str
        Of each document and mark the text.
    """
    sections = {
        "aims": format_aims(records),
        "figures": format_scenarios(records),
        "seeds": format_seeds(records),
        "again": format_again(records),
        "scaling": format_scaling(records),
        "growth": format_growth(records),
        "environment": format_environment(records),
    }
    texts = {(_DOCUMENT, name): text or _NOTHING for name, text in sections.items()}
    return {**texts, (_README, "speed"): format_summary(records)}


def write_documents(root: str, records: Records) -> None:
    """Write tables and pictures into their places.

    Parameters
    ----------
    root : str
        Folder of the repository.
    records : Records
        Of all scenarios.
    """
    for (document, name), text in make_sections(records).items():
        replace_section(os.path.join(root, document), name, text)
    save_speed(os.path.join(root, _PICTURES, "speed.png"), records)
    save_growth(os.path.join(root, _PICTURES, "growth.png"), records)


def check_documents(root: str, records: Records) -> list[str]:
    """Compare the documents with what the records give.

    Parameters
    ----------
    root : str
        Folder of the repository.
    records : Records
        Of all scenarios.

    Returns
    -------
    list of str
        Documents and marks that differ.
    """
    return [
        f"{document}, section {name},"
        for (document, name), text in make_sections(records).items()
        if read_section(os.path.join(root, document), name) != text.strip()
    ]


def format_scenarios(records: Records) -> str:
    """Tabulate each scenario's medians."""
    return "\n\n".join(_format_scenario(records, name) for name in records)


def _format_scenario(records: Records, scenario: str) -> str:
    """Tabulate one scenario under its heading."""
    record = records[scenario]
    lines = [_summarise(records, scenario, name) for name in _LISTED if name in record.runs]
    made = f"{record.mean_bytes / 1000:,.0f} kB each; made of {record.sources}."
    parts = [f"### {record.title}", made, align_table(_COLUMNS, lines)]
    left_out = [f"{name} ({reason})" for name, reason in record.left_out.items()]
    return "\n\n".join([*parts, *([f"Left out: {'; '.join(left_out)}."] if left_out else [])])


def _summarise(records: Records, scenario: str, name: str) -> tuple[str, ...]:
    """Fill one sampler's line."""
    record = records[scenario]
    runs = record.runs[name]
    call_s = median(run.call_s for run in runs)
    pair = (scenario, REFERENCE), (scenario, name)
    by_call = find_ratios(records, *pair)
    by_process = find_ratios(records, *pair, read=read_process)
    is_floor = name.startswith("floor")
    # What floors take before their call is no part of them, but for that of known files.
    has_process = not is_floor or name == FLOOR_KNOWN
    return (
        name,
        format_ratio(median(by_call)) if by_call else "",
        format_range(by_call),
        format_ratio(median(by_process)) if by_process and has_process else "",
        f"{call_s:.3f}",
        f"{float(f'{record.n_images / call_s:.3g}'):,.0f}",
        f"{median(run.cpu_s for run in runs):.2f}",
        f"{median(run.process_s for run in runs):.2f}" if has_process else "",
        "" if is_floor else f"{runs[0].n_different:,} of {runs[0].n_returned:,}",
        _format_peak(record, name),
        str(len(runs)),
    )


def _format_peak(record: Record, name: str) -> str:
    """Write the largest memory of a run in MiB."""
    peaks = [run.peak_bytes for run in record.runs.get(name, ()) if run.peak_bytes is not None]
    return f"{max(peaks) / 2**20:,.0f}" if peaks else ""


def format_seeds(records: Records) -> str:
    """Tabulate the cases of the published README: times, distinct picks, and what a seed does."""
    header = (
        "picked",
        "its README",
        "published s",
        "different",
        "as with another seed",
        "ours s",
        "again s",
        "different",
        "as with another seed",
    )
    lines = []
    for name, claim in _CLAIMS.items():
        record = records.get(name)
        if record:
            lines.append(
                (
                    f"{record.target_count:,} of {record.n_images:,}",
                    claim,
                    format_seconds(find_median(record, REFERENCE)),
                    *_describe_picks(record, REFERENCE, REFERENCE_SEED),
                    format_seconds(find_median(record, COLD)),
                    format_seconds(find_median(record, WARM)),
                    *_describe_picks(record, COLD, OTHER_SEED),
                )
            )
    return align_table(header, lines) if lines else ""


def _describe_picks(record: Record, name: str, other: str) -> tuple[str, str]:
    """Tell how many picks are distinct, and which share another seed picked as well."""
    shares = [run.in_common for run in record.runs.get(other, ()) if run.in_common is not None]
    n_different = f"{record.runs[name][0].n_different:,}" if name in record.runs else ""
    return n_different, f"{median(shares):.0%}" if shares else ""


def format_again(records: Records) -> str:
    """Tabulate what one more selection takes when the index is in memory."""
    lines = [
        (
            f"{record.target_count:,} of {record.n_images:,}, {name.partition(', ')[2]}",
            f"{median(_list_ms(record, name)):.1f}",
            f"{min(_list_ms(record, name)):.1f} to {max(_list_ms(record, name)):.1f}",
            format_seconds(median(run.load_s for run in record.runs[name])),
        )
        for record in records.values()
        for name in _AGAIN
        if name in record.runs
    ]
    return align_table(("picked", "ms", "range", "index built s"), lines) if lines else ""


def _list_ms(record: Record, name: str) -> list[float]:
    """List the milliseconds of a run's calls."""
    return [run.call_s * 1000 for run in record.runs[name]]


def format_scaling(records: Records) -> str:
    """Tabulate what all cores gain over one, of ours and of bare decoding."""
    lines = []
    for scenario in ("photos", "crops"):
        for one_core, all_cores in (
            (COLD_ONE_CORE, COLD),
            (FLOOR_DECODE_ONE_CORE, FLOOR_DECODE),
        ):
            shares = find_efficiency(scenario, one_core, all_cores)(records)
            if shares:
                record = records[scenario]
                lines.append(
                    (
                        f"{scenario}: {all_cores}",
                        str(record.n_cores),
                        format_seconds(find_median(record, one_core)),
                        format_seconds(find_median(record, all_cores)),
                        f"{median(shares):.2f}",
                        f"{min(shares):.2f} to {max(shares):.2f}" if len(shares) > 1 else "",
                    )
                )
    header = ("", "cores", "s on one", "s on all", "share used", "range")
    return align_table(header, lines) if lines else ""


def format_growth(records: Records) -> str:
    """Tabulate the time of an image, and the memory, in collections of growing size."""
    growing = [records[name] for name in _GROWING if name in records]
    if not growing:
        return ""
    sizes = [f"{record.n_images:,}" for record in growing]
    header = (
        "",
        *(f"µs/image of {size}" for size in sizes),
        *(f"MiB of {size}" for size in sizes),
    )
    lines = []
    for name in (REFERENCE, COLD, WARM, SOME_NEW, FLOOR_DECODE, FLOOR_KNOWN):
        times = [find_time_per_image(record, name) for record in growing]
        lines.append(
            (
                name,
                *("" if each is None else f"{each * 1e6:,.1f}" for each in times),
                *(_format_peak(record, name) for record in growing),
            )
        )
    return align_table(header, lines)


def format_environment(records: Records) -> str:
    """Name machines and versions."""
    machines: dict[str, list[str]] = {}
    versions: dict[str, dict[str, str]] = {}
    for scenario, record in records.items():
        machines.setdefault(f"{record.machine}, {record.date}", []).append(scenario)
        for name, numbers in record.versions.items():
            versions.setdefault(name.split(",")[0].split(":")[0], {}).update(numbers)
    return "\n".join([*_list_machines(machines), *_list_versions(versions)])


def _join_machines(machines: Mapping[str, Sequence[str]]) -> str:
    """Name the machine of some lines, or each with its lines if there are several."""
    if len(machines) == 1:
        return next(iter(machines))
    return "; ".join(f"{machine} ({' / '.join(titles)})" for machine, titles in machines.items())


def _list_machines(machines: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Name each machine, and what ran on it if there are several."""
    for machine, scenarios in machines.items():
        yield f"- {', '.join(scenarios)}: {machine}"


def _list_versions(versions: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    """Name the versions of each sampler."""
    for name, numbers in versions.items():
        yield f"- {name}: {', '.join(f'{each} {number}' for each, number in numbers.items())}"


def format_summary(records: Records) -> str:
    """Tabulate what the README shows.

    Parameters
    ----------
    records : Records
        Of all scenarios.

    Returns
    -------
    str
        A Markdown table and two sentences.
    """
    shown = [
        (name, records[name])
        for name in _SHOWN_IN_README
        if name in records and {REFERENCE, COLD, WARM} <= records[name].runs.keys()
    ]
    if not shown:
        return _NOTHING
    lines = [
        (
            record.title,
            f"{format_seconds(find_median(record, REFERENCE))} s",
            f"{record.runs[REFERENCE][0].n_different:,}",
            _compare(records, name, COLD),
            _compare(records, name, WARM),
        )
        for name, record in shown
    ]
    table = align_table(("", "published", "different", "first run", "later runs"), lines)
    machines: dict[str, list[str]] = {}
    for _, record in shown:
        machine = f"{record.machine.split(', ')[1]} with {record.n_cores} cores"
        machines.setdefault(machine, []).append(record.title)
    sentences = (
        f"Measured on {_join_machines(machines)}. *different*: distinct images among the published "
        "picks; ours all are."
    )
    return f"{table}\n\n{sentences}"


def _compare(records: Records, scenario: str, name: str) -> str:
    """Write a run's seconds, and how much faster it is than the published package."""
    seconds = format_seconds(find_median(records[scenario], name))
    ratio = median(find_ratios(records, (scenario, REFERENCE), (scenario, name)))
    return f"{seconds} s, {format_ratio(ratio, '×')} faster"
