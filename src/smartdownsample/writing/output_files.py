"""Files that are written for the user, outside the feature store.

A file of the user's is never replaced: not an image or a list that the run reads, and not a file
that this package did not make. A selection replaces a selection, a page replaces a page.
"""

import os
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from ..checks import check_place
from ..errors import InvalidParameterError, OutputError
from .atomic_files import in_one_piece, make_folders

# What tells whether most files are of a kind is in their first bytes.
HEAD_BYTES = 2**16


@dataclass(frozen=True)
class OutputKind:
    """A kind of file that this package writes.

    Attributes
    ----------
    name : str
        What people call it, such as "a report page".
    extensions : tuple of str
        What its names end in, in lower case.
    is_own : callable
        Tells from the path of a file, and from its first bytes, whether it is of this kind.
    find_change : callable
        Says from the path of such a file what in it is not as this package writes it, or None.
    """

    name: str
    extensions: tuple[str, ...]
    is_own: Callable[[str, bytes], bool] = lambda *_: True
    find_change: Callable[[str], str | None] = lambda _: None


def starts_with(start: bytes) -> Callable[[str, bytes], bool]:
    """Make an `OutputKind.is_own` that goes by how files of the kind start."""
    return lambda _, head: head.startswith(start)


def check_output(path: str, kind: OutputKind, inputs: Iterable[str] = ()) -> None:
    """Make sure that a file may be put where it is to be; also before there is anything to write.

    `inputs` are the images and documents that the run reads. Raises `InvalidParameterError` when
    the path is none of this machine or does not end as it should, and `OutputError` when the file
    would replace one of the inputs or a file of another kind, or when it cannot be written there.
    """
    check_place(path)
    if os.path.splitext(path)[1].lower() not in kind.extensions:
        msg = (
            f"The name of {kind.name} must end in {', '.join(kind.extensions)}. "
            f"Got {path!r} instead."
        )
        raise InvalidParameterError(msg)
    reason = _find_obstacle(path, kind, inputs)
    if reason is not None:
        msg = f"{path!r} cannot be written: {reason}. Give another name or folder."
        raise OutputError(msg)


def check_filled_folder(path: str) -> None:
    """Make sure that a folder may be filled, which need not exist, before there is anything for it.

    Raises `InvalidParameterError` when the path is none of this machine, and `OutputError` when
    nothing can be written there.
    """
    check_place(path)
    reason = _find_closed(os.path.realpath(path))
    if reason is not None:
        msg = f"{path!r} cannot be filled: {reason}. Give another folder."
        raise OutputError(msg)


def _find_closed(folder: str) -> str | None:
    """Say why nothing can be written to a folder, or to the one above it that is there."""
    # Nothing is above a drive, not even above one that is not there.
    while not os.path.lexists(folder) and folder != os.path.dirname(folder):
        folder = os.path.dirname(folder)
    if not os.path.isdir(folder):
        return f"{folder!r} is no folder"
    return None if os.access(folder, os.W_OK) else f"{folder!r} may not be written to"


def _find_obstacle(path: str, kind: OutputKind, inputs: Iterable[str]) -> str | None:
    """Say why a file must not or cannot be written."""
    target = os.path.realpath(path)
    if os.path.isdir(target):
        return "a folder stands there"
    closed = _find_closed(os.path.dirname(target))
    if closed is not None:
        return closed
    if os.path.exists(target) and not os.access(target, os.W_OK):
        return f"{target!r} may not be written to"
    if _is_among(path, kind, inputs):
        return "it is one of the images or lists that are read"
    return _find_foreign(target, kind) if os.path.isfile(target) else None


def _is_among(path: str, kind: OutputKind, inputs: Iterable[str]) -> bool:
    """Tell whether a file is one of the inputs, by its name or because it is the same file."""
    names = {os.path.abspath(path), os.path.realpath(path)}
    ends = tuple(map(os.path.basename, names))
    status = _stat(path)
    for entry in inputs:
        # Of a million paths few end as this one does, or name a file that it could be.
        is_alike = entry.endswith(ends)
        if is_alike and not names.isdisjoint((os.path.abspath(entry), os.path.realpath(entry))):
            return True
        if status is None:  # a new file
            continue
        other = _stat(entry) if entry.lower().endswith(kind.extensions) else None
        if other is not None and os.path.samestat(other, status):
            return True
    return False


def _stat(path: str) -> os.stat_result | None:
    """Ask for a file; None when there is none."""
    try:
        return os.stat(path)
    except (OSError, ValueError):
        return None


def _find_foreign(target: str, kind: OutputKind) -> str | None:
    """Say that a file is not of a kind, and why; one that cannot be read is of none."""
    change = None
    try:
        with open(target, "rb") as file:
            head = file.read(HEAD_BYTES)
        # Nothing is lost with an empty file.
        if not head:
            return None
        if kind.is_own(target, head):
            change = kind.find_change(target)
            if change is None:
                return None
    except OSError:
        pass
    told = f" ({change})" if change else ""
    return f"a file that is not {kind.name} of this package stands there{told}, and would be lost"


def write_output(path: str, data: bytes, kind: OutputKind, inputs: Iterable[str] = ()) -> None:
    """Write a file in one piece, with the folders that it needs, where `check_output` allows it.

    A symbolic link stays one: the file it leads to is written. What is no file, such as a device or
    a pipe, is written to. When that fails, `OutputError` says why; what stood there is unchanged.
    """
    check_output(path, kind, inputs)
    target = os.path.realpath(path)
    if os.path.lexists(target) and not os.path.isfile(target):
        with _explained(path), open(target, "wb") as device:
            device.write(data)
        return
    with replacing(path) as temporary, open(temporary, "wb") as file:
        file.write(data)


@contextmanager
def replacing(path: str) -> Iterator[bytes]:
    """Yield an empty file to write to, and put it there when all went well, see `in_one_piece`.

    A file that is replaced hands its permissions on; until then, the new one is the owner's alone.
    The caller has called `check_output`. An `OSError` becomes an `OutputError`.
    """
    target = os.fsencode(os.path.realpath(path))
    # What appears after this stays, as it has not been checked.
    may_replace = os.path.lexists(target)
    with _explained(path):
        make_folders(os.path.dirname(target))
        mode = stat.S_IMODE(os.stat(target).st_mode) if may_replace else None
        with in_one_piece(target, may_replace=may_replace) as temporary:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
            os.close(os.open(temporary, flags, 0o666 if mode is None else 0o600))
            yield temporary
            if mode is not None:
                with suppress(OSError):  # of file systems that have none
                    os.chmod(temporary, mode)


@contextmanager
def _explained(path: str) -> Iterator[None]:
    """Turn an error of the file system into one that says what could not be written."""
    try:
        yield
    except OutputError:
        raise
    except OSError as error:
        msg = (
            f"{path!r} cannot be written ({error.strerror or error}); what stood there is "
            "unchanged. Give a folder that may be written to and has room."
        )
        raise OutputError(msg) from error
