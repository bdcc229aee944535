"""Light and camera: from the surfaces of a scene to the pixels of a photo."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from scenes import FloatArray, Scene, fractal_noise, smooth_step, to_linear

ByteArray = npt.NDArray[np.uint8]

SUNRISE, SUNSET = 6.0, 20.0
_GAMMA = 2.2


@dataclass(frozen=True)
class Moment:
    """When a photo is taken, and in what weather.

    ``hour`` is of the day, 0 to 24; ``cloud`` 0 is a clear and 1 a covered sky; ``fog`` is the
    share of light lost per metre; ``wind`` moves leaves by so many pixels of a picture 480 wide;
    ``flakes`` is the number of falling snowflakes; ``gust`` says which instant of the wind it is.
    """

    hour: float
    cloud: float = 0.3
    fog: float = 0.002
    wind: float = 1.0
    flakes: int = 0
    gust: float = 0.0

    @property
    def sun_height(self) -> float:
        """Sine of the sun's height, negative at night."""
        return float(np.sin(np.pi * (self.hour - SUNRISE) / (SUNSET - SUNRISE)))

    @property
    def is_night(self) -> bool:
        """Whether the camera uses its infrared flash."""
        return not SUNRISE - 0.2 < self.hour < SUNSET + 0.2


def expose(
    scene: Scene, moment: Moment, rng: np.random.Generator, eyes: list[tuple[float, float]]
) -> ByteArray:
    """Take a photo.

    Parameters
    ----------
    scene : Scene
        What stands before the camera; not changed.
    moment : Moment
        When, in what weather.
    rng : numpy.random.Generator
        Source of the sensor's noise.
    eyes : list of (float, float)
        Column and row of each eye that would throw the flash back.

    Returns
    -------
    ndarray of uint8, shape (h, w, 3)
        RGB, equal channels at night.
    """
    light = _flash(scene, eyes) if moment.is_night else _shine(scene, moment)
    light = _sway(light, scene, moment)
    if moment.flakes:
        light = _let_snow_fall(light, moment, rng)
    picture = np.clip(light, 0, 1) ** np.float32(1 / _GAMMA)
    if not moment.is_night:
        # A cheap camera's contrast curve.
        picture = 0.45 * picture + 0.55 * smooth_step(-0.04, 1.0, picture)
    picture = _develop(picture, rng, is_night=moment.is_night)
    pixels: ByteArray = np.clip(picture * 255 + 0.5, 0, 255).astype(np.uint8)
    return pixels


def _grid(scene: Scene) -> tuple[FloatArray, FloatArray]:
    """Return columns and rows as shares of the width, from the top left."""
    width, height = scene.size
    x = np.arange(width, dtype=np.float32)[None] / width
    y = np.arange(height, dtype=np.float32)[:, None] / width
    return x, y


def _shine(scene: Scene, moment: Moment) -> FloatArray:
    """Light a scene by sun and sky, with fog, and choose the exposure."""
    high = max(0.04, moment.sun_height)
    low_sun = np.float32(np.exp(-6 * high))
    sun = to_linear((255, 246, 228)) * (1 - low_sun) + to_linear((255, 168, 96)) * low_sun
    sun = sun * np.float32((1 - 0.9 * moment.cloud) * min(1.0, 3.5 * high) * 2.4)
    blue = to_linear((196, 212, 240)) * (1 - moment.cloud)
    ambient = (blue + to_linear((226, 228, 230)) * moment.cloud) * (0.75 + 0.35 * moment.cloud)
    ambient = ambient * (1 - 0.3 * low_sun)
    beam = _aim_sun(moment, high)
    right, up = scene.normal[..., 0], scene.normal[..., 1]
    toward = np.sqrt(np.maximum(0, 1 - right**2 - up**2))
    lit = np.maximum(0, right * beam[0] + up * beam[1] + toward * beam[2])
    lit *= _dapple(scene, moment)
    light = scene.albedo * (ambient * (0.62 + 0.38 * up)[..., None] + sun * lit[..., None])
    sky = _paint_sky(scene, moment, low_sun)
    haze = sky.mean(axis=(0, 1)) * 0.5 + sky[int(scene.horizon) - 1].mean(axis=0) * 0.4
    far = 1 / np.maximum(scene.nearness, 1e-3)
    seen = np.exp(-moment.fog * far)[..., None]
    light = light * seen + haze * (1 - seen)
    light = light * (1 - scene.sky[..., None]) + sky * scene.sky[..., None]
    # The camera meters the picture, but leaves dusk darker than noon.
    metered = float(np.exp(np.log(light.mean(axis=-1) + 0.02).mean() * 0.8) * 0.12**0.2)
    goal = 0.19 * min(1.0, 0.5 + 2.2 * high)
    result: FloatArray = 1.08 * (1 - np.exp(-light * np.float32(goal / metered * 1.25)))
    return result


def _aim_sun(moment: Moment, high: float) -> FloatArray:
    """Return the direction to the sun: right, up, toward the camera."""
    turn = np.pi * (moment.hour - SUNRISE) / (SUNSET - SUNRISE)
    beam = np.array([-1.1 * np.cos(turn), 0.25 + high, 0.45], dtype=np.float32)
    unit: FloatArray = beam / np.linalg.norm(beam)
    return unit


def _dapple(scene: Scene, moment: Moment) -> FloatArray:
    """Shade the scene with the shadows of leaves overhead, where trees cover the sky."""
    x, y = _grid(scene)
    shaded = 1 - float(scene.sky.mean()) * 2.2
    if shaded <= 0:
        return np.ones_like(scene.sky)
    drift = moment.hour * 0.7
    # Shadows lie flat on the ground, so they are seen wide and low.
    leaves = fractal_noise(x * 9 + drift, y * 24 + 0 * x, 77, 4)
    flat = smooth_step(0.1, 0.5, scene.normal[..., 1])
    return 1 - np.float32(0.8 * shaded) * flat * (1 - 1.3 * smooth_step(0.46, 0.62, leaves))


