"""The tables of docs/quality.md, made of results/words.json."""

from collections.abc import Sequence

from kept import Record
from pages.markdown import Sections, tabulate
from spoilt_photos import KINDS

_WORDS = ("blurred", "dark", "flat", "overexposed")
_AS_THEY_ARE = "as they are"


def make_sections(record: Record) -> Sections:
    """Make what stands between the marks of the document."""
    counts = record["counts"]
    told = [each for each in counts if each["half"] == "told of"]
    kinds = [each for each in told if each["kind"] == _AS_THEY_ARE or each["kind"] in KINDS]
    good = [each for each in kinds if _find_word(each) is None]
    spoilt = [each for each in kinds if _find_word(each) is not None]
    texts = {
        "good": _tabulate(good),
        "spoilt": _tabulate(spoilt),
        "summary": _summarise(counts, told),
        "environment": _describe_environment(record),
    }
    return {("docs/quality.md", name): text for name, text in texts.items()}


def _find_word(count: Record) -> str | None:
    """Find the word that is right for the photos of a count."""
    kind = count["kind"].removesuffix(", exact")
    return KINDS[kind].word if kind in KINDS else None


def _tabulate(counts: Sequence[Record]) -> str:
    """Tabulate how many photos of each kind each word is said of."""

    def write(count: Record, word: str) -> str:
        return f"{count[word] / count['n_images']:.1%}" if count[word] else ""

    return tabulate(
        counts,
        ("photos", lambda count: count["kind"]),
        ("number", lambda count: f"{count['n_images']:,}"),
        *((word, lambda count, word=word: write(count, word)) for word in _WORDS),
    )


def _summarise(counts: Sequence[Record], told: Sequence[Record]) -> str:
    """Say how often each word is said of good photos, in each half and mode."""
    lines = []
    for what, chosen in (
        (
            "collections that the tables are of",
            [c for c in told if not c["kind"].endswith(", exact")],
        ),
        ("rendered ones of these in `exact`", [c for c in told if c["kind"].endswith(", exact")]),
        ("collections that the limits were set on", [c for c in counts if c["half"] == "set on"]),
    ):
        good = [count for count in chosen if _find_word(count) is None]
        n = sum(count["n_images"] for count in good)
        if n:
            said = ", ".join(f"{word} {sum(c[word] for c in good):,}" for word in _WORDS)
            lines.append(f"- {what}, of {n:,}: {said}")
    return "\n".join(lines)


def _describe_environment(record: Record) -> str:
    """Say when and with what was measured."""
    versions = ", ".join(f"{name} {version}" for name, version in record["versions"].items())
    return f"- measured on {record['date']} with {versions}"
