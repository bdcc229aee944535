"""Requests to an object store or a web server, which are tried again where that may help.

What a client raises may quote addresses, headers and bodies. None of it leaves this module: a
request gives its answer or a `Refusal`.
"""

import random
import re
import threading
import time
from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias, TypeVar

from ..errors import ImageLoadingWarning, warn_user
from ..records import Cause

_Answer = TypeVar("_Answer")
# A client of obstore, which has no types when it is not installed.
Client: TypeAlias = Any

_STATUS = re.compile(r"status code: ([0-9]{3})")
# The code that S3 and those like it give with an error, such as NoSuchBucket.
_CODE = re.compile(r"<Code>([A-Za-z]{1,40})</Code>")
# Asked for the credentials of the instance where the environment and the profile have none.
_INSTANCE_HOSTS = ("169.254.169.254", "metadata.google.internal", "169.254.170.2")
NO_CREDENTIALS = "NoCredentials"
# Of a name that other clients may give an object, and this one cannot ask for.
BAD_NAME = "BadName"
_BAD_PATH, _NO_PATH = "InvalidPathError", "Could not parse path"
_QUOTED_NAME = re.compile(r'Path "(.{1,1024}?)"(?: contained|:)', re.DOTALL)
CHANGED, NOT_THERE, BEYOND_END = 412, 404, 416
# Of an object that is to be new, and is there.
TAKEN = (409, CHANGED)
# What the client raises of what it was not made for; no `Exception`.
PANIC = "PanicException"
# Stands for a server that gives no parts of a file, whatever it replied.
NO_RANGES = 299
_REFUSED, _TOO_MANY, _UNAVAILABLE, _FAULTS = (401, 403), 429, 503, 500
# What libraries name without a status in their text.
_STATUS_OF_KIND = {
    "FileNotFoundError": NOT_THERE,
    "PermissionDeniedError": 403,
    "UnauthenticatedError": 401,
    "PreconditionError": CHANGED,
    "AlreadyExistsError": CHANGED,
    "NotSupportedError": NO_RANGES,
}


class Patience(NamedTuple):
    """How long requests wait and how often they are tried.

    ``attempts`` are for a request that nobody's success speaks for: where others are answered
    meanwhile, it is tried twice as often. ``first_pause_s`` doubles from pause to pause. Of a store
    that has answered nobody for ``total_s``, one object is asked for every ``probe_s`` until it
    answers, and all others are given up at once; where nobody has asked for ``forget_s``, its
    silence begins anew. A warning tells of a store that has answered nobody for ``silence_s``.
    """

    attempts: int = 5
    first_pause_s: float = 0.5
    connect_s: float = 3.0
    read_s: float = 30.0
    total_s: float = 120.0
    probe_s: float = 1.0
    forget_s: float = 60.0
    silence_s: float = 15.0


class Refusal(NamedTuple):
    """Why a request got no answer.

    Attributes
    ----------
    cause : Cause
        What to tell of an object.
    status : int
        Of the reply by HTTP; 0 when there was none.
    code : str
        What the store calls the error; empty where it does not say.
    name : str
        Of the object, where it has a name that the client cannot work with.
    """

    cause: Cause
    status: int = 0
    code: str = ""
    name: str = ""


_own = threading.local()


def heed(stop: threading.Event) -> None:
    """Have requests of the calling thread end soon once an event is set, as not answered."""
    _own.stop = stop


