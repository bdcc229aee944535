"""Features of real cameras' previews agree with those of a full decode.

`exact` stands for the published features: on these photos it gives every one of their bits. A
preview is a picture of its own, made by the camera, so that more differs than with `fast`.
"""

import numpy as np
import pytest

from pictures import NO_SHARED_IMAGES, SHARED_IMAGES
from smartdownsample import ImageIndex, find_images
from smartdownsample.features import N_CHECKED
from smartdownsample.gathering import count_previews
from smartdownsample.records import FLAG_PREVIEW, BoolArray

ORIGINALS = SHARED_IMAGES / "camtrap" / "conservationtechlab+animl-py" / "examples" / "Peru"
EDITED = SHARED_IMAGES / "camtrap" / "jniedballa+camtrapR"
# Shares of images in the bucket of the full decode, and of DHash bits equal to its.
LEAST_AGREEMENT = (0.88, 0.955)


@pytest.fixture(scope="module", params=[2, pytest.param(1, marks=pytest.mark.long)])
def originals(request: pytest.FixtureRequest) -> tuple[ImageIndex, ImageIndex]:
    """Describe originals of two cameras by their previews, and from a full decode.

    Every second of them, or all.
    """
    if not ORIGINALS.is_dir():
        pytest.skip(NO_SHARED_IMAGES)
    paths = find_images(ORIGINALS)[:: request.param]
    return (
        ImageIndex.build(paths, decode="preview", cache=False),
        ImageIndex.build(paths, decode="exact", cache=False),
    )


def find_previews(index: ImageIndex) -> BoolArray:
    """Tell which images are described by their previews."""
    return np.asarray(index.table.rows["flags"] & FLAG_PREVIEW != 0)


def test_previews_of_originals_are_used(originals: tuple[ImageIndex, ImageIndex]) -> None:
    """Of both folders, and of all images but those that check them."""
    counts = count_previews(originals[0].table)
    assert counts == (len(originals[0]) - 2 * N_CHECKED, *[2 * N_CHECKED] * 4, ())


def test_buckets_and_bits_agree_with_a_full_decode(
    originals: tuple[ImageIndex, ImageIndex],
) -> None:
    """Nine in ten images are in the same bucket, with nearly all of its bits."""
    shown, decoded = originals
    assert shown.paths == decoded.paths
    is_preview = find_previews(shown)
    same_buckets = (shown.codes == decoded.codes)[is_preview]
    bits, expected = (
        np.unpackbits(index.table.rows["dhash"][is_preview], axis=1) for index in originals
    )
    assert same_buckets.mean() >= LEAST_AGREEMENT[0]
    assert (bits == expected).mean() >= LEAST_AGREEMENT[1]


def test_sizes_and_times_are_those_of_the_photos(
    originals: tuple[ImageIndex, ImageIndex],
) -> None:
    """They come from the photo's own header."""
    shown, decoded = originals
    for name in ("width", "height", "captured"):
        assert (shown.table.rows[name] == decoded.table.rows[name]).all()


def test_thumbnails_that_outlived_their_photos_are_not_used() -> None:
    """These photos were made smaller than their thumbnails, by an editor that kept them."""
    if not EDITED.is_dir():
        pytest.skip(NO_SHARED_IMAGES)
    assert ImageIndex.build(EDITED, decode="preview", cache=False).table.n_previews == 0
