"""The parts that the report page is made of."""

import re
from collections import Counter

import pytest

from smartdownsample.page.joined_parts import join_parts, read_part


def test_no_two_parts_declare_the_same_name() -> None:
    """They share one scope, where the browser would refuse all of them."""
    declared = re.findall(
        r"^(?:async )?(?:const|let|function|class) (\w+)", join_parts("js"), re.MULTILINE
    )
    assert declared
    assert [name for name, n in Counter(declared).items() if n > 1] == []


@pytest.mark.parametrize("name", ["nowhere.js", "timeline.py"])
def test_what_is_no_part_is_none(name: str) -> None:
    """Sections need not have a script, nor a style."""
    assert read_part(name) is None
