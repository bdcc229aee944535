"""Items of a document: the boxes, or the photos, that it names and that are wanted."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..display import suggest
from ..errors import InvalidParameterError
from ..formats import Annotations, Fault, FaultLog
from ..options import DocumentOptions, ItemKind
from ..records import (
    BoolArray,
    Cause,
    Failure,
    Float64Array,
    IntArray,
    ItemList,
    pack_flags,
    pack_texts,
    pack_values,
    round_regions,
    unpack,
    whole_photos,
)
from .document_paths import anchor_paths
from .locations import to_keys
from .same_items import find_first

# What is known of each item beside its path and region. ``entry`` and ``box`` are rows of the
# document's `ENTRIES` and `BOXES`, and ``place`` is the box's among those of its photo; both are
# null for photos without a wanted box.
DETAILS = pa.schema(
    [
        ("entry", pa.int64()),
        ("box", pa.int64()),
        ("place", pa.int64()),
        ("category", pa.string()),
        ("label", pa.string()),
        ("location", pa.string()),
        ("deployment", pa.string()),
        ("sequence", pa.string()),
        ("confidence", pa.float64()),
        ("captured", pa.timestamp("ms")),
    ]
)
# The label of a photo without wanted boxes.
_BLANK = "blank"
# What people call the label, or the group, of items of which a document says nothing.
UNLABELLED = "unlabelled"
# A box may reach this far over the edge, as a share of the picture, by rounding alone.
_MOST_OVER = 0.002
# A box of which less is in the picture is not about this picture.
_LEAST_INSIDE = 0.5
# Regions are multiples of this, see `round_regions`.
_STEP = 2.0**-16
_SIDES = ("x", "y", "width", "height")
# Tells the width and height of a photo as it is stored, or why it cannot.
Measure: TypeAlias = Callable[[str], tuple[int, int] | Cause]


@dataclass(frozen=True, eq=False)
class DocumentItems:
    """What was taken from a document.

    Attributes
    ----------
    annotations : Annotations
        The document.
    options : DocumentOptions
        What was asked for; ``items`` says what the items are.
    items : ItemList
        In the document's order, with the details of `DETAILS`.
    paths : list of str
        Where the photo of each of the document's entries is to be opened.
    faults : tuple of Fault
        The first hundred faults of the document and of its boxes.
    n_faults : int
        How many there are.
    n_repeated : int
        How many boxes or photos were named again.
    n_dropped : int
        How many leading folders of each path were dropped.
    """

    annotations: Annotations
    options: DocumentOptions
    items: ItemList
    paths: list[str]
    faults: tuple[Fault, ...]
    n_faults: int
    n_repeated: int
    n_dropped: int


@dataclass(frozen=True)
class _Wanted:
    """The n things of a document that are wanted.

    ``entries`` and ``boxes`` are their rows, a box is -1 for a photo; ``regions`` has shape (n, 4);
    ``failures`` are boxes that cannot be used, as rows and causes; ``clipped`` are the rows of
    boxes that reach over the edge.
    """

    entries: IntArray
    boxes: IntArray
    regions: Float64Array
    failures: list[tuple[int, Cause]]
    clipped: IntArray


def list_document_items(
    annotations: Annotations, options: DocumentOptions, measure: Measure
) -> DocumentItems:
    """List what a document names, as items.

    Boxes of too little confidence or of other categories are left out. So are boxes that cannot be
    used, and photos that the document says cannot be: these are failures. A box that is named again
    for the same photo is the same item; the first counts. With ``strict`` the first fault is an
    error. `measure` tells the sizes of photos that the document does not tell and needs.
    """
    kind: ItemKind = options.items or ("crops" if len(annotations.boxes) else "photos")
    options = replace(options, items=kind)
    root = None if options.root is None else os.fspath(options.root)
    spelt = annotations.entries["path"].to_pylist()
    anchored = anchor_paths(spelt, annotations.file, root)
    annotations = _scale_boxes(annotations, anchored.paths, measure)
    is_wanted = _find_wanted(annotations, options)
    is_crops = kind == "crops"
    take = _take_boxes if is_crops else _take_photos
    wanted = take(annotations, is_wanted)
    log = FaultLog(annotations.faults, annotations.n_faults)
    log.note_all(len(wanted.clipped), _describe_clipped(annotations, wanted.clipped))
    if options.strict:
        _refuse_faults(annotations, log, wanted)
    items = _make_items(annotations, wanted, anchored.paths, is_crops=is_crops)
    if is_crops:
        orientation = options.box_orientation or annotations.orientation
        sizes = _list_sizes(annotations, items)
        items = replace(items, orientation=orientation, sizes=sizes)
    return DocumentItems(
        annotations,
        options,
        items,
        anchored.paths,
        log.first,
        log.n,
        len(wanted.entries) - len(items),
        anchored.n_dropped,
    )


def _scale_boxes(annotations: Annotations, paths: list[str], measure: Measure) -> Annotations:
    """Turn boxes in pixels into shares of their photos; photos that cannot be measured fail."""
    boxes = annotations.boxes
    rows = np.flatnonzero(unpack(boxes["is_in_pixels"]))
    if not len(rows):
        return annotations
    own = unpack(boxes["entry"])[rows]
    sizes = np.ones((len(paths), 2))
    causes = annotations.entries["cause"].to_pylist()
    for entry in dict.fromkeys(own.tolist()):
        if causes[entry] is None:
            size = measure(paths[entry])
            if isinstance(size, Cause):
                causes[entry] = size.name
            else:
                sizes[entry] = size
    sides = {}
    for name, axis in zip(_SIDES, (0, 1, 0, 1), strict=True):
        values = unpack(pc.fill_null(boxes[name], np.nan)).copy()
        values[rows] /= sizes[own, axis]
        sides[name] = pack_values(values, pa.float64())
    sides["is_in_pixels"] = pack_flags(np.zeros(len(boxes), dtype=np.bool_))
    for name, column in sides.items():
        boxes = boxes.set_column(boxes.schema.get_field_index(name), name, column)
    place = annotations.entries.schema.get_field_index("cause")
    entries = annotations.entries.set_column(place, "cause", pack_texts(causes))
    return replace(annotations, entries=entries, boxes=boxes)


def _find_wanted(annotations: Annotations, options: DocumentOptions) -> BoolArray:
    """Find the boxes of photos that can be used, of enough confidence and of the right category."""
    boxes = annotations.boxes
    is_usable = unpack(pc.is_null(annotations.entries["cause"]))
    is_sure = pc.fill_null(pc.greater_equal(boxes["confidence"], options.min_confidence), True)
    is_wanted = is_usable[unpack(boxes["entry"])] & unpack(pc.or_(is_sure, boxes["is_verified"]))
    if len(options.categories):
        numbers, names = _choose_categories(annotations, options)
        is_of_number = pc.is_in(boxes["number"], value_set=pack_texts(numbers))
        is_of_name = pc.is_in(boxes["category"], value_set=pack_texts(names))
        is_wanted &= unpack(pc.or_(is_of_number, is_of_name))
    return np.asarray(is_wanted, dtype=np.bool_)


def _choose_categories(
    annotations: Annotations, options: DocumentOptions
) -> tuple[list[str], list[str]]:
    """Tell the categories that are asked for by number, of one each, from those by name, of all."""
    known = {*annotations.categories.values(), *annotations.boxes["category"].unique().to_pylist()}
    asked = list(map(str, options.categories))
    numbers = [text for text in asked if text in annotations.categories]
    names = [text for text in asked if text not in annotations.categories]
    unknown = [name for name in names if name not in known]
    if unknown:
        listed = ", ".join(sorted(filter(None, known))) or "none"
        msg = (
            "The 'categories' parameter must name categories of the document "
            f"{annotations.file!r}: {listed}. Got {unknown[0]!r} instead."
            f"{suggest(unknown[0], filter(None, known))}"
        )
        raise InvalidParameterError(msg)
    return numbers, names


def _take_boxes(annotations: Annotations, is_wanted: BoolArray) -> _Wanted:
    """Take the wanted boxes, and find those that cannot be used."""
    rows = np.flatnonzero(is_wanted)
    table = annotations.boxes
    entries = unpack(table["entry"])[rows]
    sides = [unpack(pc.fill_null(table[name], np.nan))[rows] for name in _SIDES]
    regions = np.stack(sides, axis=1).reshape(-1, 4)
    starts, sizes = regions[:, :2], regions[:, 2:]
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        is_invalid = ~np.isfinite(regions).all(axis=1) | unpack(table["is_in_pixels"])[rows]
        is_empty = (sizes <= 0).any(axis=1)
        first, last = starts.clip(0, 1), (starts + sizes).clip(0, 1)
        shares = ((last - first) / sizes).clip(0, None).prod(axis=1)
        is_outside = ~(shares >= _LEAST_INSIDE)
        over = np.maximum(-starts, starts + sizes - 1).max(axis=1, initial=0)
    is_clipped = over > 0
    regions[is_clipped] = np.hstack([first, last - first])[is_clipped]
    is_bad = is_invalid | is_empty | is_outside
    kinds = np.select([is_invalid, is_empty, is_outside], [0, 1, 2], -1)
    causes = (Cause.BOX_INVALID, Cause.BOX_EMPTY, Cause.BOX_OUTSIDE)
    bad = np.flatnonzero(is_bad)
    return _Wanted(
        entries[~is_bad],
        rows[~is_bad],
        regions[~is_bad],
        [(row, causes[of]) for row, of in zip(rows[bad].tolist(), kinds[bad], strict=True)],
        rows[~is_bad & (over > _MOST_OVER)],
    )


def _take_photos(annotations: Annotations, is_wanted: BoolArray) -> _Wanted:
    """Take the photos that can be used, each with its wanted box of the highest confidence.

    People's boxes, which have none, come first.
    """
    entries = np.flatnonzero(unpack(pc.is_null(annotations.entries["cause"])))
    rows = np.flatnonzero(is_wanted)
    own = unpack(annotations.boxes["entry"])[rows]
    confidence = unpack(pc.fill_null(annotations.boxes["confidence"], np.inf))[rows]
    order = np.lexsort((rows, -confidence, own))
    is_first = np.ones(len(rows), dtype=np.bool_)
    is_first[1:] = own[order][1:] != own[order][:-1]
    best = np.full(len(annotations.entries), -1)
    best[own[order][is_first]] = rows[order][is_first]
    regions = whole_photos(len(entries))[1].astype(np.float64)
    return _Wanted(entries, best[entries], regions, [], rows[:0])


def _refuse_faults(annotations: Annotations, log: FaultLog, wanted: _Wanted) -> None:
    """Raise the error of a document that must have no fault, nor a box that cannot be used."""
    faults = list(log.first)
    for row, cause in wanted.failures[:1]:
        faults.append(Fault(_name_box(annotations, row), f"{cause.value}."))
    if faults:
        place, text = faults[0]
        msg = f"{annotations.file!r}, {place}: {text} Correct it, or go on without 'strict'."
        raise InvalidParameterError(msg)


def _describe_clipped(annotations: Annotations, clipped: IntArray) -> Iterator[Fault]:
    """Describe boxes that reach over the edge."""
    for row in clipped.tolist():
        box = annotations.boxes.slice(row, 1).to_pylist()[0]
        sides = ", ".join(f"{box[name]:g}" for name in _SIDES)
        text = f"A box must lie within the picture. Got [{sides}], which is cut at the edge."
        yield Fault(_name_box(annotations, row), text)


def _name_box(annotations: Annotations, row: int) -> str:
    """Name where a box stands, and its photo."""
    path = annotations.entries["path"][annotations.boxes["entry"][row].as_py()].as_py()
    return f"{annotations.name_box(row)} ({path!r})"


def _make_items(
    annotations: Annotations, wanted: _Wanted, paths: list[str], *, is_crops: bool
) -> ItemList:
    """Make items of what is wanted, each once; `paths` are those of the document's entries."""
    used = np.zeros(len(paths), dtype=np.bool_)
    used[wanted.entries] = True
    entries = np.flatnonzero(used)
    keys = to_keys([paths[entry] for entry in entries.tolist()])
    file_of_key: dict[bytes, int] = {}
    numbers = [file_of_key.setdefault(key, len(file_of_key)) for key in keys]
    file_of_entry = np.full(len(paths), -1)
    file_of_entry[entries] = numbers
    first = np.full(len(file_of_key), -1)
    first[numbers[::-1]] = entries[::-1]
    regions = round_regions(wanted.regions)
    regions[:, 2:] = np.minimum(regions[:, 2:].clip(_STEP, None), 1 - regions[:, :2])
    files = file_of_entry[wanted.entries]
    frames, _ = whole_photos(len(files))
    kept = np.flatnonzero(find_first(files, frames, regions) == np.arange(len(files)))
    rows = wanted.entries[kept], wanted.boxes[kept]
    return ItemList(
        paths=[paths[entry] for entry in first.tolist()],
        keys=list(file_of_key),
        file_of=files[kept],
        frames=frames[kept],
        regions=regions[kept],
        positions=np.arange(len(kept)),
        n_given=len(kept),
        details=_describe_items(annotations, paths, *rows, is_crops=is_crops),
        failures=_list_failures(annotations, wanted, paths),
    )