class Line:
    """The way to one bucket or web server.

    Parameters
    ----------
    client : object
        A client of obstore, which does not try again by itself.
    patience : Patience
        How long to wait and how often to try.
    root : str, optional
        The bucket or web server, for people.
    """

    def __init__(self, client: Client, patience: Patience, root: str = "The store") -> None:
        self.client = client
        self._patience = patience
        self._root = root
        self._answered_s = -1.0
        # When the silence began in which nobody is answered, and when a request failed in it last.
        self._silent_since_s: float | None = None
        self._failed_s = 0.0
        self._probed_s = 0.0
        # Of which silence people were told, by its beginning.
        self._told_s = -1.0
        self._last = Refusal(Cause.UNREACHABLE)

    def wake(self) -> None:
        """Ask again also where nobody was answered before."""
        self._silent_since_s = None

    def ask(
        self, request: Callable[[Client], _Answer], *, tries_again: bool = True
    ) -> _Answer | Refusal:
        """Make a request with the client, again and again where it may succeed later."""
        begun_s = time.monotonic()
        if self._is_resting(begun_s):
            return self._last
        stop: threading.Event | None = getattr(_own, "stop", None)
        n_attempts, pause_s = 0, self._patience.first_pause_s
        while stop is None or not stop.is_set():
            tried_s = time.monotonic()
            answer = _try_once(request, self.client)
            if not isinstance(answer, Refusal):
                self._note_answer()
                return answer
            if answer.cause not in {Cause.UNREACHABLE, Cause.THROTTLED}:
                if answer.status:  # a reply, if not the one that was hoped for
                    self._note_answer()
                return answer
            self._note_failure(answer, tried_s)
            n_attempts += 1
            pause_s *= random.uniform(0.75, 1.25)  # noqa: S311 - so that not all ask at once
            if not tries_again or self._is_enough(n_attempts, pause_s, begun_s):
                return answer
            self._tell_of_silence()
            if stop is None:
                time.sleep(pause_s)
            else:
                stop.wait(pause_s)
            pause_s *= 2
        return Refusal(Cause.UNREACHABLE)

    def _is_resting(self, now_s: float) -> bool:
        """Tell whether a request is spared a wait; one is let through now and then."""
        if now_s > self._failed_s + self._patience.forget_s:
            self._silent_since_s = None
        since_s = self._silent_since_s
        if since_s is None or now_s < since_s + self._patience.total_s:
            return False
        if now_s < self._probed_s + self._patience.probe_s:
            return True
        self._probed_s = now_s  # threads that come here at once are let through together
        return False

    def _note_answer(self) -> None:
        self._answered_s, self._silent_since_s = time.monotonic(), None

    def _note_failure(self, refusal: Refusal, tried_s: float) -> None:
        self._last, self._failed_s = refusal, time.monotonic()
        if self._silent_since_s is None:
            self._silent_since_s = max(tried_s, self._answered_s)

    def _is_enough(self, n_attempts: int, pause_s: float, begun_s: float) -> bool:
        """Tell whether a request is not to be tried once more after a pause."""
        most = self._patience.attempts * (2 if self._answered_s >= begun_s else 1)
        next_s = time.monotonic() + pause_s
        since_s = self._silent_since_s
        return (
            n_attempts >= most
            or next_s + self._patience.read_s > begun_s + self._patience.total_s
            or (since_s is not None and next_s > since_s + self._patience.total_s)
        )

    def _tell_of_silence(self) -> None:
        """Warn once of a store that has answered nobody for a while, and is asked again."""
        since_s = self._silent_since_s
        if since_s is None or self._told_s >= since_s:
            return
        silent_s = time.monotonic() - since_s
        if silent_s < self._patience.silence_s:
            return
        self._told_s = time.monotonic()
        warn_user(
            f"{self._root} has not answered for {silent_s:.0f} s. It is asked again, for up to "
            f"{self._patience.total_s:.0f} s in all.",
            ImageLoadingWarning,
        )


def _try_once(request: Callable[[Client], _Answer], client: Client) -> _Answer | Refusal:
    try:
        return request(client)
    except Exception as error:  # noqa: BLE001 - the client's own kinds, and built-in ones
        return _explain(error)
    except BaseException as error:
        if type(error).__name__ != PANIC:
            raise
        return Refusal(Cause.DISK_ERROR, code=PANIC)


def _explain(error: Exception) -> Refusal:
    """Tell why a request failed by what the client raised."""
    text = str(error)
    if any(host in text for host in _INSTANCE_HOSTS):
        return Refusal(Cause.PERMISSION, code=NO_CREDENTIALS)
    if _is_of_name(error, text):
        named = _QUOTED_NAME.search(text)
        return Refusal(Cause.MISSING, code=BAD_NAME, name=named[1] if named else "")
    found, code = _STATUS.search(text), _CODE.search(text)
    status = int(found[1]) if found else _STATUS_OF_KIND.get(type(error).__name__, 0)
    if isinstance(error, ValueError):  # which will be the same next time
        return Refusal(Cause.DISK_ERROR)
    return Refusal(_choose_cause(status), status, code[1] if code else "")


def _is_of_name(error: Exception, text: str) -> bool:
    """Tell whether the client failed for a name, of what it was asked for or in a listing."""
    is_of_path = isinstance(error, ValueError) and text.startswith(_NO_PATH)
    return is_of_path or isinstance(error, UnicodeError) or type(error).__name__ == _BAD_PATH


def _choose_cause(status: int) -> Cause:
    if status == NOT_THERE:
        return Cause.MISSING
    if status in _REFUSED:
        return Cause.PERMISSION
    if status in {_TOO_MANY, _UNAVAILABLE}:
        return Cause.THROTTLED
    if not status or status >= _FAULTS:
        return Cause.UNREACHABLE
    return Cause.DISK_ERROR  # a reply that will be the same next time
