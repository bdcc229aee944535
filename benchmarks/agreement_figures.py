"""What was measured of the agreement with the published features: figures, tables, their places."""

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from math import ceil
from statistics import median

from records import write_json
from tables import align_table, read_section, replace_section

_ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
KEPT = os.path.join(_ROOT, "benchmarks", "results", "agreement.json")
DOCUMENT = os.path.join(_ROOT, "docs", "agreement.md")
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


@dataclass(frozen=True)
class Agreement:
    """How images described in one decode mode agree with the published features.

    Parameters
    ----------
    images : str
        What they are, for people.
    mode : str
        Decode mode.
    n_images : int
        How many.
    n_bits : int
        Of the DHash of all.
    n_moved : int
        Images in another bucket.
    flipped : dict of str to int
        DHash bits that differ: of each of `LEVELS` how many have pixels so far apart in the
        reference.
    distances : dict of str to list of float
        Of each of `QUESTIONS`, for the images that are in another bucket because of it: how far
        the reference is from another answer.
    """

    images: str
    mode: str
    n_images: int
    n_bits: int
    n_moved: int
    flipped: dict[str, int]
    distances: dict[str, list[float]]


@dataclass(frozen=True)
class Previews:
    """What came of previews, see `smartdownsample.provenance.PreviewCounts`.

    Parameters
    ----------
    lines : list of str
        In words.
    agreements : list of Agreement
        Of the images of each folder whose previews are used, of those that were decoded, and of
        all; each in the modes ``preview`` and ``fast``.
    """

    lines: list[str]
    agreements: list[Agreement]


@dataclass(frozen=True)
class AgreementRecord:
    """Everything that was measured.

    Parameters
    ----------
    date : str
        When.
    feature_version : int
        Of the formulas, see `smartdownsample.features.FEATURE_VERSION`.
    versions : dict of str to str
        Of Python and packages.
    is_smoke : bool
        Whether it was a trial on a few images.
    n_left_out : int
        Files that Pillow or the package cannot use.
    agreements : list of Agreement
        Of each collection in the modes ``exact`` and ``fast``.
    previews : Previews
        Of the photos.
    """

    date: str
    feature_version: int
    versions: dict[str, str]
    is_smoke: bool
    n_left_out: int
    agreements: list[Agreement]
    previews: Previews


def load_record(path: str) -> AgreementRecord:
    """Load what an earlier run has kept.

    Parameters
    ----------
    path : str
        A file written by `save_record`.

    Returns
    -------
    AgreementRecord
        As it was.
    """
    with open(path, encoding="utf-8") as file:
        kept = json.load(file)
    kept["agreements"] = [Agreement(**each) for each in kept["agreements"]]
    previews = kept["previews"]
    kept["previews"] = Previews(
        previews["lines"], [Agreement(**each) for each in previews["agreements"]]
    )
    return AgreementRecord(**kept)


def save_record(path: str, record: AgreementRecord) -> None:
    """Keep a record.

    Parameters
    ----------
    path : str
        Of the file; its folder is made when missing.
    record : AgreementRecord
        What to keep.
    """
    write_json(path, asdict(record))


def make_sections(record: AgreementRecord) -> dict[str, str]:
    """Make what stands between the marks of the document.

    Parameters
    ----------
    record : AgreementRecord
        What was measured.

    Returns
    -------
    dict of str to str
        Of each mark the text.
    """
    both = ("exact", "fast")
    previews = record.previews
    described = [each for each in previews.agreements if each.mode == "preview"]
    return {
        "figures": format_agreements(record.agreements, both),
        "environment": format_environment(record),
        "differing": format_distances(record.agreements, "fast"),
        "flipped": format_flipped(record.agreements, both),
        "previews": format_agreements(previews.agreements, ("preview", "fast")),
        "preview-counts": "\n".join(f"- {line}" for line in previews.lines),
        "preview-differing": format_distances(described[-1:], "preview"),
        "preview-flipped": format_flipped(described[-1:], ("preview",)),
    }


def format_record(record: AgreementRecord) -> str:
    """Say what was measured and tabulate it.

    Parameters
    ----------
    record : AgreementRecord
        All figures.

    Returns
    -------
    str
        Markdown.
    """
    smoke = ["A smoke run: the figures mean nothing."] if record.is_smoke else []
    return "\n\n".join([*smoke, *make_sections(record).values()])


