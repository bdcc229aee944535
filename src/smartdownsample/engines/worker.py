"""What a worker does with a task: the same function on threads, processes and clusters."""

import os
import socket
from functools import lru_cache
from typing import NamedTuple

from .. import __version__
from ..features import FEATURE_VERSION
from ..store import decoder_version
from .apart import extract_apart, extract_here
from .parts import keep_rows
from .task import ExtractedChunk, Task


class Identity(NamedTuple):
    """Who did a task.

    Attributes
    ----------
    feature_version : int
        `smartdownsample.features.FEATURE_VERSION` there.
    package_version : str
        Version of this package there.
    decoders : str
        The image decoders that are installed there, and their versions.
    worker : str
        Name of the machine and number of the process.
    """

    feature_version: int
    package_version: str
    decoders: str
    worker: str


class Answer(NamedTuple):
    """What comes back for a task.

    Attributes
    ----------
    identity : Identity
        Who did it.
    chunk : ExtractedChunk or None
        The result; None from a worker that computes features of another version, or that has
        kept all rows.
    left : list of int, optional
        The items of the task that the result is for, where the worker has kept the rows of all
        others; by default all. A list, since an empty array takes a hundred bytes to send.
    """

    identity: Identity
    chunk: ExtractedChunk | None
    left: list[int] | None = None


def identify() -> Identity:
    """Say who this process is."""
    return _identify(os.getpid())  # a fork is another worker


@lru_cache(maxsize=1)
def _identify(pid: int) -> Identity:
    """Say who the process of this number is."""
    worker = f"{socket.gethostname()}:{pid}"
    return Identity(FEATURE_VERSION, __version__, decoder_version(), worker)


def work(task: Task) -> Answer:
    """Extract a chunk in a process that others have sent the task to.

    Nothing is decoded for who wants features of another version, and nothing in this process of
    what other workers have ended with, as long as others can be started.
    """
    identity = identify()
    if task.spec.version != identity.feature_version:
        return Answer(identity, None)
    chunk = extract_apart(task) if task.is_apart else extract_here(task)
    return Answer(identity, *keep_rows(task, chunk, identity.decoders))
