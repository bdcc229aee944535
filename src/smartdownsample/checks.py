"""Checks of what callers pass, made before any file is opened."""

import math
import operator
import os
import re
import secrets
from numbers import Real

from .errors import InvalidParameterError

# The largest that arrays can hold.
LARGEST_INTEGER = 2**63 - 1
# How URLs begin, for `re` and for RE2; with one slash as well, which is what `pathlib.Path` leaves.
URL_START = r"^([A-Za-z][A-Za-z0-9+.-]+):/"
_URL_START = re.compile(URL_START)
# Letters of a caller's value in an error.
_MOST_LETTERS = 200


def shorten(value: object) -> str:
    """Spell a caller's value for an error, cut where it is long."""
    text = repr(value)
    return text if len(text) <= _MOST_LETTERS else f"{text[:_MOST_LETTERS]}…"


def check_flag(name: str, value: object) -> bool:
    """Return a parameter that is on or off as a bool: what Python or NumPy has for that."""
    if not isinstance(value, bool) and type(value).__name__ not in {"bool_", "bool"}:
        msg = f"The '{name}' parameter must be True or False. Got {shorten(value)} instead."
        raise InvalidParameterError(msg)
    return bool(value)


def check_type(name: str, value: object, kind: type, called: str) -> None:
    """Make sure that a parameter is of a class, called so with its article."""
    if not isinstance(value, kind):
        msg = f"The '{name}' parameter must be {called}. Got {shorten(value)} instead."
        raise InvalidParameterError(msg)


def check_seed(random_seed: object) -> int | None:
    """Return a seed: None or an integer of at least 0, however large."""
    if random_seed is None:
        return None
    return check_integer("random_seed", random_seed, at_least=0, at_most=None)


def choose_seed(random_seed: object) -> int:
    """Return a seed, or a fresh one for None, such that what is drawn can be drawn again."""
    seed = check_seed(random_seed)
    return secrets.randbits(32) if seed is None else seed


def check_choice(name: str, value: object, choices: tuple[str, ...]) -> None:
    """Make sure that a parameter is one of a few words."""
    if not isinstance(value, str) or value not in choices:
        allowed = " or ".join(map(repr, choices))
        msg = f"The '{name}' parameter must be {allowed}. Got {shorten(value)} instead."
        raise InvalidParameterError(msg)


def check_kept(name: str, value: object) -> None:
    """Make sure that a parameter can name items of a collection; a single path does not."""
    is_path = isinstance(value, (str, bytes, os.PathLike))
    if is_path or not hasattr(value, "__len__"):
        advice = (
            " Of a table, give what is in it, such as pandas.read_csv(…); of a lockfile, "
            "Lock.read(…).list_paths(); of a folder or document, find_images(…) or "
            "Document.read(…)."
        )
        msg = (
            f"The '{name}' parameter must be a list of paths, of pairs of path and region, or of "
            "places as Selection.indices has them; a data frame with a column of paths; a "
            f"Document; or a Selection. Got {shorten(value)} instead.{advice * is_path}"
        )
        raise InvalidParameterError(msg)


def check_names(name: str, value: object) -> None:
    """Make sure that a parameter is two names to tell two things by."""
    is_pair = isinstance(value, (tuple, list)) and len(value) == len("ab")
    if not (is_pair and all(isinstance(each, str) and each for each in value)):  # type: ignore[attr-defined] # a pair
        msg = f"The '{name}' parameter must be two names. Got {value!r} instead."
        raise InvalidParameterError(msg)


def check_integer(
    name: str, value: object, *, at_least: int, at_most: int | None = LARGEST_INTEGER
) -> int:
    """Return a parameter as an int: anything that Python takes for an integer, but no bool."""
    try:
        number = None if isinstance(value, bool) else operator.index(value)  # type: ignore[arg-type] # that is the question
    except TypeError:
        number = None
    is_too_large = number is not None and at_most is not None and number > at_most
    if number is None or number < at_least or is_too_large:
        has_end = is_too_large or at_most not in {None, LARGEST_INTEGER}
        bounds = f"from {at_least} to {at_most}" if has_end else f"of at least {at_least}"
        msg = f"The '{name}' parameter must be an integer {bounds}. Got {shorten(value)} instead."
        raise InvalidParameterError(msg)
    return number


def check_number(name: str, value: object, *, at_least: float, at_most: float = math.inf) -> None:
    """Make sure that a parameter is a number within bounds."""
    is_number = isinstance(value, Real) and not isinstance(value, bool)
    try:
        is_within = is_number and at_least <= float(value) <= at_most  # type: ignore[arg-type] # a number
    except OverflowError:  # an integer of hundreds of digits
        is_within = False
    if not is_within:
        bounds = f"from {at_least} to {at_most}" if at_most < math.inf else f"at least {at_least}"
        msg = f"The '{name}' parameter must be a number, {bounds}. Got {shorten(value)} instead."
        raise InvalidParameterError(msg)


def is_url(location: str) -> bool:
    """Tell whether a location is a URL such as ``https://…``."""
    # Few are, and to look for these letters takes a fifth of the time.
    return ":/" in location and _URL_START.match(location) is not None


def expand_home(path: str) -> str:
    """Replace a ``~`` that begins a path by the user's home, unless there is such a file here."""
    return os.path.expanduser(path) if path[:1] == "~" and not os.path.lexists(path) else path


def hide_secrets(location: str) -> str:
    """Leave out of a URL what may be a secret: user, password, and all behind a question mark."""
    shown = re.sub(r"(?<=:/)(/?)[^/@]*@", r"\1…@", location, count=1)
    return re.sub(r"\?.*", "?…", shown, count=1, flags=re.DOTALL)


def check_scheme(location: str) -> None:
    """Refuse the URL of images that cannot be read, which would be taken for a local path."""
    found = _URL_START.match(location)
    if found is not None:
        shown = hide_secrets(location)
        msg = (
            f"Locations that start with '{found[1]}://' are not supported, only files, folders and "
            f"s3://, gs://, az://, https:// and http://. Got {shown!r}. Copy or mount the images "
            f"first; a local folder of this name is {'./' + shown!r}."
        )
        raise InvalidParameterError(msg)


def check_place(path: str) -> None:
    """Refuse what can be no place of a file or folder that is written: a URL, or no name at all."""
    found = _URL_START.match(path)
    if found is not None:
        shown = hide_secrets(path)
        msg = (
            f"Places that start with '{found[1]}://' are not supported here, only files and "
            f"folders of this machine. Got {shown!r}. Name a local one, and upload what is in it "
            f"afterwards; a local folder of this name is {'./' + shown!r}."
        )
        raise InvalidParameterError(msg)
    try:
        is_name = b"\0" not in os.fsencode(path)
    except UnicodeEncodeError:
        is_name = False
    if not is_name:
        msg = (
            f"A path must be one that the file system can have. Got {path!r}, with a NUL or with "
            "characters that no file name has. Give another name."
        )
        raise InvalidParameterError(msg)


def check_folder(name: str, value: object) -> str:
    """Return a parameter that names a local folder as text; the folder need not exist."""
    path = os.fspath(value) if isinstance(value, (str, os.PathLike)) else None
    if not isinstance(path, str) or not path:
        msg = f"The '{name}' parameter must be a folder's path. Got {shorten(value)} instead."
        raise InvalidParameterError(msg)
    check_place(path)
    return expand_home(path)