def write_document(path: str, record: AgreementRecord) -> None:
    """Write the tables into their places.

    Parameters
    ----------
    path : str
        The document.
    record : AgreementRecord
        What was measured.
    """
    for name, text in make_sections(record).items():
        replace_section(path, name, text)


def check_document(path: str, record: AgreementRecord) -> list[str]:
    """Compare a document with what is kept.

    Parameters
    ----------
    path : str
        The document.
    record : AgreementRecord
        What was measured.

    Returns
    -------
    list of str
        Marks between which something else stands.
    """
    return [
        name
        for name, text in make_sections(record).items()
        if read_section(path, name) != text.strip()
    ]


def format_agreements(agreements: Sequence[Agreement], modes: Sequence[str]) -> str:
    """Tabulate the shares of buckets and bits that agree.

    Parameters
    ----------
    agreements : sequence of Agreement
        Of some images, each in every mode.
    modes : sequence of str
        In the order of the columns.

    Returns
    -------
    str
        A Markdown table.
    """
    header = ["images"]
    for mode in modes:
        header += [f"`{mode}`: buckets", "bits"]
    of_images: dict[str, dict[str, Agreement]] = {}
    for each in agreements:
        of_images.setdefault(each.images, {})[each.mode] = each
    lines = []
    for images, of_mode in of_images.items():
        line = [f"{of_mode[modes[0]].n_images:,} {images}"]
        for mode in modes:
            line += _format_agreement(of_mode[mode])
        lines.append(line)
    return align_table(header, lines)


def _format_agreement(agreement: Agreement) -> Iterator[str]:
    """Write the shares of buckets and of bits."""
    n_moved = agreement.n_moved
    differ = f" ({n_moved:,} {'differs' if n_moved == 1 else 'differ'})" if n_moved else ""
    yield f"{format_share(n_moved, agreement.n_images, 1)}{differ}"
    yield format_share(sum(agreement.flipped.values()), agreement.n_bits, 2)


def format_share(n_different: int, n: int, n_digits: int) -> str:
    """Write what share of something agrees, in percent; all is only said of all.

    Parameters
    ----------
    n_different, n : int
        How many do not, and how many there are.
    n_digits : int
        Behind the point; what follows is cut off.

    Returns
    -------
    str
        Such as ``99.9 %``.
    """
    if n_different == 0:
        return "100 %"
    steps = 10**n_digits
    return f"{100 * steps * (n - n_different) // n / steps:.{n_digits}f} %"


def format_distances(agreements: Sequence[Agreement], mode: str) -> str:
    """Tabulate how near to another answer the images are that differ in it.

    Parameters
    ----------
    agreements : sequence of Agreement
        Of all images.
    mode : str
        Of those that are taken.

    Returns
    -------
    str
        A Markdown table.
    """
    lines = []
    for question, title in QUESTIONS.items():
        distances = [
            distance
            for each in agreements
            if each.mode == mode
            for distance in each.distances.get(question, ())
        ]
        within = (
            [_round_up(median(distances)), _round_up(max(distances))] if distances else ["", ""]
        )
        lines.append((title, f"{len(distances):,}", *within))
    header = ("what differs, and by what it is decided", "images", "half within", "all within")
    return align_table(header, lines)


def _round_up(distance: float) -> str:
    """Write a distance that is not smaller."""
    return f"{ceil(100 * distance) / 100:.2f}"


def format_flipped(agreements: Sequence[Agreement], modes: Sequence[str]) -> str:
    """Tabulate the bits that differ by the levels between their two pixels.

    Parameters
    ----------
    agreements : sequence of Agreement
        Of all images.
    modes : sequence of str
        In the order of the lines.

    Returns
    -------
    str
        A Markdown table.
    """
    lines = []
    for mode in modes:
        of_mode = [each.flipped for each in agreements if each.mode == mode]
        counts = [sum(flipped[levels] for flipped in of_mode) for levels in LEVELS]
        lines.append((f"`{mode}`", *(f"{count:,}" for count in (sum(counts), *counts))))
    return align_table(("mode", "bits that differ", *LEVELS), lines)


def format_environment(record: AgreementRecord) -> str:
    """Say when and with which versions it was measured, and what was left out.

    Parameters
    ----------
    record : AgreementRecord
        All figures.

    Returns
    -------
    str
        A list.
    """
    versions = ", ".join(f"{name} {number}" for name, number in record.versions.items())
    return "\n".join(
        [
            f"- measured on {record.date} with version {record.feature_version} of the formulas",
            f"- {versions}",
            f"- files left out because they are broken: {record.n_left_out:,}",
        ]
    )
