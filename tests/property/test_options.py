"""What holds for every collection and every combination of options that is allowed."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feature_tables import make_table
from smartdownsample import ImageIndex
from smartdownsample.items.folders import number_folders
from smartdownsample.options import SamplingOptions
from smartdownsample.sampling import draw_selection
from smartdownsample.sampling.sequences import find_sequences

# More images are asked for than groups and sequences may give.
pytestmark = pytest.mark.filterwarnings("ignore::smartdownsample.ShortfallWarning")


@st.composite
def requests(draw: st.DrawFn) -> tuple[ImageIndex, dict[str, Any], int | None, int]:
    """Draw a collection, options, a count and a seed."""
    n = draw(st.integers(0, 120))
    index = ImageIndex(make_table(n, burst=draw(st.integers(1, 8)), seed=draw(st.integers(0, 9))))
    options: dict[str, Any] = {"spread": draw(st.sampled_from(["joint", "order", "visual"]))}
    target: int | None = draw(st.integers(0, n + 3))
    keep = draw(st.lists(st.sampled_from(index.paths), max_size=20)) if n else []
    rules = ["proportional", "equal"] if keep else ["proportional", "equal", "two-phase"]
    options |= {"keep": keep, "quotas": draw(st.sampled_from(rules))}
    if draw(st.booleans()):
        options["groups"] = draw(
            st.lists(st.sampled_from("abcd"), min_size=n, max_size=n) | st.just("parent")
        )
        if draw(st.booleans()):
            options["per_group"] = draw(st.integers(1, 20))
            target = draw(st.none() | st.just(target))
        if target is not None:
            options["balance"] = draw(st.sampled_from([0.0, 0.3, 1.0]))
    if draw(st.booleans()):
        options["max_per_sequence"] = draw(st.integers(1, 4))
    return index, options, target, draw(st.integers(0, 5))


@settings(max_examples=200)
@given(requests())
def test_selections_are_exact_and_within_all_limits(
    request: tuple[ImageIndex, dict[str, Any], int | None, int],
) -> None:
    """Distinct, new, as many as asked for or as limits leave, and every bucket if they can be."""
    index, options, target, seed = request
    selection = index.sample(target, random_seed=seed, **options)
    rows = selection.rows.tolist()
    earlier = {index.paths.index(path) for path in options["keep"]}
    assert rows == sorted(set(rows))
    assert not earlier & set(rows)
    assert set(selection.earlier_rows.tolist()) == earlier

    # How many each sequence, and each group, may still give.
    sequences = find_sequences(
        index.table.rows, index.table.spec, number_folders(index.table.paths), 60.0
    )
    limit = options.get("max_per_sequence", len(index) or 1)
    n_used = np.bincount(sequences[rows + list(earlier)], minlength=len(index))
    n_earlier = np.bincount(sequences[list(earlier)], minlength=len(index))
    assert (n_used <= np.maximum(limit, n_earlier)).all()
    if "groups" not in options:
        sizes = np.bincount(sequences, minlength=len(index))
        n_open = int(np.clip(np.minimum(limit, sizes) - n_earlier, 0, None).sum())
        assert target is not None
        assert len(rows) == min(target, n_open)
        if "max_per_sequence" not in options:
            n_buckets = len(set(index.codes.tolist()))
            n_represented = len(set(index.codes[rows + list(earlier)].tolist()))
            n_before = len(set(index.codes[list(earlier)].tolist()))
            assert n_represented == min(n_buckets, n_before + len(rows))
    elif "per_group" in options:
        assert selection.labels is not None
        counts = np.bincount(selection.labels.ids[rows + list(earlier)])
        before = np.bincount(selection.labels.ids[list(earlier)], minlength=len(counts))
        assert (counts <= np.maximum(options["per_group"], before)).all()
    elif "max_per_sequence" not in options:
        assert target is not None
        assert len(rows) == min(target, len(index) - len(earlier))


@settings(max_examples=100)
@given(requests())
def test_the_same_request_gives_the_same_selection(
    request: tuple[ImageIndex, dict[str, Any], int | None, int],
) -> None:
    """Whatever the global random state."""
    index, options, target, seed = request
    first = index.sample(target, random_seed=seed, **options)
    np.random.seed(seed + 1)  # noqa: NPY002 # the state of others is what is tested
    state = np.random.get_state()[1].tolist()  # type: ignore[index] # noqa: NPY002
    again = draw_selection(index.collection, target, seed, SamplingOptions(**options))
    assert first.rows.tolist() == again.rows.tolist()
    assert np.random.get_state()[1].tolist() == state  # type: ignore[index] # noqa: NPY002


@settings(max_examples=60)
@given(requests())
def test_rankings_hold_what_selections_may(
    request: tuple[ImageIndex, dict[str, Any], int | None, int],
) -> None:
    """A ranking of all is as long as a selection of all, and holds nothing twice."""
    index, options, _, seed = request
    options.pop("per_group", None)
    if options["quotas"] == "two-phase":
        options["quotas"] = "equal"
    ranking = index.rank(random_seed=seed, **options)
    assert len(set(ranking.rows.tolist())) == len(ranking)
    assert len(ranking) == len(index.sample(len(index), random_seed=seed, **options))
