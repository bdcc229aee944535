"""What a document is: its content decides, and never its name."""

import json
import os
import re
from collections.abc import Callable, Sequence
from typing import NoReturn

from ..errors import InvalidParameterError
from .annotations import Annotations
from .camtrap_dp import is_camtrap_dp, read_camtrap_dp
from .coco import is_coco, read_coco
from .json_text import read_head
from .megadetector import is_megadetector, read_megadetector
from .raw_json import RawDocument
from .speciesnet import is_speciesnet, read_speciesnet

_Format = tuple[Callable[[RawDocument], bool], Callable[[RawDocument], Annotations]]
# The first that takes a document for its own reads it.
_FORMATS: Sequence[_Format] = (
    (is_speciesnet, read_speciesnet),
    (is_megadetector, read_megadetector),
    (is_coco, read_coco),
)
# What the outermost object of a document has, refused ones included; any of them will do.
_KEYS = {
    "annotations",
    "categories",
    "classification_categories",
    "detection_categories",
    "images",
    "info",
    "instances",
    "predictions",
    "samples",
}
# What an entry has where the document is a list of them.
_ENTRY_KEYS = {"file", "data", "image_id"}
_BEGINNING = 1_000
_CVAT = re.compile(rb"\s*(?:<\?xml[^>]*>\s*)?<annotations\b")
_KEY = re.compile(r'[\s,]*("(?:[^"\\]|\\.)*")\s*:\s*', re.DOTALL)
_ADVICE = {
    "CVAT": "CVAT's XML is not read; export the task from CVAT as COCO 1.0 instead.",
    "Label Studio": "Label Studio's tasks are not read; export them from Label Studio as COCO.",
    "PyTorch-Wildlife": (
        "PyTorch-Wildlife's own JSON is not read; write MegaDetector's format with its "
        "save_detection_timelapse_json instead."
    ),
    "FiftyOne": (
        "FiftyOne's data sets are not read; export them as fiftyone.types.COCODetectionDataset, "
        "and give the folder of its photos with --root."
    ),
    "COCO's results": (
        "They name no photos; write them into the data set's COCO, as its annotations, instead."
    ),
}
# Files of which FiftyOne's folders are made.
_OF_FIFTYONE = ("samples.json", "metadata.json")


def recognize_document(file: str) -> Annotations | None:
    """Read a document of whatever format it is, see `read_document`."""
    if is_camtrap_dp(file):
        return read_camtrap_dp(file)
    if os.path.isdir(file):
        if all(os.path.isfile(os.path.join(file, name)) for name in _OF_FIFTYONE):
            _advise(file, "FiftyOne")
        return None
    _refuse_xml(file)
    if not _may_be_document(file):
        return None
    document = RawDocument.read(file)
    _refuse_others(document)
    for is_format, read in _FORMATS:
        if is_format(document):
            return read(document)
    return None


def _may_be_document(file: str) -> bool:
    """Look at the first 64 KB of a file, so that other files, however large, cost nothing."""
    text = read_head(file).decode().lstrip()
    if text.startswith("["):
        return not _ENTRY_KEYS.isdisjoint(_list_keys(text[1:]))
    return not _KEYS.isdisjoint(_list_keys(text))


def _list_keys(text: str) -> set[str]:
    """List the keys of an object as far as its text goes."""
    keys, decoder, place = set(), json.JSONDecoder(), text.find("{") + 1
    while found := _KEY.match(text, place):
        keys.add(str(json.loads(found[1])))
        try:
            _, place = decoder.raw_decode(text, found.end())
        except (ValueError, RecursionError):  # cut here
            break
    return keys


def _refuse_xml(file: str) -> None:
    """Refuse CVAT's XML."""
    try:
        with open(file, "rb") as stream:
            is_cvat = _CVAT.match(stream.read(_BEGINNING)) is not None
    except OSError:  # the next who reads it tells
        return
    if is_cvat:
        _advise(file, "CVAT")


def _refuse_others(document: RawDocument) -> None:
    """Refuse what other tools write, and say what to have them write instead."""
    if document.is_array:
        keys = document.list_keys("")
        if "data" in keys and not {"annotations", "predictions", "completions"}.isdisjoint(keys):
            _advise(document.file, "Label Studio")
        if {"image_id", "bbox"} <= keys and "file_name" not in keys:
            _advise(document.file, "COCO's results")
    elif "img_id" in document.list_keys("annotations"):
        _advise(document.file, "PyTorch-Wildlife")
    elif "filepath" in document.list_keys("samples"):
        _advise(document.file, "FiftyOne")


def _advise(file: str, name: str) -> NoReturn:
    """Raise an error with what to do about a format that is not read."""
    msg = f"The document {file!r} is of {name}. {_ADVICE[name]}"
    raise InvalidParameterError(msg)
