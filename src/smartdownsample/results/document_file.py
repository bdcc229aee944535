"""A document of detections, reduced to a selection and written in its own format or another."""

import os
from collections.abc import Iterable
from contextlib import ExitStack, suppress

import numpy as np

from ..errors import DocumentWarning, InvalidParameterError, OutputError
from ..formats import Annotations, read_document
from ..items import DocumentItems, to_key, to_text
from ..options import PathLike, TargetFormat, WrittenFormat
from ..records import IntArray, Picks, unpack
from ..writing import OutputKind, check_output, replacing, write_output
from .converted_document import TARGET_KINDS, choose_target, convert_document

_JSON = (".json",)


def document_kind(annotations: Annotations) -> OutputKind:
    """Make the kind of file that a part of a document is written to.

    It replaces a part of the same document that was written before, in which nothing else stands:
    so nothing is lost.
    """

    def find_change(file: str) -> str | None:
        return _find_foreign_part(file, annotations)

    return OutputKind(f"a part of {annotations.file!r}", _JSON, find_change=find_change)


def _find_foreign_part(file: str, annotations: Annotations) -> str | None:
    """Say what in a document is not part of another one."""
    import warnings

    other = None
    with suppress(InvalidParameterError), warnings.catch_warnings():
        warnings.simplefilter("ignore", DocumentWarning)
        other = read_document(file)
    if other is None:
        return "it is no document of detections"
    if other.format != annotations.format:
        return f"it is of the format {other.format}"
    foreign = annotations.count_foreign(other)
    return f"{foreign:,} of its parts are not in {annotations.file!r}" if foreign else None


def check_document_output(
    document: DocumentItems,
    destination: str,
    target: TargetFormat | None,
    inputs: Iterable[str],
) -> None:
    """Make sure that a part of a document may be written where it is to be, see `check_output`.

    `target` is the format to convert it to, None its own.
    """
    if target is not None:
        check_output(destination, TARGET_KINDS[target], inputs)
        return
    if not document.annotations.is_folder:
        check_output(destination, document_kind(document.annotations), inputs)
        return
    source = document.annotations.file
    folder = source if os.path.isdir(source) else os.path.dirname(source) or os.curdir
    reason = None
    if os.path.realpath(destination) == os.path.realpath(folder):
        reason = "it is the package that is read"
    elif os.path.lexists(destination) and not os.path.isdir(destination):
        reason = "it is no folder, and a package of Camtrap DP is one"
    elif os.path.isdir(destination) and os.listdir(destination):
        reason = _find_foreign_part(destination, document.annotations)
    if reason is not None:
        msg = f"{destination!r} cannot be written: {reason}. Give another folder."
        raise OutputError(msg)


def write_document(
    document: DocumentItems,
    selection: Picks,
    destination: PathLike,
    *,
    only_selected_boxes: bool = False,
    to: WrittenFormat | None = None,
) -> None:
    """Write a document of detections reduced to a selection.

    In its own format, what stays is kept as it is spelt, in the document's order, with everything
    that is said of the whole; of other formats see `convert_document`. The same selection gives
    the same bytes.

    Parameters
    ----------
    document : DocumentItems
        The document.
    selection : Selection
        Of its items.
    destination : path
        A file like the document, or a folder for Camtrap DP. Missing folders are made; an earlier
        part of the same document, or an earlier converted one, is replaced.
    only_selected_boxes : bool
        Whether photos keep their selected boxes alone, and not all.
    to : {"coco", "megadetector", "camtrap-dp"}, optional
        Another format to write; Camtrap DP from Camtrap DP alone.

    Raises
    ------
    InvalidParameterError
        When the selection is not of this document, or the name ends otherwise.
    OutputError
        When the file cannot be written, or would replace an image, the document itself or a file
        that is no part of it; or when the size of a photo is needed that is gone.
    """
    target = choose_target(document, to)
    name = to_text(destination, "The 'destination' parameter")
    annotations = document.annotations
    entries, boxes = _find_rows(document, selection)
    chosen = boxes if only_selected_boxes else None
    inputs = [annotations.file, *selection.inputs]
    if target is not None:
        data = convert_document(document, entries, chosen, target)
        write_output(name, data, TARGET_KINDS[target], inputs)
        return
    files = annotations.reduce(entries, chosen)
    if not annotations.is_folder:
        [data] = files.values()
        write_output(name, data, document_kind(annotations), inputs)
        return
    check_document_output(document, name, None, inputs)
    _check_links(name, files)
    # All files are complete before the first is put in its place.
    with ExitStack() as placing:
        for file, data in files.items():
            path = os.path.join(name, *file.split("/"))
            with open(placing.enter_context(replacing(path)), "wb") as stream:
                stream.write(data)


def _check_links(folder: str, names: Iterable[str]) -> None:
    """Make sure that no file of a package is written through a link, such as to the source."""
    top = os.path.realpath(folder)
    for file in names:
        target = os.path.join(top, *file.split("/"))
        if os.path.realpath(target) != target:
            msg = (
                f"{os.path.join(folder, file)!r} cannot be written: a link stands there, and what "
                "it leads to would be lost. Give another folder, or remove the link."
            )
            raise OutputError(msg)


def _find_rows(document: DocumentItems, selection: Picks) -> tuple[IntArray, IntArray]:
    """Find the entries and boxes of a document that are selected, ascending."""
    details, rows = selection.table.details, selection.rows
    if details is not None:
        chosen = details.select(["entry", "box"]).take(rows)
        entries, boxes = (unpack(chosen[name].drop_null()) for name in ("entry", "box"))
        paths = [selection.table.paths[row] for row in rows.tolist()]
        if _are_of(document, entries, boxes, paths):
            return np.unique(entries), np.unique(boxes)
    msg = (
        f"The selection must be of the items of {document.annotations.file!r}. Build the index "
        "of the document: ImageIndex.build(document)."
    )
    raise InvalidParameterError(msg)


def _are_of(document: DocumentItems, entries: IntArray, boxes: IntArray, paths: list[str]) -> bool:
    """Tell whether entries and boxes are rows of a document, whose photos have these paths."""
    n_entries, n_boxes = len(document.paths), len(document.annotations.boxes)
    if (entries >= n_entries).any() or (boxes >= n_boxes).any():
        return False
    owners = unpack(document.annotations.boxes["entry"])[boxes]
    own_paths = [document.paths[entry] for entry in entries.tolist()]
    is_same = [*map(to_key, own_paths)] == [*map(to_key, paths)]
    return is_same and bool(np.isin(owners, entries).all())
