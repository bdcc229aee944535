"""Render the sample collection: a card of camera-trap photos, crops, documents, broken files.

Run ``python data_samples/render.py`` to write the files and their manifest, and
``python data_samples/render.py --check`` to compare the files with the manifest. The same
versions of NumPy and Pillow give the same bytes.
"""

import argparse
import csv
import hashlib
import io
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from animals import BIRD_METRES, BUILDS, SPECIES, Pose, draw_animal, place_animal
from documents import make_documents
from exif import build_exif
from habitats import build_scene
from light import ByteArray, Moment, expose
from scenes import Scene
from shots import Box, Shot

SEED = 20240501
ROOT = Path(__file__).resolve().parent
MANIFEST = ROOT / "manifest.csv"
FOLDERS = ("photos", "crops", "documents", "broken")
MAKE = "FIELDCAM"


class File(NamedTuple):
    """A file of the collection: its path from `ROOT`, its bytes, what it is, what it shows."""

    path: str
    content: bytes
    kind: str
    note: str
    shot: Shot | None = None


@dataclass(frozen=True)
class Camera:
    """One camera on its tree.

    ``species`` are its visitors, ``share`` of the bursts have one; ``hours`` are those of the
    bursts, more than once if many fall into that time; ``style`` is the strip's colour.
    """

    folder: str
    habitat: str
    size: tuple[int, int]
    n_photos: int
    species: tuple[str, ...]
    share: float
    hours: tuple[float, ...]
    model: str
    style: str = "black"
    celsius: int = 14
    quality: int = 56
    cloud: float = 0.35
    fog: float = 0.002
    flakes: int = 0
    has_thumbnails: bool = False


_ALL_DAY = (6.2, 7.4, 9.0, 11.0, 12.6, 14.2, 16.0, 17.5, 18.9, 19.8, 21.3, 23.0, 2.2, 4.6)
_NIGHTS = (20.6, 21.8, 23.1, 0.7, 2.5, 4.2, 5.4, 7.0, 19.0)

CAMERAS = (
    Camera("site_1_forest/cam_A", "forest", (480, 360), 144, ("deer", "deer", "fox", "boar"),
           0.34, _ALL_DAY, "FC-2", quality=36),
    Camera("site_1_forest/cam_B", "thicket", (480, 360), 20, ("boar", "fox", "bird"), 0.6,
           (6.4, 8.5, 12.0, 15.5, 19.4, 22.0), "FC-2", "white", quality=42),
    Camera("site_2_desert/cam_A", "desert", (640, 360), 22, ("fox", "cat", "hare"), 0.6,
           (6.1, 12.5, 17.0, 19.7, 23.5, 3.0), "FC-5", celsius=27, cloud=0.2),
    Camera("site_3_savanna/cam_A", "savanna", (640, 480), 18, ("zebra", "zebra", "cat", "bird"),
           0.6, (7.5, 13.0, 17.4, 19.6, 22.4), "FC-5", "white", 24, 52, 0.3),
    Camera("site_10_snow/cam_A", "snow", (480, 360), 24, ("hare", "fox", "deer"), 0.5,
           (7.0, 9.5, 13.0, 16.0, 19.2, 22.0, 1.0), "FC-5", celsius=-6, cloud=0.6, flakes=45,
           quality=42, has_thumbnails=True),
    Camera("site_10_snow/cam_B", "birches", (512, 384), 14, ("deer", "boar"), 0.5, _NIGHTS,
           "FC-2", "white", -2, 50, 0.8, 0.012),
    Camera("site_11_meadow/cam_A", "meadow", (480, 360), 16, ("bird", "hare", "deer"), 0.5,
           (5.9, 6.6, 12.0, 21.5), "FC-2", celsius=11, cloud=0.3, fog=0.009,
           quality=42, has_thumbnails=True),
)  # fmt: skip
# Photo numbers that are stored another way than as an upright JPEG, by camera.
_SIDEWAYS = {("site_2_desert/cam_A", n): 6 for n in (4, 5, 6)}
_SIDEWAYS |= {("site_11_meadow/cam_A", n): 8 for n in (7, 8)}
_OTHER_FORMATS = {
    ("site_10_snow/cam_B", 3): "png",
    ("site_10_snow/cam_B", 9): "png",
    ("site_3_savanna/cam_A", 5): "webp",
}
_LARGE = {("site_3_savanna/cam_A", 12), ("site_1_forest/cam_B", 9)}
_LARGE_SIZE = (1600, 1200)
# Metres from the camera at which a visitor fills a good part of the picture.
_DISTANCES = {
    "deer": 4.2, "fox": 2.9, "boar": 3.8, "cat": 3.0, "zebra": 5.6, "hare": 2.7, "bird": 2.7,
}  # fmt: skip
_CROPPED_SIZE = (640, 480)
_LARGEST_CROP = (320, 240)
_PARTIAL_SHARE = 0.2
_WALKING_SHARE = 0.6
_FOG_LIFTS_HOUR = 9
_NOON = 12
# Sine of the height below which the sun colours the picture.
_LOW_SUN = 0.25
_N_CROPS = {"deer": 18, "fox": 12, "boar": 9, "cat": 7, "zebra": 8, "hare": 7, "bird": 11}
# Magic number, version, filler and one entry of 32 bytes of Finder information (RFC 1740).
_APPLE_DOUBLE = bytes.fromhex("00051607 00020000") + b"Mac OS X        " + bytes.fromhex(
    "0001 00000009 00000026 00000020"
) + bytes(32)  # fmt: skip


