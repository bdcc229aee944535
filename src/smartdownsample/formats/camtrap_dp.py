"""Camtrap DP: data packages of deployments, media and observations, the standard of TDWG.

References
----------
https://camtrap-dp.tdwg.org
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..checks import URL_START
from ..display import to_line
from ..errors import DocumentWarning, InvalidParameterError, warn_user
from ..records import BoolArray, Cause, IntArray, pack_flags, pack_values, unpack
from .annotations import BOXES, ENTRIES, Annotations, FaultLog
from .csv_rows import CsvRows
from .csv_tables import Table
from .data_package import DESCRIPTOR, DataPackage, looks_like_package, read_package
from .intervals import Within, find_first_cover, find_within
from .text_values import look_up, parse_numbers, rank_texts
from .times import TIME, TimeArray, parse_times

_VERSIONS = ("1.0", "1.0.1", "1.0.2")
# As in https://raw.githubusercontent.com/tdwg/camtrap-dp/1.0.2/camtrap-dp-profile.json; other
# hosts have the same folders.
_VERSION = re.compile(r"camtrap-dp/v?(\d[0-9A-Za-z.-]*)/")
_MENTIONS = re.compile(r'camtrap-dp|"name"\s*:\s*"(media|multimedia|observations)"')
_DEPLOYMENTS = (("deploymentID",), ("locationID",))
_MEDIA = (("mediaID", "deploymentID", "timestamp", "filePath", "fileMediatype"), ())
_BOX = ("bboxX", "bboxY", "bboxWidth", "bboxHeight")
_OBSERVATIONS = (
    ("deploymentID", "mediaID", "eventStart", "eventEnd", "observationLevel", "observationType"),
    ("eventID", "scientificName", *_BOX, "classificationMethod", "classificationProbability"),
)
# The standard's word for what nobody has looked at.
_UNCLASSIFIED = "unclassified"


class _Tables(NamedTuple):
    """The tables of the standard."""

    deployments: Table
    media: Table
    observations: Table


class _Links(NamedTuple):
    """What observations are of.

    Attributes
    ----------
    media : ndarray of int64, shape (m,)
        The medium of each observation; -1 for those of events and of no medium.
    event_rows : ndarray of int64, shape (k,)
        Rows of the observations of events.
    within : Within
        The media of each of these.
    """

    media: IntArray
    event_rows: IntArray
    within: Within


@dataclass(frozen=True, eq=False)
class CamtrapDp(Annotations):
    """A Camtrap DP package, as read.

    Attributes
    ----------
    package : DataPackage
        Its descriptor and files.
    tables : tuple of (str, CsvRows)
        Path and rows of the media and of the observations.
    other_files : tuple of str
        What else the descriptor names in its folder.
    links : _Links
        What observations are of.
    box_rows : ndarray of int64
        The observation that each box is of.
    """

    package: DataPackage
    tables: tuple[tuple[str, CsvRows], tuple[str, CsvRows]]
    other_files: tuple[str, ...]
    links: _Links
    box_rows: IntArray

    is_folder: ClassVar[bool] = True

    def spell_parts(self) -> Iterator[bytes]:
        """Yield each medium, each observation and each file, see `Annotations.spell_parts`."""
        yield self.package.spell_descriptor()
        for path, rows in self.tables:
            spelt = rows.spell(self.package.read_file(path))
            yield from (path.encode() + b"\0" + row for row in spelt)
        for path in self.other_files:
            yield path.encode() + b"\0" + self.package.read_file(path)

    def name_box(self, row: int) -> str:
        """Name the observation that a box is of, see `Annotations.name_box`."""
        _, (path, table) = self.tables
        return f"{path}, row {table.numbers[self.box_rows[row]]}"

    def reduce(self, entries: IntArray, boxes: IntArray | None = None) -> dict[str, bytes]:
        """Make the same package with some of its media alone, see `Annotations.reduce`.

        Their observations stay, and those of the events that they are of; all deployments stay,
        since they are the effort. With all media, observations of no medium stay as well. With
        ``boxes``, observations without a box stay in any case.
        """
        kept = (entries, self._keep_observations(entries, boxes))
        files, changed = {}, []
        for (path, table), rows in zip(self.tables, kept, strict=True):
            files[path] = table.keep(self.package.read_file(path), rows)
            changed += [path] * (len(rows) < len(table))
        for path in self.other_files:
            files[path] = self.package.read_file(path)
        return {**files, DESCRIPTOR: self.package.without_sums(changed)}

    def _keep_observations(self, entries: IntArray, boxes: IntArray | None) -> IntArray:
        """Choose the observations that stay with some of the media."""
        media, event_rows, within = self.links
        is_kept = np.zeros(len(self.entries), dtype=np.bool_)
        is_kept[entries] = True
        stays = np.full(len(media), bool(is_kept.all()))
        stays[media >= 0] = is_kept[media[media >= 0]]
        n_so_far = np.append(0, np.cumsum(is_kept[within.points]))
        stays[event_rows[n_so_far[within.tos] > n_so_far[within.froms]]] = True
        if boxes is not None:
            stays[np.delete(self.box_rows, boxes)] = False
        return np.flatnonzero(stays)


def is_camtrap_dp(path: str) -> bool:
    """Tell whether a path is a Camtrap DP package, of any version.

    Parameters
    ----------
    path : str
        A folder with a descriptor, a descriptor of any name, or an archive of a package, which
        `read_camtrap_dp` refuses with advice.

    Returns
    -------
    bool
        True as well for a folder whose descriptor is no JSON, since nothing else has its name.
    """
    return looks_like_package(path, _MENTIONS)


def read_camtrap_dp(path: str) -> CamtrapDp:
    """Read a Camtrap DP package.

    Parameters
    ----------
    path : str
        Its folder, or its descriptor.

    Returns
    -------
    CamtrapDp
        Media as entries, and their observations with a bounding box as boxes. Other observations
        label the medium, or the media between start and end of their event.

    Raises
    ------
    InvalidParameterError
        When it is no such package, is one of 0.x, lacks a table or a column, or has an id twice.
    """
    package = read_package(path)
    version = _find_version(package)
    tables = _Tables(
        package.read_table("deployments", *_DEPLOYMENTS),
        package.read_table("media", *_MEDIA),
        package.read_table("observations", *_OBSERVATIONS),
    )
    log = FaultLog()
    for place, absent in package.list_absent():
        log.note(place, f"Expected a file of the package's folder. '{to_line(absent)}' is absent.")
    for table in tables:
        table.note_rows(log)
    media, observations = tables.media, tables.observations
    media.check_ids("mediaID")
    tables.deployments.check_ids("deploymentID")
    times = parse_times(media.cells("timestamp"))
    media.note_cells(log, "timestamp", times.is_wrong, TIME)
    links = _link(media, times.instants, observations, log)
    box_rows, boxes = _read_boxes(observations, links, log)
    written = {DESCRIPTOR, media.path, observations.path}
    names = pc.unique(observations.cells("observationType").drop_null()).to_pylist()
    return CamtrapDp(
        file=path,
        format="Camtrap DP",
        version=version,
        entries=_read_entries(tables, times.local, links, box_rows, log),
        boxes=boxes,
        categories=dict(zip(names, names, strict=True)),
        faults=log.first,
        n_faults=log.n,
        orientation="upright",
        typical_confidence=None,
        package=package,
        tables=((media.path, media.rows), (observations.path, observations.rows)),
        other_files=tuple(path for path in package.list_files() if path not in written),
        links=links,
        box_rows=box_rows,
    )


def _find_version(package: DataPackage) -> str:
    """Find the version of the standard, and refuse one that is too old."""
    resources = [resource for _, resource in package.resources]
    urls = [package.descriptor.get("profile"), *(item.get("schema") for item in resources)]
    found = [match[1] for url in urls if isinstance(url, str) and (match := _VERSION.search(url))]
    said = package.descriptor.get("version")
    version = found[0] if found else str(said) if isinstance(said, str | int | float) else ""
    if version.startswith("0.") or any(item.get("name") == "multimedia" for item in resources):
        msg = (
            f"The package {package.file!r} must be of Camtrap DP 1.0 or newer, since older ones "
            f"have other columns. Got version {version!r}. Export it again, as Camtrap DP 1.0."
        )
        raise InvalidParameterError(msg)
    if version and version not in _VERSIONS:
        warn_user(
            f"The package {package.file!r} is of Camtrap DP {version!r}, which is not known. "
            f"It is read as one of {_VERSIONS[-1]}.",
            DocumentWarning,
        )
    return version


def _link(media: Table, instants: TimeArray, observations: Table, log: FaultLog) -> _Links:
    """Find out what observations are of, as R's camtrapdp does it."""
    levels = observations.cells("observationLevel")
    is_event, is_medium = _equals(levels, "event"), _equals(levels, "media")
    is_odd = ~is_event & ~is_medium
    observations.note_cells(log, "observationLevel", is_odd, "'media' or 'event'")
    is_event |= is_odd & ~unpack(pc.is_valid(observations.cells("mediaID")))
    ids = media.cells("mediaID")
    media.note_cells(log, "mediaID", ~unpack(pc.is_valid(ids)), "an id")
    of = np.where(is_event, -1, look_up(observations.cells("mediaID"), ids))
    observations.note_cells(log, "mediaID", ~is_event & (of < 0), "the id of a medium")
    rows = np.flatnonzero(is_event)
    ends = []
    for column in ("eventStart", "eventEnd"):
        times = parse_times(observations.cells(column).take(pack_values(rows, pa.int64())))
        is_wrong = np.zeros(len(observations), dtype=np.bool_)
        is_wrong[rows] = np.isnat(times.instants)
        observations.note_cells(log, column, is_wrong, TIME)
        ends.append(times.instants)
    deployments = media.cells("deploymentID")
    lines = look_up(observations.cells("deploymentID"), deployments)[rows]
    return _Links(of, rows, find_within(look_up(deployments, deployments), instants, lines, *ends))


