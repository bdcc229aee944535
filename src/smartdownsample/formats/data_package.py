"""Data packages: a descriptor in JSON, and the tables and other files that it names.

References
----------
https://specs.frictionlessdata.io/data-package/
"""

import json
import ntpath
import os
import posixpath
import re
import zipfile
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ..checks import is_url
from ..errors import InvalidParameterError
from .csv_rows import COMMAS, Dialect, read_dialect, split_rows, unpack
from .csv_tables import Table, read_columns
from .json_values import dump_json

DESCRIPTOR = "datapackage.json"
MISSING = ("", "NA", "NaN", "nan")
_BOM = b"\xef\xbb\xbf"
# Letters of a value in an error.
_MOST_LETTERS = 100
_ZIP = b"PK\x03\x04"
_HEAD = 2**16
_FAULTS = (OSError, ValueError, RecursionError, MemoryError)
_ENCODINGS = ("utf-8", "utf8", "utf-8-sig", "ascii", "us-ascii")
_INDENT = re.compile(rb"\A\s*\{\r?\n( +)")


@dataclass(frozen=True, eq=False)
class DataPackage:
    """A data package.

    Attributes
    ----------
    file : str
        Its descriptor.
    folder : str
        What paths of the descriptor count from.
    data : bytes
        The descriptor as it is in the file.
    descriptor : dict
        What it says.
    """

    file: str
    folder: str
    data: bytes
    descriptor: dict[str, Any]

    @property
    def resources(self) -> list[tuple[int, dict[str, Any]]]:
        """The resources with their numbers, as far as they are objects."""
        listed = self.descriptor["resources"]
        return [(i, resource) for i, resource in enumerate(listed) if isinstance(resource, dict)]

    def read_table(self, name: str, required: Sequence[str], optional: Sequence[str]) -> Table:
        """Read columns of a table in CSV.

        Parameters
        ----------
        name : str
            Name of its resource.
        required, optional : sequence of str
            Columns that it must have, and others, which are null where it lacks them.

        Returns
        -------
        Table
            The table.

        Raises
        ------
        InvalidParameterError
            When there is no such table, or none that can be read.
        """
        number, resource = self._find_resource(name)
        place = f"resources[{number}]"
        paths = self._list_paths(place, resource)
        if len(paths) != 1 or is_url(paths[0]):
            msg = (
                f"The 'path' of {place} in {self.file!r} must name one file of the package's "
                f"folder. Got {_show(resource.get('path'))}. Put the table {name!r} there as one "
                "CSV file."
            )
            raise InvalidParameterError(msg)
        path = posixpath.normpath(paths[0])
        self._check_encoding(place, resource)
        dialect = self._read_dialect(place, resource.get("dialect"))
        file = os.path.join(self.folder, path)
        data = unpack(self.read_file(path), file)
        rows = split_rows(data, file, dialect)
        missing = _list_missing(resource.get("schema"))
        return read_columns(path, data, rows, required, optional, missing)

    def _find_resource(self, name: str) -> tuple[int, dict[str, Any]]:
        """Find the first resource of a name, and its number."""
        found = [(i, resource) for i, resource in self.resources if resource.get("name") == name]
        if not found:
            names = ", ".join(repr(resource.get("name")) for _, resource in self.resources)
            msg = (
                f"The data package {self.file!r} must have a resource called {name!r}. "
                f"Got {names or 'none'}. Export the package again, with all of its tables."
            )
            raise InvalidParameterError(msg)
        return found[0]

    def list_files(self) -> list[str]:
        """List the files of the package's folder that the descriptor names, and that are there."""
        named = [self.descriptor.get("profile"), self.descriptor.get("image")]
        for key in ("licenses", "sources"):
            listed = self.descriptor.get(key)
            described = listed if isinstance(listed, list) else []
            named += [item.get("path") for item in described if isinstance(item, dict)]
        for number, resource in self.resources:
            named += self._list_paths(f"resources[{number}]", resource)
            named += [resource.get(key) for key in ("schema", "dialect", "profile")]
        local = {posixpath.normpath(str(path)) for path in named if _is_local(path)}
        return sorted(path for path in local if self._has(path))

    def list_absent(self) -> Iterator[tuple[str, str]]:
        """Yield what resources name and is not there, each with its place in the descriptor."""
        for number, resource in self.resources:
            for path in self._list_paths(f"resources[{number}]", resource):
                if not is_url(path) and not self._has(path):
                    yield f"{DESCRIPTOR}, resources[{number}].path", path

    def read_file(self, path: str) -> bytes:
        """Read a file of the package."""
        file = os.path.join(self.folder, path)
        try:
            _refuse_pipe(file)
            with open(file, "rb") as stream:
                return stream.read()
        except (OSError, ValueError, MemoryError) as error:
            reason = getattr(error, "strerror", None) or str(error) or "it needs too much memory"
            msg = (
                f"The file {file!r} of the data package {self.file!r} must be readable. "
                f"Got: {reason}. Put it there, or mend the 'path' in the descriptor."
            )
            raise InvalidParameterError(msg) from error

    def spell_descriptor(self) -> bytes:
        """Spell what the descriptor says, but for ``bytes`` and ``hash`` of files."""
        descriptor: dict[str, Any] = json.loads(self.data)
        for number, _ in self.resources:
            for key in ("bytes", "hash"):
                descriptor["resources"][number].pop(key, None)
        return dump_json(descriptor).encode()

    def without_sums(self, paths: Collection[str]) -> bytes:
        """Return the descriptor without ``bytes`` and ``hash`` of files that were written anew."""
        descriptor: dict[str, Any] = json.loads(self.data)
        is_changed = False
        for number, resource in self.resources:
            files = self._list_paths(f"resources[{number}]", resource)
            if not {*map(posixpath.normpath, files)}.isdisjoint(paths):
                for key in ("bytes", "hash"):
                    is_changed |= key in descriptor["resources"][number]
                    descriptor["resources"][number].pop(key, None)
        if not is_changed:
            return self.data
        indent = _INDENT.match(self.data.removeprefix(_BOM))
        text = dump_json(
            descriptor,
            indent=len(indent[1]) if indent else None,
            ensure_ascii=self.data.isascii(),
        )
        # A half of a pair of UTF-16 becomes the escape that JSON has for it.
        data = text.encode(errors="backslashreplace")
        if b"\r\n" in self.data:
            data = data.replace(b"\n", b"\r\n")
        end = self.data[len(self.data.rstrip()) :]
        return _BOM * self.data.startswith(_BOM) + data + end

    def _has(self, path: str) -> bool:
        """Tell whether a file is in the package's folder."""
        try:
            return os.path.isfile(os.path.join(self.folder, path))
        except ValueError:  # a zero character
            return False

    def _list_paths(self, place: str, resource: dict[str, Any]) -> list[str]:
        """List the paths of a resource, or refuse those that lead out of the folder."""
        value = resource.get("path", [])
        paths = value if isinstance(value, list) else [value]
        for path in paths:
            if not _is_local(path) and not (isinstance(path, str) and is_url(path)):
                msg = (
                    f"The 'path' of {place} in {self.file!r} must be a URL or lead to a file below "
                    f"the package's folder, without '..'. Got {_show(path)}. Put the file there."
                )
                raise InvalidParameterError(msg)
        return paths

    def _check_encoding(self, place: str, resource: dict[str, Any]) -> None:
        """Make sure that a table is in UTF-8."""
        encoding = resource.get("encoding", "utf-8")
        if not isinstance(encoding, str) or encoding.lower() not in _ENCODINGS:
            msg = (
                f"The 'encoding' of {place} in {self.file!r} must be 'utf-8'. "
                f"Got {_show(encoding)}. Convert the table to UTF-8, and change the descriptor."
            )
            raise InvalidParameterError(msg)

    def _read_dialect(self, place: str, value: object) -> Dialect:
        """Read how a table is written."""
        dialect = COMMAS if value is None else read_dialect(value)
        if dialect is None:
            msg = (
                f"The 'dialect' of {place} in {self.file!r} must be an object with 'delimiter' and "
                "'quoteChar', which is doubled in cells, and a header row. "
                f"Got {_show(value)}. Write the table with commas, and take 'dialect' out."
            )
            raise InvalidParameterError(msg)
        return dialect


