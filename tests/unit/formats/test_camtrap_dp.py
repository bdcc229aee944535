"""Tests of smartdownsample.formats.camtrap_dp."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from camtrap_packages import (
    SHARED_FORMATS,
    SHARED_PACKAGES,
    make_box,
    make_descriptor,
    make_event,
    make_medium,
    make_observation,
    make_package,
    write_package,
)
from pictures import NO_SHARED_IMAGES
from smartdownsample import InvalidParameterError
from smartdownsample.errors import DocumentWarning
from smartdownsample.formats import BOXES, ENTRIES
from smartdownsample.formats.camtrap_dp import CamtrapDp, is_camtrap_dp, read_camtrap_dp

Rows = list[dict[str, str]]


def read(folder: Path, media: Rows, observations: Rows, **more: Any) -> CamtrapDp:
    return read_camtrap_dp(write_package(folder, make_package(media, observations, **more)))


def list_column(package: CamtrapDp, name: str) -> list[Any]:
    return list(package.entries[name].to_pylist())


def reduce(package: CamtrapDp, entries: list[int], boxes: list[int] | None = None) -> list[str]:
    """Return the ids of the observations that stay."""
    chosen = None if boxes is None else np.array(boxes, np.int64)
    files = package.reduce(np.array(entries, np.int64), chosen)
    return [line.split(",")[0] for line in files["observations.csv"].decode().splitlines()[1:]]


def test_media_are_entries_in_their_order(tmp_path: Path) -> None:
    """With what deployments and observations say of them."""
    media = [make_medium(2), make_medium(1, timestamp="2024-05-01T10:01:00.5-05:00")]
    package = read(tmp_path, media, [make_observation(0, 1, eventID="e7")])
    assert package.entries.schema == ENTRIES
    assert package.entries.to_pylist() == [
        {
            "path": f"cam/IMG_{number}.JPG",
            "cause": None,
            "label": label,
            "location": "l1",
            "deployment": "d1",
            "sequence": sequence,
            "captured": captured,
            "width": None,
            "height": None,
        }
        for number, label, sequence, captured in (
            (2, None, None, datetime(2024, 5, 1, 10, 2)),  # noqa: DTZ001 - of the camera
            (1, "Vulpes vulpes", "e7", datetime(2024, 5, 1, 10, 1, 0, 500_000)),  # noqa: DTZ001
        )
    ]
    assert (package.format, package.version, package.orientation) == (
        "Camtrap DP",
        "1.0.2",
        "upright",
    )
    assert package.typical_confidence is None
    assert package.n_faults == 0
    assert package.file == str(tmp_path)


def test_observations_of_media_with_four_numbers_are_boxes(tmp_path: Path) -> None:
    """In their order, each numbered among the boxes of its medium."""
    observations = [
        make_observation(0, 1, **make_box()),
        make_observation(1, 0, **make_box(x="0")),
        make_observation(2, 1),
        make_observation(3, 1, **make_box(), scientificName="", observationType="human"),
        make_event(4, 0, 1, **make_box()),
    ]
    package = read(tmp_path, [make_medium(0), make_medium(1)], observations)
    assert package.boxes.schema == BOXES
    assert package.boxes.to_pylist() == [
        {
            "entry": entry,
            "place": place,
            "x": x,
            "y": 0.2,
            "width": 0.3,
            "height": 0.4,
            "is_in_pixels": False,
            "confidence": None,
            "category": category,
            "number": category,
            "label": label,
            "is_verified": False,
        }
        for entry, place, x, category, label in (
            (1, 0, 0.1, "animal", "Vulpes vulpes"),
            (0, 0, 0.0, "animal", "Vulpes vulpes"),
            (1, 1, 0.1, "human", "human"),
        )
    ]
    assert package.categories == {"animal": "animal", "human": "human"}


@pytest.mark.parametrize(
    ("method", "confidence", "is_verified"),
    [("human", None, True), ("machine", 0.7, False), ("", None, False), ("NA", None, False)],
)
def test_a_confidence_is_a_machines(
    tmp_path: Path, method: str, confidence: float | None, *, is_verified: bool
) -> None:
    """What people classified is verified."""
    cells = {"classificationMethod": method, "classificationProbability": "0.7"}
    observations = [make_observation(0, 0, **make_box(), **cells)]
    (box,) = read(tmp_path, [make_medium(0)], observations).boxes.to_pylist()
    assert (box["confidence"], box["is_verified"]) == (confidence, is_verified)


def test_other_observations_label_the_photo(tmp_path: Path) -> None:
    """A species before a type, whatever the order of rows; a type where nobody named a species."""
    observations = [
        make_observation(0, 0, observationType="human", scientificName=""),
        make_observation(1, 0),
        make_observation(2, 1, observationType="blank", scientificName="NA"),
        make_observation(3, 2, **make_box()),
        make_observation(4, 3, observationType="", scientificName=""),
    ]
    media = [make_medium(number) for number in range(4)]
    labels = ["Vulpes vulpes", "blank", None, "unclassified"]
    assert list_column(read(tmp_path, media, observations), "label") == labels
    assert list_column(read(tmp_path, media, observations[::-1]), "label") == labels


def test_events_label_the_media_between_their_ends(tmp_path: Path) -> None:
    """Both ends included, of their deployment alone; what is said of a medium comes first."""
    media = [make_medium(number) for number in range(6)]
    media[2]["deploymentID"] = "d2"
    observations = [
        make_event(0, 1, 4, eventID="e1"),
        make_event(1, 4, 5, eventID="e0", scientificName="Meles meles"),
        make_observation(2, 3, eventID="e9", scientificName="Lynx lynx"),
        make_event(3, 3, 1, eventID="never", scientificName="Aaa"),
    ]
    package = read(tmp_path, media, observations)
    assert list_column(package, "label") == [
        *(None, "Vulpes vulpes", None, "Lynx lynx", "Meles meles", "Meles meles")
    ]
    assert list_column(package, "sequence") == [None, "e1", None, "e9", "e0", "e0"]


def test_observations_without_a_level_are_of_their_medium_or_of_an_event(tmp_path: Path) -> None:
    """Each is a fault as well."""
    observations = [
        make_observation(0, 0, observationLevel=""),
        make_event(1, 0, 1, observationLevel="x", scientificName="Meles meles"),
    ]
    package = read(tmp_path, [make_medium(0), make_medium(1)], observations)
    assert list_column(package, "label") == ["Vulpes vulpes", "Meles meles"]
    assert [fault.place for fault in package.faults] == [
        "observations.csv, row 2, observationLevel",
        "observations.csv, row 3, observationLevel",
    ]


@pytest.mark.parametrize(
    ("cells", "cause"),
    [
        ({"fileMediatype": "image/png"}, None),
        ({"fileMediatype": ""}, None),
        ({"fileMediatype": "Image/JPEG", "filePublic": "false"}, None),
        ({"fileMediatype": "video/mp4"}, "VIDEO"),
        ({"fileMediatype": "audio/wav"}, "NOT_AN_IMAGE"),
        ({"filePath": "https://example.org/IMG_1.JPG"}, "ON_THE_WEB"),
        ({"filePath": "HTTP://example.org/IMG_1.JPG"}, "ON_THE_WEB"),
        ({"filePath": ""}, "MISSING"),
    ],
)
def test_media_that_cannot_be_used_have_a_cause(
    tmp_path: Path, cells: dict[str, str], cause: str | None
) -> None:
    """Whether a file is public does not matter."""
    package = read(tmp_path, [make_medium(0, **cells), make_medium(1)], [])
    assert list_column(package, "cause") == [cause, None]


@pytest.mark.parametrize(
    ("medium", "observation", "place", "text"),
    [
        ({}, {"mediaID": "x"}, "observations.csv, row 2, mediaID", "the id of a medium. Got 'x'"),
        ({}, {"mediaID": ""}, "observations.csv, row 2, mediaID", "Got nothing"),
        ({}, {"observationLevel": "x"}, "observations.csv, row 2, observationLevel", "Got 'x'"),
        ({}, {"deploymentID": "x"}, "observations.csv, row 2, deploymentID", "Got 'x'"),
        ({}, make_box(x="x"), "observations.csv, row 2, bboxX", "a number. Got 'x'"),
        ({}, make_box(width="1e999"), "observations.csv, row 2, bboxWidth", "Got '1e999'"),
        ({}, make_box(height="NA"), "observations.csv, row 2, bboxHeight", "Got nothing"),
        (
            {},
            {**make_box(), "classificationProbability": "high"},
            "observations.csv, row 2, classificationProbability",
            "a number. Got 'high'",
        ),
        ({}, make_event(0, 0, 1, eventStart="x"), "observations.csv, row 2, eventStart", "'x'"),
        ({}, make_event(0, 0, 1, eventEnd=""), "observations.csv, row 2, eventEnd", "nothing"),
        ({"deploymentID": "x"}, {}, "media.csv, row 3, deploymentID", "Got 'x'"),
        ({"timestamp": "today"}, {}, "media.csv, row 3, timestamp", "Got 'today'"),
        ({"filePath": "NA"}, {}, "media.csv, row 3, filePath", "Got nothing"),
        ({"mediaID": ""}, {}, "media.csv, row 3, mediaID", "an id. Got nothing"),
    ],
)
def test_wrong_cells_are_faults(
    tmp_path: Path, medium: dict[str, str], observation: dict[str, str], place: str, text: str
) -> None:
    """The rest of the package is read."""
    media = [make_medium(0), make_medium(1, **medium)]
    package = read(tmp_path, media, [make_observation(0, 0, **observation)])
    assert package.n_faults == 1
    (fault,) = package.faults
    assert fault.place == place
    assert text in fault.text
    assert len(package.entries) == 2


def test_boxes_that_are_not_four_numbers_are_nan(tmp_path: Path) -> None:
    """They are counted as such; with fewer than four cells an observation has no box."""
    observations = [
        make_observation(0, 0, **make_box(y="x")),
        make_observation(1, 0, **make_box(y="")),
    ]
    package = read(tmp_path, [make_medium(0)], observations)
    (box,) = package.boxes.to_pylist()
    assert np.isnan([box[name] for name in ("x", "y", "width", "height")]).all()
    assert package.n_faults == 2
    assert list_column(package, "label") == ["Vulpes vulpes"]


@pytest.mark.parametrize("column", ["mediaID", "filePath", "timestamp"])
def test_a_table_without_its_columns_is_refused(tmp_path: Path, column: str) -> None:
    """With the table, and what to do."""
    files = make_package([make_medium(0)], [])
    files["media.csv"] = files["media.csv"].replace(column.encode(), b"other")
    with pytest.raises(InvalidParameterError, match=rf"media.csv.* It lacks {column}\."):
        read_camtrap_dp(write_package(tmp_path, files))


def test_columns_whose_cells_may_be_empty_may_be_absent(tmp_path: Path) -> None:
    """Then nothing is said of it."""
    files = make_package([make_medium(0)], [make_observation(0, 0)])
    for name in (b"bboxX", b"eventID", b"scientificName", b"classificationMethod"):
        files["observations.csv"] = files["observations.csv"].replace(name, name.upper())
    package = read_camtrap_dp(write_package(tmp_path, files))
    assert list_column(package, "label") == ["animal"]
    assert package.n_faults == 0


def test_a_package_without_a_table_is_refused(tmp_path: Path) -> None:
    """All three are of the standard."""
    descriptor = make_descriptor()
    del descriptor["resources"][2]
    with pytest.raises(InvalidParameterError, match="must have a resource called 'observations'"):
        read(tmp_path, [], [], descriptor=descriptor)


@pytest.mark.parametrize("table", ["media", "deployments"])
def test_an_id_that_is_there_twice_is_refused(tmp_path: Path, table: str) -> None:
    """With both rows, as spreadsheets count; nothing is no id."""
    files = make_package([make_medium(0), make_medium(1), make_medium(2)], [])
    files["deployments.csv"] += b"d2,,,,\nd1,,,,\n"
    if table == "media":
        files["deployments.csv"] = b"deploymentID\n"
        files["media.csv"] = files["media.csv"].replace(b"m2", b"m0")
    first, id_ = (2, "d1") if table == "deployments" else (2, "m0")
    pattern = rf"{table}.csv.* must have each id once. Got '{id_}' in the rows {first} and 4\."
    with pytest.raises(InvalidParameterError, match=pattern):
        read_camtrap_dp(write_package(tmp_path, files))


@pytest.mark.parametrize("version", ["1.0", "1.0.1", "1.0.2"])
@pytest.mark.parametrize("by", ["profile", "schema", "version"])
def test_the_version_is_that_of_the_profile(tmp_path: Path, version: str, by: str) -> None:
    """Else that of a schema, else what the package says."""
    descriptor = make_descriptor(version)
    if by != "profile":
        descriptor["profile"] = "tabular-data-package"
    if by == "version":
        descriptor["version"] = version
        for resource in descriptor["resources"]:
            del resource["schema"]
    else:
        descriptor["version"] = "7"
    assert read(tmp_path, [], [], descriptor=descriptor).version == version


def test_a_package_may_say_no_version(tmp_path: Path) -> None:
    """Its columns tell what it is, and schemas may be inline."""
    descriptor = make_descriptor()
    del descriptor["profile"]
    for resource in descriptor["resources"]:
        resource["schema"] = {"fields": [{"name": "mediaID"}], "missingValues": ["", "-"]}
    media = [make_medium(0, fileMediatype="-")]
    package = read(tmp_path, media, [], descriptor=descriptor)
    assert package.version == ""
    assert list_column(package, "cause") == [None]


@pytest.mark.parametrize("version", ["0.1.6", "0.4"])
def test_old_versions_are_refused(tmp_path: Path, version: str) -> None:
    """They have other columns."""
    files = {"datapackage.json": json.dumps(make_descriptor(version)).encode()}
    assert is_camtrap_dp(write_package(tmp_path, files))
    with pytest.raises(InvalidParameterError, match=rf"'{version}'\. Export it again, as Camtrap"):
        read_camtrap_dp(str(tmp_path))


def test_newer_versions_are_read_with_one_warning(tmp_path: Path) -> None:
    """By their structure."""
    with pytest.warns(DocumentWarning, match=r"is of Camtrap DP '1\.3', which") as warned:
        package = read(tmp_path, [make_medium(0)], [], descriptor=make_descriptor("1.3"))
    assert len(warned) == 1
    assert (package.version, len(package.entries)) == ("1.3", 1)


def test_archives_are_refused(tmp_path: Path) -> None:
    """With advice."""
    (tmp_path / "x.zip").write_bytes(b"PK\x03\x04")
    with pytest.raises(InvalidParameterError, match="Unpack it first"):
        read_camtrap_dp(str(tmp_path / "x.zip"))


def test_packages_are_recognised_by_their_content(tmp_path: Path) -> None:
    """As folders, and as descriptors of any name; other JSON and folders of photos are not."""
    files = make_package([], [])
    folder = write_package(tmp_path / "a", {**files, "any.txt": files["datapackage.json"]})
    (tmp_path / "b").mkdir()
    (tmp_path / "b.json").write_text('{"images": [], "detection_categories": {}}')
    assert is_camtrap_dp(folder)
    assert is_camtrap_dp(f"{folder}/any.txt")
    assert read_camtrap_dp(f"{folder}/any.txt").file == f"{folder}/any.txt"
    assert not is_camtrap_dp(str(tmp_path / "b"))
    assert not is_camtrap_dp(str(tmp_path / "b.json"))


def test_media_that_stay_keep_their_observations_and_events(tmp_path: Path) -> None:
    """Every byte of a row that stays is as it was, and all deployments stay."""
    media = [make_medium(number, exifData='{"a": "b,\n"}') for number in range(4)]
    observations = [
        make_event(0, 0, 1),
        make_observation(1, 0, **make_box()),
        make_observation(2, 3),
        make_event(3, 2, 3),
        make_observation(4, 2, **make_box()),
        make_observation(5, 9),
        make_event(6, 8, 9),
    ]
    files = make_package(media, observations, newline="\r\n")
    package = read_camtrap_dp(write_package(tmp_path, files))
    reduced = package.reduce(np.array([1, 3]))
    assert reduced.keys() == files.keys()
    for name in ("deployments.csv", "datapackage.json"):
        assert reduced[name] == files[name]
    head, *rows = files["media.csv"].split(b"\r\n")
    assert reduced["media.csv"] == b"\r\n".join([head, rows[1], rows[3], b""])
    assert reduce(package, [1, 3]) == ["o0", "o2", "o3"]
    assert reduce(package, [0]) == ["o0", "o1"]
    assert reduce(package, []) == []


def test_with_all_media_the_package_stays_as_it_is(tmp_path: Path) -> None:
    """Observations of no medium as well."""
    observations = [make_observation(0, 9), make_event(1, 5, 6), make_observation(2, 0)]
    descriptor = make_descriptor()
    descriptor["resources"][1]["bytes"] = 7
    files = make_package([make_medium(0)], observations, descriptor)
    package = read_camtrap_dp(write_package(tmp_path, files))
    assert package.reduce(np.array([0])) == files


def test_only_chosen_boxes_stay(tmp_path: Path) -> None:
    """What has no box says something of the whole photo, and stays."""
    media = [make_medium(0), make_medium(1)]
    observations = [
        make_observation(0, 0, **make_box()),
        make_observation(1, 0),
        make_observation(2, 0, **make_box(x="0.5")),
        make_observation(3, 1, **make_box()),
    ]
    package = read(tmp_path, media, observations)
    assert reduce(package, [0], [1]) == ["o1", "o2"]
    assert reduce(package, [0, 1], [0, 2]) == ["o0", "o1", "o3"]
    assert reduce(package, [0, 1], []) == ["o1"]


def test_other_files_of_the_descriptor_go_along(tmp_path: Path) -> None:
    """Byte by byte; sums of what was written anew are left out, those of others stay."""
    descriptor = make_descriptor()
    for resource in descriptor["resources"]:
        resource |= {"bytes": 1, "hash": "x"}
    descriptor["resources"][1]["schema"] = "schemas/media.json"
    descriptor["resources"].append({"name": "more", "path": "more/x.csv", "bytes": 4})
    descriptor["resources"].append({"name": "absent", "path": "absent.csv"})
    files = make_package([make_medium(0), make_medium(1)], [make_observation(0, 0)], descriptor)
    files |= {"schemas/media.json": b"{}", "more/x.csv": b"\xff\n", "unlisted.txt": b"x"}
    package = read_camtrap_dp(write_package(tmp_path, files))
    assert package.faults[0].place == "datapackage.json, resources[4].path"
    reduced = package.reduce(np.array([0]))
    assert reduced.keys() == files.keys() - {"unlisted.txt"}
    for name in ("schemas/media.json", "more/x.csv", "observations.csv"):
        assert reduced[name] == files[name]
    del descriptor["resources"][1]["bytes"], descriptor["resources"][1]["hash"]
    assert json.loads(reduced["datapackage.json"]) == descriptor


def test_a_file_that_is_gone_when_it_is_written_is_told(tmp_path: Path) -> None:
    """Instead of a package without it."""
    package = read(tmp_path, [make_medium(0)], [])
    (tmp_path / "deployments.csv").unlink()
    with pytest.raises(InvalidParameterError, match=r"deployments\.csv"):
        package.reduce(np.array([0]))


@pytest.mark.skipif(not SHARED_FORMATS.is_dir(), reason=NO_SHARED_IMAGES)
@pytest.mark.parametrize("name", SHARED_PACKAGES)
def test_real_packages_are_read_and_written_byte_by_byte(tmp_path: Path, name: str) -> None:
    """All of their media make the same files; some make a package that is read as these."""
    folder = SHARED_FORMATS / name
    assert is_camtrap_dp(str(folder))
    package = read_camtrap_dp(str(folder))
    n = len(package.entries)
    files = package.reduce(np.arange(n))
    assert files == {path: (folder / path).read_bytes() for path in files}
    chosen = np.arange(1, n, 3)
    part = read_camtrap_dp(write_package(tmp_path, package.reduce(chosen)))
    assert part.entries.equals(package.entries.take(chosen))
    is_chosen = np.isin(package.boxes["entry"].to_numpy(), chosen)
    columns = [column for column in BOXES.names if column != "entry"]
    assert part.boxes.select(columns).equals(package.boxes.select(columns).filter(is_chosen))


def test_a_table_that_changes_before_it_is_written_is_told(tmp_path: Path) -> None:
    """Rows would be cut in the wrong places."""
    package = read(tmp_path, [make_medium(0), make_medium(1)], [])
    with (tmp_path / "media.csv").open("ab") as file:
        file.write(b"x")
    with pytest.raises(InvalidParameterError, match=r"media\.csv.* has changed since it was read"):
        package.reduce(np.array([0]))


def test_boxes_are_named_by_their_row(tmp_path: Path) -> None:
    """As spreadsheets number it."""
    observations = [make_observation(0, 0), make_observation(1, 1, **make_box())]
    package = read_camtrap_dp(
        write_package(tmp_path, make_package([make_medium(0), make_medium(1)], observations))
    )
    assert package.name_box(0) == "observations.csv, row 3"
