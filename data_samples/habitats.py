"""The habitats of the collection: which ground, trees, grass and rocks stand where."""

from collections.abc import Callable

import numpy as np

from scenes import (
    FOCAL_LENGTH,
    SUPERSAMPLING,
    Colour,
    Scene,
    Strokes,
    add_backdrop,
    add_grass,
    add_ground,
    add_leaves,
    add_litter,
    add_rock,
    add_spruce,
    add_trunk,
    add_twig,
    fractal_noise,
    smooth_step,
    to_linear,
)

_GREENS: list[Colour] = [(84, 116, 42), (104, 138, 50), (62, 92, 36), (128, 150, 66), (72, 104, 54)]
_BROWNS: list[Colour] = [(122, 84, 52), (148, 106, 68), (98, 66, 44), (168, 128, 88), (84, 62, 48)]
_STRAW: list[Colour] = [(196, 166, 98), (176, 144, 82), (214, 186, 122), (150, 124, 74)]
_WOOD: Colour = (112, 98, 84)
# Metres; nearer than this, the middle of the view stays open.
_CLOSE = 8


def build_scene(habitat: str, width: int, height: int, seed: int) -> Scene:
    """Build the view of one camera.

    Parameters
    ----------
    habitat : str
        A key of `HABITATS`.
    width, height : int
        Size in pixels; the same seed gives the same place at any size.
    seed : int
        Which place.

    Returns
    -------
    Scene
        Its surfaces, of `height` rows and `width` columns.
    """
    horizon, camera_height, furnish = HABITATS[habitat]
    big = (width * SUPERSAMPLING, height * SUPERSAMPLING)
    scene = Scene.empty(*big, horizon, camera_height)
    furnish(scene, Strokes(scene, np.random.default_rng(seed)), seed)
    return scene.shrink(SUPERSAMPLING)


def _scatter(strokes: Strokes, near: float, far: float, share: float = 0.55) -> tuple[float, float]:
    """Pick a place on the ground inside the view, evenly over the picture."""
    z = 1 / strokes.rng.uniform(1 / far, 1 / near)
    return float(strokes.rng.uniform(-share, share) / FOCAL_LENGTH * z), float(z)


def _plant_trunks(
    scene: Scene, strokes: Strokes, count: int, near: float, far: float, bark: Colour
) -> None:
    """Plant trunks that leave the middle of the view open where they are close."""
    for _ in range(count):
        x, z = _scatter(strokes, near, far, 0.6)
        if z < _CLOSE and abs(x) < 0.22 * z:
            x += np.copysign(0.25 * z, x)
        radius, lean = strokes.rng.uniform(0.05, 0.17), strokes.rng.normal(0, 0.035)
        add_trunk(scene, int(strokes.rng.integers(1 << 16)), (x, z), radius, lean, bark)


def _hang_canopy(
    strokes: Strokes, count: int, depth: tuple[float, float], tall: tuple[float, float], leaf: float
) -> None:
    """Hang clouds of leaves before the backdrop."""
    rng = strokes.rng
    for _ in range(count):
        z = float(rng.uniform(*depth))
        at = (float(rng.uniform(-0.6, 0.6) / FOCAL_LENGTH * z), float(rng.uniform(*tall)), z)
        add_leaves(strokes, at, (0.06 * z, 0.035 * z), 110, leaf, _GREENS)


