"""Places a camera looks at: what is where, how bright, how far, facing which way.

A scene is kept as surfaces rather than as a picture, so that one place can be lit by any sun or
by an infrared flash, and an animal can stand behind grass and in front of a trunk. Lengths are
in metres: the camera stands at x = 0, z = 0, looks along z, and y points up.
"""

from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

FloatArray = npt.NDArray[np.floating[Any]]
Colour = tuple[int, int, int]
Point = tuple[float, float]

# Scenes are drawn at twice the size and averaged down, which smooths every edge.
SUPERSAMPLING = 2
_LATTICE_SIDE = 256
_GAMMA = 2.2
# Of the picture's width: a field of view of about 55 degrees.
FOCAL_LENGTH = 0.95
# Metres; ground meets what stands behind it without a seam in the fog.
_FARTHEST_GROUND = 50
# Metres; shorter twigs are not forked.
_FINEST_TWIG = 0.35


@lru_cache(maxsize=64)
def _lattice(seed: int) -> FloatArray:
    """Return the random values that noise of this seed interpolates."""
    rng = np.random.default_rng(seed)
    return rng.random((_LATTICE_SIDE, _LATTICE_SIDE), dtype=np.float32)


def _value_noise(x: FloatArray, y: FloatArray, seed: int) -> FloatArray:
    """Interpolate random values on the integer lattice smoothly, in [0, 1)."""
    lattice = _lattice(seed)
    x_floor, y_floor = np.floor(x), np.floor(y)
    x_part, y_part = x - x_floor, y - y_floor
    x_part *= x_part * (3 - 2 * x_part)
    y_part *= y_part * (3 - 2 * y_part)
    left, top = x_floor.astype(np.int32) % _LATTICE_SIDE, y_floor.astype(np.int32) % _LATTICE_SIDE
    right, bottom = (left + 1) % _LATTICE_SIDE, (top + 1) % _LATTICE_SIDE
    upper = lattice[top, left] * (1 - x_part) + lattice[top, right] * x_part
    lower = lattice[bottom, left] * (1 - x_part) + lattice[bottom, right] * x_part
    return upper * (1 - y_part) + lower * y_part


def fractal_noise(x: FloatArray, y: FloatArray, seed: int, n_octaves: int = 4) -> FloatArray:
    """Add value noise of doubling frequency and halving weight.

    Parameters
    ----------
    x, y : ndarray of float32, same shape
        Coordinates; the coarsest features are one unit wide.
    seed : int
        Which noise.
    n_octaves : int, default: 4
        Number of frequencies.

    Returns
    -------
    ndarray of float32, shape of `x`
        Values in [0, 1), mostly near 0.5.
    """
    total: FloatArray = np.zeros(np.broadcast_shapes(x.shape, y.shape), dtype=np.float32)
    weights = 0.0
    for octave in range(n_octaves):
        weight = 0.5**octave
        # The offset keeps the octaves from sharing lattice points, which would show as a grid.
        shift = np.float32(17.3 * octave)
        total += weight * _value_noise(x * 2**octave + shift, y * 2**octave + shift, seed)
        weights += weight
    return total / np.float32(weights)


def to_linear(colour: Colour) -> FloatArray:
    """Convert an 8-bit colour as one would pick it to linear light in [0, 1]."""
    return (np.array(colour, dtype=np.float32) / 255) ** np.float32(_GAMMA)


def smooth_step(low: float, high: float, values: FloatArray) -> FloatArray:
    """Rise smoothly from 0 at `low` to 1 at `high`."""
    part = np.clip((values - low) / (high - low), 0, 1)
    step: FloatArray = part * part * (3 - 2 * part)
    return step


