"""What was asked of a run and what came of it, in a file to keep beside the selection."""

import importlib.metadata
import math
import os
import platform
from collections import Counter
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from ..atomic_files import write_file
from ..collection import Picks
from ..errors import InvalidParameterError
from ..gathering import count_previews
from ..items import to_text
from ..options import PathLike
from ..records import FeatureTable
from ..sampling import name_bucket
from ..store import decoder_version
from .write import encode_json

_DISTRIBUTIONS = ("smartdownsample", "numpy", "pyarrow")


def describe_run(selection: Picks, parameters: Mapping[str, object]) -> dict[str, Any]:
    r"""Describe a run, so that it can be understood and repeated.

    Parameters
    ----------
    selection : Picks
        What came of it.
    parameters : mapping
        What was asked for, by the names of the parameters.

    Returns
    -------
    dict
        Ready for JSON:

        - ``parameters``: as given. Paths are strings, sets are sorted, infinity is spelt.
        - ``random_seed``: the seed of the picks.
        - ``versions``: of this package, Python, NumPy, pyarrow and the image decoders.
        - ``features``: fingerprint of the features, see `smartdownsample.FeatureSpec`.
        - ``counts``: how many images were given, readable, failed, named again (duplicates),
          truncated, wanted, selected, and selected earlier.
        - ``previews``: what came of previews, see `smartdownsample.provenance.PreviewCounts`.
        - ``buckets``, ``groups``: name, size and number of selected images of each.
        - ``causes``: how many images failed for each cause.
        - ``failures``: path and cause of each image that failed, in natural order.

    Raises
    ------
    InvalidParameterError
        When a parameter has a value that JSON cannot hold.

    Notes
    -----
    There is no time, no name of a machine, and nothing that depends on what the feature store
    knew: the same call gives the same description. Bytes of paths that are no Unicode are escaped,
    each as ``\udcXX``.

    Examples
    --------
    >>> describe_run(selection, {"target_count": 20})["counts"]["selected"]  # doctest: +SKIP
    20
    """
    table, failures = selection.table, selection.failures
    return {
        "parameters": {
            name: _make_json(value, f"The '{name}' parameter") for name, value in parameters.items()
        },
        "random_seed": selection.random_seed,
        "versions": _list_versions(),
        "features": table.spec.fingerprint,
        "counts": {
            "given": table.n_given,
            "readable": len(table),
            "failed": len(failures),
            "duplicates": table.n_duplicates,
            "truncated": table.n_truncated,
            "wanted": selection.target_count,
            "selected": len(selection),
            "selected_earlier": len(selection.earlier_rows),
        },
        "previews": _describe_previews(table),
        "buckets": [
            {"name": name_bucket(bucket.code), "size": bucket.size, "selected": bucket.n_kept}
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


def write_manifest(
    selection: Picks, destination: PathLike, parameters: Mapping[str, object]
) -> None:
    """Write the description of a run to a JSON file, see `describe_run`.

    Parameters
    ----------
    selection : Picks
        What came of the run.
    destination : path
        The file. Missing folders are made; a file that stands there is replaced.
    parameters : mapping
        What was asked for, by the names of the parameters.

    Raises
    ------
    InvalidParameterError
        When a parameter has a value that JSON cannot hold.
    OutputError
        When the file cannot be written; what stood there before is unchanged then.

    Examples
    --------
    >>> write_manifest(selection, "run.json", {"target_count": 20})  # doctest: +SKIP
    """
    name = to_text(destination, "The 'destination' parameter")
    write_file(name, encode_json(describe_run(selection, parameters)))


def _describe_previews(table: FeatureTable) -> dict[str, Any]:
    """Describe what came of previews."""
    counts = count_previews(table)
    return {**counts._asdict(), "refused_folders": list(map(_escape, counts.refused_folders))}


def _list_versions() -> dict[str, Any]:
    """List the versions of what decides about a selection."""
    versions = {"python": platform.python_version()}
    for name in _DISTRIBUTIONS:
        versions[name] = importlib.metadata.version(name)
    return {**versions, "decoders": decoder_version()}


def _make_json(value: object, what: str) -> object:
    """Turn a parameter into something that JSON can hold."""
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
        f"mappings of them. Got {value!r} instead."
    )
    raise InvalidParameterError(msg)


def _escape(text: str) -> str:
    """Escape what is no Unicode, as in tables."""
    return text.encode(errors="backslashreplace").decode()
