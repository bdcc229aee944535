"""Names that are the same letters in another form of Unicode, as between macOS and other systems.

macOS tools write "ö" as an "o" and a sign for its dots (NFD), others as one letter (NFC), and to
most file systems these are two names.
"""

import os
import unicodedata
from typing import Literal

_FORMS: tuple[Literal["NFC", "NFD"], ...] = ("NFC", "NFD")


def list_other_forms(name: str) -> list[str]:
    """List the other forms of a name or path; none for one in ASCII."""
    if name.isascii():
        return []
    spelt = dict.fromkeys(unicodedata.normalize(form, name) for form in _FORMS)
    return [other for other in spelt if other != name]


def locate(folder: bytes, path: str) -> bytes:
    """Return the absolute path of an image below the root, in the form that it has there."""
    place = os.path.join(folder, *os.fsencode(path).split(b"/"))
    if path.isascii() or os.path.lexists(place):
        return place
    found = folder
    for part in path.split("/"):
        forms = [os.path.join(found, os.fsencode(each)) for each in (part, *list_other_forms(part))]
        there = [each for each in forms if os.path.lexists(each)]
        if not there:
            return place
        found = there[0]
    return found
