"""Tests of smartdownsample.display."""

import io
import sys
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from smartdownsample.display import count_noun, is_watched, suggest, to_line

# Categories of characters that `repr` escapes as well: controls, formats, line ends.
_STEERING = {"Cc", "Cf", "Zl", "Zp"}


def test_controls_are_escaped_as_in_python() -> None:
    """Those that colour, erase, break lines, or turn the direction of writing."""
    text = "a\x1b[31m\n\x07\x7f\x9b2J\u2028\u202egpj.\u2066x\u200e1\u200f2\u061c3"
    shown = r"a\x1b[31m\n\x07\x7f\x9b2J\u2028\u202egpj.\u2066x\u200e1\u200f2\u061c3"
    assert to_line(text) == shown


@given(st.text())
@example("".join(map(chr, range(0x3000))))
def test_a_line_has_no_controls(text: str) -> None:
    """Whatever the text; what is left of formatting characters joins letters of scripts."""
    line = to_line(text)
    assert not any(unicodedata.category(letter) in {"Cc", "Zl", "Zp"} for letter in line)
    assert not any(unicodedata.bidirectional(letter)[-2:] in {"LE", "LO", "LI"} for letter in line)
    assert not any(unicodedata.bidirectional(letter) in {"RLE", "RLO", "RLI"} for letter in line)
    assert len(line.splitlines()) <= 1


@given(st.text())
def test_a_line_stays_as_it_is(text: str) -> None:
    """So it does not matter how often a text is made one; printable texts are one."""
    line = to_line(text)
    assert to_line(line) == line
    if not any(unicodedata.category(letter) in _STEERING for letter in text):
        assert line == text


def test_counts_have_their_noun_in_the_right_number() -> None:
    """One thing, or more, or none; thousands are grouped."""
    nouns = ("image", "box", "copy", "day", "faulty entry", "batch")
    assert [count_noun(1, noun) for noun in nouns] == [f"1 {noun}" for noun in nouns]
    assert [count_noun(n, noun) for n, noun in zip((0, 2, 3, 4, 5, 1000), nouns, strict=True)] == [
        *("0 images", "2 boxes", "3 copies", "4 days", "5 faulty entries", "1,000 batches")
    ]


@pytest.mark.parametrize("stream", [None, object(), io.StringIO()])
def test_nobody_watches_where_standard_error_is_no_terminal(
    stream: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Programs without a console have none, and some put an object of theirs in its place."""
    monkeypatch.setattr(sys, "stderr", stream)
    assert not is_watched()


@pytest.mark.parametrize(
    ("word", "question"),
    [
        ("spceies", " Did you mean 'Species'?"),
        ("SPECIES", " Did you mean 'Species'?"),
        ("regoin", " Did you mean 'region'?"),
        ("place", ""),
        ("", ""),
    ],
)
def test_the_word_that_was_probably_meant_is_asked_for(word: str, question: str) -> None:
    """Whatever its case; a guess that is no better than chance would only mislead."""
    assert suggest(word, ["Species", "region", "note"]) == question
    assert suggest(word, []) == ""