def _equals(cells: pa.Array, word: str) -> BoolArray:
    """Tell which cells are a word."""
    return unpack(pc.fill_null(pc.equal(cells, word), False)).copy()


def _read_boxes(observations: Table, links: _Links, log: FaultLog) -> tuple[IntArray, pa.Table]:
    """Read the observations of media that have a box, and their rows."""
    is_there = np.stack([unpack(pc.is_valid(observations.cells(name))) for name in _BOX])
    n_there = is_there.sum(axis=0)
    for name, has in zip(_BOX, is_there, strict=True):
        is_partial = (links.media >= 0) & (n_there > 0) & ~has
        observations.note_cells(log, name, is_partial, "a number, as in other columns of the box")
    rows = np.flatnonzero((links.media >= 0) & (n_there == len(_BOX)))
    taken = pack_values(rows, pa.int64())
    numbers = []
    for name in (*_BOX, "classificationProbability"):
        values, is_bad = parse_numbers(observations.cells(name).take(taken))
        is_wrong = np.zeros(len(observations), dtype=np.bool_)
        is_wrong[rows] = is_bad
        observations.note_cells(log, name, is_wrong, "a number")
        numbers.append(values)
    corners, shares = np.stack(numbers[:-1]), numbers[-1]
    corners[:, np.isnan(corners).any(axis=0)] = np.nan
    methods = observations.cells("classificationMethod").take(taken)
    names, labels = _name(observations)
    categories = names.take(taken)
    is_machine = _equals(methods, "machine") & ~np.isnan(shares)
    columns = [
        pack_values(links.media[rows], pa.int64()),
        pack_values(_count_before(links.media[rows]), pa.int64()),
        *(pack_values(corner, pa.float64()) for corner in corners),
        pack_flags(np.zeros(len(rows), dtype=np.bool_)),
        pack_values(shares, pa.float64(), is_machine),
        categories,
        categories,  # its own number
        labels.take(taken),
        pack_flags(_equals(methods, "human")),
    ]
    return rows, pa.table(columns, schema=BOXES)


