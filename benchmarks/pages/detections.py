"""The figures on detections of docs/benchmarks-figures.md, made of results/detections.json."""

from collections.abc import Iterator, Sequence
from statistics import median
from typing import NamedTuple

from kept import Record
from pages.markdown import Sections, format_range, tabulate

OURS, AGAIN = "ours, first run", "ours, again"
_CUTTERS = ("OpenCV", "create_crop_folder")
# Aims: at least so many times as fast as cutting and sampling, first and again.
_LEAST_COLD, _LEAST_AGAIN = 1.4, 20
# Of a million boxes: at most so many seconds, and so many MB.
_MOST_READ, _MOST_BYTES, _MOST_SELECT, _MOST_WRITE = 5, 700, 20, 3


def make_sections(record: Record) -> Sections:
    """Make what stands between the marks of the document."""
    if not record:
        return {("docs/benchmarks-figures.md", "detections"): "Not measured."}
    parts = (_tabulate_aims(record), _tabulate_collections(record), _explain(record))
    return {("docs/benchmarks-figures.md", "detections"): "\n\n".join(filter(None, parts))}


class _Aim(NamedTuple):
    """A figure that was aimed at, and what it is in each round."""

    title: str
    line: str
    figures: Sequence[float]
    is_reached: bool
    unit: str


def _divide(collection: Record, cutter: str, ours: str) -> list[float]:
    """Divide cutting and sampling by ours, round by round."""
    rounds = [each for each in collection["rounds"] if cutter in each]
    return [each[cutter]["call_s"] / each[ours]["call_s"] for each in rounds]


def _list_aims(record: Record) -> Iterator[_Aim]:
    """List what was aimed at: of boxes of all sizes, and of the large document."""
    everything = record["collections"][0]
    for run, line in ((OURS, _LEAST_COLD), (AGAIN, _LEAST_AGAIN)):
        for cutter in _CUTTERS:
            figures = _divide(everything, cutter, run)
            if figures:
                title = f"{run}: faster than cutting with {cutter} and sampling"
                yield _Aim(title, f"≥ {line:g}×", figures, median(figures) >= line, "×")
    large = record["large"]
    n_boxes = f"{large['n_boxes']:,} boxes"
    for name, title, line, unit in (
        ("read_s", "read", _MOST_READ, " s"),
        ("read_bytes", "memory to read", _MOST_BYTES, " MB"),
        ("select_s", f"read, and {large['n_picked']:,} selected, of known", _MOST_SELECT, " s"),
        ("write_s", "selection written of", _MOST_WRITE, " s"),
        ("write_tenth_s", "a tenth written of", _MOST_WRITE, " s"),
    ):
        scale = 1e6 if unit == " MB" else 1
        figures = [each[name] / scale for each in large["rounds"]]
        reached = median(figures) <= line
        yield _Aim(f"{title} {n_boxes}", f"≤ {line:g}{unit}", figures, reached, unit)


def _format(figure: float) -> str:
    """Write a figure with about three digits."""
    return f"{figure:,.0f}" if figure >= 100 else f"{figure:.3g}"  # noqa: PLR2004 - digits


def _tabulate_aims(record: Record) -> str:
    """Tabulate what was aimed at."""
    return tabulate(
        _list_aims(record),
        ("", lambda aim: aim.title),
        ("aim", lambda aim: aim.line),
        ("measured", lambda aim: _format(median(aim.figures)) + aim.unit),
        ("range", lambda aim: format_range(aim.figures, _format)),
        ("reached", lambda aim: "yes" if aim.is_reached else "**no**"),
    )


def _take(collection: Record, run: str, figure: str = "call_s") -> float | None:
    """Take the median of a figure over the rounds; None where it was not measured."""
    figures = [each[run][figure] for each in collection["rounds"] if run in each]
    return median(figures) if figures else None


def _write(figure: float | None, unit: str = "") -> str:
    """Write a figure; nothing for none."""
    return "" if figure is None else _format(figure) + unit


def _write_ratio(collection: Record, cutter: str, run: str) -> str:
    """Write how many times as fast ours is."""
    figures = _divide(collection, cutter, run)
    return _write(median(figures) if figures else None, "×")


def _tabulate_collections(record: Record) -> str:
    """Tabulate seconds and ratios by the size of boxes."""
    opencv, crop_folder = _CUTTERS
    return tabulate(
        record["collections"],
        ("boxes", lambda each: f"{each['name']}, median side {each['median_side']:,.0f} pixels"),
        ("ours s", lambda each: _write(_take(each, OURS))),
        ("again s", lambda each: _write(_take(each, AGAIN))),
        ("OpenCV s", lambda each: _write(_take(each, opencv))),
        ("first", lambda each: _write_ratio(each, opencv, OURS)),
        ("again", lambda each: _write_ratio(each, opencv, AGAIN)),
        ("create_crop_folder s", lambda each: _write(_take(each, crop_folder))),
        ("first", lambda each: _write_ratio(each, crop_folder, OURS)),
        ("again", lambda each: _write_ratio(each, crop_folder, AGAIN)),
        ("MB of crops", lambda each: f"{(_take(each, opencv, 'bytes') or 0) / 1e6:,.1f}"),
        ("MB of store", lambda each: f"{(_take(each, AGAIN, 'bytes') or 0) / 1e6:,.2f}"),
    )


def _explain(record: Record) -> str:
    """Say what was measured, on what, and with which versions."""
    first = record["collections"][0]
    enlarged = ", enlarged to 2,048×1,536" if first["n_enlarged"] else ""
    left_out = [f"{name} ({reason})" for name, reason in record["left_out"].items()]
    versions = {
        f"{name}: {', '.join(' '.join(each) for each in used.items())}": None
        for name, used in record["versions"].items()
    }
    made = (
        f"{first['n_photos']:,} photos, {first['n_different']:,} different ones of "
        f"{record['sources']}{enlarged}; {first['n_boxes']:,} boxes of\nall sizes, a tenth of them "
        f"selected; {record['n_workers']} workers each; {record['n_rounds']} round(s), medians, "
        "ratios of neighbours in one\nround."
    )
    said = [f"Left out: {'; '.join(left_out)}."] if left_out else []
    large = record["large"]
    size = f"The large document has {large['n_entries']:,} photos and "
    size += f"{large['document_bytes'] / 1e6:,.0f} MB; its photos are known and not decoded."
    details = "\n".join(f"- {line}" for line in (record["machine"], *versions))
    return "\n\n".join([made, *said, size, details])
