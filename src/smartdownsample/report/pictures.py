"""Images at the size at which they are shown."""

import os
from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np

from ..items import LocalFiles
from ..records import ByteArray, Cause


def load_picture(path: str, width: int, height: int) -> ByteArray | None:
    """Read an image so that it just fits into a frame.

    Parameters
    ----------
    path : str
        Absolute path.
    width, height : int
        Of the frame, in pixels.

    Returns
    -------
    ndarray of uint8, shape (h, w, 3), or None
        RGB, upright; None if it cannot be read.
    """
    # OpenCV is imported when something is shown.
    import cv2

    from ..pictures import decode_image

    content = LocalFiles().read(path)
    if isinstance(content, Cause):
        return None
    picture = decode_image(content.data, min_side=max(width, height))
    if isinstance(picture, Cause):
        return None
    scale = min(width / picture.width, height / picture.height)
    sides = [max(round(scale * length), 1) for length in (picture.width, picture.height)]
    # Areas for pictures that shrink; of small ones the pixels are to be seen.
    return np.asarray(cv2.resize(picture.pixels, sides, interpolation=cv2.INTER_AREA), np.uint8)


Shown = TypeVar("Shown")


def load_all(load: Callable[[str], Shown], keys: Sequence[bytes]) -> list[Shown]:
    """Load images by their absolute paths, several at a time, in the order given."""
    import joblib

    from ..pictures import count_workers, decoding_process

    run = joblib.Parallel(n_jobs=count_workers(), prefer="threads")
    with decoding_process():
        loaded: list[Shown] = run(joblib.delayed(load)(os.fsdecode(key)) for key in keys)
    return loaded
