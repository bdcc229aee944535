"""Lockfiles are written: by the command, which knows what was asked for, and from Python."""

import math
import os
from collections.abc import Iterator
from dataclasses import fields
from typing import Any

from ..errors import LockWarning, warn_user
from ..items import to_key, to_text
from ..options import DocumentOptions, PathLike
from ..records import Picks
from ..writing import check_output, write_output
from .lock_content import are_relative, make_content, refuse_locking
from .lock_file import LockContent, encode_lock, lock_kind
from .lock_request import LockRequest, explain_unrepeatable, is_document
from .places import spell_nearby


def write_lock(
    selection: Picks,
    request: LockRequest,
    destination: str,
    wanted: int | None,
    *,
    root: str | None = None,
    show_progress: bool,
) -> LockContent:
    """Write a lockfile of a first round, and return what stands in it.

    Selected files are read to their ends. Paths count from `root`, by default where `request` has
    it. Raises InvalidParameterError and OutputError as `Selection.save_lock` does.
    """
    refuse_locking(selection.paths)
    folder = os.path.dirname(to_key(destination))
    key = request.find_root(selection) if root is None else to_key(root)
    is_relative = are_relative(selection) if root is None else not os.path.isabs(root)
    place = spell_nearby(key, folder, is_relative=is_relative)
    begun = request.spell(selection.table.spec.fingerprint, key, folder, place)
    content = make_content(selection, key, begun, wanted, show_progress=show_progress)
    save_content(content, destination, selection)
    return content


def save_content(
    content: LockContent, destination: str, selection: Picks, known: LockContent | None = None
) -> None:
    """Write a lockfile; in the place of `known`, if that is what it adds to, see `lock_kind`."""
    write_output(destination, encode_lock(content), lock_kind(known), selection.inputs)


def list_unsaid(content: LockContent, name: str) -> Iterator[str]:
    """List what a lockfile does not say, and what comes of that."""
    if content.root is None:
        yield (
            f"{name} does not say where its images lie, since the way there would tell about this "
            "machine: name it with --root, in Python root=, when you use the lockfile."
        )
    reason = explain_unrepeatable(content)
    if reason is not None:
        yield (
            f"{name} has its images, and no more: neither verify nor --update can select again by "
            f"it, since {reason}."
        )


def lock_selection(selection: Picks, destination: PathLike, root: PathLike | None) -> None:
    """Write a lockfile of a selection from Python, and warn of what it does not say."""
    name = to_text(destination, "The 'destination' parameter")
    check_output(name, lock_kind(), selection.inputs)
    content = write_lock(
        selection,
        _make_request(selection),
        name,
        selection.target_count,
        root=None if root is None else to_text(root, "The 'root' parameter"),
        show_progress=False,
    )
    for unsaid in list_unsaid(content, repr(name)):
        warn_user(unsaid, LockWarning)


def _make_request(selection: Picks) -> LockRequest:
    """Make a request of what a selection knows of the calls that it comes from."""
    named_by, table = selection.collection.named_by, selection.table
    if named_by is None:
        return LockRequest(None, None, _list_options(selection))
    earlier = [table.paths[row] for row in selection.earlier_rows.tolist()]
    sources = named_by.sources
    if named_by.document is None and earlier:
        # As in the command, what was selected before may lie elsewhere.
        kept = set(earlier)
        sources = [source for source in sources if source not in kept] or sources
    return LockRequest(
        # The command would take these for lists.
        sources=None if named_by.document is None and any(map(is_document, sources)) else sources,
        keep=None if earlier and table.has_regions else earlier,
        options=_list_options(selection),
        documents=() if named_by.document is None else named_by.sources,
    )


def _list_options(selection: Picks) -> dict[str, Any] | None:
    """List all that decides about a selection; None where that can stand in no file."""
    options, named_by = selection.options, selection.collection.named_by
    if (
        options is None
        or not isinstance(options.groups, str | None)
        or not isinstance(options.per_group, int | None)
        or math.isinf(options.sequence_gap_s)
    ):
        return None
    names = ("spread", "quotas", "max_per_sequence", "skip_flat")
    spec = ("hash_size", "decode", "crop_margin", "crop_square")
    asked = {
        "grouping": options.groups,
        "per_group": options.per_group,
        "balance": float(options.balance),
        "sequence_gap_s": float(options.sequence_gap_s),
        **{name: getattr(options, name) for name in names},
        **{name: getattr(selection.table.spec, name) for name in spec},
    }
    if named_by is not None:
        document = named_by.document or DocumentOptions()
        asked |= {entry.name: getattr(document, entry.name) for entry in fields(DocumentOptions)}
        reading = ("image_loading_errors", "truncated", "max_pixels")
        asked |= {name: getattr(named_by.reading, name) for name in reading}
        asked["categories"] = list(document.categories)
        asked["min_confidence"] = float(document.min_confidence)
    return asked
