"""From paths to bytes that can be kept, and compare as people count: IMG_2 before IMG_10."""

import os
import re
from collections.abc import Callable
from functools import cache, lru_cache

_NUMBERS = re.compile(b"[0-9]+")


def encode_order_key(key: bytes) -> bytes:
    r"""Encode a path so that comparing bytes compares paths in natural order.

    The natural order goes folder by folder, and within a name number by number:
    ``site_2/IMG_10.JPG`` stands before ``site_10/IMG_2.JPG``, and ``IMG_2`` before ``IMG_10``.
    What a number is, the natsort library decides; extensions are compared last.

    Parameters
    ----------
    key : bytes
        An absolute path.

    Returns
    -------
    bytes
        Paths that differ in leading zeros only have equal keys; compare the paths then.

    Notes
    -----
    natsort's key for a name is a tuple of text and numbers in turn. Text is written as UTF-8
    and ended by ``\0`` (which sorts before every character and occurs in no path); a number as
    ``\1``, the count of its bytes and its bytes, most significant first; ``\0`` ends the name.
    """
    folder, name = os.path.split(key)
    stem, extension = os.path.splitext(name)
    return _encode_folder(folder) + _encode_name(stem) + _encode_extension(extension)


@lru_cache(maxsize=4096)
def _encode_folder(folder: bytes) -> bytes:
    return b"".join(map(_encode_name, folder.split(os.fsencode(os.sep))))


@lru_cache(maxsize=256)
def _encode_extension(extension: bytes) -> bytes:
    return _encode_name(extension)


def _encode_name(name: bytes) -> bytes:
    if not name.isascii():
        return b"".join(map(_encode_token, _natural_key()(os.fsdecode(name)))) + b"\0"
    # What natsort does to such names, in a third of the time: text and numbers in turn, text first.
    encoded = _NUMBERS.sub(_encode_digits, name)
    ends_with_text = name and not name[-1:].isdigit()
    return encoded + (b"\0\0" if ends_with_text else b"\0")


def _encode_digits(digits: re.Match[bytes]) -> bytes:
    """Encode a number, and end the text before it."""
    return b"\0" + _encode_number(int(digits[0]))


def _encode_token(token: object) -> bytes:
    if isinstance(token, int):
        return _encode_number(token)
    return str(token).encode("utf-8", "surrogatepass") + b"\0"


def _encode_number(number: int) -> bytes:
    length = (number.bit_length() + 7) // 8
    return bytes((1, length)) + number.to_bytes(length, "big")


@cache
def _natural_key() -> Callable[[str], tuple[object, ...]]:
    # natsort is imported on first need: a run whose images are all known never needs it.
    from natsort import natsort_keygen

    return natsort_keygen()
