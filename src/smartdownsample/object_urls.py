"""URLs of objects: those of buckets (``s3://``, ``gs://``, ``az://``) and of web servers.

The key of an object is its URL without user information, query and fragment, so that no secret gets
into a store or a list. Names of objects in buckets are spelt as they are, without ``%``.
"""

import os
import re
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from .checks import check_folder, hide_secrets
from .errors import InvalidParameterError

_REMOTE = re.compile(r"(s3|gs|az|https?)://", re.IGNORECASE)
# Where the longest scheme and what follows it end.
_LONGEST = len("https://")
_HIDDEN = "."
# Behind a question mark, which names of objects may have as well.
_SIGNED = re.compile(
    r"[?&](x-(amz|goog)-|awsaccesskeyid=|sig(nature)?=|[a-z_-]*token=)", re.IGNORECASE
)


class ObjectPlace(NamedTuple):
    """Where an object, or all objects below a folder, are.

    Attributes
    ----------
    root : str
        Scheme and bucket, or scheme, host and port, such as ``s3://photos``.
    name : str
        Of the object or folder, without a slash at its ends; empty for all of a bucket.
    """

    root: str
    name: str

    @property
    def is_web(self) -> bool:
        """Whether a web server has it, which lists nothing."""
        return self.root.startswith("http")


def is_remote(location: str) -> bool:
    """Tell whether a location is the URL of an object store or a web server."""
    return "://" in location[:_LONGEST] and _REMOTE.match(location) is not None


def to_url_key(location: str) -> bytes:
    """Return the key of a URL for which `is_remote` holds, in bytes as those of paths."""
    scheme, _, rest = location.partition("://")
    host, slash, name = rest.partition("/")
    scheme, host = scheme.lower(), host.rpartition("@")[2]
    if scheme.startswith("http"):
        host, name = host.lower(), re.split(r"[?#]", name, maxsplit=1)[0]
    name = name.rstrip("/")
    return os.fsencode(f"{scheme}://{host}{slash if name else ''}{name}")


def check_slashes(location: str) -> None:
    """Refuse a URL that became a path, and lost a slash by that."""
    if is_remote(location.replace(":/", "://", 1)):
        msg = (
            f"A URL has two slashes behind its scheme. Got {hide_secrets(location)!r} with one. "
            "Write both; in Python give a str, since pathlib.Path leaves one."
        )
        raise InvalidParameterError(msg)


def check_url(location: str) -> None:
    """Refuse a URL with a part that its key leaves out, without repeating what may be a secret."""
    key = os.fsdecode(to_url_key(location))
    scheme, _, host = key.partition("://")
    if not host or host.startswith("/"):
        msg = (
            "A URL must name a bucket or a host, such as s3://bucket/folder. "
            f"Got {key!r} without one."
        )
        raise InvalidParameterError(msg)
    address = f"{scheme}://{host.partition('/')[0]}"
    if scheme.startswith("http") and not is_address(address):
        msg = (
            "The URL of an image on a web server must have a host, and a port from 1 to 65535 if "
            f"any, such as https://host.org:8443/1.jpg. Got {address!r}. Correct it."
        )
        raise InvalidParameterError(msg)
    if location.rstrip("/").lower() != key.lower() or _SIGNED.search(key):
        key = key.partition("?")[0]
        msg = (
            "A URL must have no user, password, query or fragment: they may hold a secret, which "
            f"lists and stores would keep. Got one of {key!r}. Leave them out; credentials come "
            "from the environment (see docs/object-storage.md)."
        )
        raise InvalidParameterError(msg)


def check_cache_dir(name: str, value: object) -> str:
    """Return a parameter that names the folder of stores, of this machine or in a bucket."""
    if not (isinstance(value, str) and is_remote(value)):
        if isinstance(value, (str, os.PathLike)):
            check_slashes(os.fsdecode(value))
        return check_folder(name, value)
    check_url(value)
    text = os.fsdecode(to_url_key(value))
    if split_url(text).is_web:
        msg = (
            f"The '{name}' parameter must be a folder of this machine or of a bucket, such as "
            f"s3://bucket/features. Got {text!r} instead: web servers take nothing in."
        )
        raise InvalidParameterError(msg)
    return text


def is_address(url: str) -> bool:
    """Tell whether a URL may be that of a server: by its scheme, host and port."""
    try:
        parts = urlsplit(url)
        is_good = parts.scheme in {"http", "https"} and bool(parts.hostname)
        is_good = is_good and (parts.port is None or parts.port > 0)
    except ValueError:  # of a port that is no number, or brackets
        return False
    return is_good and url.isprintable() and " " not in url


def split_url(location: str) -> ObjectPlace:
    """Split the text of a key into its root and the name as the object store has it."""
    scheme, _, rest = location.partition("://")
    host, _, name = rest.partition("/")
    place = ObjectPlace(f"{scheme}://{host}", name)
    return place._replace(name=unquote(name)) if place.is_web else place


def is_hidden(name: str, folder: str) -> bool:
    """Tell whether an object, or a folder that it is in below another, is hidden."""
    below = name[len(folder) :]
    return f"/{_HIDDEN}" in f"/{below.lstrip('/')}"