def _refuse_pipe(file: str) -> None:
    """Raise an error for what is there and is neither a file nor a folder: reading would wait."""
    if os.path.exists(file) and not (os.path.isfile(file) or os.path.isdir(file)):
        msg = "it is no file"
        raise ValueError(msg)


def looks_like_package(path: str, mentions: re.Pattern[str]) -> bool:
    """Tell whether a path is a data package of a kind.

    Parameters
    ----------
    path : str
        A folder, a descriptor of any name, or an archive, which `read_package` refuses with advice.
    mentions : re.Pattern
        What the first 64 KB of the descriptors of that kind have. The descriptor of a folder is
        searched to its end.

    Returns
    -------
    bool
        True as well for a folder whose descriptor is no JSON, since nothing else has its name.
    """
    is_folder = os.path.isdir(path)
    file = os.path.join(path, DESCRIPTOR) if is_folder else path
    if not os.path.isfile(file):
        return False
    try:
        with open(file, "rb") as stream:
            head = stream.read(_HEAD)
            if head.startswith(_ZIP):
                return not is_folder and _is_packed_package(file)
            if not _is_object(head):
                return is_folder
            head += stream.read() if is_folder else b""
    except OSError:
        return is_folder
    text = head.decode(json.detect_encoding(head), errors="replace")
    if '"resources"' in text and mentions.search(text):
        return True
    return is_folder and not _is_json(head)


