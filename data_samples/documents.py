"""What detectors and people say of some of the photos, in the formats of the field.

The render script knows where it drew each animal, so the boxes are true. Confidences, and the boxes
that a detector would draw where nothing is, are made up.
"""

import csv
import io
import json
from collections.abc import Iterator, Sequence

import numpy as np

from camtrap_dp import make_package
from shots import CAMERAS, TAXA, Box, Rows, Shot, to_shares

_BLANK = "f1856211-cfb7-4a5b-9158-c0f72fd09ee6;;;;;;blank"
_DETECTOR_CATEGORIES = {"1": "animal", "2": "person", "3": "vehicle"}
# The card was read again when these two were gone.
_UNREADABLE = ("site_2_desert/cam_A/IMG_23.JPG", "site_10_snow/cam_B/IMG_15.JPG")
# What the detector sees beside the animals: category, confidence and box.
_FALSE_BOXES = {
    "site_2_desert/cam_A/IMG_12.JPG": [("1", 0.41, (412, 118, 470, 205))],
    "site_2_desert/cam_A/IMG_18.JPG": [("1", 0.08, (560, 40, 612, 96))],
    "site_3_savanna/cam_A/IMG_2.JPG": [("1", 0.06, (20, 210, 75, 262))],
    "site_3_savanna/cam_A/IMG_8.JPG": [("1", 0.13, (505, 190, 590, 268)),
                                       ("3", 0.05, (0, 300, 90, 380))],
    "site_10_snow/cam_B/IMG_2.JPG": [("1", 0.11, (70, 150, 120, 260))],
    "site_11_meadow/cam_A/IMG_9.JPG": [("2", 0.27, (330, 60, 372, 190)),
                                       ("1", 0.07, (15, 230, 60, 280))],
}  # fmt: skip
# A head that is taken for an animal of its own, as a part of the animal's box.
_HEAD = (0.0, 0.0, 0.36, 0.62)
_SEEN_TWICE = ("site_3_savanna/cam_A/IMG_13.JPG", "site_3_savanna/cam_A/IMG_14.JPG")
# An animal that the detector hardly sees.
_DIM = "site_2_desert/cam_A/IMG_19.JPG"
_SEED = 22


def make_documents(shots: Sequence[Shot]) -> Iterator[tuple[str, bytes, str]]:
    """Make a document of each format.

    Parameters
    ----------
    shots : sequence of Shot
        All photos; those of other cameras than `CAMERAS` are left out.

    Yields
    ------
    name, content, note : str, bytes, str
        Name of the file from the folder of documents on, its bytes, what it is.
    """
    shots = [shot for shot in shots if shot.camera in CAMERAS]
    detections = _detect(shots)
    megadetector = _to_json(_make_megadetector(shots, detections))
    yield "megadetector.json", megadetector, "MegaDetector 1.4, paths from photos/"
    yield "coco.json", _to_json(_make_coco(shots)), "COCO Camera Traps, paths from photos/"
    speciesnet = _to_json(_make_speciesnet(shots, detections))
    yield "speciesnet.json", speciesnet, "SpeciesNet, paths from the repository"
    package, tables = make_package(shots)
    note = "Camtrap DP 1.0.2, paths from photos/"
    yield "camtrap-dp/datapackage.json", _to_json(package), note
    for name, rows in tables.items():
        yield f"camtrap-dp/{name}.csv", _to_csv(rows), f"{name} of the package"


def _to_json(document: dict[str, object]) -> bytes:
    """Write a document as the tools of the field do."""
    return (json.dumps(document, indent=1) + "\n").encode("utf-8")


def _to_csv(rows: Rows) -> bytes:
    """Write a table; all of its rows have the same columns."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue().encode("utf-8")


def _turn_as_stored(shot: Shot, box: Box) -> Box:
    """Return a box of the upright picture in the picture as the file stores it."""
    left, top, right, bottom = box
    width, height = shot.size
    if shot.orientation == 6:  # noqa: PLR2004 (of EXIF: the viewer turns it clockwise)
        return top, width - right, bottom, width - left
    if shot.orientation == 8:  # noqa: PLR2004 (counterclockwise)
        return height - bottom, left, height - top, right
    return box


# ------------------------------------------------------------------ MegaDetector


def _detect(shots: Sequence[Shot]) -> dict[str, Rows]:
    """Make up what a detector says, by path: boxes, the most confident first."""
    rng = np.random.default_rng(_SEED)
    found = {}
    for shot in shots:
        boxes: Rows = []
        if shot.box is not None:
            confidence = 0.16 if shot.path == _DIM else round(float(rng.uniform(0.55, 0.97)), 3)
            boxes.append(_make_detection("1", confidence, shot.box, shot))
            if shot.path in _SEEN_TWICE:
                boxes.append(_make_detection("1", 0.32, _cut_out(shot.box, _HEAD), shot))
        for category, confidence, box in _FALSE_BOXES.get(shot.path, []):
            boxes.append(_make_detection(category, confidence, box, shot))
        found[shot.path] = boxes
    return found


def _make_detection(category: str, confidence: float, box: Box, shot: Shot) -> dict[str, object]:
    """Make an entry of a detector's list."""
    return {"category": category, "conf": confidence, "bbox": to_shares(box, shot.size)}