def _paint_sky(scene: Scene, moment: Moment, low_sun: np.float32) -> FloatArray:
    """Paint a sky with clouds, mirrored below the horizon for water to show."""
    x, y = _grid(scene)
    horizon = scene.horizon / scene.size[0]
    height = np.abs(1 - y / horizon)
    drift = moment.hour * 0.4
    clouds = fractal_noise(x * 3 + drift, height * 3.2 + 0 * x, 31, 5)
    cover = smooth_step(0.75 - 0.5 * moment.cloud, 0.95 - 0.45 * moment.cloud, clouds)[..., None]
    zenith = to_linear((104, 150, 214)) * (1 - low_sun) + to_linear((96, 108, 152)) * low_sun
    rim = to_linear((206, 222, 236)) * (1 - low_sun) + to_linear((252, 188, 132)) * low_sun
    share = np.clip(height * 1.1, 0, 1)[..., None]
    clear = rim * (1 - share) + zenith * share
    white = to_linear((238, 238, 240)) * (1 - low_sun) + to_linear((226, 176, 150)) * low_sun
    shade = (0.72 + 0.45 * clouds)[..., None]
    sky: FloatArray = (clear * (1 - cover) + white * shade * cover) * 1.5
    return sky


def _flash(scene: Scene, eyes: list[tuple[float, float]]) -> FloatArray:
    """Light a scene by infrared from the camera, fading with distance and to the sides."""
    x, y = _grid(scene)
    # Leaves and fur reflect infrared more evenly and more strongly than visible light.
    grey = scene.albedo @ np.array([0.4, 0.45, 0.15], dtype=np.float32)
    pale = 0.75 * grey**0.75 + 0.03
    toward = np.sqrt(np.maximum(0, 1 - (scene.normal**2).sum(axis=-1)))
    middle = scene.size[1] / scene.size[0] * 0.56
    aside = ((x - 0.5) / 0.52) ** 2 + ((y - middle) / 0.42) ** 2
    beam = np.exp(-1.25 * aside) * 24
    light = pale * (0.3 + 0.7 * toward) * beam * scene.nearness**1.8 + 0.0022
    for column, row in eyes:
        away = (x * scene.size[0] - column) ** 2 + (y * scene.size[0] - row) ** 2
        size = 0.0032 * scene.size[0]
        light = light + 2.5 * np.exp(-away / size**2) + 0.25 * np.exp(-away / (3 * size) ** 2)
    film = 1 - np.exp(-1.5 * light)
    return np.repeat(film[..., None], 3, axis=2).astype(np.float32)


def _sway(light: FloatArray, scene: Scene, moment: Moment) -> FloatArray:
    """Shift what the wind moves sideways."""
    x, y = _grid(scene)
    breeze = fractal_noise(x * 5 + moment.gust, y * 5 + 1.7 * moment.gust, 53, 2) - 0.5
    shift = 4 * breeze * scene.sway * moment.wind * scene.size[0] / 480
    position = np.clip(np.arange(scene.size[0], dtype=np.float32)[None] + shift, 0, None)
    left = np.minimum(position.astype(np.int32), scene.size[0] - 2)
    part = np.clip(position - left, 0, 1)[..., None]
    rows = np.arange(scene.size[1])[:, None]
    swayed: FloatArray = light[rows, left] * (1 - part) + light[rows, left + 1] * part
    return swayed


def _let_snow_fall(light: FloatArray, moment: Moment, rng: np.random.Generator) -> FloatArray:
    """Add snowflakes, large and glaring where they are near a flash."""
    height, width = light.shape[:2]
    flakes = np.zeros((height, width), dtype=np.float32)
    x, y = np.arange(width, dtype=np.float32)[None], np.arange(height, dtype=np.float32)[:, None]
    for _ in range(moment.flakes):
        size = width * 0.0016 / rng.uniform(0.12, 1.0)
        column, row = int(rng.uniform(0, width)), int(rng.uniform(0, height))
        reach = int(3 * size) + 1
        rows = slice(max(0, row - reach), row + reach)
        columns = slice(max(0, column - reach), column + reach)
        away = (x[:, columns] - column) ** 2 + ((y[rows] - row) / 1.4) ** 2
        flakes[rows, columns] += 0.55 * np.exp(-away / size**2) / (1 + 0.12 * size)
    bright = np.float32(0.9 if moment.is_night else 0.75)
    cover = np.clip(flakes, 0, 0.9)[..., None]
    return light * (1 - cover) + bright * cover


def _develop(picture: FloatArray, rng: np.random.Generator, *, is_night: bool) -> FloatArray:
    """Add what lens and sensor do: vignette, softness, noise."""
    height, width = picture.shape[:2]
    x = (np.arange(width, dtype=np.float32)[None] / width - 0.5) / 0.5
    y = (np.arange(height, dtype=np.float32)[:, None] / height - 0.5) / 0.5
    picture = picture * (1 - (0.12 if is_night else 0.09) * (x**2 + y**2))[..., None]
    strength = 0.011 if is_night else 0.004
    noise = rng.normal(0, strength, (height, width, 1)).astype(np.float32)
    image = Image.fromarray(np.clip(picture * 255 + 0.5, 0, 255).astype(np.uint8))
    image = image.filter(ImageFilter.GaussianBlur((0.55 if is_night else 0.45) * width / 480))
    return np.asarray(image, dtype=np.float32) / 255 + noise
