"""How the selection on a page was made: the command or the call that makes it again."""

import ntpath
import os
import shlex
from collections.abc import Callable, Sequence, Sized
from dataclasses import fields
from pathlib import PurePath

from ..options import RANDOM_SEED, ReadingOptions, SamplingOptions
from ..records import Picks
from .paths import ShownPaths

# Longer values are left out of the call; so are lists and mappings, which can tell paths.
_MAX_LETTERS = 60


def spell_command(arguments: Sequence[str], paths: ShownPaths) -> str:
    """Spell a command line as one can run it again, with absolute paths as the page shows them."""
    shown = (_shorten_value(argument, paths.shorten) for argument in arguments)
    return shlex.join(["smartdownsample", *shown])


def _shorten_value(argument: str, shorten: Callable[[str], str]) -> str:
    """Shorten an argument, or the value of an option in front of an equals sign."""
    name, is_equal, value = argument.partition("=")
    if not name.startswith("--") or not is_equal:
        name, is_equal, value = "", "", argument
    is_absolute = os.path.isabs(value) or ntpath.isabs(value)
    return name + is_equal + (shorten(value) if is_absolute else value)


def spell_call(selection: Picks, paths: ShownPaths) -> str:
    """Spell the call that makes a selection; empty where it was not made by one.

    The call names the folder that all images have in common. Long values are left out.
    """
    if selection.options is None:
        return ""
    spec = selection.table.spec
    reading = [
        f"{name}={getattr(spec, name)!r}"
        for name in ("hash_size", "decode")
        if getattr(spec, name) != getattr(ReadingOptions, name)
    ]
    seed = selection.random_seed
    sampling = [f"random_seed={seed}"] if seed != RANDOM_SEED else []
    for entry in fields(SamplingOptions):
        value = getattr(selection.options, entry.name)
        if _is_given(value, entry.default):
            sampling.append(f"{entry.name}={_spell(value)}")
    build = ", ".join([repr(paths.common_folder or "…"), *reading])
    sample = ", ".join([str(selection.target_count), *sampling])
    return f"ImageIndex.build({build}).sample({sample})"


def _is_given(value: object, default: object) -> bool:
    """Tell whether a value is another one than the default, which may be an empty collection."""
    if isinstance(default, Sized) and not isinstance(default, str):
        return isinstance(value, Sized) and len(value) > 0
    return value is not None if default is None else value != default


def _spell(value: object) -> str:
    """Spell a value in Python, or leave it out."""
    spelt = repr(value) if isinstance(value, (str, int, float)) else "…"
    return spelt if len(spelt) <= _MAX_LETTERS else "…"


def name_collection(selection: Picks, paths: ShownPaths) -> str:
    """Name a collection by the folder that all its images have in common, or by their number."""
    return PurePath(paths.common_folder).name or selection.table.count_items()