def _furnish_forest(scene: Scene, strokes: Strokes, seed: int) -> None:
    """Lay a deer trail through open broad-leaved wood."""
    rng = strokes.rng
    add_backdrop(scene, seed, ((14, 24, 10), (92, 120, 50)), 9.0, 34, 0.7)
    add_ground(scene, seed, ((70, 54, 38), (120, 92, 62), (140, 116, 84)), 0.05, 0.8)
    add_litter(strokes, 5200, 0.055, _BROWNS)
    strokes.paint()
    _hang_canopy(strokes, 46, (22, 33), (1.5, 9), 0.2)
    _plant_trunks(scene, strokes, 26, 8, 32, (104, 92, 78))
    _plant_trunks(scene, strokes, 5, 3.6, 8, (112, 100, 86))
    for _ in range(16):
        x, z = _scatter(strokes, 7, 22)
        leaf = float(rng.uniform(0.06, 0.1))
        add_leaves(strokes, (x, rng.uniform(0.2, 0.6), z), (0.9, 0.35), 220, leaf, _GREENS)
    for side in (-1, 1, 1):
        z = float(rng.uniform(4, 6))
        at = (side * z * rng.uniform(0.4, 0.55), rng.uniform(0.3, 0.5), z)
        add_leaves(strokes, at, (0.45, 0.3), 260, 0.07, _GREENS)
    for _ in range(9):
        x, z = _scatter(strokes, 3, 7)
        add_twig(strokes, (x, 0.05, z), rng.uniform(-0.2, 0.5), rng.uniform(0.6, 1.4), _WOOD)
    add_grass(strokes, 420, (2.2, 9), 0.22, _GREENS, patchy=0.9)
    add_leaves(strokes, (-1.1, 1.75, 2.2), (0.32, 0.14), 90, 0.06, _GREENS)
    strokes.paint()


def _furnish_thicket(scene: Scene, strokes: Strokes, seed: int) -> None:
    """Look into dense green undergrowth on a slope."""
    rng = strokes.rng
    add_backdrop(scene, seed, ((12, 24, 8), (110, 146, 52)), 7.0, 16, 0.4)
    add_ground(scene, seed, ((84, 70, 42), (128, 106, 66), (82, 96, 44)), 0.07, 0.3)
    add_litter(strokes, 3000, 0.06, [*_BROWNS, *_GREENS])
    strokes.paint()
    _hang_canopy(strokes, 40, (9, 15), (1, 5), 0.12)
    _plant_trunks(scene, strokes, 9, 5, 15, (88, 80, 66))
    add_trunk(scene, seed + 5, (1.05, 3.2), 0.2, -0.06, (98, 90, 76))
    for _ in range(46):
        x, z = _scatter(strokes, 4.5, 14, 0.65)
        if z < _CLOSE and abs(x) < 0.15 * z:
            continue
        at = (x, float(rng.uniform(0.15, 0.3 * z**0.5)), z)
        add_leaves(strokes, at, (0.5, 0.28), 150, rng.uniform(0.05, 0.11), _GREENS)
    add_grass(strokes, 1500, (1.7, 8), 0.3, _GREENS, patchy=0.75)
    add_leaves(strokes, (0.75, 1.5, 1.7), (0.2, 0.12), 60, 0.07, _GREENS)
    strokes.paint()


def _furnish_desert(scene: Scene, strokes: Strokes, seed: int) -> None:
    """Open a dry wash of red sand with rocks, dry shrubs and mesas."""
    rng = strokes.rng
    _raise_hills(scene, seed, ((150, 86, 62), (176, 112, 84)), 0.11, 260, steep=True)
    _raise_hills(scene, seed + 9, ((158, 98, 66), (188, 128, 90)), 0.05, 90, steep=False)
    add_ground(scene, seed, ((176, 110, 72), (206, 144, 98), (190, 132, 96)), 0.09, 0.5)
    add_litter(strokes, 1500, 0.03, [(150, 96, 70), (206, 160, 122), (124, 84, 66)])
    strokes.paint()
    for _ in range(26):
        x, z = _scatter(strokes, 3, 26)
        radius = float(rng.uniform(0.06, 0.28) * (1 + 0.05 * z))
        add_rock(scene, int(rng.integers(1 << 16)), x, z, radius, (176, 120, 92))
    add_rock(scene, seed + 3, -1.9, 4.0, 0.55, (168, 112, 84))
    sage: list[Colour] = [(126, 130, 92), (146, 146, 104), (104, 106, 74), (160, 148, 108)]
    for _ in range(24):
        x, z = _scatter(strokes, 4.5, 30)
        add_leaves(strokes, (x, 0.25, z), (0.36, 0.17), 130, 0.05, sage)
        for _ in range(4):
            add_twig(strokes, (x, 0.0, z), rng.uniform(0.8, 2.3), 0.6, (124, 98, 74))
    add_grass(strokes, 500, (2.0, 10), 0.26, _STRAW, patchy=1.0)
    strokes.paint()


