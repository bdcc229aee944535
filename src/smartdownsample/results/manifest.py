"""The manifest of a run: what was asked for and what came of it, to keep beside the selection."""

import math
import os
import platform
from collections import Counter
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from ..checks import shorten
from ..errors import InvalidParameterError
from ..gathering import count_previews
from ..items import to_text
from ..options import PathLike
from ..records import Picks
from ..sampling import describe_bucket, name_buckets
from ..store import decoder_version
from ..writing import OutputKind, starts_with, write_output
from .spelt_columns import encode_json

_DISTRIBUTIONS = ("smartdownsample", "numpy", "pyarrow")

MANIFEST = OutputKind("a manifest", (".json",), starts_with(b'{\n  "parameters": {'))


def describe_run(selection: Picks, parameters: Mapping[str, object]) -> dict[str, Any]:
    """Make the content of a manifest, ready for JSON, see `write_manifest`.

    A parameter that JSON cannot hold raises InvalidParameterError.
    """
    table, failures = selection.table, selection.failures
    layout = selection.collection.layout
    previews = count_previews(table)
    names = name_buckets(table.rows, selection.codes)
    return {
        "parameters": {
            name: _make_json(value, f"The '{name}' parameter") for name, value in parameters.items()
        },
        "random_seed": selection.random_seed,
        "versions": list_versions(),
        "features": table.spec.fingerprint,
        "layout": {"regime": layout.regime, "events": layout.n_events},
        "counts": {
            "given": table.n_given + table.n_not_items,
            "readable": len(table),
            "failed": len(failures),
            "duplicates": table.n_duplicates,
            "truncated": table.n_truncated,
            "wanted": selection.target_count,
            "selected": len(selection),
            "selected_earlier": len(selection.earlier_rows),
            **({} if selection.skipped_rows is None else {"skipped": len(selection.skipped_rows)}),
            **_count_photos(selection),
        },
        "previews": {
            **previews._asdict(),
            "refused_folders": list(map(_escape, previews.refused_folders)),
        },
        "buckets": [
            {
                "name": names[bucket.code],
                "bits": describe_bucket(bucket.code),
                "size": bucket.size,
                "selected": bucket.n_kept,
            }
            for bucket in selection.buckets
        ],
        "groups": [
            {"name": _escape(group.name), "size": group.size, "selected": group.n_kept}
            for group in selection.groups
        ],
        "causes": dict(Counter(failure.cause.value for failure in failures).most_common()),
        "failures": [
            {"path": _escape(failure.path), "cause": failure.cause.value} for failure in failures
        ],
    }


def _count_photos(selection: Picks) -> dict[str, int]:
    """Count the photos that crops are in; nothing where items are whole photos."""
    table = selection.table
    if not table.has_regions:
        return {}
    n_selected = len(np.unique(table.photos[selection.rows]))
    return {"photos": table.n_files, "photos_selected": n_selected}


def write_manifest(
    selection: Picks, destination: PathLike, parameters: Mapping[str, object]
) -> None:
    r"""Describe a run in a JSON file, so that it can be understood and repeated.

    Parameters
    ----------
    selection : Selection
        What came of the run.
    destination : path
        The file (.json). Missing folders are made; an earlier manifest is replaced.
    parameters : mapping
        What was asked for, by the names of the parameters.

    Raises
    ------
    InvalidParameterError
        When a parameter has a value that JSON cannot hold.
    OutputError
        When the file cannot be written, or would replace an image or a file that is no manifest.
        An existing file is unchanged then.

    Notes
    -----
    The keys of the file are:

    - ``parameters``: as given. Paths are strings, sets are sorted, infinity is spelt out.
    - ``random_seed``: the seed of the picks.
    - ``versions``: of this package, Python, NumPy, pyarrow and the image decoders.
    - ``features``: fingerprint of the features, see `FeatureSpec`.
    - ``counts``: how many images were given, readable, failed, named again (duplicates),
      truncated, wanted, selected, and selected earlier. Where these are crops, also in how many
      photos the readable and the selected ones are; and with ``skip_flat`` how many were skipped.
    - ``previews``: the fields of `PreviewCounts`.
    - ``buckets``, ``groups``: name, size and number of selected images of each; of buckets also
      the bits, which are the same for any collection.
    - ``causes``: how many images failed for each cause.
    - ``failures``: path and cause of each image that failed, in natural order.

    The same call writes the same bytes: there is no time and no name of a machine in the file, and
    nothing depends on what the feature store knew. Bytes of paths that are not valid Unicode are
    escaped, each as ``\udcXX``.

    Examples
    --------
    >>> write_manifest(selection, "run.json", {"target_count": 20})  # doctest: +SKIP
    """
    name = to_text(destination, "The 'destination' parameter")
    data = encode_json(describe_run(selection, parameters))
    write_output(name, data, MANIFEST, selection.inputs)


def list_versions() -> dict[str, Any]:
    """List the versions of everything that decides about a selection."""
    import importlib.metadata

    return {
        "python": platform.python_version(),
        **{name: importlib.metadata.version(name) for name in _DISTRIBUTIONS},
        "decoders": decoder_version(),
    }


def _make_json(value: object, what: str) -> object:
    """Turn a value into what JSON can hold; `what` names it in errors."""
    if isinstance(value, (np.generic, np.ndarray)):
        value = value.tolist()
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, (str, os.PathLike)):
        return _escape(to_text(value, what))
    if isinstance(value, Mapping):
        return {_escape(str(key)): _make_json(item, what) for key, item in value.items()}
    if isinstance(value, Collection) and not isinstance(value, bytes):
        items = [_make_json(item, what) for item in value]
        return sorted(items, key=repr) if isinstance(value, (set, frozenset)) else items
    msg = (
        f"{what} cannot be written to a manifest. Expected paths, texts, numbers, or lists and "
        f"mappings of them. Got {shorten(value)} instead."
    )
    raise InvalidParameterError(msg)


def _escape(text: str) -> str:
    """Escape bytes that are not valid Unicode, as `pack_texts` does in tables."""
    return text.encode(errors="backslashreplace").decode()
