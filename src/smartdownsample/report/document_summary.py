"""What a run says of a document of detections."""

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import filterfalse, pairwise
from typing import Any

import numpy as np
import pyarrow.compute as pc

from ..checks import is_url
from ..display import count_noun, to_line
from ..items import UNLABELLED, DocumentItems, compare_with_disk
from ..records import unpack

# Confidences are counted between these.
_STEPS = (0.0, 0.1, 0.2, 0.4, 0.6, 0.8, 0.9, 1.0)
_MOST_LABELS = 30


def describe_document(document: DocumentItems) -> Iterator[str]:
    """Yield lines of text on a document, what was taken from it, and what is not right."""
    annotations, options, items = document.annotations, document.options, document.items
    version = f" {annotations.version}" if annotations.version else ""
    yield (
        f"{annotations.format}{version}, {to_line(annotations.file)}: "
        f"{count_noun(len(annotations.boxes), 'box')} in "
        f"{count_noun(len(annotations.entries), 'photo')}"
    )
    wanted = f"of confidence {options.min_confidence:g} or more, or verified"
    if options.items == "crops":
        photos = count_noun(len(items.keys), "photo")
        yield f"  wanted: {count_noun(len(items), 'crop')} in {photos}, {wanted}"
    else:
        yield f"  wanted: {count_noun(len(items), 'photo')}, named by their boxes {wanted}"
    typical = annotations.typical_confidence
    if typical is not None and typical != options.min_confidence and len(annotations.boxes):
        yield f"  its detector's makers take {typical:g} (typical_detection_threshold)"
    if document.n_repeated:
        yield f"  named again, and counted once: {document.n_repeated:,}"
    yield from _describe_places(document)
    if document.n_faults:
        place, text = document.faults[0]
        yield (
            f"  {count_noun(document.n_faults, 'faulty entry')}, first "
            f"{to_line(place)}: {to_line(text)}"
        )


def _describe_places(document: DocumentItems) -> Iterator[str]:
    """Say what leads nowhere, and what is there and not named."""
    if document.n_dropped:
        yield f"  dropped from each path: {count_noun(document.n_dropped, 'leading folder')}"
    absent, unnamed = compare_with_disk(document.paths)
    if absent:
        photos = count_noun(len(absent), "photo")
        yield f"  named and not there: {photos}, first {to_line(absent[0])}"
    if absent and {*filterfalse(is_url, document.paths)} <= {*absent}:
        yield "  these are all: say with --root what folder the paths of the document count from"
    if unnamed:
        photos = count_noun(len(unnamed), "photo")
        yield f"  there and not named: {photos}, first {to_line(unnamed[0])}"


def summarize_document(document: DocumentItems) -> dict[str, Any]:
    """Tell for programs what `describe_document` and `tabulate_document` tell people."""
    annotations, details = document.annotations, document.items.details
    absent, unnamed = compare_with_disk(document.paths)
    labels = [] if details is None else details["label"].to_pylist()
    return {
        "file": annotations.file,
        "format": annotations.format,
        "version": annotations.version,
        "n_photos": len(annotations.entries),
        "n_boxes": len(annotations.boxes),
        "typical_confidence": annotations.typical_confidence,
        "items": document.options.items,
        "n_items": len(document.items),
        "n_repeated": document.n_repeated,
        "n_dropped_folders": document.n_dropped,
        "absent": absent,
        "unnamed": unnamed,
        "boxes_of_category": _count(annotations.boxes["category"].to_pylist()),
        "items_of_label": _count(labels),
        "causes": _count(failure.cause.value for failure in document.items.failures),
        "n_faults": document.n_faults,
        "faults": [fault._asdict() for fault in document.faults],
    }


def _count(names: Iterable[str | None]) -> dict[str, int]:
    """Count names, the most frequent first."""
    return dict(Counter(name or UNLABELLED for name in names).most_common())


def tabulate_document(document: DocumentItems) -> Iterator[str]:
    """Yield lines of text: boxes by category and confidence, labels, and what cannot be used."""
    boxes = document.annotations.boxes
    confidence = unpack(pc.fill_null(boxes["confidence"], np.nan))
    categories = boxes["category"].to_pylist()
    columns = [f"{low:g}–{high:g}" for low, high in pairwise(_STEPS)]
    if categories:
        yield ""
        yield f"  {'boxes of category':<30}{''.join(f'{name:>9}' for name in columns)}     none"
    names = np.array(categories, dtype=object)
    for category, _ in Counter(categories).most_common():
        own = confidence[names == category]
        counts = np.histogram(own[~np.isnan(own)].clip(0, 1), bins=_STEPS)[0].tolist()
        cells = "".join(f"{count:9,}" for count in [*counts, int(np.isnan(own).sum())])
        yield f"  {to_line(category or UNLABELLED):<30}{cells}"
    details = document.items.details
    if details is None:
        return
    labels = Counter(details["label"].to_pylist()).most_common()
    yield ""
    yield f"  {document.options.items} by label"
    for label, count in labels[:_MOST_LABELS]:
        yield f"  {count:9,}  {to_line(label or UNLABELLED)}"
    if len(labels) > _MOST_LABELS:
        yield f"  and {count_noun(len(labels) - _MOST_LABELS, 'more label')}"
    causes = Counter(failure.cause.value for failure in document.items.failures)
    for cause, count in causes.most_common():
        yield f"  {count:9,}  not usable: {cause}"
