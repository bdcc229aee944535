"""Bytes of order keys compare as paths do in natural order."""

import random
import sys

import pytest
from natsort import natsorted, ns

from smartdownsample.items.locations import to_key
from smartdownsample.items.natural_order import encode_order_key


def test_order_is_that_of_natsort_folder_by_folder() -> None:
    """The library natsort decides what a number is; `ns.PATH` splits at folders."""
    generator = random.Random(3)
    parts = ["IMG_", "img", "2", "10", "007", "a", "b-", ".", " ", "é", "雪", "1.5", "-3", "²"]
    names = {
        "/" + "/".join("".join(generator.choices(parts, k=4)) for _ in range(3)) + ".jpg"
        for _ in range(2000)
    }
    ours = sorted(sorted(names), key=lambda name: encode_order_key(to_key(name)))
    theirs = natsorted(sorted(names), alg=ns.PATH)
    assert ours == theirs


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("/s/IMG_2.JPG", "/s/IMG_10.JPG"),
        ("/site_2/IMG_10.JPG", "/site_10/IMG_2.JPG"),
        ("/s/IMG_99999999999999999998.JPG", "/s/IMG_99999999999999999999.JPG"),
        ("/s/a.jpg", "/s/a/b.jpg"),
        ("/s/IMG.jpg", "/s/IMG_1.jpg"),
    ],
)
def test_before_and_after(before: str, after: str) -> None:
    """Known pairs, among them numbers longer than a machine word."""
    assert encode_order_key(to_key(before)) < encode_order_key(to_key(after))


@pytest.mark.skipif(sys.platform != "linux", reason="needs names that are not Unicode")
def test_names_that_are_no_unicode_have_a_place() -> None:
    """Any name that the file system allows can be ordered."""
    keys = [b"/s/\xff\xfe_10.jpg", b"/s/\xff\xfe_2.jpg"]
    assert sorted(keys, key=encode_order_key) == keys[::-1]
