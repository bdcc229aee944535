"""The tables of docs/agreement.md, made of results/agreement.json."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from math import ceil
from statistics import median

from kept import Record
from pages.markdown import Column, Sections, tabulate

# What makes a bucket, and what decides: in the picture, as the reference has it.
QUESTIONS = {
    "centre": "a hash bit at the centre: levels between its two pixels",
    "corner": "the hash bit of the corner: levels from the mean",
    "colour": "grey or colour: variance of the channels, from 100",
    "bright": "dark or bright: levels from 128",
    "theme": "colour theme: levels from 140, or between two channels",
}
# Flipped bits are counted by the levels between their two pixels.
LEVELS = ("no level", "1 level", "2 levels", "3 levels", "4 or more")


def make_sections(record: Record) -> Sections:
    """Make what stands between the marks of the document."""
    both = ("exact", "fast")
    agreements, previews = record["agreements"], record["previews"]
    in_all = [each for each in previews["agreements"] if each["mode"] == "preview"][-1:]
    texts = {
        "figures": _tabulate_agreements(agreements, both),
        "environment": _describe_environment(record),
        "differing": _tabulate_distances(agreements, "fast"),
        "flipped": _tabulate_flipped(agreements, both),
        "boxes": _tabulate_boxes(record["boxes"], both),
        "previews": _tabulate_agreements(previews["agreements"], ("preview", "fast")),
        "preview-counts": "\n".join(f"- {line}" for line in previews["lines"]),
        "preview-differing": _tabulate_distances(in_all, "preview"),
        "preview-flipped": _tabulate_flipped(in_all, ("preview",)),
    }
    return {("docs/agreement.md", name): text for name, text in texts.items()}


def _tabulate_agreements(agreements: Sequence[Record], modes: Sequence[str]) -> str:
    """Tabulate the shares of buckets and bits that agree, columns for each mode."""
    of_images: dict[str, dict[str, Record]] = {}
    for each in agreements:
        of_images.setdefault(each["images"], {})[each["mode"]] = each
    first = modes[0]
    return tabulate(
        of_images.values(),
        ("images", lambda of_mode: f"{of_mode[first]['n_images']:,} {of_mode[first]['images']}"),
        *(column for mode in modes for column in _name_shares(mode)),
    )


def _name_shares(mode: str) -> Iterator[Column[dict[str, Record]]]:
    """Name the columns of a mode: the shares of buckets and of bits."""

    def write_buckets(of_mode: dict[str, Record]) -> str:
        n_moved = of_mode[mode]["n_moved"]
        differ = f" ({n_moved:,} {'differs' if n_moved == 1 else 'differ'})" if n_moved else ""
        return f"{_format_share(n_moved, of_mode[mode]['n_images'], 1)}{differ}"

    def write_bits(of_mode: dict[str, Record]) -> str:
        flipped = of_mode[mode]["flipped"].values()
        return _format_share(sum(flipped), of_mode[mode]["n_bits"], 2)

    yield f"`{mode}`: buckets", write_buckets
    yield "bits", write_bits


def _format_share(n_different: int, n: int, n_digits: int) -> str:
    """Write what share agrees, in percent; digits are cut off, so that all is only said of all."""
    if n_different == 0:
        return "100 %"
    steps = 10**n_digits
    return f"{100 * steps * (n - n_different) // n / steps:.{n_digits}f} %"


def _tabulate_boxes(boxes: Sequence[Record], modes: Sequence[str]) -> str:
    """Tabulate how crops by box agree with files, by the length of their shorter side."""
    of_sides: dict[tuple[int, int], dict[str, Record]] = {}
    for each in sorted(boxes, key=lambda each: each["low"]):
        of_mode = of_sides.setdefault((each["low"], each["high"]), {})
        of_mode[each["mode"]] = {**each, "flipped": {"": each["n_flipped"]}}
    first = modes[0]

    def name_sides(sides: tuple[int, int]) -> str:
        low, high = sides
        if not low:
            return f"less than {high}"
        return f"{low} or more" if high == max(of_sides)[1] else f"{low} to {high - 1}"

    return tabulate(
        of_sides.items(),
        ("shorter side in pixels", lambda each: name_sides(each[0])),
        ("crops", lambda each: f"{each[1][first]['n_images']:,}"),
        *(
            (name, partial(lambda write, each: write(each[1]), write))
            for mode in modes
            for name, write in _name_shares(mode)
        ),
    )


def _tabulate_distances(agreements: Sequence[Record], mode: str) -> str:
    """Tabulate how near to another answer the images are that differ in it."""

    def gather(question: str) -> list[float]:
        of_mode = [each["distances"] for each in agreements if each["mode"] == mode]
        return [distance for each in of_mode for distance in each.get(question, ())]

    def write(distances: Sequence[float], choose: Callable[[Sequence[float]], float]) -> str:
        # Rounded up, so that what is said holds.
        return f"{ceil(100 * choose(distances)) / 100:.2f}" if distances else ""

    return tabulate(
        QUESTIONS,
        ("what differs, and by what it is decided", lambda question: QUESTIONS[question]),
        ("images", lambda question: f"{len(gather(question)):,}"),
        ("half within", lambda question: write(gather(question), median)),
        ("all within", lambda question: write(gather(question), max)),
    )


def _tabulate_flipped(agreements: Sequence[Record], modes: Sequence[str]) -> str:
    """Tabulate the bits that differ by the levels between their two pixels."""

    def count(mode: str, levels: Sequence[str]) -> str:
        of_mode = [each["flipped"] for each in agreements if each["mode"] == mode]
        return f"{sum(flipped[each] for flipped in of_mode for each in levels):,}"

    return tabulate(
        modes,
        ("mode", "`{}`".format),
        ("bits that differ", lambda mode: count(mode, LEVELS)),
        *((each, partial(count, levels=[each])) for each in LEVELS),
    )


def _describe_environment(record: Record) -> str:
    """Say when and with which versions it was measured, and what was left out."""
    versions = ", ".join(f"{name} {number}" for name, number in record["versions"].items())
    return (
        f"- measured on {record['date']} with version {record['feature_version']} of the formulas\n"
        f"- {versions}\n"
        f"- files left out because they are broken: {record['n_left_out']:,}"
    )
