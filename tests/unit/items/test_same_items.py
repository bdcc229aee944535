"""Tests of smartdownsample.items.same_items."""

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from smartdownsample.items.same_items import find_first

# Few of each, so that items repeat, and both ends of what there is.
SIDES = st.sampled_from([0, 1, 2, 2**15, 2**16 - 1, 2**16])
ITEMS = st.tuples(st.sampled_from([0, 1, 2**40]), st.integers(0, 1), SIDES, SIDES, SIDES, SIDES)


@example([(0, 0, 1, 0, 0, 0), (0, 0, 0, 2**16, 0, 0)])
@example([(0, 0, 0, 1, 0, 0), (0, 0, 0, 0, 2**16, 0)])
@example([(1, 0, 0, 0, 0, 0), (0, 0, 0, 0, 0, 2**16)])
@given(st.lists(ITEMS, max_size=40))
def test_items_are_the_same_where_file_frame_and_region_are(items: list[tuple[int, ...]]) -> None:
    """Each leads to the first like it, as a dictionary tells that."""
    columns = np.array(items, dtype=np.int64).reshape(-1, 6)
    regions = (columns[:, 2:] / 2**16).astype(np.float32)
    found = find_first(columns[:, 0], columns[:, 1].astype(np.int32), regions)
    first: dict[tuple[int, ...], int] = {}
    expected = [first.setdefault(item, place) for place, item in enumerate(items)]
    assert found.tolist() == expected
