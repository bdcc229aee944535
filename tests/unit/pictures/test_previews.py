"""Tests of smartdownsample.pictures.previews."""

import os
from io import BytesIO
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from pictures import encode_jpeg, make_exif, make_pixels, shrink, write_photo, write_picture
from smartdownsample.features.columns import compute_features
from smartdownsample.features.exact_thumbnails import make_thumbnails
from smartdownsample.features.spec import make_spec
from smartdownsample.items.local_files import LocalFiles
from smartdownsample.items.storage import Content
from smartdownsample.pictures.decode import Picture, decode_image
from smartdownsample.pictures.previews import (
    HEAD_BYTES,
    Treatment,
    compare_previews,
    find_preview,
    has_bars,
    read_with_preview,
)
from smartdownsample.records import FLAG_ALIKE, FLAG_COMPARED, FLAG_TRUNCATED, Cause, RowArray

SPEC = make_spec(8, "preview")
PHOTO = make_pixels(1, 800, 600)


def embed(
    thumbnail: npt.NDArray[np.uint8] | bytes,
    pixels: npt.NDArray[np.uint8] = PHOTO,
    orientation: int = 1,
) -> bytes:
    """Make a photo that has a thumbnail."""
    data = thumbnail if isinstance(thumbnail, bytes) else encode_jpeg(thumbnail)
    exif = make_exif({0x0112: orientation}, {0x9003: b"2019:06:22 16:50:53\0"}, thumbnail=data)
    return encode_jpeg(pixels, exif)


def describe(*pictures: Picture | Cause | None) -> RowArray:
    """Compute the features of pictures."""
    found = [picture for picture in pictures if isinstance(picture, Picture)]
    assert len(found) == len(pictures)
    thumbnails = make_thumbnails([picture.pixels for picture in found], SPEC.hash_size)
    return compute_features(thumbnails, SPEC)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_preview_shows_the_upright_photo(orientation: int) -> None:
    """With the photo's size and time; the thumbnail lies as the photo does."""
    data = embed(shrink(PHOTO, 160, 120), orientation=orientation)
    preview, decoded = find_preview(data), decode_image(data)
    assert preview is not None
    assert isinstance(decoded, Picture)
    assert (preview.width, preview.height) == (decoded.width, decoded.height)
    assert preview.captured == decoded.captured == np.datetime64("2019-06-22T16:50:53.000")
    assert sorted(preview.pixels.shape[:2]) == [120, 160]
    flags = compare_previews(describe(preview), describe(decoded), SPEC)
    assert flags.tolist() == [FLAG_COMPARED | FLAG_ALIKE]


@pytest.mark.parametrize(
    ("size", "is_used"),
    [
        ((160, 120), True),
        ((160, 119), True),  # rounded
        ((159, 120), True),
        ((160, 118), False),
        ((160, 122), False),
        ((160, 90), False),
        ((120, 160), False),
        ((200, 150), True),
        ((84, 63), False),  # too small
        ((88, 66), True),
        ((800, 600), False),  # no smaller than the photo
        ((900, 675), False),
    ],
)
def test_a_preview_has_the_shape_of_the_photo_and_is_smaller(
    size: tuple[int, int],
    is_used: bool,  # noqa: FBT001 - a column of the table
) -> None:
    """Up to a pixel that the camera rounded; else it shows another part, or another photo."""
    thumbnail = np.asarray(Image.fromarray(PHOTO).resize(size))
    assert (find_preview(embed(thumbnail)) is not None) == is_used


@pytest.mark.parametrize("edges", [(slice(0, 6), slice(-6, None)), (slice(0, 1), slice(-1, None))])
@pytest.mark.parametrize("axis", [0, 1])
def test_a_preview_with_bars_is_not_used(edges: tuple[slice, slice], axis: int) -> None:
    """Cameras fill up another shape with them, at top and bottom or on both sides."""
    pixels = np.moveaxis(np.full((120, 160, 3), 200, dtype=np.uint8), axis, 0)
    pixels[edges[0]] = 20
    assert not has_bars(np.moveaxis(pixels, 0, axis))
    pixels[edges[1]] = 20
    assert has_bars(np.moveaxis(pixels, 0, axis))
    pixels[0, 7] = 90
    assert not has_bars(np.moveaxis(pixels, 0, axis))


def test_bars_are_seen_in_the_file() -> None:
    """As a JPEG leaves them."""
    thumbnail = shrink(PHOTO, 160, 120).copy()
    assert find_preview(embed(thumbnail)) is not None
    thumbnail[:15] = thumbnail[-15:] = 0
    assert find_preview(embed(thumbnail)) is None


