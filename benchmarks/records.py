"""What was measured, kept as JSON, so that tables and pictures can be made of it again."""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

_DIGITS = 5
_INNERMOST = re.compile(r"\{[^{}]*\}")


def trim(figure: float) -> float:
    """Round a figure to as many digits as are kept.

    Parameters
    ----------
    figure : float
        What was measured.

    Returns
    -------
    float
        The same whether it comes from a run or from its file.
    """
    return float(f"{figure:.{_DIGITS}g}")


@dataclass(frozen=True)
class Measurement:
    """One process of one sampler.

    Parameters
    ----------
    round : int
        From 1.
    call_s : float
        Seconds of the call.
    load_s : float
        Seconds of what comes before it: imports, and an index that is sampled again.
    process_s : float
        Seconds from the start of the process to its end.
    cpu_s : float
        Of the processor during the call, see `measuring.Outcome`.
    n_returned, n_different : int
        Picks, and distinct ones among them.
    peak_bytes : int or None
        Largest resident size. None where the system does not tell.
    in_common : float or None
        Share of the distinct picks that a run with another seed picked as well, where compared.
    """

    round: int
    call_s: float
    load_s: float
    process_s: float
    cpu_s: float
    n_returned: int
    n_different: int
    peak_bytes: int | None = None
    in_common: float | None = None


@dataclass
class Record:
    """A scenario and everything that was measured of it.

    Parameters
    ----------
    title, images : str
        What was asked, and what the images are.
    n_images, target_count : int
        Files, and how many were to be picked.
    mean_bytes : int
        Size of a file.
    sources : str
        What the files are made of.
    n_workers : int
        Of each sampler.
    n_cores : int
        Usable ones.
    machine, date : str
        What it ran on, and when.
    is_smoke : bool
        Whether it was a trial on a handful of images.
    runs : dict of str to list of Measurement
        Of each run's name its measurements, in the order of the rounds.
    versions : dict of str to dict
        Of each run's name the versions of what it used.
    left_out : dict of str to str
        Of each run's name why it was not measured.
    """

    title: str
    images: str
    n_images: int
    target_count: int
    mean_bytes: int
    sources: str
    n_workers: int
    n_cores: int
    machine: str
    date: str
    is_smoke: bool = False
    runs: dict[str, list[Measurement]] = field(default_factory=dict)
    versions: dict[str, dict[str, str]] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)


Records = Mapping[str, Record]


def load_records(path: str) -> dict[str, Record]:
    """Load what earlier runs have kept.

    Parameters
    ----------
    path : str
        A file written by `add_record`; need not exist.

    Returns
    -------
    dict of str to Record
        Of each scenario's name its record.
    """
    if not os.path.exists(path):
        return {}
    with open(path, encoding="utf-8") as file:
        kept = json.load(file)
    for record in kept.values():
        record["runs"] = {
            name: [Measurement(**each) for each in measured]
            for name, measured in record["runs"].items()
        }
    return {name: Record(**record) for name, record in kept.items()}


def add_record(path: str, name: str, record: Record, order: Mapping[str, int]) -> None:
    """Add a scenario's record to a file, in place of an older one; the others stay.

    Parameters
    ----------
    path : str
        The file; made with its folder when missing.
    name : str
        Of the scenario.
    record : Record
        To keep.
    order : mapping of str to int
        Of each scenario's name its place.
    """
    records = {**load_records(path), name: record}
    names = sorted(records, key=lambda each: (order.get(each, len(order)), each))
    kept = {each: _leave_out_unknown(asdict(records[each])) for each in names}
    write_json(path, kept)


def _leave_out_unknown(value: object) -> object:
    """Leave out all entries within that are None."""
    if isinstance(value, dict):
        return {key: _leave_out_unknown(each) for key, each in value.items() if each is not None}
    if isinstance(value, list):
        return [_leave_out_unknown(each) for each in value]
    return value


def write_json(path: str, kept: Mapping[str, object]) -> None:
    """Write JSON with each measurement on a line of its own, so that changes can be read.

    Parameters
    ----------
    path : str
        Of the file; its folder is made when missing.
    kept : mapping of str to object
        What `json` can write.
    """
    text = json.dumps(kept, indent=1, ensure_ascii=False)
    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    with open(path + ".tmp", "w", encoding="utf-8") as file:
        file.write(_INNERMOST.sub(lambda found: " ".join(found.group().split()), text) + "\n")
    os.replace(path + ".tmp", path)