def _cut_out(box: Box, part: tuple[float, float, float, float]) -> Box:
    """Return a part of a box, given as left, top, right and bottom in shares of it."""
    left, top, right, bottom = box
    width, height = right - left, bottom - top
    return (
        left + round(part[0] * width),
        top + round(part[1] * height),
        left + round(part[2] * width),
        top + round(part[3] * height),
    )


def _make_megadetector(shots: Sequence[Shot], detections: dict[str, Rows]) -> dict[str, object]:
    """Make the output of a detector and a classifier."""
    numbers = {species: str(number) for number, species in enumerate(TAXA)}
    images: Rows = []
    for shot in shots:
        boxes = [dict(box) for box in detections[shot.path]]
        if shot.box is not None:
            confidence = float(str(boxes[0]["conf"]))
            boxes[0]["classifications"] = _classify(shot.species, numbers, confidence)
        taken = f"{shot.taken:%Y:%m:%d %H:%M:%S}"
        images.append({"file": shot.path, "datetime": taken, "detections": boxes})
    images += [
        {"file": path, "detections": None, "failure": "image access failure"}
        for path in _UNREADABLE
    ]
    return {
        "images": images,
        "detection_categories": _DETECTOR_CATEGORIES,
        "classification_categories": {
            number: TAXA[species].common for species, number in numbers.items()
        },
        "info": {
            "format_version": "1.4",
            "detector": "md_v1000.0.0-redwood.pt",
            "detection_completion_time": "2024-06-20 09:30:00",
            "detector_metadata": {
                "megadetector_version": "v1000.0.0-redwood",
                "typical_detection_threshold": 0.3,
            },
            "classifier": "made up",
            "classification_completion_time": "2024-06-20 10:10:00",
        },
    }


def _classify(species: str, numbers: dict[str, str], confidence: float) -> list[list[object]]:
    """Make up a classification: the species, and another one that it is hardly."""
    other = "bird" if species != "bird" else "hare"
    score = round(0.4 + 0.6 * confidence, 3)
    return [[numbers[species], score], [numbers[other], round((1 - score) / 2, 3)]]


# ------------------------------------------------------------------ COCO Camera Traps


def _make_coco(shots: Sequence[Shot]) -> dict[str, object]:
    """Make a data set of labels, with boxes in pixels of the pictures as they are stored."""
    numbers = {species: number for number, species in enumerate(TAXA, 1)}
    images: Rows = []
    annotations: Rows = []
    for number, shot in enumerate(shots, 1):
        left, top, right, bottom = _turn_as_stored(shot, (0, 0, *shot.size))
        images.append(
            {
                "id": f"{shot.event}-{shot.frame}",
                "file_name": shot.path,
                "width": right - left,
                "height": bottom - top,
                "location": shot.camera.partition("/")[0],
                "seq_id": shot.event,
                "seq_num_frames": shot.n_frames,
                "frame_num": shot.frame,
                "datetime": f"{shot.taken:%Y-%m-%d %H:%M:%S}",
            }
        )
        annotation: dict[str, object] = {"id": number, "image_id": images[-1]["id"]}
        if shot.box is None:
            annotation["category_id"] = 0
        else:
            left, top, right, bottom = _turn_as_stored(shot, shot.box)
            annotation["category_id"] = numbers[shot.species]
            annotation["bbox"] = [left, top, right - left, bottom - top]
        annotations.append({**annotation, "sequence_level_annotation": False})
    categories = [{"id": 0, "name": "empty"}]
    categories += [{"id": number, "name": species} for species, number in numbers.items()]
    info = {"version": "1.0", "year": 2024, "description": "Rendered photos", "contributor": ""}
    return {
        "info": info,
        "categories": categories,
        "images": images,
        "annotations": annotations,
    }


# ------------------------------------------------------------------ SpeciesNet


def _make_speciesnet(shots: Sequence[Shot], detections: dict[str, Rows]) -> dict[str, object]:
    """Make predictions; their paths are those that were given to the tool."""
    predictions: Rows = []
    for shot in shots:
        boxes = [
            {**box, "label": _DETECTOR_CATEGORIES[str(box["category"])]}
            for box in detections[shot.path]
        ]
        label = TAXA[shot.species].label if shot.box is not None else _BLANK
        score = round(0.4 + 0.6 * float(str(boxes[0]["conf"])), 3) if boxes else 0.93
        predictions.append(
            {
                "filepath": f"data_samples/photos/{shot.path}",
                "classifications": {
                    "classes": [label, TAXA["boar"].label if label == _BLANK else _BLANK],
                    "scores": [score, round((1 - score) / 2, 3)],
                },
                "detections": boxes,
                "prediction": label,
                "prediction_score": score,
                "prediction_source": "classifier",
                "model_version": "4.0.1a",
            }
        )
    first = next(row for row in predictions if row["detections"])
    for key in ("classifications", "prediction", "prediction_score", "prediction_source"):
        del first[key]
    first["failures"] = ["CLASSIFIER"]
    predictions += [
        {
            "filepath": f"data_samples/photos/{path}",
            "failures": ["CLASSIFIER", "DETECTOR"],
            "model_version": "4.0.1a",
        }
        for path in _UNREADABLE
    ]
    return {"predictions": predictions}
