"""Images at the size at which they are shown."""

from ..model import ByteArray, Cause


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
    # The decoder is imported when something is shown.
    from ..decode import decode_image, read_file
    from ..resample import resize_lanczos

    content = read_file(path)
    if isinstance(content, Cause):
        return None
    picture = decode_image(content.data, min_side=max(width, height))
    if isinstance(picture, Cause):
        return None
    scale = min(width / picture.width, height / picture.height)
    sides = (max(round(scale * length), 1) for length in (picture.width, picture.height))
    return resize_lanczos(picture.pixels, *sides)
