"""Texts for people, in a form that cannot steer the terminal that shows them."""

# Names of files may hold these: the control characters of ASCII and Latin-1, those that begin a
# line, and those that turn the direction of writing (Unicode Standard Annex 9), marks included.
CONTROLS = (
    *range(0x20),
    *range(0x7F, 0xA0),
    *(0x061C, 0x200E, 0x200F),
    *range(0x2028, 0x202F),
    *range(0x2066, 0x206A),
)
_ESCAPES = {code: repr(chr(code))[1:-1] for code in CONTROLS}


def to_line(text: str) -> str:
    r"""Return a text as one line to be shown: control characters are escaped as in Python.

    A line feed becomes ``\n``, an escape character ``\x1b``. A line stays as it is.
    """
    return text.translate(_ESCAPES)