@dataclass
class Scene:
    """Surfaces as the camera sees them, all float32.

    ``albedo``, shape (h, w, 3), is the linear colour; ``normal``, shape (h, w, 2), the right and
    up components of the unit normal; ``nearness``, shape (h, w), one over the distance in metres;
    ``sky``, shape (h, w), the share of open sky; ``sway``, shape (h, w), how far the wind moves
    it, in [0, 1]; ``horizon`` is its row.
    """

    albedo: FloatArray
    normal: FloatArray
    nearness: FloatArray
    sky: FloatArray
    sway: FloatArray
    horizon: float
    camera_height: float

    @classmethod
    def empty(cls, width: int, height: int, horizon: float, camera_height: float) -> "Scene":
        """Make a scene of nothing but sky; `horizon` is a share of the height."""

        def zeros(*shape: int) -> FloatArray:
            return np.zeros((height, width, *shape), dtype=np.float32)

        sky = np.ones((height, width), dtype=np.float32)
        return cls(zeros(3), zeros(2), zeros(), sky, zeros(), horizon * height, camera_height)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.sky.shape[1], self.sky.shape[0]

    @property
    def focal(self) -> float:
        """Pixels that one metre spans at a distance of one metre."""
        return FOCAL_LENGTH * self.size[0]

    def project(self, x: float, y: float, z: float) -> Point:
        """Return the pixel where a point is seen."""
        scale = self.focal / z
        return self.size[0] / 2 + x * scale, self.horizon + (self.camera_height - y) * scale

    def copy(self) -> "Scene":
        """Copy all surfaces."""
        return replace(
            self,
            albedo=self.albedo.copy(),
            normal=self.normal.copy(),
            nearness=self.nearness.copy(),
            sky=self.sky.copy(),
            sway=self.sway.copy(),
        )

    def paint(
        self,
        box: tuple[slice, slice],
        cover: FloatArray,
        albedo: FloatArray,
        nearness: FloatArray | float,
        normal: FloatArray | None = None,
        sway: FloatArray | float = 0.0,
    ) -> None:
        """Put a surface into a box of rows and columns, where nothing nearer hides it."""
        cover = np.where(self.nearness[box] < nearness, cover, np.float32(0))
        deep = cover[..., None]
        self.albedo[box] += deep * (albedo - self.albedo[box])
        self.normal[box] += deep * ((0 if normal is None else normal) - self.normal[box])
        self.nearness[box] += cover * (nearness - self.nearness[box])
        self.sway[box] += cover * (sway - self.sway[box])
        self.sky[box] *= 1 - cover

    def shrink(self, factor: int) -> "Scene":
        """Average blocks of `factor` by `factor` pixels."""

        def average(values: FloatArray) -> FloatArray:
            height, width = values.shape[:2]
            blocks = values.reshape(height // factor, factor, width // factor, factor, -1)
            mean: FloatArray = blocks.mean(axis=(1, 3), dtype=np.float32)
            return mean.reshape(height // factor, width // factor, *values.shape[2:])

        return Scene(
            average(self.albedo),
            average(self.normal),
            average(self.nearness),
            average(self.sky),
            average(self.sway),
            self.horizon / factor,
            self.camera_height,
        )


@dataclass
class Strokes:
    """Many small polygons (leaves, blades, twigs), drawn from far to near in one go."""

    scene: Scene
    rng: np.random.Generator
    items: list[tuple[float, list[Point], Colour, Colour]] = field(default_factory=list)

    def add(
        self,
        z: float,
        points: list[Point],
        colour: Colour,
        brightness: float = 1.0,
        sway: float = 0.0,
        upright: float = 0.3,
    ) -> None:
        """Add a polygon of pixels, facing up more (`upright` 1) or less (0), else at random."""
        red, green, blue = (min(255, int(c * brightness)) for c in colour)
        right, up = self.rng.normal(0, 0.3), self.rng.normal(upright, 0.25)
        # The normal and the sway travel as a colour, so that one drawing holds all three.
        east, top = (int(np.clip(127.5 + 127.5 * v, 0, 255)) for v in (right, up))
        self.items.append((z, points, (red, green, blue), (east, top, int(255 * sway))))

    def paint(self) -> None:
        """Draw all polygons into the scene."""
        size = self.scene.size
        colours, facings = Image.new("RGB", size), Image.new("RGB", size)
        nearness = Image.new("F", size)
        draws = [ImageDraw.Draw(image) for image in (colours, facings, nearness)]
        for z, points, colour, facing in sorted(self.items, key=lambda item: -item[0]):
            draws[0].polygon(points, fill=colour)
            draws[1].polygon(points, fill=facing)
            # Slightly nearer than the ground it lies on.
            draws[2].polygon(points, fill=1.03 / z)
        near = np.asarray(nearness)
        facing_values = np.asarray(facings, dtype=np.float32) / 255
        self.scene.paint(
            (slice(None), slice(None)),
            (near > 0).astype(np.float32),
            (np.asarray(colours, dtype=np.float32) / 255) ** np.float32(_GAMMA),
            near,
            facing_values[..., :2] * 2 - 1,
            facing_values[..., 2],
        )
        self.items.clear()


def pick_colour(rng: np.random.Generator, palette: list[Colour]) -> Colour:
    """Pick a colour."""
    return palette[int(rng.integers(len(palette)))]


def add_backdrop(
    scene: Scene, seed: int, palette: tuple[Colour, Colour], top: float, z: float, gaps: float
) -> None:
    """Close the view with distant foliage, `top` metres high and with gaps to the sky."""
    width, height = scene.size
    x = np.arange(width, dtype=np.float32)[None] / width
    y = np.arange(height, dtype=np.float32)[:, None] / width
    edge = fractal_noise(x * 7, np.zeros_like(x), seed, 5)
    top_row = scene.project(0, top, z)[1] / width
    crown = (edge - 0.5) * 0.5 * (scene.horizon / width - top_row)
    body = fractal_noise(x * 40, y * 40, seed + 1, 4)
    holes = fractal_noise(x * 26, y * 26, seed + 2, 5)
    cover = smooth_step(0, 0.01, y - top_row - crown) * (y * width < scene.horizon + 6)
    # Crowns let the sky through, undergrowth does not.
    closed = 0.36 + 0.3 * y * width / scene.horizon
    cover *= 1 - gaps * smooth_step(0, 0.05, holes - closed)
    share = smooth_step(0.3, 0.7, body)[..., None]
    albedo = to_linear(palette[0]) * (1 - share) + to_linear(palette[1]) * share
    scene.paint((slice(None), slice(None)), cover.astype(np.float32), albedo, 1 / z)


def add_ground(
    scene: Scene, seed: int, palette: tuple[Colour, Colour, Colour], relief: float, trail: float
) -> None:
    """Lay out the ground: two mixed colours, a third in patches or along a trail."""
    width, height = scene.size
    top = int(scene.horizon) + 1
    row = np.arange(top, height, dtype=np.float32)[:, None]
    z = scene.camera_height * scene.focal / (row - scene.horizon + 0.5)
    x = (np.arange(width, dtype=np.float32)[None] - width / 2) * z / scene.focal
    z = np.broadcast_to(z, x.shape)
    coarse = fractal_noise(x * 0.8, z * 0.8, seed, 4)
    # Detail finer than a pixel would only flicker, so it fades with the distance.
    fade = np.clip(7 / z, 0, 1)
    fine = 0.5 + (fractal_noise(x * 9, z * 7, seed + 1, 4) - 0.5) * fade
    share = smooth_step(0.3, 0.7, 0.5 * coarse + 0.5 * fine)[..., None]
    albedo = to_linear(palette[0]) * (1 - share) + to_linear(palette[1]) * share
    path = np.abs(x + 0.6 - 0.35 * z + 0.5 * np.sin(z * 0.6)) / 0.55
    patch = np.maximum(smooth_step(0.55, 0.7, coarse), trail * np.exp(-(path**4)))[..., None]
    albedo = albedo * (1 - 0.8 * patch) + to_linear(palette[2]) * 0.8 * patch
    albedo *= (0.6 + 0.8 * fine)[..., None]
    bumps = (coarse + 0.35 * fine) * relief * np.minimum(z, 12)
    up, right = np.gradient(bumps * scene.focal / z)
    normal = np.stack([-right * 0.5, 0.75 + up * 0.4], axis=-1)
    normal /= np.maximum(1, np.linalg.norm(normal, axis=-1, keepdims=True) / 0.98)
    cover, nearness = np.ones_like(x), 1 / np.minimum(z, _FARTHEST_GROUND)
    scene.paint((slice(top, None), slice(None)), cover, albedo, nearness, normal)


def add_trunk(
    scene: Scene,
    seed: int,
    at: Point,
    radius: float,
    lean: float,
    bark: Colour,
    tall: float = 99.0,
) -> None:
    """Stand a trunk on the ground at (x, z), with bark, moss on one side and a dark foot."""
    x, z = at
    width, _ = scene.size
    foot_x, foot_y = scene.project(x, -0.05, z)
    scale = scene.focal / z
    margin = 2.4 * radius * scale + abs(lean) * foot_y
    left, right = int(max(0, foot_x - margin)), int(min(width, foot_x + margin + 1))
    rows = slice(0, int(max(1, foot_y)))
    if left >= right:
        return
    row = np.arange(rows.stop, dtype=np.float32)[:, None]
    up = (foot_y - row) / scale
    middle = foot_x + lean * (foot_y - row) + 0.3 * radius * scale * np.sin(up * 1.1 + seed % 97)
    half = radius * scale * (1 - 0.05 * np.minimum(up, 8) + 0.7 * np.exp(-up / 0.12))
    across = (np.arange(left, right, dtype=np.float32)[None] - middle) / half
    cover = smooth_step(0, 0.12, 1 - np.abs(across)) * (up < tall)
    turned = np.arcsin(np.clip(across, -1, 1)) * radius * 22
    up = np.broadcast_to(up, across.shape).astype(np.float32)
    ridges = np.abs(fractal_noise(turned, up * 3, seed, 4) - 0.5) * 2
    blotches = fractal_noise(turned * 0.3 + 9, up * 1.2, seed + 1, 3)
    albedo = to_linear(bark) * (0.45 + 1.6 * np.minimum(ridges, 0.7))[..., None]
    albedo = albedo * (0.55 + 0.9 * blotches)[..., None]
    moss = (smooth_step(0.45, 0.65, blotches) * smooth_step(0.6, -0.6, across))[..., None]
    albedo = albedo * (1 - 0.45 * moss) + to_linear((92, 104, 58)) * 0.45 * moss
    albedo *= (1 - 0.6 * np.exp(-np.maximum(up, 0) / 0.1))[..., None]
    normal = np.stack([np.clip(across, -1, 1) * 0.9, 0 * across], axis=-1)
    scene.paint((rows, slice(left, right)), cover, albedo, 1 / z, normal)


def add_rock(scene: Scene, seed: int, x: float, z: float, radius: float, colour: Colour) -> None:
    """Put a weathered rock on the ground."""
    width, height = scene.size
    centre_x, centre_y = scene.project(x, radius * 0.35, z)
    reach = 1.5 * radius * scene.focal / z
    rows = slice(int(max(0, centre_y - reach)), int(min(height, centre_y + reach)))
    columns = slice(int(max(0, centre_x - reach)), int(min(width, centre_x + reach)))
    down, right = np.meshgrid(
        (np.arange(rows.start, rows.stop, dtype=np.float32) - centre_y) / reach * 1.5,
        (np.arange(columns.start, columns.stop, dtype=np.float32) - centre_x) / reach * 1.5,
        indexing="ij",
    )
    if not down.size:
        return
    crags = fractal_noise(right * 2.5 + seed % 50, down * 2.5, seed, 5)
    bulge = 1 - (right**2 + (down * 1.5) ** 2) + (crags - 0.5) * 0.7
    height_map = np.sqrt(np.maximum(bulge, 0)) + 0.22 * crags
    slope_down, slope_right = np.gradient(height_map * reach / 1.5)
    normal = np.stack([-slope_right, 0.25 + slope_down], axis=-1) * 0.8
    normal /= np.maximum(1, np.linalg.norm(normal, axis=-1, keepdims=True) / 0.95)
    cover = smooth_step(0, 0.08, bulge) * (down < 0.42 + 0.15 * crags)
    albedo = to_linear(colour) * (0.5 + crags)[..., None]
    albedo *= smooth_step(0.7, 0.1, down)[..., None] * 0.6 + 0.4
    scene.paint((rows, columns), cover.astype(np.float32), albedo, 1 / z, normal)


def add_litter(strokes: Strokes, n_leaves: int, size: float, palette: list[Colour]) -> None:
    """Scatter leaves, needles or pebbles over the ground, evenly in the picture."""
    scene, rng = strokes.scene, strokes.rng
    width, height = scene.size
    for _ in range(n_leaves):
        row = scene.horizon + (height - scene.horizon) * rng.uniform(0.04, 1.1)
        z = scene.camera_height * scene.focal / (row - scene.horizon)
        length = size * scene.focal / z * rng.uniform(0.5, 1.2)
        column, turn = rng.uniform(0, width), rng.uniform(0, np.pi)
        along, across = np.array([np.cos(turn), 0.5 * np.sin(turn)]), rng.uniform(0.25, 0.5)
        side = np.array([-np.sin(turn), 0.5 * np.cos(turn)]) * across
        corners = (along, 0.3 * along + side, -along, -0.2 * along - side)
        points = [(column + length * c[0], row + length * c[1]) for c in corners]
        strokes.add(z, points, pick_colour(rng, palette), rng.uniform(0.55, 1.25), upright=0.6)


def add_grass(
    strokes: Strokes,
    n_blades: int,
    reach: tuple[float, float],
    tall: float,
    palette: list[Colour],
    patchy: float = 0.0,
) -> None:
    """Grow blades of grass between two distances, leaving bare patches if `patchy`."""
    scene, rng = strokes.scene, strokes.rng
    z = 1 / rng.uniform(1 / reach[1], 1 / reach[0], n_blades).astype(np.float32)
    x = (rng.uniform(-0.6, 0.6, n_blades) / FOCAL_LENGTH * z).astype(np.float32)
    thick = fractal_noise(x * 0.9, z * 0.9, int(rng.integers(1 << 16)), 3)
    for at_x, at_z, grown in zip(x, z, thick - 0.5 * patchy, strict=True):
        if patchy and grown < rng.uniform(0.0, 0.35):
            continue
        scale = scene.focal / float(at_z)
        foot = scene.project(float(at_x), 0, float(at_z))
        length = tall * scale * rng.uniform(0.4, 1.1)
        bend, half = length * rng.normal(0.05, 0.35), max(0.7, 0.006 * scale)
        middle = (foot[0] + 0.3 * bend, foot[1] - 0.6 * length)
        tip = (foot[0] + bend, foot[1] - length * (1 - 0.2 * abs(bend) / length))
        colour, glow = pick_colour(rng, palette), rng.uniform(0.7, 1.15)
        lower = [(foot[0] - half, foot[1]), (middle[0] - half, middle[1])]
        lower += [(middle[0] + half, middle[1]), (foot[0] + half, foot[1])]
        strokes.add(float(at_z), lower, colour, 0.75 * glow, 0.25, upright=0.5)
        strokes.add(float(at_z), [lower[1], tip, lower[2]], colour, glow, 0.9, upright=0.5)


def add_leaves(
    strokes: Strokes,
    at: tuple[float, float, float],
    spread: tuple[float, float],
    n_leaves: int,
    size: float,
    palette: list[Colour],
) -> None:
    """Hang a cloud of leaves in the air, brighter on top."""
    scene, rng = strokes.scene, strokes.rng
    for _ in range(n_leaves):
        right, up = np.clip(rng.normal(0, 1, 2), -1.7, 1.7)
        z = at[2] * rng.uniform(0.93, 1.07)
        column, row = scene.project(at[0] + right * spread[0], at[1] + up * spread[1], z)
        length = size * scene.focal / z * rng.uniform(0.6, 1.2)
        turn = rng.normal(0.3, 0.8)
        along = np.array([np.cos(turn), np.sin(turn)]) * length
        side = np.array([-along[1], along[0]]) * rng.uniform(0.2, 0.4)
        corners = (along, side - 0.1 * along, -along, -side - 0.1 * along)
        points = [(column + c[0], row + c[1]) for c in corners]
        glow = float(np.clip(0.85 + 0.22 * up + rng.normal(0, 0.16), 0.35, 1.5))
        strokes.add(z, points, pick_colour(rng, palette), glow, 0.5)


def add_twig(
    strokes: Strokes, start: tuple[float, float, float], turn: float, length: float, colour: Colour
) -> None:
    """Grow a bare branch in steps, forking twice."""
    scene, rng = strokes.scene, strokes.rng
    x, y, z = start
    n_steps = 6
    for step in range(n_steps):
        turn += rng.normal(0, 0.18)
        next_x = x + np.cos(turn) * length / n_steps
        next_y = y + np.sin(turn) * length / n_steps
        half = max(0.6, 0.018 * length * (1 - step / n_steps) * scene.focal / z)
        first, second = scene.project(x, y, z), scene.project(next_x, next_y, z)
        corners = [(first[0], first[1] - half), (second[0], second[1] - half * 0.8)]
        corners += [(second[0], second[1] + half * 0.8), (first[0], first[1] + half)]
        # Steep branches are as wide sideways as level ones are high.
        aside = half * abs(np.sin(turn))
        corners = [
            (column + sign * aside, row)
            for (column, row), sign in zip(corners, (-1, -1, 1, 1), strict=True)
        ]
        strokes.add(z, corners, colour, rng.uniform(0.85, 1.1), 0.1)
        x, y = next_x, next_y
        if step in {2, 4} and length > _FINEST_TWIG:
            fork = turn + rng.choice([-0.7, 0.7])
            add_twig(strokes, (x, y, z), fork, length * 0.55, colour)


def add_spruce(strokes: Strokes, x: float, z: float, tall: float, snow: float) -> None:
    """Grow a spruce of drooping boughs, some of them under snow."""
    scene, rng = strokes.scene, strokes.rng
    n_tiers = int(14 + tall * 9)
    for tier in range(n_tiers):
        share = tier / n_tiers
        y = tall * (1 - 0.93 * share) + rng.normal(0, 0.02 * tall)
        reach = tall * (0.03 + 0.2 * share) * rng.uniform(0.8, 1.15)
        for _ in range(8):
            out, droop = rng.uniform(-1, 1) * reach, rng.uniform(0.1, 0.3) * reach
            at_z = z * rng.uniform(0.985, 1.0)
            tip = scene.project(x + out, y - droop - 0.3 * abs(out), at_z)
            root = scene.project(x + 0.1 * out, y + 0.05, at_z)
            thick = max(1.2, 0.038 * tall**0.5 * scene.focal / z * rng.uniform(0.4, 1.3))
            below = ((root[0] + tip[0]) / 2, (root[1] + tip[1]) / 2 + 1.6 * thick)
            above = ((root[0] + tip[0]) / 2, (root[1] + tip[1]) / 2 - 0.4 * thick)
            strokes.add(at_z, [root, above, tip, below], (48, 66, 50), rng.uniform(0.5, 1.1), 0.08)
            if rng.random() < snow:
                crest = (above[0], above[1] - 0.5 * thick)
                top = (above[0], above[1] + 0.5 * thick)
                white = [(root[0], root[1]), crest, (tip[0], tip[1] - 0.2 * thick), top]
                strokes.add(at_z, white, (226, 232, 240), rng.uniform(0.85, 1.05), upright=0.7)