def _is_object(head: bytes) -> bool:
    """Tell whether a file may be an object in JSON, from how it begins."""
    text = head.decode(json.detect_encoding(head), errors="replace")
    return text.lstrip("\ufeff \t\r\n").startswith("{")


def _is_json(data: bytes) -> bool:
    """Tell whether data is JSON."""
    try:
        json.loads(data)
    except _FAULTS:
        return False
    return True


def _is_packed_package(file: str) -> bool:
    """Tell whether an archive has a descriptor in it."""
    try:
        with zipfile.ZipFile(file) as archive:
            return any(os.path.basename(name) == DESCRIPTOR for name in archive.namelist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        return False


def read_package(path: str) -> DataPackage:
    """Read the descriptor of a data package.

    Parameters
    ----------
    path : str
        The descriptor, or its folder.

    Returns
    -------
    DataPackage
        The package; its other files are not read yet.

    Raises
    ------
    InvalidParameterError
        When it is no descriptor, or an archive.
    """
    file = os.path.join(path, DESCRIPTOR) if os.path.isdir(path) else path
    try:
        with open(file, "rb") as stream:
            data = stream.read(_HEAD)
            is_archive = data.startswith(_ZIP)
            is_object = _is_object(data)
            data += stream.read() if is_object else b""
        descriptor = json.loads(data) if is_object else data[:_MOST_LETTERS]
    except _FAULTS as error:
        reason = getattr(error, "strerror", None) or str(error) or "it needs too much memory"
        msg = (
            f"The descriptor {file!r} must be a JSON file. Got: {reason}. "
            "Export the package again, or mend the file there."
        )
        raise InvalidParameterError(msg) from error
    if is_archive:
        msg = (
            f"A data package must be a folder or its {DESCRIPTOR!r}. Got the archive {file!r}. "
            "Unpack it first."
        )
        raise InvalidParameterError(msg)
    if not isinstance(descriptor, dict) or not isinstance(descriptor.get("resources"), list):
        msg = (
            f"The descriptor {file!r} must be a JSON object with a list of 'resources'. "
            f"Got {_show(descriptor)}. Name the {DESCRIPTOR!r} of a data package, or its folder."
        )
        raise InvalidParameterError(msg)
    return DataPackage(file, os.path.dirname(file), data, descriptor)


def _is_local(path: object) -> bool:
    """Tell whether a path stays below the folder that it counts from, on any system."""
    return (
        isinstance(path, str)
        and path.strip("./\\") != ""
        and not is_url(path)
        and not path.startswith(("/", "\\"))
        and not ntpath.splitdrive(path)[0]
        and ".." not in re.split(r"[/\\]", path)
    )


def _list_missing(schema: object) -> tuple[str, ...]:
    """List the cells that stand for nothing: those of the standard, and those of a schema."""
    values = schema.get("missingValues") if isinstance(schema, dict) else None
    own = values if isinstance(values, list) else []
    return tuple(dict.fromkeys([*MISSING, *(value for value in own if isinstance(value, str))]))


def _show(value: object) -> str:
    """Show a value of JSON in a line, shortened."""
    text = repr(value)
    return text if len(text) <= _MOST_LETTERS else f"{text[:_MOST_LETTERS]}…"
