"""What makes a group: a part of the path, a column of a table, or what a document says."""

import re
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias, cast, get_args

from ..errors import InvalidParameterError
from .cameras import name_camera_folder, name_cameras
from .documents import UNLABELLED

if TYPE_CHECKING:
    import pyarrow as pa

# What groups can be named by where documents name the images, see `Grouping`.
Fact: TypeAlias = Literal["species", "category", "location", "deployment", "sequence", "camera"]
# The columns of `DETAILS` that tell them; a camera is told by the path.
FACTS_OF_PATHS = ("location", "camera")


class Grouping(NamedTuple):
    """How to name the group of an image.

    Attributes
    ----------
    rule : {"regex", "column", "fact"}
        Whether to take the name from the path, from a table, or from what a document says.
    text : str
        A regular expression, whose first group (or whole match) is the name; a column; or a `Fact`.
    """

    rule: Literal["regex", "column", "fact"]
    text: str

    @classmethod
    def read(cls, text: str) -> "Grouping | None":
        """Read what makes a group, such as ``regex:cam_[0-9]``, ``column:place`` or ``camera``."""
        rule, _, rest = text.partition(":")
        if rule == "regex" and rest:
            return cls("regex", rest)
        if rule == "column" and rest:
            return cls("column", rest)
        return cls("fact", text) if text in get_args(Fact) else None


def list_facts(paths: list[str], details: "pa.Table | None", fact: Fact) -> list[object]:
    """List what documents say of each image; paths tell its camera and location where none does.

    `details` has a row for each path, see `smartdownsample.items.DETAILS`.
    """
    if fact == "camera":
        return [*name_cameras(paths, details)]
    facts: list[object] = [None] * len(paths)
    if details is not None:
        facts = details["label" if fact == "species" else fact].to_pylist()
    if fact == "location":
        return [fact or name_camera_folder(path) for fact, path in zip(facts, paths, strict=True)]
    return [fact or UNLABELLED for fact in facts]


def match_paths(paths: list[str], pattern: str) -> list[object]:
    """Name groups by the part of each path that a regular expression matches."""
    try:
        expression = re.compile(pattern)
    except re.error as error:
        msg = f"The pattern of a group must be a regular expression ({error}). Got {pattern!r}."
        raise InvalidParameterError(msg) from error
    found = [expression.search(path) for path in paths]
    missing = [path for path, match in zip(paths, found, strict=True) if match is None]
    if missing:
        msg = (
            f"The regular expression {pattern!r} must match every path, to name its group. "
            f"{len(missing):,} of {len(paths):,} do not match, first {missing[0]!r}. "
            "Let it match them as well, or leave these images out."
        )
        raise InvalidParameterError(msg)
    place = 1 if expression.groups else 0
    return [match[place] for match in found if match is not None]


def label_paths(paths: list[str], details: "pa.Table | None", grouping: Grouping) -> list[object]:
    """Name the group of each image by its path, or by what a document says of it.

    Raises `InvalidParameterError` where there is nothing to go by.
    """
    if grouping.rule == "regex":
        return match_paths(paths, grouping.text)
    if grouping.rule == "column":
        msg = (
            f"Groups by column are for the command. Got 'column:{grouping.text}'. Give the column "
            f"itself, such as frame[{grouping.text!r}], with a label for each image."
        )
        raise InvalidParameterError(msg)
    fact = cast("Fact", grouping.text)
    if fact not in FACTS_OF_PATHS and details is None:
        msg = (
            f"Groups by {fact} need a document of detections: ImageIndex.build(Document.read(…)). "
            "Where folders name them, use 'parent' or 'regex:…'."
        )
        raise InvalidParameterError(msg)
    return list_facts(paths, details, fact)
