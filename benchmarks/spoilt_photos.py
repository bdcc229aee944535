"""Photos as they go wrong in the field, rendered from good ones, and good ones that look bad."""

import math
from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

Levels: TypeAlias = npt.NDArray[np.uint8]
Render: TypeAlias = Callable[[Levels, np.random.Generator], Levels]

# Exponent of the curve between light and levels.
_GAMMA = 2.2
_HAZE = 220


class Kind(NamedTuple):
    """A kind of photo: the word that is right for it, None for those that deserve none."""

    word: str | None
    render: Render


def _blur(share: float) -> Render:
    """Put the camera out of focus: a Gaussian, its σ as a share of the shorter side."""

    def render(photo: Levels, _: np.random.Generator) -> Levels:
        sigma = share * min(photo.shape[:2])
        return np.asarray(cv2.GaussianBlur(photo, (0, 0), sigma), np.uint8)

    return render


def _move(share: float) -> Render:
    """Move the camera in some direction, so far as a share of the shorter side."""

    def render(photo: Levels, rng: np.random.Generator) -> Levels:
        side = max(3, round(share * min(photo.shape[:2])))
        angle, middle = rng.uniform(0, math.pi), (side - 1) / 2
        step = middle * np.array([math.cos(angle), math.sin(angle)])
        start, end = (np.rint(middle + sign * step).astype(int).tolist() for sign in (-1, 1))
        path = np.zeros((side, side), np.float32)
        cv2.line(path, start, end, (1.0,))
        return np.asarray(cv2.filter2D(photo, -1, path / path.sum()), np.uint8)

    return render


def _expose(stops: float) -> Render:
    """Let in more or less light."""

    def render(photo: Levels, _: np.random.Generator) -> Levels:
        light = (photo / 255) ** _GAMMA * 2**stops
        return _round(light.clip(0, 1) ** (1 / _GAMMA) * 255)

    return render


def _cover(photo: Levels, rng: np.random.Generator) -> Levels:
    """Cover the lens: one colour that fades, and the sensor's noise."""
    height, width = photo.shape[:2]
    colour = rng.uniform(5, 235) + rng.choice((0, 20)) * rng.uniform(-1, 1, 3)
    y, x = np.mgrid[-0.5 : 0.5 : height * 1j, -0.5 : 0.5 : width * 1j]
    angle = rng.uniform(0, 2 * math.pi)
    slope = rng.uniform(0, 0.08) * (x * math.cos(angle) + y * math.sin(angle))
    light = 1 + slope - rng.uniform(0, 0.24) * (x * x + y * y)
    noise = rng.normal(0, rng.uniform(1, 10), (height, width, 1))
    return _round(colour * light[:, :, np.newaxis] + noise)


def _haze(contrast: float) -> Render:
    """Fill the air with fog, which leaves so much of the contrast."""

    def render(photo: Levels, rng: np.random.Generator) -> Levels:
        noise = rng.normal(0, 2, photo.shape)
        return _round(photo * contrast + _HAZE * (1 - contrast) + noise)

    return render


def _add_noise(photo: Levels, rng: np.random.Generator) -> Levels:
    """Take the photo with little light and much gain."""
    return _round(photo + rng.normal(0, 25, photo.shape))


def _compress(photo: Levels, _: np.random.Generator) -> Levels:
    """Compress much, before the file is written as all are."""
    done, data = cv2.imencode(".jpg", photo, [cv2.IMWRITE_JPEG_QUALITY, 15])
    assert done
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)


def _take_top(photo: Levels, _: np.random.Generator) -> Levels:
    """Look up: the upper third, without the camera's own strip of text."""
    height = len(photo)
    return photo[height // 20 : height // 3].copy()


def _take_part(photo: Levels, rng: np.random.Generator) -> Levels:
    """Crop a part of a third of the shorter side."""
    side = min(photo.shape[:2]) // 3
    top, left = (int(rng.integers(0, length - side + 1)) for length in photo.shape[:2])
    return photo[top : top + side, left : left + side].copy()


def _round(values: npt.NDArray[np.floating]) -> Levels:
    return values.round().clip(0, 255).astype(np.uint8)


KINDS: Mapping[str, Kind] = {
    "out of focus, σ of 0.5 % of the side": Kind("blurred", _blur(0.005)),
    "out of focus, 1 %": Kind("blurred", _blur(0.01)),
    "out of focus, 2 %": Kind("blurred", _blur(0.02)),
    "out of focus, 4 %": Kind("blurred", _blur(0.04)),
    "moved by 2 % of the side": Kind("blurred", _move(0.02)),
    "moved by 5 %": Kind("blurred", _move(0.05)),
    "moved by 10 %": Kind("blurred", _move(0.1)),
    "light less by 4.5 stops": Kind("dark", _expose(-4.5)),
    "light less by 6 stops": Kind("dark", _expose(-6)),
    "light more by 3 stops": Kind("overexposed", _expose(3)),
    "light more by 6 stops": Kind("overexposed", _expose(6)),
    "lens covered": Kind("flat", _cover),
    "fog, 30 % of the contrast": Kind(None, _haze(0.3)),
    "fog, 10 % of the contrast": Kind(None, _haze(0.1)),
    "light less by 2 stops": Kind(None, _expose(-2)),
    "much noise": Kind(None, _add_noise),
    "much compression": Kind(None, _compress),
    "the upper third alone": Kind(None, _take_top),
    "a third of the side, cropped": Kind(None, _take_part),
}