def _name(observations: Table) -> tuple[pa.Array, pa.Array]:
    """Return the category and the label of each observation."""
    categories = pc.fill_null(observations.cells("observationType"), _UNCLASSIFIED)
    return categories, pc.coalesce(observations.cells("scientificName"), categories)


def _count_before(groups: IntArray) -> IntArray:
    """Count, for each row, the rows before it that are of its group."""
    order = np.argsort(groups, kind="stable")
    is_first = np.diff(groups[order], prepend=-1) != 0
    places = np.arange(len(groups))
    counts = np.empty_like(places)
    counts[order] = places - np.maximum.accumulate(np.where(is_first, places, 0))
    return counts


def _describe(observations: Table, links: _Links, box_rows: IntArray) -> dict[str, pa.Array]:
    """Find label and sequence of each medium: of its own observations, else of its events.

    Of several the first in the alphabet counts, so that the order of rows does not matter; species
    have capitals and come before types.
    """
    is_label = np.ones(len(observations), dtype=np.bool_)
    is_label[box_rows] = False
    events = observations.cells("eventID")
    told = {
        "label": (_name(observations)[1], is_label),
        "sequence": (events, unpack(pc.is_valid(events))),
    }
    described = {}
    for name, (texts, tells) in told.items():
        ranks = rank_texts(texts)
        first = np.full(len(links.within.points), -1)
        rows = np.flatnonzero(tells & (links.media >= 0))
        rows = rows[np.argsort(-ranks[rows], kind="stable")]
        first[links.media[rows]] = rows  # of several that are written, the last one stays
        of_events = np.flatnonzero(tells[links.event_rows])
        of_events = of_events[np.argsort(ranks[links.event_rows[of_events]], kind="stable")]
        cover = find_first_cover(links.within, of_events)
        is_open = (first < 0) & (cover >= 0)
        first[is_open] = links.event_rows[of_events[cover[is_open]]]
        described[name] = texts.take(pack_values(first, pa.int64(), first >= 0))
    return described


