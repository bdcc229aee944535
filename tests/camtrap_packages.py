"""Camtrap DP packages to test with: a small one, and any that hypothesis can think of."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from pictures import SHARED_IMAGES

PROFILE = "https://raw.githubusercontent.com/tdwg/camtrap-dp/{}/camtrap-dp-profile.json"
SCHEMA = "https://raw.githubusercontent.com/tdwg/camtrap-dp/{}/{}-table-schema.json"
BOM = b"\xef\xbb\xbf"
BOX = ("bboxX", "bboxY", "bboxWidth", "bboxHeight")
# The columns of the standard that are read, and some that are not.
COLUMNS = {
    "deployments": ("deploymentID", "locationID", "latitude", "longitude", "habitat"),
    "media": (
        "mediaID",
        "deploymentID",
        "captureMethod",
        "timestamp",
        "filePath",
        "filePublic",
        "fileMediatype",
        "exifData",
    ),
    "observations": (
        "observationID",
        "deploymentID",
        "mediaID",
        "eventID",
        "eventStart",
        "eventEnd",
        "observationLevel",
        "observationType",
        "scientificName",
        *BOX,
        "classificationMethod",
        "classificationProbability",
        "observationComments",
    ),
}
SHARED_FORMATS = SHARED_IMAGES / "formats"
SHARED_PACKAGES = (
    "drivendataorg+zamba/tests/assets/images/camtrap_dp_small",
    "tdwg+camtrap-dp/1.0/example",
    "tdwg+camtrap-dp/example",
)
Rows = Sequence[Mapping[str, str]]


def spell_cell(cell: str, delimiter: str = ",", *, in_quotes: bool = False) -> str:
    """Spell a cell as CSV has it, in quotes where it needs them."""
    if in_quotes or set(cell) & {delimiter, '"', "\n", "\r"}:
        return '"' + cell.replace('"', '""') + '"'
    return cell


def spell_table(
    columns: Iterable[str], rows: Rows, *, newline: str = "\n", delimiter: str = ","
) -> bytes:
    """Spell a table as CSV; cells that a row lacks are empty."""
    names = list(columns)
    lines = [names, *([row.get(name, "") for name in names] for row in rows)]
    return "".join(
        delimiter.join(spell_cell(cell, delimiter) for cell in line) + newline for line in lines
    ).encode()


def make_descriptor(version: str = "1.0.2") -> dict[str, Any]:
    """Make the descriptor of a package of three tables."""
    resources = [
        {
            "name": name,
            "path": f"{name}.csv",
            "profile": "tabular-data-resource",
            "schema": SCHEMA.format(version, name),
        }
        for name in COLUMNS
    ]
    return {"resources": resources, "profile": PROFILE.format(version), "name": "made-for-tests"}


def make_medium(number: int, **cells: str) -> dict[str, str]:
    """Make a row of media: frames of one camera, a minute apart."""
    return {
        "mediaID": f"m{number}",
        "deploymentID": "d1",
        "timestamp": f"2024-05-01T10:{number:02}:00+02:00",
        "filePath": f"cam/IMG_{number}.JPG",
        "filePublic": "true",
        "fileMediatype": "image/jpeg",
        **cells,
    }


def make_observation(number: int, medium: int, **cells: str) -> dict[str, str]:
    """Make a row of observations: a fox that somebody saw in a medium."""
    time = f"2024-05-01T08:{medium:02}:00Z"
    return {
        "observationID": f"o{number}",
        "deploymentID": "d1",
        "mediaID": f"m{medium}",
        "eventStart": time,
        "eventEnd": time,
        "observationLevel": "media",
        "observationType": "animal",
        "scientificName": "Vulpes vulpes",
        **cells,
    }


def make_event(number: int, first: int, last: int, **cells: str) -> dict[str, str]:
    """Make a row of observations: of an event from one medium to another."""
    times = {"eventEnd": f"2024-05-01T08:{last:02}:00Z", "mediaID": "", "observationLevel": "event"}
    return make_observation(number, first, **{**times, **cells})


def make_box(x: str = "0.1", y: str = "0.2", width: str = "0.3", height: str = "0.4") -> Any:
    """Make the cells of a box."""
    return dict(zip(BOX, (x, y, width, height), strict=True))


def make_package(
    media: Rows,
    observations: Rows,
    descriptor: dict[str, Any] | None = None,
    **spelling: str,
) -> dict[str, bytes]:
    """Make the files of a package with one deployment, ``d1`` at ``l1``."""
    deployments = [{"deploymentID": "d1", "locationID": "l1", "latitude": "5", "longitude": "6"}]
    tables = {"deployments": deployments, "media": media, "observations": observations}
    return {
        "datapackage.json": json.dumps(descriptor or make_descriptor(), indent=2).encode(),
        **{
            f"{name}.csv": spell_table(COLUMNS[name], rows, **spelling)
            for name, rows in tables.items()
        },
    }


def write_package(folder: Path, files: Mapping[str, bytes]) -> str:
    """Write the files of a package; return its folder."""
    for path, content in files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    return str(folder)


WEIRD = st.sampled_from(
    ["", "NA", "nan", "x", '{"a": "b, c"}', "two\nlines", "two\r\nlines", '"', "é", "'=1", " "]
)
TIMES = st.integers(0, 59).map(lambda minute: f"2024-05-01T08:{minute:02}:00Z")
NUMBERS = st.sampled_from(["0.1", "0.25", ".5", "1e-3", "1", "", "NA", "x", "1e999"])


@st.composite
def media_rows(draw: st.DrawFn) -> list[dict[str, str]]:
    """Draw the rows of some media."""
    n = draw(st.integers(0, 8))
    return [
        make_medium(
            number,
            deploymentID=draw(st.sampled_from(["d1", "d2", "", "nowhere"])),
            timestamp=draw(TIMES | WEIRD),
            fileMediatype=draw(st.sampled_from(["image/jpeg", "video/mp4", "", "text/html"])),
            exifData=draw(WEIRD),
        )
        for number in range(n)
    ]


@st.composite
def observation_rows(draw: st.DrawFn) -> list[dict[str, str]]:
    """Draw the rows of some observations, of any medium and event or none."""
    n = draw(st.integers(0, 12))
    return [
        {
            "observationID": f"o{number}",
            "deploymentID": draw(st.sampled_from(["d1", "d2", "", "nowhere"])),
            "mediaID": draw(st.integers(0, 9).map("m{}".format) | st.just("")),
            "eventID": draw(st.sampled_from(["e1", "e2", ""])),
            "eventStart": draw(TIMES | WEIRD),
            "eventEnd": draw(TIMES | WEIRD),
            "observationLevel": draw(st.sampled_from(["media", "media", "event", "", "x"])),
            "observationType": draw(st.sampled_from(["animal", "human", "blank", ""])),
            "scientificName": draw(st.sampled_from(["Vulpes vulpes", "Meles meles", "", "NA"])),
            **make_box(*(draw(NUMBERS) for _ in BOX)),
            "classificationMethod": draw(st.sampled_from(["human", "machine", ""])),
            "classificationProbability": draw(NUMBERS),
            "observationComments": draw(WEIRD),
        }
        for number in range(n)
    ]


@st.composite
def spell_anyhow(draw: st.DrawFn, columns: tuple[str, ...], rows: Rows) -> bytes:
    """Draw a way of spelling a table, and spell it."""
    names = draw(st.permutations(columns))
    newline = draw(st.sampled_from(["\n", "\r\n", "\r"]))
    lines = []
    for row in [dict(zip(names, names, strict=True)), *rows]:
        cells = (
            spell_cell(row.get(name, ""), in_quotes=draw(st.integers(0, 5)) == 0) for name in names
        )
        lines.append(",".join(cells) + newline * draw(st.sampled_from([1, 1, 1, 1, 2])))
    text = "".join(lines)
    if draw(st.booleans()):
        text = text.rstrip("\r\n")
    return BOM * draw(st.integers(0, 1)) + text.encode()


@st.composite
def packages(draw: st.DrawFn) -> dict[str, bytes]:
    """Draw the files of a package; all of them are read, whatever their cells are."""
    deployments = [{"deploymentID": "d1", "locationID": "l1"}, {"deploymentID": "d2"}]
    tables = {
        "deployments": deployments,
        "media": draw(media_rows()),
        "observations": draw(observation_rows()),
    }
    descriptor = make_descriptor(draw(st.sampled_from(["1.0", "1.0.1", "1.0.2"])))
    for resource in descriptor["resources"]:
        if draw(st.booleans()):
            resource |= {"bytes": 1, "hash": "sha256:0"}
    indent = draw(st.sampled_from([None, 2, 4]))
    return {
        "datapackage.json": json.dumps(descriptor, indent=indent).encode(),
        **{f"{name}.csv": draw(spell_anyhow(COLUMNS[name], rows)) for name, rows in tables.items()},
    }
