"""Tests of smartdownsample.options and smartdownsample.checks."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from feature_tables import make_table
from smartdownsample import ImageIndex, InvalidParameterError
from smartdownsample.options import (
    DocumentOptions,
    PathLike,
    ReadingKeywords,
    ReadingOptions,
    SamplingKeywords,
    SamplingOptions,
)


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"decode": "slow"}, "decode"),
        ({"truncated": "maybe"}, "truncated"),
        ({"image_loading_errors": "ignore"}, "image_loading_errors"),
        ({"max_pixels": 0}, "max_pixels"),
        ({"n_workers": 0}, "n_workers"),
        ({"cache_dir": 3}, "cache_dir"),
        ({"cache_dir": b"cache"}, "cache_dir"),
        ({"decode": np.array(["fast"])}, "decode"),
        ({"crop_margin": -0.1}, "crop_margin"),
        ({"crop_margin": 9}, "crop_margin"),
        ({"crop_square": "no"}, "crop_square"),
        ({"cache": "no"}, "cache"),
        ({"cache": None}, "cache"),
        ({"show_progress": "yes"}, "show_progress"),
    ],
)
def test_each_choice_of_reading_is_checked(options: dict[str, Any], name: str) -> None:
    """Before any file is listed."""
    with pytest.raises(InvalidParameterError, match=f"The '{name}' parameter must be"):
        ReadingOptions(**options)


def test_keywords_are_those_of_the_records() -> None:
    """Type checkers are told of every field, but for those of the published call."""
    # What the published package has as well, and what is for documents, which it does not take.
    published = {"hash_size", "n_workers", "show_progress", "crop_margin", "crop_square"}
    reading = set(ReadingOptions.__dataclass_fields__)
    # And what only the command decides, for shards and clusters.
    of_command = {"merges_parts", "must_keep", "engine", "scheduler"}
    assert set(ReadingKeywords.__annotations__) == reading - published - of_command
    assert set(SamplingKeywords.__annotations__) == set(SamplingOptions.__dataclass_fields__)


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"root": 3}, "root"),
        ({"items": "boxes"}, "items"),
        ({"min_confidence": 1.5}, "min_confidence"),
        ({"categories": "animal"}, "categories"),
        ({"box_orientation": "left"}, "box_orientation"),
        ({"strict": "no"}, "strict"),
    ],
)
def test_each_choice_of_documents_is_checked(options: dict[str, Any], name: str) -> None:
    """Before the document is read."""
    with pytest.raises(InvalidParameterError, match=f"The '{name}' parameter must be"):
        DocumentOptions(**options)


def test_a_ranking_has_no_caps_of_groups() -> None:
    """It has no end at which they could be met."""
    options = SamplingOptions(groups="parent", per_group=3)
    with pytest.raises(InvalidParameterError, match="'per_group' parameter is not for rankings"):
        options.for_ranking()


@pytest.mark.parametrize("per_group", [0, -1, 2.5, "3", True, {"a": -1}, {"a": None}])
def test_a_cap_that_is_no_count_is_an_error(per_group: Any) -> None:
    """A cap of 0 for a single group is one."""
    with pytest.raises(InvalidParameterError, match="'per_group' parameter must be an integer"):
        SamplingOptions(groups="parent", per_group=per_group)
    assert SamplingOptions(groups="parent", per_group={"a": 0}).per_group == {"a": 0}


def test_values_are_kept_as_plain_ones() -> None:
    """NumPy's integers overflow, a label of 7 is the group "7", and iterators end."""
    reading = ReadingOptions(n_workers=np.uint8(3), hash_size=np.int64(8))  # type: ignore[arg-type] # callers pass them
    assert (type(reading.n_workers), type(reading.hash_size)) == (int, int)
    caps: dict[Any, Any] = {7: np.int8(2)}
    options = SamplingOptions(groups=iter("abc"), per_group=caps)
    assert options.per_group == {"7": 2}
    assert options.groups == ["a", "b", "c"]


def test_a_flag_may_be_one_of_numpy() -> None:
    """And is kept as Python's; a word, which would count as true, is refused."""
    assert SamplingOptions(skip_flat=np.bool_(True)).skip_flat is True  # type: ignore[arg-type] # callers pass them
    with pytest.raises(InvalidParameterError, match="'skip_flat' parameter must be True or False"):
        SamplingOptions(skip_flat="no")  # type: ignore[arg-type] # what is to be refused


def test_long_values_are_cut_in_messages() -> None:
    """A list of all images is not spelt out."""
    many: Any = [f"photos/{i}.jpg" for i in range(10_000)]
    index = ImageIndex(make_table(5))
    for call in (
        lambda: ImageIndex.build([many]),
        lambda: index.sample(many),
        lambda: index.sample(2, groups=set(many)),
        lambda: index.sample(groups="parent", per_group=many),
        lambda: index.sample(2, keep=[many]),
    ):
        with pytest.raises(InvalidParameterError) as caught:
            call()
        assert len(str(caught.value)) < 700


@pytest.mark.parametrize("name", ["n_workers", "max_pixels", "max_per_sequence", "per_group"])
def test_integers_that_arrays_cannot_hold_are_refused(name: str) -> None:
    """Not after all decoding, and not by a library."""
    is_reading = name in ReadingOptions.__dataclass_fields__
    kind: Any = ReadingOptions if is_reading else SamplingOptions
    more = {} if is_reading else {"groups": "parent"}
    assert getattr(kind(**{name: 2**63 - 1}, **more), name) == 2**63 - 1
    with pytest.raises(InvalidParameterError, match=rf"'{name}'.* from 1 to 9223372036854775807"):
        kind(**{name: 2**63}, **more)


def test_seeds_may_be_as_large_as_they_are() -> None:
    """Such as those of 128 bits; other numbers have an end."""
    index = ImageIndex(make_table(5))
    assert index.sample(2, random_seed=10**30).random_seed == 10**30
    for quotas in ("two-phase", "equal"):
        assert len(index.sample(2**63 - 1, quotas=quotas)) == 5
        with pytest.raises(InvalidParameterError, match=r"'target_count'.*9223372036854775807"):
            index.sample(2**63, quotas=quotas)
    with pytest.raises(InvalidParameterError, match="'sequence_gap_s' parameter must be a number"):
        SamplingOptions(sequence_gap_s=10**400)


@pytest.mark.parametrize("folder", ["ftp://host/cache", Path("file:///cache")])
def test_a_folder_is_a_local_one_or_in_a_bucket(folder: PathLike) -> None:
    """Another URL would become a folder of that name."""
    with pytest.raises(InvalidParameterError, match=r"'(ftp|file)://' are not supported"):
        ReadingOptions(cache_dir=folder)
    assert ReadingOptions(cache_dir="S3://bucket/cache/").cache_dir == "s3://bucket/cache"
