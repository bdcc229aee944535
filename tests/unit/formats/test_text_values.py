"""Tests of smartdownsample.formats.text_values."""

import numpy as np
import pyarrow as pa
import pytest

from smartdownsample.formats.text_values import look_up, parse_numbers, rank_texts

NUMBERS = {"1": 1, "-0.5": -0.5, "+.25": 0.25, "1.": 1, " 2 ": 2, "1e-3": 0.001}
NO_NUMBERS = ["", "x", "1,5", "1_0", "0x1", "inf", "NaN", "-INF", "1e999", "--1"]


@pytest.mark.parametrize("others", [[], ["x"]])
def test_numbers_are_parsed_in_their_usual_spellings(others: list[str]) -> None:
    """Whatever else is in the column."""
    found, is_wrong = parse_numbers(pa.array([*NUMBERS, None, *others], pa.string()))
    assert found[: len(NUMBERS)].tolist() == list(NUMBERS.values())
    assert np.isnan(found[len(NUMBERS) :]).all()
    assert is_wrong.tolist() == [False] * (len(NUMBERS) + 1) + [True] * len(others)


@pytest.mark.parametrize("text", NO_NUMBERS)
def test_what_is_no_finite_number_is_wrong(text: str) -> None:
    """And NaN."""
    found, is_wrong = parse_numbers(pa.array([text, "1"]))
    assert np.isnan(found[0])
    assert is_wrong.tolist() == [True, False]


def test_texts_are_ranked_by_their_bytes() -> None:
    """Capitals come first, and null before them."""
    assert rank_texts(pa.array(["b", "B", None, "a", "b"])).tolist() == [3, 1, 0, 2, 3]
    assert rank_texts(pa.array([], pa.string())).tolist() == []
    assert rank_texts(pa.array([None], pa.string())).tolist() == [0]


def test_texts_are_looked_up_in_their_first_row() -> None:
    """Null is nowhere, even where ids are null."""
    ids = pa.array(["a", None, "b", "a"])
    assert look_up(pa.array(["a", "b", "c", None]), ids).tolist() == [0, 2, -1, -1]
    assert look_up(ids, ids).tolist() == [0, -1, 2, 0]
