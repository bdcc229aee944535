"""Rendered camera-trap collections whose triggers are known, so that anyone can run the benchmark.

Cameras look at places drawn by the code of ``data_samples/``. Each trigger takes frames within
seconds: the wind moves leaves, the camera shakes a little, an animal walks or stands in more than
half of them; hour, cloud and with them light and infrared flash change from trigger to trigger.
"""

import os
import sys
from dataclasses import dataclass

import numpy as np
from joblib import Parallel, delayed
from PIL import Image

from kept import ROOT

sys.path.append(os.path.join(ROOT, "data_samples"))
from animals import SPECIES, Pose, draw_animal, place_animal
from habitats import HABITATS, build_scene
from light import ByteArray, Moment, expose
from scenes import Scene

_QUALITY = 85
# Pixels that the picture may move between frames, either way.
_SHAKE = 2
_VISITED_SHARE = 0.6
_WALKING_SHARE = 0.6
_MEAN_PAUSE_HOURS = 3.0
_FRAMES_PER_CAMERA = 250


@dataclass(frozen=True)
class BurstCollection:
    """A collection to render."""

    name: str
    n_frames: int
    lengths: tuple[int, int]  # fewest and most frames of a trigger
    size: tuple[int, int] = (320, 240)
    random_seed: int = 42


@dataclass(frozen=True)
class _Visit:
    """An animal that walks or stands before the camera."""

    species: str
    x: float
    z: float
    step: float
    pose: Pose
    seed: int


def render_bursts(collection: BurstCollection, folder: str) -> dict[str, str]:
    """Render a collection, one folder for each camera; the trigger of each photo's path."""
    n_cameras = -(-collection.n_frames // _FRAMES_PER_CAMERA)
    ends = [collection.n_frames * (camera + 1) // n_cameras for camera in range(n_cameras)]
    rendered = Parallel(n_jobs=1 if n_cameras == 1 else -1)(
        delayed(_render_camera)(collection, camera, end - start, folder)
        for camera, (start, end) in enumerate(zip([0, *ends], ends, strict=False))
    )
    return {os.path.join(folder, name): trigger for truth in rendered for name, trigger in truth}


def _render_camera(
    collection: BurstCollection, camera: int, n_frames: int, folder: str
) -> list[tuple[str, str]]:
    """Render the photos of one camera, trigger by trigger; return their names and triggers."""
    rng = np.random.default_rng([collection.random_seed, camera])
    name = f"camera_{camera + 1:02d}"
    os.makedirs(os.path.join(folder, name))
    habitat = list(HABITATS)[camera % len(HABITATS)]
    seed = int(rng.integers(1 << 16))
    width, height = collection.size
    scene = build_scene(habitat, width + 2 * _SHAKE, height + 2 * _SHAKE, seed)
    truth: list[tuple[str, str]] = []
    hour, n_triggers = float(rng.uniform(0, 24)), 0
    while len(truth) < n_frames:
        hour = (hour + rng.exponential(_MEAN_PAUSE_HOURS)) % 24
        moment = Moment(hour, float(rng.beta(1, 1.5)), wind=float(rng.uniform(0.4, 1.6)))
        visit = _plan_visit(rng) if rng.random() < _VISITED_SHARE else None
        shortest, longest = collection.lengths
        length = min(int(rng.integers(shortest, longest, endpoint=True)), n_frames - len(truth))
        gust = float(rng.uniform(0, 50))
        for shot in range(length):
            shaken = Moment(hour, moment.cloud, wind=moment.wind, gust=gust + 0.35 * shot)
            pixels = _shoot(scene, shaken, visit, shot, rng)
            left, top = rng.integers(0, 2 * _SHAKE, size=2, endpoint=True).tolist()
            pixels = pixels[top : top + height, left : left + width]
            photo = f"{name}/IMG_{len(truth) + 1:04d}.JPG"
            Image.fromarray(pixels).save(os.path.join(folder, photo), quality=_QUALITY)
            truth.append((photo, f"{name}/{n_triggers}"))
        n_triggers += 1
    return truth


def _plan_visit(rng: np.random.Generator) -> _Visit:
    """Plan which animal comes, where it is and whether it walks."""
    species = SPECIES[int(rng.integers(len(SPECIES)))]
    faces_left = bool(rng.integers(2))
    step = float(rng.uniform(0.1, 0.3)) * bool(rng.random() < _WALKING_SHARE)
    z = float(rng.uniform(2.5, 6))
    stride, head_up = float(rng.uniform(0, 2 * np.pi)), float(rng.choice([0.6, 0.85, 1.0]))
    pose = Pose(stride, head_up, faces_left, is_male=bool(rng.integers(2)))
    x = float(rng.normal(0, 0.15)) * z
    return _Visit(species, x, z, -step if faces_left else step, pose, int(rng.integers(1 << 16)))


def _shoot(
    scene: Scene, moment: Moment, visit: _Visit | None, shot: int, rng: np.random.Generator
) -> ByteArray:
    """Take one photo of a trigger, shape (h, w, 3)."""
    eyes = []
    if visit is not None:
        scene = scene.copy()
        stride = visit.pose.stride + 1.3 * shot * bool(visit.step)
        pose = Pose(stride, visit.pose.head_up, visit.pose.faces_left, visit.pose.is_male)
        sprite = draw_animal(visit.species, pose, scene.focal / visit.z, visit.seed)
        x = visit.x + shot * visit.step
        box, eye = place_animal(scene, sprite, x, visit.z, night=moment.is_night)
        eyes = [] if box is None else [eye]
    return expose(scene, moment, rng, eyes)
