"""Images at the size at which they are shown."""

import os
from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np

from ..items import FILES
from ..records import ByteArray, Cause

_LoadedT = TypeVar("_LoadedT")


def load_scaled(path: str, width: int, height: int) -> ByteArray | None:
    """Read an image so that it just fits into a frame of that many pixels.

    Returns upright RGB, shape (h, w, 3), or None when the image cannot be read.
    """
    import cv2

    from ..pictures import decode_image

    content = FILES.read(path)
    if isinstance(content, Cause):
        return None
    picture = decode_image(content.data, min_side=max(width, height))
    if isinstance(picture, Cause):
        return None
    scale = min(width / picture.width, height / picture.height)
    sides = [max(round(scale * length), 1) for length in (picture.width, picture.height)]
    # Shrinking averages areas; enlarging small pictures shows their pixels as they are.
    return np.asarray(cv2.resize(picture.pixels, sides, interpolation=cv2.INTER_AREA), np.uint8)


def load_all(load: Callable[[str], _LoadedT], keys: Sequence[bytes]) -> list[_LoadedT]:
    """Call `load` with each absolute path, in parallel; results are in the order of the keys."""
    import joblib

    from ..pictures import count_workers, decoding_process

    run = joblib.Parallel(n_jobs=count_workers(), prefer="threads")
    with decoding_process():
        loaded: list[_LoadedT] = run(joblib.delayed(load)(os.fsdecode(key)) for key in keys)
    return loaded
