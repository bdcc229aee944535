"""The lockfile: which images were selected, from what and how, in a text that git can compare.

It is JSON with one thing a line, so that a difference of two versions shows which images came and
went. The same selection of the same images gives the same bytes: there is no time of a run in it,
no place on a machine, and all lists are sorted. ``docs/lockfile.md`` describes the format.
"""

import hashlib
import json
import os
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from itertools import groupby
from typing import Any

from ..display import CONTROLS, to_line
from ..errors import InvalidParameterError
from ..items import LOCK_MARK, to_text
from ..options import PathLike
from ..records import WHOLE, FeatureSpec, Region
from ..results import open_file
from ..writing import OutputKind
from .locked_folders import LockedFolder

# Says that a file is a lockfile, and in which form; all start with it.
_MARK, _VERSION = LOCK_MARK, 1
_START = f'{{\n  "{_MARK}": '.encode()
# Stands before the last value, which is the SHA-256 of all that stands before it.
_LAST = '  "checksum": '
EXTENSIONS = (".lock", ".json")
# JSON leaves these as they are; written so, a line of the file is a line for every program.
_ESCAPES = {code: f"\\u{code:04x}" for code in CONTROLS if chr(code) >= "\x7f"}
_SHA256 = re.compile(r"[0-9a-f]{64}")
_FOREIGN = "it is no lockfile of this package"
_CHANGED = "it was changed since it was written"


@dataclass(frozen=True)
class LockedPick:
    """A selected image, or crop of one.

    Attributes
    ----------
    path : str
        Of its photo, below the root, with slashes.
    size_bytes, mtime_ns, sha256
        Of the photo, when the lockfile was written.
    round : int
        The round it was selected in, from 1.
    region : tuple of float, or None
        x, y, width and height as shares of the upright photo; None for a whole photo.
    """

    path: str
    size_bytes: int
    mtime_ns: int
    sha256: str
    round: int
    region: Region | None = None

    @property
    def item(self) -> tuple[str, Region]:
        """Path and region."""
        return self.path, self.region or WHOLE


@dataclass(frozen=True)
class LockedSource:
    """What named images.

    Attributes
    ----------
    images : str or None
        A folder, glob or image, below the root.
    document : str or None
        A list, table or document, from the folder of the lockfile on.
    sha256 : str or None
        Of the document, unless it is a folder.
    """

    images: str | None = None
    document: str | None = None
    sha256: str | None = None


@dataclass(frozen=True)
class LockedRound:
    """One run that selected images.

    Attributes
    ----------
    selected : int
        How many images it selected.
    wanted : int or None
        How many were asked for; None for as many as groups may give.
    random_seed : int or None
        The seed of the picks.
    readable, failed : int
        How many images of the collection could be used, and how many could not.
    features_sha256 : str
        Of all that the picks depend on in the images: names, looks and capture times.
    versions : dict of str to str
        Of this package, its libraries and the image decoders.
    """

    selected: int
    wanted: int | None
    random_seed: int | None
    readable: int
    failed: int
    features_sha256: str
    versions: dict[str, str]


@dataclass(frozen=True)
class LockContent:
    """What stands in a lockfile.

    Attributes
    ----------
    features : str
        Fingerprint of the features, see `FeatureSpec`.
    root : str or None
        The folder that paths of images count from, from that of the lockfile on; None where that
        would tell about the machine.
    sources, keep : list of LockedSource, or None
        What named the images, and those selected before; None where that cannot be repeated.
    options : dict of str to object, or None
        What was asked for, by the names of parameters; None where only Python knows.
    rounds : list of LockedRound
        The runs, in their order.
    folders : list of LockedFolder
        The images of the collection when the last of them took place.
    picks : list of LockedPick
        Those of all rounds, sorted by path and region.
    """

    features: str
    root: str | None
    sources: list[LockedSource] | None
    keep: list[LockedSource] | None
    options: dict[str, bool | int | float | str | list[str] | None] | None
    rounds: list[LockedRound] = field(default_factory=list)
    folders: list[LockedFolder] = field(default_factory=list)
    picks: list[LockedPick] = field(default_factory=list)


def encode_lock(content: LockContent) -> bytes:
    """Encode a lockfile; bytes of paths that are no Unicode are escaped as lone surrogates."""
    lines = [f'{{\n  "{_MARK}": {_VERSION},']
    for name, value in vars(content).items():
        if isinstance(value, list):
            lines += _dump_lines(name, "[", "]", [_dump(_list_fields(each)) for each in value])
        elif isinstance(value, dict):
            pairs = [f"{_dump(key)}: {_dump(each)}" for key, each in value.items()]
            lines += _dump_lines(name, "{", "}", pairs)
        else:
            lines.append(f"  {_dump(name)}: {_dump(value)},")
    # Lone surrogates become what JSON escapes them as.
    body = ("\n".join(lines) + "\n").encode("utf-8", "backslashreplace")
    checksum = hashlib.sha256(body).hexdigest()
    return body + f'{_LAST}"{checksum}"\n}}\n'.encode()


def _list_fields(record: object) -> dict[str, object]:
    """List what a record tells, without what there is not for all of its kind."""
    assert isinstance(record, (LockedFolder, LockedPick, LockedRound, LockedSource))
    optional = {"region", "names", "marks", "images", "document", "sha256"}
    told = asdict(record)
    return {name: each for name, each in told.items() if each is not None or name not in optional}


def _dump(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False).translate(_ESCAPES)


def _dump_lines(name: str, start: str, end: str, values: list[str]) -> Iterator[str]:
    """Yield the lines of a list or an object, each value on its own."""
    if not values:
        yield f"  {_dump(name)}: {start}{end},"
        return
    yield f"  {_dump(name)}: {start}"
    yield ",\n".join(f"    {value}" for value in values)
    yield f"  {end},"


