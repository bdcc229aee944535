"""The floor of any decoder of JPEG: read every file and decode it at an eighth of its size.

As `floor_decode`, but always with the strongest reduction that the decoder has, which computes one
pixel for each block of 8×8: hardly more than undoing the entropy code, which nobody can leave out.
What is no JPEG is decoded in full and shrunk by the decoder.
"""

from peers.floor_decode import run_floor


def choose_flags(_: str) -> int:
    """Choose the strongest reduction for every file."""
    import cv2

    return cv2.IMREAD_REDUCED_COLOR_8 | cv2.IMREAD_IGNORE_ORIENTATION


if __name__ == "__main__":
    run_floor(choose_flags)
