"""What people say of some of the photos, as a Camtrap DP package."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta

from shots import CAMERAS, TAXA, Rows, Shot

_SPECIFICATION = "https://raw.githubusercontent.com/tdwg/camtrap-dp/1.0.2"
_MEDIATYPES = {"JPG": "image/jpeg", "PNG": "image/png", "webp": "image/webp"}
_OBSERVATION_COLUMNS = [
    "observationID",
    "deploymentID",
    "mediaID",
    "eventID",
    "eventStart",
    "eventEnd",
    "observationLevel",
    "observationType",
    "cameraSetupType",
    "scientificName",
    "count",
    "lifeStage",
    "sex",
    "behavior",
    "individualID",
    "individualPositionRadius",
    "individualPositionAngle",
    "individualSpeed",
    "bboxX",
    "bboxY",
    "bboxWidth",
    "bboxHeight",
    "classificationMethod",
    "classifiedBy",
    "classificationTimestamp",
    "classificationProbability",
    "observationTags",
    "observationComments",
]
_OTHER_DEPLOYMENT_COLUMNS = [
    "setupBy",
    "cameraID",
    "cameraModel",
    "cameraDelay",
    "cameraHeight",
    "cameraDepth",
    "cameraTilt",
    "cameraHeading",
    "detectionDistance",
    "timestampIssues",
    "baitUse",
    "featureType",
    "habitat",
    "deploymentGroups",
    "deploymentTags",
    "deploymentComments",
]
# Here people looked at whole events and at the deer.
_BY_EVENT = "site_10_snow/cam_B"


def _with_zone(time: datetime) -> str:
    """Spell a time with its zone."""
    return f"{time:%Y-%m-%dT%H:%M:%S}+02:00"


def _name_deployment(camera: str) -> str:
    """Name the deployment of a camera."""
    return camera.replace("/cam_", "-")


def make_package(shots: Sequence[Shot]) -> tuple[dict[str, object], dict[str, Rows]]:
    """Make a package: its descriptor, and its tables by name.

    Parameters
    ----------
    shots : sequence of Shot
        The photos, camera by camera.

    Returns
    -------
    descriptor : dict
        Content of datapackage.json.
    tables : dict of str to list of dict
        Rows of each table; all rows of a table have the same columns.
    """
    tables = {
        "deployments": _make_deployments(shots),
        "media": _make_media(shots),
        "observations": _make_observations(shots),
    }
    return _make_descriptor(shots, list(tables)), tables


def _make_descriptor(shots: Sequence[Shot], tables: Sequence[str]) -> dict[str, object]:
    """Make the descriptor of a package."""
    resources = [
        {
            "name": name,
            "path": f"{name}.csv",
            "profile": "tabular-data-resource",
            "format": "csv",
            "mediatype": "text/csv",
            "encoding": "utf-8",
            "schema": f"{_SPECIFICATION}/{name}-table-schema.json",
        }
        for name in tables
    ]
    times = sorted(shot.taken for shot in shots)
    seen = sorted({TAXA[shot.species].scientific for shot in shots if shot.box is not None})
    return {
        "resources": resources,
        "profile": f"{_SPECIFICATION}/camtrap-dp-profile.json",
        "name": "rendered-photos",
        "title": "Rendered photos of four cameras",
        "created": "2024-06-20T12:00:00Z",
        "contributors": [{"title": "The smartdownsample developers", "role": "contact"}],
        "version": "1.0",
        "project": {
            "title": "Rendered photos",
            "samplingDesign": "opportunistic",
            "captureMethod": ["activityDetection"],
            "individualAnimals": False,
            "observationLevel": ["media", "event"],
        },
        "spatial": {"type": "Point", "coordinates": [5.0, 52.0]},
        "temporal": {"start": f"{times[0]:%Y-%m-%d}", "end": f"{times[-1]:%Y-%m-%d}"},
        "taxonomic": [{"scientificName": name} for name in seen],
    }


def _make_deployments(shots: Sequence[Shot]) -> Rows:
    """Make a row for each camera."""
    rows: Rows = []
    for number, camera in enumerate(CAMERAS):
        times = sorted(shot.taken for shot in shots if shot.camera == camera)
        rows.append(
            {
                "deploymentID": _name_deployment(camera),
                "locationID": camera.partition("/")[0],
                "locationName": camera.partition("/")[0].split("_")[2],
                "latitude": round(52 + 0.01 * number, 2),
                "longitude": round(5 + 0.01 * number, 2),
                "coordinateUncertainty": 100,
                "deploymentStart": _with_zone(times[0] - timedelta(hours=1)),
                "deploymentEnd": _with_zone(times[-1] + timedelta(hours=1)),
                **dict.fromkeys(_OTHER_DEPLOYMENT_COLUMNS, ""),
            }
        )
    return rows


def _make_media(shots: Sequence[Shot]) -> Rows:
    """Make a row for each photo; a cell of some has commas, quotes and line breaks."""
    rows: Rows = []
    for number, shot in enumerate(shots, 1):
        exif = {"Orientation": shot.orientation, "DateTimeOriginal": f"{shot.taken}"}
        rows.append(
            {
                "mediaID": f"m{number}",
                "deploymentID": _name_deployment(shot.camera),
                "captureMethod": "activityDetection",
                "timestamp": _with_zone(shot.taken),
                "filePath": shot.path,
                "filePublic": "true",
                "fileName": shot.path.rpartition("/")[2],
                "fileMediatype": _MEDIATYPES[shot.path.rpartition(".")[2]],
                "exifData": json.dumps(exif, indent=1) if shot.orientation > 1 else "",
                "favorite": "",
                "mediaComments": "",
            }
        )
    return rows


def _make_observations(shots: Sequence[Shot]) -> Rows:
    """Make a row for each animal in a photo, and one for each event that people looked at."""
    rows: Rows = []
    for number, shot in enumerate(shots, 1):
        if shot.camera == _BY_EVENT and shot.frame == 1:
            rows.append(_observe(shot, f"o{number}_event", "event"))
        if shot.camera != _BY_EVENT or shot.species == "deer":
            row = _observe(shot, f"o{number}", "media")
            row["mediaID"] = f"m{number}"
            columns = ("bboxX", "bboxY", "bboxWidth", "bboxHeight")
            row.update(zip(columns, shot.shares or ("", "", "", ""), strict=True))
            rows.append(row)
    return rows


def _observe(shot: Shot, identifier: str, level: str) -> dict[str, object]:
    """Make what is said of a photo or of the event that starts with it."""
    start = shot.taken - timedelta(seconds=shot.frame - 1)
    row: dict[str, object] = dict.fromkeys(_OBSERVATION_COLUMNS, "")
    row |= {
        "observationID": identifier,
        "deploymentID": _name_deployment(shot.camera),
        "eventID": shot.event,
        "eventStart": _with_zone(start),
        "eventEnd": _with_zone(start + timedelta(seconds=shot.n_frames - 1)),
        "observationLevel": level,
        "observationType": "blank" if shot.box is None else "animal",
        "classificationMethod": "human",
        "classifiedBy": "A. Observer",
        "classificationTimestamp": "2024-06-20T12:00:00Z",
    }
    if shot.box is not None:
        row |= {"scientificName": TAXA[shot.species].scientific, "count": 1}
    return row