def _list_sizes(annotations: Annotations, items: ItemList) -> IntArray | None:
    """List the sizes of the pictures that boxes count from, see `ItemList`; None without any."""
    if annotations.entries["width"].null_count == len(annotations.entries) or not len(items):
        return None
    sides = [unpack(pc.fill_null(annotations.entries[name], 0)) for name in ("width", "height")]
    entries = unpack(items.details["entry"]) if items.details is not None else items.file_of
    first = np.full(len(items.keys), -1)
    first[items.file_of[::-1]] = entries[::-1]
    return np.asarray(np.stack(sides, axis=1)[first])


def _list_failures(
    annotations: Annotations, wanted: _Wanted, paths: list[str]
) -> tuple[Failure, ...]:
    """List the photos that the document says cannot be used, and the boxes that cannot be."""
    causes = annotations.entries["cause"]
    failed = np.flatnonzero(unpack(pc.is_valid(causes))).tolist()
    names = causes.drop_null().to_pylist()
    pairs = [(entry, Cause[name]) for entry, name in zip(failed, names, strict=True)]
    owners: IntArray = unpack(annotations.boxes["entry"])
    pairs += [(int(owners[row]), cause) for row, cause in wanted.failures]
    return tuple(Failure(paths[entry], cause) for entry, cause in pairs)


