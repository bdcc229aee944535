"""Animals, built from tapered limbs that melt into one body and are shaded as a solid.

Bodies are given in units of the height at the shoulder: x points where the animal looks, y up
from the ground below the middle of the body.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from scenes import Colour, FloatArray, Point, Scene, fractal_noise, smooth_step, to_linear

_SUPERSAMPLING = 2
# How softly limbs melt into each other: larger is crisper.
_CRISPNESS = 46.0
_MARGIN = 0.08
# Below this, stripes ring the legs.
_LEGS_TOP = 0.62
# Below this upward component of the normal, there are no stripes.
_BELLY = -0.75
_HALF_COVERED = 0.5


class Limb(NamedTuple):
    """A tapered capsule from one point to another."""

    start: Point
    end: Point
    start_radius: float
    end_radius: float
    colour: Colour


@dataclass(frozen=True)
class Build:
    """The proportions and the coat of a four-legged species; angles are in radians."""

    shoulder_metres: float
    back: Colour
    belly: Colour
    feet: Colour
    length: float
    chest: float
    hip: float
    leg: float
    neck: tuple[float, float, float]
    """Length, radius, angle when the head is up."""
    head: tuple[float, float, float]
    """Length, radius, radius of the snout."""
    ear: tuple[float, float]
    tail: tuple[float, float, float]
    """Length, radius, angle."""
    tail_tip: Colour
    pattern: str = ""
    has_antlers: bool = False


BUILDS = {
    "deer": Build(
        0.95, (146, 104, 66), (206, 184, 152), (112, 82, 56), 0.92, 0.175, 0.165, 0.048,
        (0.52, 0.105, 0.95), (0.36, 0.088, 0.042), (0.22, 0.05), (0.2, 0.05, -2.3), (238, 232, 222),
        "rump", has_antlers=True,
    ),
    "fox": Build(
        0.42, (190, 104, 50), (226, 208, 186), (52, 40, 36), 1.08, 0.18, 0.165, 0.055,
        (0.3, 0.15, 0.55), (0.42, 0.125, 0.035), (0.22, 0.085), (0.95, 0.13, 3.5), (236, 230, 220),
        "mask",
    ),
    "boar": Build(
        0.78, (92, 78, 66), (112, 98, 84), (52, 44, 40), 0.94, 0.33, 0.25, 0.062,
        (0.3, 0.2, -0.1), (0.6, 0.17, 0.06), (0.2, 0.06), (0.36, 0.028, -2.0), (56, 46, 42),
        "bristles",
    ),
    "cat": Build(
        0.48, (176, 142, 98), (222, 206, 180), (160, 130, 92), 1.15, 0.18, 0.175, 0.068,
        (0.26, 0.13, 0.5), (0.2, 0.135, 0.085), (0.12, 0.06), (0.95, 0.05, 3.9), (60, 46, 38),
        "spots",
    ),
    "zebra": Build(
        1.3, (226, 220, 208), (234, 230, 220), (70, 62, 58), 0.92, 0.225, 0.225, 0.055,
        (0.5, 0.15, 0.85), (0.46, 0.115, 0.07), (0.15, 0.045), (0.55, 0.035, -1.9), (50, 44, 42),
        "stripes",
    ),
    "hare": Build(
        0.28, (158, 130, 96), (222, 212, 196), (146, 120, 90), 0.66, 0.3, 0.4, 0.085,
        (0.16, 0.2, 0.8), (0.26, 0.17, 0.1), (0.56, 0.075), (0.12, 0.12, 2.8), (238, 234, 226),
        "",
    ),
}  # fmt: skip
BIRD_METRES = 0.5
SPECIES = (*BUILDS, "bird")


@dataclass(frozen=True)
class Pose:
    """How an animal stands: where in its stride, how high the head, which way, which sex."""

    stride: float = 0.0
    head_up: float = 1.0
    faces_left: bool = False
    is_male: bool = False


class Sprite(NamedTuple):
    """A drawn animal, all float32; ``foot`` is the pixel on the ground below its middle."""

    albedo: FloatArray
    cover: FloatArray
    normal: FloatArray
    foot: Point
    eye: Point


def draw_animal(species: str, pose: Pose, metre_pixels: float, seed: int) -> Sprite:
    """Draw an animal seen from its side.

    Parameters
    ----------
    species : str
        One of `SPECIES`.
    pose : Pose
        How it stands.
    metre_pixels : float
        Pixels to the metre at its distance.
    seed : int
        Which individual: its fur and its markings.

    Returns
    -------
    Sprite
        With ``albedo`` of shape (h, w, 3), ``cover`` (h, w), ``normal`` (h, w, 2).
    """
    if species == "bird":
        height, pattern, belly = BIRD_METRES, "feathers", (122, 74, 46)
        far, near, eye = _build_bird(pose)
    else:
        build = BUILDS[species]
        height, pattern, belly = build.shoulder_metres, build.pattern, build.belly
        far, near, eye = _build_quadruped(build, pose)
    unit = metre_pixels * height
    x, y = _grid([*far, *near], unit * _SUPERSAMPLING)
    cover, albedo, normal = _melt(far, x, y, seed)
    albedo *= 0.62
    near_cover, near_albedo, near_normal = _melt(near, x, y, seed)
    near_albedo = _shade_belly(near_albedo, near_normal, y, belly)
    near_albedo = _mark(pattern, near_albedo, near_normal, x, y, seed)
    over = near_cover[..., None]
    albedo, normal = albedo + over * (near_albedo - albedo), normal + over * (near_normal - normal)
    cover = np.maximum(cover, near_cover)
    iris = np.exp(-((((x - eye[0]) ** 2 + (y - eye[1]) ** 2) / 0.021**2) ** 2))[..., None]
    albedo = albedo * (1 - iris) + 0.01 * iris
    albedo, cover, normal = (_halve(a) for a in (albedo, cover, normal))
    left, top = float(x[0, 0]), float(y[0, 0])
    foot, eye = (-left * unit, top * unit), ((eye[0] - left) * unit, (top - eye[1]) * unit)
    if pose.faces_left:
        albedo, cover, normal = albedo[:, ::-1], cover[:, ::-1], normal[:, ::-1].copy()
        normal[..., 0] *= -1
        foot, eye = (cover.shape[1] - foot[0], foot[1]), (cover.shape[1] - eye[0], eye[1])
    return Sprite(albedo, cover, normal, foot, eye)


def place_animal(
    scene: Scene, sprite: Sprite, x: float, z: float, *, night: bool
) -> tuple[tuple[int, int, int, int] | None, Point]:
    """Stand an animal in a scene, behind what is nearer, on a shadow.

    Parameters
    ----------
    scene : Scene
        Where it stands; changed in place.
    sprite : Sprite
        The animal, drawn for the distance `z`.
    x, z : float
        Where it stands, in metres.
    night : bool
        Whether the light comes from the camera, which throws the shadow out of sight.

    Returns
    -------
    box : tuple of int or None
        Left, top, right and bottom of what it covers; None if it is out of the picture.
    eye : (float, float)
        Column and row of its eye.
    """
    height, width = sprite.cover.shape
    column, row = scene.project(x, 0, z)
    left, top = round(column - sprite.foot[0]), round(row - sprite.foot[1])
    eye = (left + sprite.eye[0], top + sprite.eye[1])
    used = np.argwhere(sprite.cover > _HALF_COVERED)
    _cast_shadow(scene, (column, row), float(np.ptp(used[:, 1])), 0.35 if night else 0.7)
    rows = slice(max(0, top), min(scene.size[1], top + height))
    columns = slice(max(0, left), min(scene.size[0], left + width))
    if rows.start >= rows.stop or columns.start >= columns.stop:
        return None, eye
    part = (
        slice(rows.start - top, rows.stop - top),
        slice(columns.start - left, columns.stop - left),
    )
    # Just nearer than its place, so that the ground under its feet does not cut them off.
    scene.paint(
        (rows, columns), sprite.cover[part], sprite.albedo[part], 1.06 / z, sprite.normal[part]
    )
    (up, west), (down, east) = used.min(axis=0), used.max(axis=0) + 1
    box = (max(0, left + west), max(0, top + up))
    far_corner = (min(scene.size[0], left + east), min(scene.size[1], top + down))
    if box[0] >= far_corner[0] or box[1] >= far_corner[1]:
        return None, eye
    return (int(box[0]), int(box[1]), int(far_corner[0]), int(far_corner[1])), eye


def _cast_shadow(scene: Scene, foot: Point, length: float, depth: float) -> None:
    """Darken the ground below an animal."""
    width, height = scene.size
    x = np.arange(width, dtype=np.float32)[None] - foot[0]
    y = np.arange(height, dtype=np.float32)[:, None] - foot[1]
    oval = (x / (0.42 * length)) ** 2 + (y / (0.07 * length)) ** 2
    scene.albedo *= (1 - depth * np.exp(-(oval**1.2)))[..., None]


def _grid(limbs: list[Limb], unit: float) -> tuple[FloatArray, FloatArray]:
    """Return the coordinates of the pixels around some limbs: x rightward, y upward."""
    ends = [(*p, max(b.start_radius, b.end_radius)) for b in limbs for p in (b.start, b.end)]
    columns, rows, radii = np.array(ends).T
    left, right = np.min(columns - radii) - _MARGIN, np.max(columns + radii) + _MARGIN
    bottom, top = np.min(rows - radii) - _MARGIN, np.max(rows + radii) + _MARGIN
    n_columns, n_rows = (2 * round(span * unit / 2) for span in (right - left, top - bottom))
    x = (left + (np.arange(n_columns)[None] + 0.5) / unit).astype(np.float32)
    y = (top - (np.arange(n_rows)[:, None] + 0.5) / unit).astype(np.float32)
    return np.broadcast_to(x, (n_rows, n_columns)), np.broadcast_to(y, (n_rows, n_columns))


def _halve(values: FloatArray) -> FloatArray:
    """Average blocks of 2 by 2 pixels."""
    rows = values[::2] + values[1::2]
    return (rows[:, ::2] + rows[:, 1::2]) / np.float32(4)


def _bound(limb: Limb, x: FloatArray, y: FloatArray) -> tuple[slice, slice]:
    """Return the rows and columns where a limb can be felt."""
    reach = max(limb.start_radius, limb.end_radius) + 0.3
    columns = np.searchsorted(
        x[0], [min(limb.start[0], limb.end[0]) - reach, max(limb.start[0], limb.end[0]) + reach]
    )
    rows = np.searchsorted(
        -y[:, 0],
        [-max(limb.start[1], limb.end[1]) - reach, reach - min(limb.start[1], limb.end[1])],
    )
    return slice(*rows), slice(*columns)


def _weigh(limb: Limb, x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return how strongly each pixel belongs to a limb, and how thick the limb is there."""
    along_x, along_y = limb.end[0] - limb.start[0], limb.end[1] - limb.start[1]
    span = max(1e-6, along_x**2 + along_y**2)
    part = np.clip(((x - limb.start[0]) * along_x + (y - limb.start[1]) * along_y) / span, 0, 1)
    square = (x - limb.start[0] - part * along_x) ** 2 + (y - limb.start[1] - part * along_y) ** 2
    radius = limb.start_radius + part * (limb.end_radius - limb.start_radius)
    weight: FloatArray = np.exp(np.minimum(_CRISPNESS * (radius - np.sqrt(square)), 40))
    thickness: FloatArray = np.sqrt(np.maximum(radius**2 - square, 0))
    return weight, thickness