def _read_entries(
    tables: _Tables, local: TimeArray, links: _Links, box_rows: IntArray, log: FaultLog
) -> pa.Table:
    """Read the media."""
    media = tables.media
    nothing = pa.nulls(len(media), pa.int64())
    columns = {
        "path": pc.fill_null(media.cells("filePath"), ""),
        "cause": _find_causes(media, log),
        **_describe(tables.observations, links, box_rows),
        "location": _find_locations(tables, log),
        "deployment": media.cells("deploymentID"),
        "captured": pack_values(local, pa.timestamp("ms")),
        "width": nothing,
        "height": nothing,
    }
    return pa.table([columns[name] for name in ENTRIES.names], schema=ENTRIES)


def _find_locations(tables: _Tables, log: FaultLog) -> pa.Array:
    """Find the location of each medium."""
    ids = tables.deployments.cells("deploymentID")
    for table in (tables.media, tables.observations):
        is_lost = look_up(table.cells("deploymentID"), ids) < 0
        table.note_cells(log, "deploymentID", is_lost, "the id of a deployment")
    rows = look_up(tables.media.cells("deploymentID"), ids)
    return tables.deployments.cells("locationID").take(pack_values(rows, pa.int64(), rows >= 0))


def _find_causes(media: Table, log: FaultLog) -> pa.Array:
    """Find out which media cannot be used, whatever is on disk."""
    paths = media.cells("filePath")
    media.note_cells(log, "filePath", ~unpack(pc.is_valid(paths)), "a path")
    types = pc.utf8_lower(pc.fill_null(media.cells("fileMediatype"), "image/"))
    cases = [
        (Cause.MISSING, pc.is_null(paths)),
        (Cause.VIDEO, pc.starts_with(types, "video/")),
        (Cause.NOT_AN_IMAGE, pc.invert(pc.starts_with(types, "image/"))),
        (Cause.ON_THE_WEB, pc.fill_null(pc.match_substring_regex(paths, URL_START), False)),
    ]
    return pc.case_when(
        pc.make_struct(*(is_case for _, is_case in cases)),
        *(pa.scalar(cause.name, pa.string()) for cause, _ in cases),
    )