def _furnish_savanna(scene: Scene, strokes: Strokes, seed: int) -> None:
    """Watch a waterhole in golden grass with flat-topped trees."""
    rng = strokes.rng
    _raise_hills(scene, seed, ((112, 116, 104), (132, 132, 112)), 0.03, 200, steep=False)
    add_backdrop(scene, seed, ((70, 70, 38), (142, 130, 70)), 2.0, 60, 0.6)
    add_ground(scene, seed, ((150, 122, 74), (190, 158, 98), (138, 112, 78)), 0.05, 0.5)
    _fill_water(scene, (-0.4, 7.6), (2.6, 1.5), seed)
    trees = ((-9.0, 24.0, 4.2), (7.5, 20.0, 3.8), (15.0, 44.0, 4.5), (-3.0, 50.0, 4.4))
    for x, z, tall in trees:
        add_trunk(scene, seed + int(z), (x, z), 0.14, 0.08, (92, 78, 62), tall)
        crown: list[Colour] = [(96, 104, 48), (118, 122, 60), (76, 84, 42)]
        add_leaves(strokes, (x + 0.4, tall, z), (1.7, 0.2), 700, 0.16, crown)
        add_leaves(strokes, (x - 0.6, tall - 0.5, z), (1.0, 0.14), 260, 0.16, crown)
    add_grass(strokes, 2600, (9.5, 40), 0.5, _STRAW)
    add_grass(strokes, 1500, (2.2, 6), 0.34, _STRAW, patchy=0.85)
    for _ in range(6):
        x, z = _scatter(strokes, 3, 7)
        add_rock(scene, int(rng.integers(1 << 16)), x, z, 0.13, (128, 116, 98))
    strokes.paint()


def _furnish_snow(scene: Scene, strokes: Strokes, seed: int) -> None:
    """Clear a glade in spruces under snow."""
    rng = strokes.rng
    add_backdrop(scene, seed, ((58, 70, 70), (142, 152, 158)), 8.0, 48, 0.3)
    add_ground(scene, seed, ((214, 220, 230), (236, 240, 246), (204, 212, 226)), 0.09, 0.45)
    for _ in range(44):
        x, z = _scatter(strokes, 9, 40, 0.65)
        add_spruce(strokes, x, z, float(rng.uniform(3, 9)), 0.5)
    _plant_trunks(scene, strokes, 6, 6, 18, (96, 84, 74))
    for x, z in ((-2.6, 5.4), (3.0, 6.6), (-3.9, 8.2)):
        add_spruce(strokes, x, z, float(rng.uniform(1.6, 3.4)), 0.55)
    for _ in range(7):
        x, z = _scatter(strokes, 3, 8)
        add_twig(strokes, (x, -0.05, z), rng.uniform(0.7, 2.4), rng.uniform(0.4, 0.8), _WOOD)
    add_grass(strokes, 130, (2.2, 8), 0.3, _STRAW, patchy=1.0)
    strokes.paint()


def _furnish_birches(scene: Scene, strokes: Strokes, seed: int) -> None:
    """Stand bare birches in old snow at the edge of a wood."""
    rng = strokes.rng
    add_backdrop(scene, seed, ((92, 88, 86), (168, 168, 172)), 6.0, 40, 0.9)
    add_ground(scene, seed, ((206, 212, 222), (232, 236, 242), (138, 120, 96)), 0.07, 0.0)
    add_litter(strokes, 500, 0.05, _BROWNS)
    _plant_trunks(scene, strokes, 22, 7, 30, (178, 174, 168))
    _plant_trunks(scene, strokes, 4, 3.8, 7, (196, 192, 186))
    for _ in range(26):
        x, z = _scatter(strokes, 6, 20)
        add_twig(strokes, (x, rng.uniform(0.0, 2.2), z), rng.uniform(0.4, 2.7), 1.6, (92, 78, 70))
    add_grass(strokes, 500, (2.4, 10), 0.35, _STRAW, patchy=0.9)
    strokes.paint()