def _describe_items(
    annotations: Annotations,
    paths: list[str],
    entries: IntArray,
    boxes: IntArray,
    *,
    is_crops: bool,
) -> pa.Table:
    """Make the details of items, see `DETAILS`; a box is -1 for a photo without one."""
    of_entry = annotations.entries.take(pack_values(entries, pa.int64()))
    box_numbers = pack_values(boxes, pa.int64(), boxes >= 0)
    of_box = annotations.boxes.take(box_numbers)
    places = of_box["place"]
    if len(set(paths)) < len(paths):  # a photo is named again: its boxes are numbered on
        places = pc.add(places, _count_before(annotations, paths)[entries])
    blank = pc.if_else(pc.is_null(box_numbers), _BLANK, pa.scalar(None, pa.string()))
    # What is said of a whole photo is not said of each box in it.
    of_photo = [] if is_crops else [of_entry["label"]]
    labels = [of_box["label"], *of_photo, of_box["category"], blank]
    return pa.table(
        [
            pack_values(entries, pa.int64()),
            box_numbers,
            places,
            of_box["category"],
            pc.coalesce(*labels),
            of_entry["location"],
            of_entry["deployment"],
            of_entry["sequence"],
            of_box["confidence"],
            of_entry["captured"],
        ],
        schema=DETAILS,
    )


def _count_before(annotations: Annotations, paths: list[str]) -> IntArray:
    """Count the boxes of each entry's photo that earlier entries list, shape (n,)."""
    files = unpack(pack_texts(paths).dictionary_encode().indices)
    counts = np.zeros(len(paths), dtype=np.int64)
    owners, places = (unpack(annotations.boxes[name]) for name in ("entry", "place"))
    np.maximum.at(counts, owners, places + 1)
    order = np.argsort(files, kind="stable")
    before = np.cumsum(counts[order]) - counts[order]
    is_first = np.diff(files[order], prepend=-1) != 0
    counts[order] = before - np.maximum.accumulate(np.where(is_first, before, 0))
    return counts
