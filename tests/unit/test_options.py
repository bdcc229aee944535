"""Tests of smartdownsample.options and smartdownsample.checks."""

from typing import Any

import pytest

from smartdownsample import InvalidParameterError
from smartdownsample.options import (
    MAX_HASH_SIZE,
    MIN_HASH_SIZE,
    ReadingKeywords,
    ReadingOptions,
    SamplingKeywords,
    SamplingOptions,
)


@pytest.mark.parametrize("hash_size", [MIN_HASH_SIZE - 1, 0, -8, MAX_HASH_SIZE + 1])
def test_hash_sizes_beyond_the_edges_are_refused(hash_size: int) -> None:
    """The message names the parameter, the limits and the value."""
    with pytest.raises(InvalidParameterError, match=rf"'hash_size'.*2 to 32.*Got {hash_size} "):
        ReadingOptions(hash_size=hash_size)


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"decode": "slow"}, "decode"),
        ({"truncated": "maybe"}, "truncated"),
        ({"image_loading_errors": "ignore"}, "image_loading_errors"),
        ({"max_pixels": 0}, "max_pixels"),
        ({"n_workers": 0}, "n_workers"),
    ],
)
def test_each_choice_of_reading_is_checked(options: dict[str, Any], name: str) -> None:
    """Before any file is listed."""
    with pytest.raises(InvalidParameterError, match=f"The '{name}' parameter must be"):
        ReadingOptions(**options)


def test_keywords_are_those_of_the_records() -> None:
    """Type checkers are told of every field, but for those of the published call."""
    published = {"hash_size", "n_workers", "show_progress"}
    reading = set(ReadingOptions.__dataclass_fields__)
    assert set(ReadingKeywords.__annotations__) == reading - published
    assert set(SamplingKeywords.__annotations__) == set(SamplingOptions.__dataclass_fields__)


def test_a_ranking_has_no_caps_of_groups() -> None:
    """It has no end at which they could be met."""
    options = SamplingOptions(groups="parent", per_group=3)
    with pytest.raises(InvalidParameterError, match="'per_group' parameter is not for rankings"):
        options.for_ranking()