def _furnish_meadow(scene: Scene, strokes: Strokes, seed: int) -> None:
    """Grow a meadow before a line of trees."""
    _raise_hills(scene, seed, ((86, 108, 96), (110, 128, 110)), 0.08, 220, steep=False)
    add_backdrop(scene, seed, ((34, 54, 26), (96, 124, 52)), 7.0, 55, 0.3)
    add_ground(scene, seed, ((92, 108, 48), (128, 138, 64), (150, 140, 78)), 0.05, 0.6)
    _hang_canopy(strokes, 60, (48, 54), (0.5, 4.5), 0.4)
    add_trunk(scene, seed, (1.9, 4.6), 0.06, 0.03, (134, 120, 100), 1.25)
    add_grass(strokes, 3000, (5, 45), 0.45, [*_GREENS, *_STRAW[:2]])
    strokes.paint()
    blooms: list[Colour] = [(230, 226, 214), (226, 196, 72), (170, 120, 170)]
    add_grass(strokes, 1500, (1.8, 6), 0.42, [*_GREENS, *_STRAW[:1]], patchy=0.4)
    for _ in range(150):
        x, z = _scatter(strokes, 2, 12)
        add_leaves(
            strokes, (x, float(strokes.rng.uniform(0.2, 0.4)), z), (0.02, 0.01), 3, 0.02, blooms
        )
    strokes.paint()


def _raise_hills(
    scene: Scene, seed: int, palette: tuple[Colour, Colour], tall: float, z: float, *, steep: bool
) -> None:
    """Raise hills or, if steep, mesas behind the horizon; `tall` is a share of the height."""
    width, height = scene.size
    x = np.arange(width, dtype=np.float32)[None] / width
    y = np.arange(height, dtype=np.float32)[:, None] / height
    crest = fractal_noise(x * 4, np.zeros_like(x), seed, 5)
    if steep:
        crest = 0.75 * smooth_step(0.46, 0.54, crest) + 0.25 * crest
    above = scene.horizon / height + 0.01 - tall * crest
    strata = fractal_noise(x * 12, y * 90, seed + 1, 4)[..., None]
    albedo = to_linear(palette[0]) * (1 - strata) + to_linear(palette[1]) * strata
    cover = smooth_step(0, 0.003, y - above) * (y * height < scene.horizon + 4)
    right = np.gradient(np.broadcast_to(crest, cover.shape), axis=1) * width * 0.3
    normal = np.stack([np.clip(-right, -0.7, 0.7), np.full_like(right, 0.4)], axis=-1)
    scene.paint((slice(None), slice(None)), cover.astype(np.float32), albedo, 1 / z, normal)


def _fill_water(
    scene: Scene, middle: tuple[float, float], radius: tuple[float, float], seed: int
) -> None:
    """Fill a waterhole: an oval of the ground that shows the sky, inside a rim of mud."""
    width, height = scene.size
    top = int(scene.horizon) + 1
    row = np.arange(top, height, dtype=np.float32)[:, None]
    z = scene.camera_height * scene.focal / (row - scene.horizon + 0.5)
    x = (np.arange(width, dtype=np.float32)[None] - width / 2) * z / scene.focal
    wide = ((x - middle[0]) / radius[0]) ** 2 + ((z - middle[1]) / radius[1]) ** 2
    wide = wide + 1.6 * (fractal_noise(x * 0.8, z * 0.8 + 0 * x, seed + 7, 4) - 0.5)
    water, mud = smooth_step(1.0, 0.95, wide)[..., None], smooth_step(2.0, 1.0, wide)[..., None]
    ground = scene.albedo[top:]
    ground[:] = ground * (1 - 0.7 * mud) + to_linear((96, 78, 58)) * 0.7 * mud
    ground[:] = ground * (1 - water) + to_linear((88, 92, 84)) * water
    scene.normal[top:] *= 1 - 0.6 * water
    # Still water shows as much sky as it hides of its own colour.
    scene.sky[top:] = 0.55 * water[..., 0]


HABITATS: dict[str, tuple[float, float, Callable[[Scene, Strokes, int], None]]] = {
    "forest": (0.36, 0.9, _furnish_forest),
    "thicket": (0.30, 0.9, _furnish_thicket),
    "desert": (0.40, 1.0, _furnish_desert),
    "savanna": (0.38, 1.3, _furnish_savanna),
    "snow": (0.38, 1.0, _furnish_snow),
    "birches": (0.36, 1.0, _furnish_birches),
    "meadow": (0.40, 1.0, _furnish_meadow),
}
"""Of each habitat: the horizon as a share of the height, the camera's height, what it holds."""
