"""Documents of detections for tests and benchmarks, as texts; each depends on its seed only."""

import json
import random
from collections.abc import Callable
from typing import Any

STYLES: list[dict[str, Any]] = [{"indent": 1}, {}, {"separators": (",", ":")}, {"indent": "\t"}]
SPECIES = (
    "5f1b;mammalia;proboscidea;elephantidae;loxodonta;africana;african elephant",
    "ba2c;mammalia;carnivora;felidae;;;cat family",
    "f185;;;;;;blank",
)


def dump(document: object, seed: int) -> bytes:
    """Make the text of a document, in one of the styles that are about."""
    return json.dumps(document, **STYLES[seed % len(STYLES)]).encode()


def make_megadetector(n_entries: int, seed: int) -> bytes:
    """Make MegaDetector's results, with a failure, a blank photo and a video now and then."""
    draw = random.Random(seed)
    document: dict[str, Any] = {
        "info": {"format_version": draw.choice(["1.3", "1.4", "1.6"]), "detector": "md_v5a"},
        "detection_categories": {"1": "animal", "2": "person", "3": "vehicle"},
        "classification_categories": {"0": "fox", "1": "red deer"},
        "images": [make_entry(draw, i) for i in range(n_entries)],
    }
    if draw.random() < 0.2:
        return dump(document["images"], seed)
    keys = list(document)
    draw.shuffle(keys)
    return dump({key: document[key] for key in keys}, seed)


def make_entry(draw: random.Random, number: int) -> dict[str, Any]:
    """Make an entry of MegaDetector's."""
    entry: dict[str, Any] = {"file": f"cam {number % 7}/IMG_{number:04}.JPG", "note": "ä\u2028"}
    if draw.random() < 0.1:
        return {**entry, "failure": "Failure image access", "detections": None}
    if draw.random() < 0.05:
        video = {"file": f"{number}.mp4", "frame_rate": 30.0, "frames_processed": [0]}
        return {**entry, **video, "detections": []}
    entry["detections"] = [make_detection(draw) for _ in range(draw.choice([0, 1, 1, 2, 5]))]
    if draw.random() < 0.5:
        confidences = [found["conf"] for found in entry["detections"]]
        entry["max_detection_conf"] = max(confidences, default=0.0)
    if draw.random() < 0.5:
        entry["datetime"] = f"2024-05-{draw.randrange(1, 29):02} 07:30:{draw.randrange(60):02}"
    return entry


def make_detection(draw: random.Random) -> dict[str, Any]:
    """Make a detection of MegaDetector's."""
    x, y = draw.random() / 2, draw.random() / 2
    found: dict[str, Any] = {
        "category": draw.choice("1123"),
        "conf": round(draw.random(), 3),
        "bbox": [round(each, 4) for each in (x, y, draw.random() / 2, draw.random() / 2)],
    }
    if draw.random() < 0.5:
        found["classifications"] = [[draw.choice("01"), 0.9], ["1", 0.05]]
    return found


def make_coco(n_entries: int, seed: int) -> bytes:
    """Make COCO Camera Traps: boxes in pixels or shares, labels; numbers or texts as ids."""
    draw = random.Random(seed)
    spell: Callable[[int], int | str] = draw.choice([int, str])
    images = [
        {
            "id": spell(i),
            "file_name": f"loc{i % 3}/{i}.jpg",
            **({"width": 2048, "height": 1536} if draw.random() < 0.8 else {}),
            "location": draw.choice([7, "A1"]),
            "seq_id": f"s{i // 3}",
            "datetime": "2019-03-01 04:05:06",
        }
        for i in range(n_entries)
    ]
    annotations = []
    for number in range(2 * n_entries):
        note: dict[str, Any] = {"id": number, "category_id": draw.randrange(3)}
        note["image_id"] = spell(draw.randrange(n_entries))
        kind = draw.choice(["bbox", "bbox", "bbox_relative", "label"])
        if kind != "label":
            scale = 500 if kind == "bbox" else 1
            note[kind] = [round(draw.random() * scale, 3) for _ in range(4)]
        if draw.random() < 0.1:
            note["iscrowd"] = 1
        annotations.append(note)
    names = ["empty", "deer", "fox"]
    document: dict[str, Any] = {
        "info": {"version": "1.0"},
        "images": images,
        "annotations": annotations,
        "categories": [{"id": i, "name": name} for i, name in enumerate(names)],
    }
    keys = list(document)
    draw.shuffle(keys)
    return dump({key: document[key] for key in keys}, seed)


def make_speciesnet(n_entries: int, seed: int) -> bytes:
    """Make SpeciesNet's predictions, of one of the two generations."""
    draw = random.Random(seed)
    is_new = draw.random() < 0.5
    make = make_new_prediction if is_new else make_old_prediction
    document: dict[str, Any] = {"info": {"format_version": "20261015"}} if is_new else {}
    document["predictions"] = [make(draw, i) for i in range(n_entries)]
    return dump(document, seed)


def make_new_prediction(draw: random.Random, number: int) -> dict[str, Any]:
    """Make a prediction with classifications for each detection."""
    entry: dict[str, Any] = {"filepath": f"a/{number}.jpg", "model_version": "4.0.3a"}
    if draw.random() < 0.1:
        return {**entry, "failures": ["DETECTOR", "CLASSIFIER"]}
    entry["detections"] = [make_detection(draw) for _ in range(draw.choice([0, 1, 2]))]
    for found in entry["detections"]:
        found.pop("classifications", None)
        found["raw_classifications"] = {"classes": [draw.choice(SPECIES)], "scores": [0.9]}
        found["processed_classification"] = {"class": draw.choice(SPECIES), "score": 0.8}
    return entry


def make_old_prediction(draw: random.Random, number: int) -> dict[str, Any]:
    """Make a prediction with one classification of the photo."""
    entry: dict[str, Any] = {"filepath": f"a/{number}.jpg", "model_version": "4.0.1a"}
    if draw.random() < 0.1:
        return {**entry, "failures": ["DETECTOR"]}
    entry["detections"] = [make_detection(draw) for _ in range(draw.choice([0, 1, 2]))]
    best = draw.choice(SPECIES)
    entry["classifications"] = {"classes": [best], "scores": [0.7]}
    return {**entry, "prediction": best, "prediction_score": 0.7, "prediction_source": "x"}


MAKERS: dict[str, Callable[[int, int], bytes]] = {
    "MegaDetector": make_megadetector,
    "COCO": make_coco,
    "SpeciesNet": make_speciesnet,
}
