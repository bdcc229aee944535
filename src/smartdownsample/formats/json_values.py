"""JSON that every parser reads: NaN and infinities, which JSON lacks, are spelt otherwise."""

import json
import math
from collections.abc import Callable


def dump_json(
    value: object,
    *,
    indent: int | None = None,
    ensure_ascii: bool = True,
    default: Callable[[object], str] | None = None,
) -> str:
    """Make the JSON of a value, as `json.dumps` does with these parameters.

    NaN becomes null, and infinities the texts ``Infinity`` and ``-Infinity``, since JSON has no
    such numbers (https://www.rfc-editor.org/rfc/rfc8259#section-6).
    """

    def dump(value: object) -> str:
        return json.dumps(
            value, indent=indent, ensure_ascii=ensure_ascii, default=default, allow_nan=False
        )

    try:
        return dump(value)
    except ValueError:  # rare, and looking for it takes as long
        return dump(_spell_numbers(value))


def _spell_numbers(value: object) -> object:
    """Copy a value of dicts and lists without NaN and infinities."""
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else f"{'-' * (value < 0)}Infinity"
    if isinstance(value, dict):
        return {key: _spell_numbers(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return list(map(_spell_numbers, value))
    return value