class Visit(NamedTuple):
    """An animal that walks through a burst."""

    species: str
    x: float
    z: float
    step: float
    pose: Pose
    seed: int


class Burst(NamedTuple):
    """A few photos one second apart."""

    start: datetime
    moment: Moment
    visit: Visit | None
    length: int


def main() -> None:
    """Render the collection, or check it."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--check", action="store_true", help="compare the files with the manifest")
    if parser.parse_args().check:
        problems = check_files()
        print("\n".join(problems) or f"All files are as {MANIFEST.name} says.")
        sys.exit(1 if problems else 0)
    write_files()


def write_files() -> None:
    """Write all files and the manifest, replacing what is there."""
    for path in _list_files():
        (ROOT / path).unlink()
    rows = []
    for file in render_files():
        target = ROOT / file.path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(file.content)
        rows.append((file.path, _digest(file.content), file.kind, file.note))
    with MANIFEST.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(("path", "sha256", "kind", "note"))
        writer.writerows(rows)


def check_files() -> list[str]:
    """Compare the files with the manifest.

    Returns
    -------
    list of str
        One line for each file that differs, is missing or is not expected.
    """
    with MANIFEST.open(newline="", encoding="utf-8") as stream:
        expected = {row["path"]: row["sha256"] for row in csv.DictReader(stream)}
    found = _list_files()
    problems = [f"missing: {path}" for path in expected if path not in found]
    problems += [f"unexpected: {path}" for path in sorted(found - expected.keys())]
    for path in sorted(found & expected.keys()):
        digest = _digest((ROOT / path).read_bytes())
        if digest != expected[path]:
            problems.append(f"differs: {path} has sha256 {digest}, expected {expected[path]}")
    return problems


def render_files() -> Iterator[File]:
    """Render the whole collection, file by file."""
    first = None
    shots = []
    for index, camera in enumerate(CAMERAS):
        for file in _render_camera(camera, SEED + 1000 * index):
            first = first or file
            if file.shot is not None:
                shots.append(file.shot)
            yield file
    yield from _render_crops()
    for name, content, note in make_documents(shots):
        yield File(f"documents/{name}", content, "document", note)
    if first is not None:
        yield from _break_files(first.content)


def _list_files() -> set[str]:
    """Return the paths of all files in the folders of the collection."""
    files = (path for name in FOLDERS for path in (ROOT / name).rglob("*") if path.is_file())
    return {path.relative_to(ROOT).as_posix() for path in files}


def _digest(content: bytes) -> str:
    """Return the SHA-256 of a file."""
    return hashlib.sha256(content).hexdigest()


def _render_camera(camera: Camera, seed: int) -> Iterator[File]:
    """Render the photos of one camera, burst by burst."""
    rng = np.random.default_rng(seed)
    scenes: dict[tuple[int, int], Scene] = {}
    number = 1
    for burst in list(_plan_bursts(camera, rng)):
        for shot in range(burst.length):
            size = _LARGE_SIZE if (camera.folder, number) in _LARGE else camera.size
            if size not in scenes:
                scenes[size] = build_scene(camera.habitat, *size, seed)
            pixels, box = _shoot(scenes[size], burst.moment, burst.visit, shot, rng)
            file = _store_photo(camera, number, pixels, burst, shot)
            shown = Shot(
                path=file.path.removeprefix("photos/"),
                camera=camera.folder,
                size=size,
                orientation=_SIDEWAYS.get((camera.folder, number), 1),
                taken=burst.start + timedelta(seconds=shot),
                frame=shot + 1,
                n_frames=burst.length,
                species=burst.visit.species if burst.visit else "",
                box=box,
            )
            yield file._replace(shot=shown)
            number += 1


def _plan_bursts(camera: Camera, rng: np.random.Generator) -> Iterator[Burst]:
    """Plan when a camera fires, in what weather and whether an animal is there."""
    day = datetime(2024, 5, 1)  # noqa: DTZ001 (cameras know no time zone)
    n_left, n_bursts, n_visits, last_hour = camera.n_photos, 0, 0, 0.0
    while n_left:
        hour = camera.hours[n_bursts % len(camera.hours)] + float(rng.uniform(-0.2, 0.2))
        if hour < last_hour:
            day += timedelta(days=1)
        visit = None
        # Spread evenly, so that a camera with few bursts still has its share of visitors.
        if camera.share * (n_bursts + 1) >= n_visits + 1:
            visit = _plan_visit(camera.species[n_visits % len(camera.species)], rng)
            n_visits += 1
        moment = Moment(
            hour,
            cloud=float(np.clip(camera.cloud + rng.normal(0, 0.2), 0, 1)),
            fog=camera.fog
            * float(rng.uniform(0.5, 2) if hour > _FOG_LIFTS_HOUR else rng.uniform(1, 5)),
            wind=float(rng.uniform(0.4, 1.6)),
            flakes=camera.flakes * int(rng.integers(0, 2)),
            gust=float(rng.uniform(0, 50)),
        )
        length = min(int(rng.integers(3, 6)), n_left)
        start = day + timedelta(seconds=round(hour * 3600))
        yield Burst(start, moment, visit, length)
        n_left, n_bursts, last_hour = n_left - length, n_bursts + 1, hour


def _plan_visit(species: str, rng: np.random.Generator) -> Visit:
    """Plan how an animal walks or stands, mostly near the middle of the view."""
    z = _DISTANCES[species] * float(rng.uniform(0.8, 1.35))
    walks = rng.random() < _WALKING_SHARE
    height = BUILDS[species].shoulder_metres if species in BUILDS else BIRD_METRES
    # Short necks do not reach the ground.
    lowest = 0.0 if species in {"deer", "zebra", "bird"} else 0.6
    pose = Pose(
        stride=float(rng.uniform(0, 2 * np.pi)) if walks else 0.35,
        head_up=1.0 if walks else float(rng.choice([lowest, lowest, 0.85, 1.0])),
        faces_left=bool(rng.integers(2)),
        is_male=bool(rng.integers(2)),
    )
    step = height * float(rng.uniform(0.2, 0.45)) * walks * (-1 if pose.faces_left else 1)
    x = float(rng.normal(0, 0.1)) * z - 1.5 * step
    return Visit(species, x, z, step, pose, int(rng.integers(1 << 16)))


def _shoot(
    scene: Scene, moment: Moment, visit: Visit | None, shot: int, rng: np.random.Generator
) -> tuple[ByteArray, Box | None]:
    """Take one photo of a burst; also return the box around the animal."""
    moment = replace(moment, gust=moment.gust + 0.35 * shot)
    if visit is None:
        return expose(scene, moment, rng, []), None
    pose = replace(
        visit.pose,
        stride=visit.pose.stride + 1.3 * shot * bool(visit.step),
        head_up=visit.pose.head_up + 0.04 * (shot % 2) * (1 - visit.pose.head_up),
    )
    sprite = draw_animal(visit.species, pose, scene.focal / visit.z, visit.seed)
    staged = scene.copy()
    x = visit.x + shot * visit.step
    box, eye = place_animal(staged, sprite, x, visit.z, night=moment.is_night)
    return expose(staged, moment, rng, [eye]), box


def _store_photo(camera: Camera, number: int, pixels: ByteArray, burst: Burst, shot: int) -> File:
    """Stamp a photo and store it with its EXIF, in the format of its number."""
    taken = burst.start + timedelta(seconds=shot)
    image = Image.fromarray(pixels)
    _stamp(image, camera, taken, burst.moment)
    key = (camera.folder, number)
    orientation = _SIDEWAYS.get(key, 1)
    # The viewer turns 6 clockwise and 8 counterclockwise, so they are stored the other way.
    turns = {6: Image.Transpose.ROTATE_90, 8: Image.Transpose.ROTATE_270}
    if orientation in turns:
        image = image.transpose(turns[orientation])
    thumbnail = _encode(_shrink(image), "jpeg", 60) if camera.has_thumbnails else b""
    when = f"{taken:%Y:%m:%d %H:%M:%S}"
    exif = build_exif(when, MAKE, camera.model, orientation, thumbnail)
    kind = _OTHER_FORMATS.get(key, "jpeg")
    content = _encode(image, kind, camera.quality, exif)
    notes = [_name_time(burst.moment), burst.visit.species if burst.visit else "empty"]
    notes.append(f"burst {shot + 1}/{burst.length}")
    if orientation > 1:
        notes.append(f"orientation {orientation}")
    if thumbnail:
        notes.append("EXIF thumbnail")
    suffix = {"jpeg": "JPG", "png": "PNG", "webp": "webp"}[kind]
    path = f"photos/{camera.folder}/IMG_{number}.{suffix}"
    return File(path, content, "photo", ", ".join(notes))


def _encode(image: Image.Image, kind: str, quality: int, exif: bytes = b"") -> bytes:
    """Encode an image; PNG in grey, as it is used for nights."""
    stream = io.BytesIO()
    if kind == "png":
        image.convert("L").save(stream, "PNG", optimize=True, exif=exif)
    else:
        image.save(stream, kind.upper(), quality=quality, optimize=True, exif=exif)
    return stream.getvalue()


def _shrink(image: Image.Image) -> Image.Image:
    """Make the 160 by 120 thumbnail that cameras embed, black where the shape differs."""
    small = image.copy()
    small.thumbnail((160, 120))
    frame = Image.new("RGB", (160, 120))
    frame.paste(small, ((160 - small.width) // 2, (120 - small.height) // 2))
    return frame


def _stamp(image: Image.Image, camera: Camera, taken: datetime, moment: Moment) -> None:
    """Write date, time, temperature and camera on a strip at the bottom."""
    ink, paper = ("black", "white") if camera.style == "white" else ("white", "black")
    height = round(image.height * 0.052)
    top, middle = image.height - height, image.height - height / 2
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, top, image.width, image.height), fill=paper)
    font = ImageFont.load_default(size=height * 0.66)
    celsius = camera.celsius + round(6 * max(-0.6, moment.sun_height))
    name = camera.folder.split("_")[2].replace("/cam", " CAM ").upper() + camera.folder[-1]
    edge = height * 0.4
    draw.text((edge, middle), f"{taken:%Y-%m-%d  %H:%M:%S}", ink, font, anchor="lm")
    draw.text((image.width / 2, middle), f"{celsius}\u00b0C", ink, font, anchor="mm")
    draw.text((image.width - edge, middle), name, ink, font, anchor="rm")


def _name_time(moment: Moment) -> str:
    """Name the light of a moment."""
    if moment.is_night:
        return "night"
    if moment.sun_height > _LOW_SUN:
        return "day"
    return "dawn" if moment.hour < _NOON else "dusk"


def _render_crops() -> Iterator[File]:
    """Cut animals out of photos as a detector would, in folders by species."""
    rng = np.random.default_rng(SEED - 1)
    habitats = dict.fromkeys(camera.habitat for camera in CAMERAS)
    scenes = {habitat: build_scene(habitat, *_CROPPED_SIZE, SEED + 7) for habitat in habitats}
    for species in SPECIES:
        homes = [camera for camera in CAMERAS if species in camera.species]
        for number in range(1, _N_CROPS[species] + 1):
            home = homes[number % len(homes)]
            z = _DISTANCES[species] * float(rng.uniform(0.85, 1.9))
            visit = _plan_visit(species, rng)._replace(x=float(rng.normal(0, 0.07)) * z, z=z)
            moment = Moment(float(rng.choice(home.hours)), cloud=float(rng.uniform(0, 1)))
            pixels, box = _shoot(scenes[home.habitat], moment, visit, 0, rng)
            image = Image.fromarray(pixels).crop(_widen(box or (0, 0, *_CROPPED_SIZE), rng))
            image.thumbnail(_LARGEST_CROP)
            # Distant animals are small; they are shrunk here, as undergrowth would hide them.
            image = image.reduce(int(rng.choice([1, 1, 2, 3])))
            note = f"{_name_time(moment)}, {species}, {image.width} x {image.height}"
            path = f"crops/{species}/{species}_{number}.jpg"
            yield File(path, _encode(image, "jpeg", 70), "crop", note)


def _widen(box: Box, rng: np.random.Generator) -> Box:
    """Leave a margin around a box or cut into it, as detectors do."""
    left, top, right, bottom = box
    margins = rng.normal(0.07, 0.06, 4)
    # Some animals are seen only in part.
    margins[2 * int(rng.integers(2))] -= 0.5 * (rng.random() < _PARTIAL_SHARE)
    width, height = right - left, bottom - top
    return (
        max(0, int(left - margins[0] * width)),
        max(0, int(top - margins[1] * height)),
        min(_CROPPED_SIZE[0], int(right + margins[2] * width)),
        min(_CROPPED_SIZE[1], int(bottom + margins[3] * height)),
    )


def _break_files(photo: bytes) -> Iterator[File]:
    """Break copies of a photo in the ways that cards and copies break them."""
    stream = io.BytesIO()
    Image.open(io.BytesIO(photo)).convert("L").resize((240, 180)).save(stream, "PNG")
    png = bytearray(stream.getvalue())
    middle = len(png) // 2
    png[middle : middle + 16] = bytes(255 - value for value in png[middle : middle + 16])
    page = "<!DOCTYPE html>\n<html><head><title>404 Not Found</title></head>\n"
    page += "<body><h1>Not Found</h1><p>The requested image is gone.</p></body></html>\n"
    broken = {
        "cut_at_half.jpg": (photo[: len(photo) // 2], "JPEG cut at 50 %"),
        "cut_in_header.jpg": (photo[:120], "JPEG cut within its header"),
        "empty.jpg": (b"", "empty file"),
        "flipped_bytes.png": (bytes(png), "PNG with flipped bytes in its compressed data"),
        "text.jpg": (b"Battery changed, card swapped, lens cleaned.\n", "text named .jpg"),
        "web_page.png": (page.encode("ascii"), "HTML error page named .png"),
        "._IMG_1.JPG": (_APPLE_DOUBLE, "AppleDouble companion of IMG_1.JPG"),
    }
    for name, (content, note) in broken.items():
        yield File(f"broken/{name}", content, "broken", note)
    yield File("broken/IMG_1.JPG", photo, "photo", "good photo beside its AppleDouble companion")


if __name__ == "__main__":
    main()