def is_lockfile(file: str) -> bool:
    """Tell whether a file begins as lockfiles do."""
    if os.path.splitext(file)[1].lower() not in EXTENSIONS or not os.path.isfile(file):
        return False
    try:
        with open(file, "rb") as stream:
            return stream.read(len(_START) + 1).replace(b"\r\n", b"\n").startswith(_START)
    except OSError:  # the next who reads it tells
        return False


def read_lock(file: PathLike) -> LockContent:
    """Read a lockfile; raise InvalidParameterError when it is none, or not as it was written."""
    name = to_text(file, "The 'file' parameter")
    try:
        with open_file(os.fsencode(name)) as stream:
            data = stream.read()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        msg = f"The lockfile {name!r} cannot be read ({reason}). Check the name."
        raise InvalidParameterError(msg) from error
    try:
        return decode_lock(data)
    except ValueError as error:
        msg = f"{name!r} cannot be used: {error}. Name a lockfile as --lock or save_lock wrote it."
        raise InvalidParameterError(to_line(msg)) from error


def decode_lock(data: bytes) -> LockContent:
    """Decode a lockfile; raise `ValueError` that says why it cannot be used."""
    import msgspec

    data = data.replace(b"\r\n", b"\n")  # what git makes of line ends on Windows
    if not data.startswith(_START):
        raise ValueError(_FOREIGN)
    try:
        told: Any = json.loads(data)
    except (ValueError, RecursionError):
        raise ValueError(_CHANGED) from None
    version = told.pop(_MARK)
    if version != _VERSION:
        msg = f"it is of version {version!r}, and this release knows version {_VERSION}: update it"
        raise ValueError(msg)
    try:
        content: LockContent = msgspec.convert(told, LockContent)
        is_same = encode_lock(content) == data
    except (msgspec.MsgspecError, RecursionError, UnicodeError, ValueError) as error:
        msg = f"{_CHANGED} ({str(error).partition(' - ')[0]})"
        raise ValueError(msg) from None
    if not is_same:
        msg = f"{_CHANGED}: its checksum is of other content. Restore it, such as with git"
        raise ValueError(msg)
    _check_content(content)
    return content


def _check_content(content: LockContent) -> None:
    """Raise `ValueError` for what is never written, since a lockfile may come from anybody."""
    items = [pick.item for pick in content.picks]
    if items != sorted(set(items), key=_sort_key):
        msg = "its picks are not sorted, or one is there twice"
        raise ValueError(msg)
    for path in [*(path for path, _ in items), *(folder.path for folder in content.folders)]:
        check_below(path)
    _check_relative(content.root)
    _check_sources(content)
    for folder in content.folders:
        folder.check()
    n_rounds = len(content.rounds)
    for pick in content.picks:
        region = pick.region or WHOLE
        is_known = _SHA256.fullmatch(pick.sha256) and 1 <= pick.round <= n_rounds
        if not is_known or not all(0 <= share <= 1 for share in region):
            msg = f"the pick {pick.path!r} has a wrong digest, round or region"
            raise ValueError(msg)
    counts = [0] * n_rounds
    for number, picks in groupby(sorted(pick.round for pick in content.picks)):
        counts[number - 1] = len(list(picks))
    is_sound = n_rounds and counts == [each.selected for each in content.rounds]
    if not is_sound or FeatureSpec.from_fingerprint(content.features) is None:
        msg = "it has no round, a round with other picks, or unknown features"
        raise ValueError(msg)


def _check_sources(content: LockContent) -> None:
    """Raise `ValueError` for sources that lead elsewhere, and for none at all."""
    sources = [*(content.sources or []), *(content.keep or [])]
    kinds = [(source.images is None, source.document is None) for source in sources]
    if content.sources == [] or any(no_images == no_document for no_images, no_document in kinds):
        msg = "it has no source, or one that is neither images nor a document"
        raise ValueError(msg)
    for source in sources:
        check_below(source.images or ".")
        _check_relative(source.document)


def check_below(path: str) -> None:
    """Raise `ValueError` unless a path lies below whatever folder it is put into."""
    is_plain = path == "." or all(part not in {"", ".", ".."} for part in path.split("/"))
    if os.name == "nt":
        is_plain &= "\\" not in path and ":" not in path
    if not is_plain or b"\0" in os.fsencode(path):
        msg = f"{path!r} is no plain path below the root"
        raise ValueError(msg)


def _check_relative(path: str | None) -> None:
    """Raise `ValueError` for an absolute path, and for one that no file can have."""
    if path is not None and (os.path.isabs(path) or b"\0" in os.fsencode(path)):
        msg = f"{path!r} is an absolute path, or none"
        raise ValueError(msg)


def _sort_key(item: tuple[str, Region]) -> tuple[bytes, Region]:
    return os.fsencode(item[0]), item[1]


def sort_picks(picks: list[LockedPick]) -> list[LockedPick]:
    """Sort picks as they stand in the file."""
    return sorted(picks, key=lambda pick: _sort_key(pick.item))


def lock_kind(known: LockContent | None = None) -> OutputKind:
    """Make the kind of file that a lockfile is written to.

    It replaces a lockfile of one round to which nothing has been done, and that has only what the
    same command would write again; or `known`, to which it adds.
    """

    def find_change(file: str) -> str | None:
        try:
            with open(file, "rb") as stream:
                found = decode_lock(stream.read())
        except ValueError as error:
            return str(error)
        if known is not None:
            return None if found == known else "it was changed meanwhile"
        if len(found.rounds) > 1:
            return f"it has {len(found.rounds):,} rounds of picks, to which --update adds"
        return None

    return OutputKind("a lockfile of one round", EXTENSIONS, find_change=find_change)
