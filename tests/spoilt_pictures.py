"""Pictures of a scene, and what goes wrong with them, for tests of image quality."""

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from pictures import make_old

Levels = npt.NDArray[np.uint8]


def make_scene(height: int = 240, width: int = 320, seed: int = 0) -> Levels:
    """Make a picture with details of all sizes, as natural scenes have."""
    generator = np.random.default_rng(seed)
    scene = np.zeros((height, width, 3))
    for side in (3, 6, 12, 24, 48, 96):
        coarse = generator.normal(0, 18, (side, side, 3)).astype(np.float32)
        scene += cv2.resize(coarse, (width, height), interpolation=cv2.INTER_NEAREST)
    return np.asarray(np.clip(scene + 128, 0, 255), dtype=np.uint8)


def blur(scene: Levels, sigma: float = 8) -> Levels:
    """Put the camera out of focus."""
    return np.asarray(cv2.GaussianBlur(scene, (0, 0), sigma), np.uint8)


def cover(seed: int, level: int = 120, height: int = 240, width: int = 320) -> Levels:
    """Show one grey, and the sensor's noise."""
    noise = np.random.default_rng(seed).normal(level, 4, (height, width, 1))
    return np.asarray(np.broadcast_to(noise, (height, width, 3)).clip(0, 255), dtype=np.uint8)


def haze(scene: Levels) -> Levels:
    """Leave a tenth of the contrast."""
    return np.asarray(scene * 0.1 + 190, dtype=np.uint8)


def spoil(seed: int) -> dict[str, Levels]:
    """Make pictures by the word that is right for each, "" for two that deserve none."""
    scene = make_scene(seed=seed)
    return {
        "": scene,
        "blurred": blur(scene),
        "dark": scene // 9,
        "dark, flat": cover(seed, 10),
        "flat": cover(seed),
        "flat, overexposed": np.full_like(scene, 255),
        "overexposed": np.where(np.arange(320)[:, np.newaxis] < 200, 255, scene).astype(np.uint8),
    }


def write_spoilt(folder: Path, n: int = 3) -> dict[Path, str]:
    """Write so many photos of each kind, long ago: what is right for each, by path."""
    folder.mkdir(parents=True, exist_ok=True)
    words = {}
    for seed in range(n):
        for number, (word, picture) in enumerate(spoil(seed).items()):
            path = folder / f"IMG_{seed}{number}.jpg"
            assert cv2.imwrite(str(path), picture)
            words[make_old(path, seed)] = word
    return words