def _melt(
    limbs: list[Limb], x: FloatArray, y: FloatArray, seed: int
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Melt limbs into one furry solid: its cover, its colour and its normals."""
    weights = np.full(x.shape, 1e-12, dtype=np.float32)
    colour = np.zeros((*x.shape, 3), dtype=np.float32)
    bulge = np.zeros(x.shape, dtype=np.float32)
    for limb in limbs:
        box = _bound(limb, x, y)
        weight, thickness = _weigh(limb, x[box], y[box])
        weights[box] += weight
        colour[box] += weight[..., None] * to_linear(limb.colour)
        bulge[box] += weight * thickness
    fuzz = fractal_noise(x * 26 + y * 9, y * 22 + 7, seed, 3) - 0.5
    depth = np.log(weights) / _CRISPNESS + 0.022 * fuzz
    pixel = float(x[0, 1] - x[0, 0])
    cover = smooth_step(-pixel, pixel, depth)
    # Hairs lie along the body and hang down, so they are seen long and slanted.
    fur = fractal_noise(x * 30 + y * 22, y * 58 - x * 20, seed + 1, 4)
    height = bulge / weights + 0.012 * fur
    slope_y, slope_x = np.gradient(height, pixel)
    normal = np.stack([-slope_x, slope_y], axis=-1)
    normal /= np.sqrt(1 + (normal**2).sum(axis=-1, keepdims=True))
    albedo = colour / weights[..., None] * (0.65 + 0.7 * fur)[..., None]
    return cover, albedo.astype(np.float32), normal.astype(np.float32)


def _shade_belly(
    albedo: FloatArray, normal: FloatArray, y: FloatArray, belly: Colour
) -> FloatArray:
    """Blend the colour of the belly into what faces down above the legs."""
    share = smooth_step(-0.25, -0.85, normal[..., 1]) * smooth_step(0.42, 0.6, y)
    brightness = albedo.mean(axis=-1, keepdims=True) / max(1e-3, float(albedo.mean()))
    pale: FloatArray = to_linear(belly) * np.clip(brightness, 0.7, 1.3)
    return albedo + 0.75 * share[..., None] * (pale - albedo)


def _mark(
    pattern: str, albedo: FloatArray, normal: FloatArray, x: FloatArray, y: FloatArray, seed: int
) -> FloatArray:
    """Draw the markings of a coat."""
    wobble = fractal_noise(x * 3, y * 3, seed + 2, 2) - 0.5
    if pattern == "stripes":
        phase = np.where(y > _LEGS_TOP, x * 34 + y * 6, y * 46 + x * 4) + 7 * wobble
        dark = smooth_step(0.0, 0.35, np.sin(phase)) * (normal[..., 1] > _BELLY)
        strength = 0.93
    elif pattern == "spots":
        rosettes = fractal_noise(x * 17, y * 17, seed + 3, 2)
        dark = smooth_step(0.56, 0.62, rosettes) * smooth_step(-0.5, 0.0, normal[..., 1])
        strength = 0.8
    elif pattern in {"bristles", "feathers"}:
        dark = smooth_step(0.5, 0.62, fractal_noise(x * 22 + y * 14, y * 60, seed + 4, 3))
        strength = 0.3
    else:
        dark = smooth_step(0.1, 0.9, normal[..., 1] + wobble)
        strength = 0.25
    marked: FloatArray = albedo * (1 - strength * dark)[..., None]
    return marked


def _build_leg(build: Build, root: Point, swing: float, *, hind: bool, bulk: float) -> list[Limb]:
    """Bend one leg: its foot swings, hind legs fold backward at the hock."""
    reach = root[1]
    foot = (root[0] + 0.5 * reach * np.sin(0.55 * np.sin(swing)), 0.09 * max(0.0, np.cos(swing)))
    thin, upper = build.leg * 0.62, build.leg * 1.9 * bulk
    if hind:
        knee = (0.55 * root[0] + 0.45 * foot[0] + 0.07, 0.56 * reach)
        ankle = (foot[0] - 0.1, 0.31 * reach + foot[1])
    else:
        knee = (0.7 * root[0] + 0.3 * foot[0] - 0.02, 0.6 * reach)
        ankle = (0.35 * root[0] + 0.65 * foot[0] + 0.05 * np.cos(swing), 0.3 * reach + foot[1])
    toe = (foot[0] + 0.045, foot[1] + 0.02)
    coat = build.back
    return [
        Limb(root, knee, upper, build.leg * 1.15, coat),
        Limb(knee, ankle, build.leg * 1.15, build.leg * 0.75, build.feet),
        Limb(ankle, (foot[0], foot[1] + 0.04), build.leg * 0.75, thin, build.feet),
        Limb((foot[0], foot[1] + 0.04), toe, thin * 1.1, thin * 0.9, build.feet),
    ]


def _build_quadruped(build: Build, pose: Pose) -> tuple[list[Limb], list[Limb], Point]:
    """Build the far legs, the rest of the animal, and its eye."""
    half = build.length / 2
    shoulder, hip = (half, 0.99 - build.chest), (-half, 0.97 - build.hip)
    fore, hind = (half - 0.02, 0.82 - build.chest / 2), (-half - 0.02, 0.82 - build.hip / 2)
    beat = pose.stride
    far = _build_leg(build, fore, beat + np.pi, hind=False, bulk=0.9)
    far += _build_leg(build, hind, beat + 0.6, hind=True, bulk=1.1)
    near = _build_leg(build, fore, beat, hind=False, bulk=1.0)
    near += _build_leg(build, hind, beat + np.pi + 0.6, hind=True, bulk=1.5)
    low = min(build.chest, build.hip)
    near += [
        Limb(hip, shoulder, build.hip, build.chest, build.back),
        Limb(
            (hip[0] + 0.02, hip[1] - 0.1), (hip[0] + 0.05, hip[1] - 0.2), low, low * 0.6, build.back
        ),
        Limb((shoulder[0], shoulder[1]), (fore[0], fore[1] - 0.08), low, low * 0.6, build.back),
    ]
    near += _build_tail(build, hip)
    head, eye = _build_head(build, shoulder, pose)
    if build.pattern == "rump":
        near.append(Limb((hip[0] - 0.13, hip[1]), (hip[0] - 0.14, hip[1] - 0.12), 0.08, 0.05,
                         build.tail_tip))  # fmt: skip
    return far, near + head, eye


def _build_tail(build: Build, hip: Point) -> list[Limb]:
    """Hang the tail, in two pieces of which the last has its own colour."""
    length, radius, turn = build.tail
    root = (hip[0] - 0.8 * build.hip, hip[1] + 0.55 * build.hip)
    middle = (root[0] + 0.6 * length * np.cos(turn), root[1] + 0.6 * length * np.sin(turn))
    end = (
        middle[0] + 0.4 * length * np.cos(turn - 0.3),
        middle[1] + 0.4 * length * np.sin(turn - 0.3),
    )
    return [
        Limb(root, middle, radius * 0.6, radius, build.back),
        Limb(middle, end, radius, radius * 0.5, build.tail_tip),
    ]


def _build_head(build: Build, shoulder: Point, pose: Pose) -> tuple[list[Limb], Point]:
    """Build neck, head, ears and antlers; the head hangs to graze or is held up."""
    neck, radius, up_turn = build.neck
    turn = up_turn * pose.head_up - 0.95 * (1 - pose.head_up)
    base = (shoulder[0] + 0.35 * build.chest, shoulder[1] + 0.35 * build.chest)
    poll = (base[0] + neck * np.cos(turn), base[1] + neck * np.sin(turn))
    long, wide, snout = build.head
    nod = -0.35 - 0.75 * (1 - pose.head_up)
    nose = (poll[0] + long * np.cos(nod), poll[1] + long * np.sin(nod))
    muzzle = (poll[0] + 0.55 * long * np.cos(nod), poll[1] + 0.55 * long * np.sin(nod))
    pale = build.belly if build.pattern in {"mask", "rump", "spots"} else build.back
    parts = [
        Limb(base, poll, radius * 1.5, radius * 0.9, build.back),
        Limb(poll, muzzle, wide, (wide + snout) / 2, build.back),
        Limb((muzzle[0], muzzle[1] - 0.3 * snout), nose, (wide + snout) / 2.2, snout, pale),
        Limb(nose, (nose[0] + 0.01, nose[1]), snout * 0.62, snout * 0.5, (28, 24, 24)),
    ]
    ear, ear_radius = build.ear
    for lean in (2.25, 1.75):
        root = (poll[0] + 0.85 * wide * np.cos(lean), poll[1] + 0.75 * wide * np.sin(lean))
        tip = (root[0] + ear * np.cos(lean), root[1] + ear * np.sin(lean))
        parts.append(Limb(root, tip, ear_radius, ear_radius * 0.25, build.back))
    if pose.is_male and build.has_antlers:
        parts += _build_antlers((poll[0] + 0.02, poll[1] + 0.06))
    side = (np.cos(nod), np.sin(nod))
    eye = (
        float(poll[0] + 0.3 * long * side[0] - 0.38 * wide * side[1]),
        float(poll[1] + 0.3 * long * side[1] + 0.38 * wide * side[0]),
    )
    return parts, eye


def _build_antlers(root: Point) -> list[Limb]:
    """Build two beams with three tines each."""
    bone = (176, 152, 118)
    parts: list[Limb] = []
    for tilt in (-0.25, 0.45):
        points = [root]
        for turn, length in ((2.0 - tilt, 0.2), (1.7 - tilt, 0.2), (1.2 - tilt, 0.18)):
            x, y = points[-1]
            points.append((x + length * np.cos(turn), y + length * np.sin(turn)))
            parts.append(Limb((x, y), points[-1], 0.008, 0.004, bone))
        for x, y in points[1:3]:
            parts.append(Limb((x, y), (x + 0.13, y + 0.12), 0.004, -0.004, bone))
    return parts


def _build_bird(pose: Pose) -> tuple[list[Limb], list[Limb], Point]:
    """Build a ground bird with a long tail: its far leg, the rest, and its eye."""
    brown, dark, red = (150, 92, 54), (58, 44, 40), (178, 48, 38)
    coat = (158, 84, 44) if pose.is_male else (148, 118, 82)
    neck_colour = (36, 62, 58) if pose.is_male else (146, 116, 84)
    swing = 0.12 * np.sin(pose.stride)

    def leg(x: float, reach: float) -> list[Limb]:
        knee, foot = (x - 0.03, 0.3), (x + reach, 0.02)
        horn = (120, 108, 92)
        toe = (foot[0] + 0.1, 0.0)
        return [
            Limb((x, 0.5), knee, 0.09, 0.035, coat),
            Limb(knee, foot, 0.026, 0.02, horn),
            Limb(foot, toe, 0.02, 0.012, horn),
        ]

    reach = 0.3 * pose.head_up
    poll = (0.62 - 0.1 * pose.head_up + 0.1, 0.62 + 1.3 * reach)
    near = [
        *leg(0.02, -swing),
        Limb((-0.28, 0.64), (0.24, 0.64), 0.16, 0.22, coat),
        Limb((-0.4, 0.68), (0.08, 0.7), 0.05, 0.14, brown),
        Limb((-0.4, 0.68), (-1.35, 0.8), 0.09, 0.02, (128, 102, 72)),
        Limb((-0.4, 0.66), (-1.1, 0.66), 0.06, 0.02, dark),
        Limb((0.34, 0.7), poll, 0.15, 0.07, neck_colour),
        Limb(poll, (poll[0] + 0.06, poll[1] + 0.01), 0.085, 0.07, red if pose.is_male else coat),
        Limb(
            (poll[0] + 0.1, poll[1]), (poll[0] + 0.2, poll[1] - 0.03), 0.032, 0.01, (206, 190, 150)
        ),
    ]
    return leg(0.1, swing + 0.05), near, (poll[0] + 0.05, poll[1] + 0.03)