def test_damaged_and_strange_thumbnails_are_not_used() -> None:
    """Cut off, something else than a JPEG, or a claim of more pixels than it can have."""
    whole = encode_jpeg(shrink(PHOTO, 160, 120))
    assert find_preview(embed(whole)) is not None
    assert find_preview(embed(whole + bytes(20))) is not None  # padded
    assert find_preview(embed(whole[: len(whole) // 2])) is None
    assert find_preview(embed(whole[:-2])) is None
    assert find_preview(embed(b"\xff\xd8" + bytes(200))) is None
    png = BytesIO()
    Image.fromarray(shrink(PHOTO, 160, 120)).save(png, "PNG")
    assert find_preview(embed(png.getvalue())) is None
    frame = whole.index(b"\xff\xc0") + 5
    giant = whole[:frame] + b"\xe0\xc0\xff\xff" + whole[frame + 4 :]
    assert find_preview(embed(giant)) is None


def test_what_has_no_thumbnail_or_is_no_jpeg_has_no_preview(tmp_path: Path) -> None:
    """Nor has nothing at all."""
    assert find_preview(encode_jpeg(PHOTO)) is None
    assert find_preview(write_picture(tmp_path / "1.png", 1).read_bytes()) is None
    assert find_preview(b"GI" + embed(shrink(PHOTO, 160, 120))[2:]) is None
    assert find_preview(b"") is None


def test_the_size_of_the_photo_must_be_in_the_beginning() -> None:
    """A thumbnail alone does not tell whether it has the shape of the photo."""
    data = embed(shrink(PHOTO, 160, 120))
    frame = data.rindex(b"\xff\xc0")
    assert find_preview(data[: frame + 9]) is not None
    assert find_preview(data[:frame]) is None
    far = data[:frame] + 2 * (b"\xff\xe2\xff\xff" + bytes(65_533)) + data[frame:]
    assert find_preview(far) is not None
    assert find_preview(far[:HEAD_BYTES]) is None


def test_images_that_are_too_large_have_no_preview() -> None:
    """The limit is that of the photo."""
    data = embed(shrink(PHOTO, 160, 120))
    assert find_preview(data, max_pixels=800 * 600) is not None
    assert find_preview(data, max_pixels=800 * 600 - 1) is None


def test_what_is_as_large_as_a_photo_is_no_preview() -> None:
    """A flat picture of any size fits into the EXIF data; decoding it would take its time."""
    pixels = np.full((1200, 1600, 3), 99, dtype=np.uint8)
    assert find_preview(embed(pixels[:750, :1000], pixels)) is not None
    assert find_preview(embed(pixels[:900, :1200], pixels)) is None


def test_large_previews_are_decoded_at_reduced_size() -> None:
    """As photos are."""
    preview = find_preview(embed(shrink(PHOTO, 480, 360)), min_side=108)
    assert preview is not None
    assert preview.pixels.shape == (180, 240, 3)


def test_where_a_preview_is_enough_no_more_is_read(tmp_path: Path) -> None:
    """Else the whole file is."""
    path = write_photo(tmp_path / "1.jpg", 1)
    path.write_bytes(path.read_bytes() + bytes(HEAD_BYTES))
    os.utime(path, ns=(10**18, 10**18))
    data = path.read_bytes()
    for treatment, length, has_preview in (
        (Treatment.PREVIEW, HEAD_BYTES, True),
        (Treatment.COMPARE, len(data), True),
        (Treatment.DECODE, len(data), False),
    ):
        content, preview = read_with_preview(LocalFiles(), str(path), treatment, min_side=None)
        assert content == Content(data[:length], 10**18, len(data), is_stable=True)
        assert (preview is not None) == has_preview


@pytest.mark.parametrize("n_more", [0, HEAD_BYTES - 1000])
def test_without_a_preview_the_whole_file_is_read(tmp_path: Path, n_more: int) -> None:
    """Small files and large ones."""
    path = write_picture(tmp_path / "1.jpg", 1)
    path.write_bytes(path.read_bytes() + bytes(n_more))
    os.utime(path, ns=(10**18, 10**18))
    content, preview = read_with_preview(LocalFiles(), str(path), Treatment.PREVIEW, min_side=None)
    assert preview is None
    assert content == LocalFiles().read(str(path))
    missing = read_with_preview(
        LocalFiles(), str(tmp_path / "2.jpg"), Treatment.PREVIEW, min_side=None
    )
    assert missing == (Cause.MISSING, None)


def test_a_preview_is_compared_with_the_photo_that_it_is_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not with one that takes its place meanwhile."""
    path = write_photo(tmp_path / "1.jpg", 1)
    read = LocalFiles.read

    def read_and_change(
        files: LocalFiles, location: str, *bounds: int, etag: str | None = None
    ) -> Content | Cause:
        content = read(files, location, *bounds, etag=etag)
        os.utime(path, ns=(10**18, 10**18))
        return content

    monkeypatch.setattr(LocalFiles, "read", read_and_change)
    content, preview = read_with_preview(LocalFiles(), str(path), Treatment.COMPARE, min_side=None)
    assert isinstance(content, Content)
    assert content.mtime_ns == 10**18
    assert preview is None


def test_previews_are_alike_up_to_the_limits() -> None:
    """In bits, mean colour and layout, each on its own."""
    decoded = np.zeros(7, dtype=SPEC.row_dtype)
    previews = decoded.copy()
    previews["dhash"][1] = [0xFF, 0xF0, 0, 0, 0, 0, 0, 0]  # 12 bits
    previews["dhash"][2] = [0xFF, 0xF8, 0, 0, 0, 0, 0, 0]
    previews["mean_rgb"][3, 1] = 4
    previews["mean_rgb"][4, 1] = 4.1
    decoded["lab_layout"][5, 9] = 8
    decoded["lab_layout"][6, 9] = 9
    flags = compare_previews(previews, decoded, SPEC)
    assert (flags & FLAG_COMPARED != 0).all()
    assert (flags & FLAG_ALIKE != 0).tolist() == [True, True, False, True, False, True, False]


def test_truncated_photos_say_nothing_of_their_previews() -> None:
    """The preview shows what is missing of the photo."""
    decoded = np.zeros(1, dtype=SPEC.row_dtype)
    previews = decoded.copy()
    decoded["flags"] = FLAG_TRUNCATED
    assert compare_previews(previews, decoded, SPEC).tolist() == [0]
