"""The selected crops as files of their own, in full size."""

import os
from collections import Counter
from functools import partial
from typing import NamedTuple

from ..errors import InvalidParameterError, OutputError
from ..items import FILES, strip_folder, to_key
from ..options import PathLike
from ..records import Cause, Failure, IntArray, ItemList, Picks, are_crops, unpack
from ..writing import in_one_piece, make_folders
from .place import Placed, explaining_destination
from .placed_record import PlacedSelection, check_others, count_others, digest_names, record_placing
from .placement_plan import choose_base, read_destination

_JPEG_EXTENSIONS = (".jpg", ".jpeg", ".jpe")
_NO_CROPS = (
    "Crops can be written of boxes, and here are whole photos alone. Select from a document of "
    "detections, with items='crops'."
)


def check_crops(items: ItemList) -> None:
    """Make sure that there are crops among items, or say what to do."""
    if len(items) and not items.has_regions:
        raise InvalidParameterError(_NO_CROPS)


class _Crop(NamedTuple):
    """A crop to write; ``row`` is its row of the table, ``target`` its absolute path."""

    row: int
    target: bytes


class _Outcome(NamedTuple):
    """What came of a crop: its size in bytes, 0 if it was there, or why there is none."""

    row: int
    result: int | Cause


def write_crops(
    selection: Picks,
    destination: PathLike,
    *,
    base: PathLike | None = None,
    add: bool = False,
    n_workers: int | None = None,
) -> Placed:
    """Cut the selected crops out of their photos and write each to a file.

    Crops are in full size, upright, JPEG of quality 95, with the time at which the photo was taken.
    They keep the folders of their photos below `base`, and are named after them and their place in
    the document, counted from 0: the first box of ``cam_A/IMG_1.JPG`` becomes
    ``cam_A/IMG_1.crop_000.JPG``, as MegaDetector's ``create_crop_folder`` has it. Nothing is
    overwritten; the same call goes on where it stopped.

    Parameters
    ----------
    selection : Selection
        Crops from a document.
    destination : path
        The folder, which is made if it is missing.
    base : path, optional
        A folder that all photos lie below, by default the deepest one.
    add : bool
        Write the crops although there are other images in the destination.
    n_workers : int, optional
        Photos decoded at a time; by default the usable cores, at least 4.

    Returns
    -------
    Placed
        Counts, and the photos that are gone or cannot be read. All others are written.

    Raises
    ------
    InvalidParameterError
        When the selection is of whole photos, or a photo does not lie below the base.
    OutputError
        When something else stands in the place of a crop, or the destination holds other images
        and `add` is not given, or a file cannot be written.
    """
    from ..pictures import decode_all

    folder = read_destination(destination)
    crops = _plan_crops(selection, folder, base)
    names = {strip_folder(crop.target, folder, "the destination") for crop in crops}
    placed = PlacedSelection(digest_names(names), len(names), None, "copy")
    n_others = count_others(folder, names)
    if not add:
        check_others(folder, n_others, placed)
    with explaining_destination(folder):
        for parent in {folder, *(os.path.dirname(crop.target) for crop in crops)}:
            make_folders(parent)
    if crops:
        record_placing(folder, placed, is_first=not n_others)
    by_file: dict[str, list[_Crop]] = {}
    for crop in crops:
        by_file.setdefault(selection.table.paths[crop.row], []).append(crop)
    write = partial(_write_photo, selection)
    done = decode_all(write, by_file.keys(), by_file.values(), n_workers=n_workers)
    outcomes = [outcome for of_photo in done for outcome in of_photo]
    sizes = [outcome.result for outcome in outcomes if not isinstance(outcome.result, Cause)]
    failures = [
        Failure(selection.table.paths[outcome.row], outcome.result)
        for outcome in outcomes
        if isinstance(outcome.result, Cause)
    ]
    n_new = sum(map(bool, sizes))
    return Placed(n_new, len(sizes) - n_new, sum(sizes), tuple(failures))


def _plan_crops(selection: Picks, folder: bytes, base: PathLike | None) -> list[_Crop]:
    """Find the place of each selected crop."""
    table, rows = selection.table, selection.rows
    if table.details is None or not are_crops(table.regions[rows]).any():
        raise InvalidParameterError(_NO_CROPS)
    keys = [to_key(table.paths[row]) for row in rows.tolist()]
    base_key = choose_base(base, keys)
    places = _list_places(selection, rows)
    crops = [
        _Crop(row, os.path.join(folder, _name_crop(strip_folder(key, base_key, "the base"), place)))
        for row, key, place in zip(rows.tolist(), keys, places.tolist(), strict=True)
    ]
    _check_names(crops)
    return crops


def _check_names(crops: list[_Crop]) -> None:
    """Make sure that no two crops have the same name."""
    named = Counter(crop.target for crop in crops)
    target, count = named.most_common(1)[0] if named else (b"", 0)
    if count > 1:
        msg = (
            f"Crops are named after their place in one document. Got {count} for "
            f"{os.fsdecode(target)!r}, from several sources. Write those of each document to a "
            "folder of its own."
        )
        raise InvalidParameterError(msg)


def _list_places(selection: Picks, rows: IntArray) -> IntArray:
    """List the place of each box among those of its photo."""
    details = selection.table.details
    assert details is not None  # for mypy; `_plan_crops` has looked
    return unpack(details["place"].take(rows).fill_null(0))


def _name_crop(name: bytes, place: int) -> bytes:
    """Name a crop after its photo and its place, as a JPEG."""
    stem, extension = os.path.splitext(name)
    if os.fsdecode(extension).lower() not in _JPEG_EXTENSIONS:
        extension += b".jpg"
    return stem + b".crop_%03d" % place + extension


def _write_photo(selection: Picks, path: str, crops: list[_Crop]) -> list[_Outcome]:
    """Write the crops of one photo, which is decoded once."""
    from ..pictures import decode_regions, encode_crop

    content = FILES.read(os.fsdecode(to_key(path)))
    if isinstance(content, Cause):
        return [_Outcome(crop.row, content) for crop in crops]
    table = selection.table
    regions = [
        (x, y, width, height)
        for x, y, width, height in table.regions[[crop.row for crop in crops]].tolist()
    ]
    parts = decode_regions(
        content.data, regions, margin=table.spec.crop_margin, is_square=table.spec.crop_square
    )
    outcomes = []
    for place, picture in parts:
        row, target = crops[place]
        if isinstance(picture, Cause):
            outcomes.append(_Outcome(row, picture))
            continue
        jpeg = encode_crop(picture.pixels, table.rows["captured"][row])
        outcomes.append(_Outcome(row, _write_crop(target, jpeg)))
    return outcomes


def _write_crop(target: bytes, jpeg: bytes) -> int:
    """Write a file, unless it is there; return how many bytes were written."""
    try:
        with in_one_piece(target, may_replace=False) as temporary, open(temporary, "xb") as file:
            file.write(jpeg)
    except FileExistsError as error:
        with open(target, "rb") as there:
            if there.read(len(jpeg) + 1) == jpeg:
                return 0
        msg = (
            f"Something else stands in the place of the crop {os.fsdecode(target)!r}. It stays as "
            "it is. Give an empty destination, or remove it."
        )
        raise OutputError(msg) from error
    except OSError as error:
        msg = f"{os.fsdecode(target)!r} cannot be written ({error.strerror or error})."
        raise OutputError(msg) from error
    return len(jpeg)
