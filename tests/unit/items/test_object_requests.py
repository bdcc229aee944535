"""Tests of smartdownsample.items.object_requests."""

import time
from collections.abc import Callable

import pytest

from smartdownsample import ImageLoadingWarning
from smartdownsample.items.object_requests import Line, Patience, Refusal
from smartdownsample.records import Cause

QUICK = Patience(first_pause_s=0.001, read_s=0.01, total_s=10, rest_s=0.2)
BUSY, GONE = "status code: 503 Slow Down", "error sending request"


def failing(texts: list[str], kind: type[Exception] = OSError) -> Callable[[object], str]:
    """Make a request that fails with each of the texts, and then succeeds."""
    left = iter(texts)

    def request(client: object) -> str:
        for text in left:
            raise kind(text)
        return f"answer of {client}"

    return request


@pytest.mark.parametrize("text", [BUSY, GONE, "status code: 429", "status code: 500 Internal"])
def test_a_request_is_tried_five_times(text: str) -> None:
    """The fifth may succeed."""
    assert Line("it", QUICK).ask(failing([text] * 4)) == "answer of it"
    refusal = Line("it", QUICK).ask(failing([text] * 5))
    assert isinstance(refusal, Refusal)
    assert refusal.cause in {Cause.UNREACHABLE, Cause.THROTTLED}


def test_causes_tell_throttling_from_a_store_that_is_gone() -> None:
    """By what the last reply was."""
    causes = [Line("", QUICK).ask(failing([text] * 9)) for text in (BUSY, GONE)]
    assert [each.cause for each in causes if isinstance(each, Refusal)] == [
        Cause.THROTTLED,
        Cause.UNREACHABLE,
    ]


@pytest.mark.parametrize(
    ("text", "kind", "refusal"),
    [
        ("status code: 404 <Code>NoSuchKey</Code>", OSError, (Cause.MISSING, 404, "NoSuchKey")),
        ("gone", FileNotFoundError, (Cause.MISSING, 404, "")),
        ("an odd value", ValueError, (Cause.DISK_ERROR, 0, "")),
        ("status code: 403 Forbidden", OSError, (Cause.PERMISSION, 403, "")),
        ("status code: 400 Bad", OSError, (Cause.DISK_ERROR, 400, "")),
        ("PUT http://169.254.169.254/", OSError, (Cause.PERMISSION, 0, "NoCredentials")),
    ],
)
def test_what_will_be_the_same_next_time_is_not_tried_again(
    text: str, kind: type[Exception], refusal: tuple[Cause, int, str]
) -> None:
    """The first reply counts."""
    assert Line("", QUICK).ask(failing([text], kind)) == Refusal(*refusal)


class InvalidPathError(Exception):
    """As the client names it."""


@pytest.mark.parametrize(
    ("text", "kind", "name"),
    [
        ('Could not parse path: Path "a//b" contained empty path segment', ValueError, "a//b"),
        (
            'Encountered object with invalid path: Error parsing Path "a/./b": Encountered illegal',
            InvalidPathError,
            "a/./b",
        ),
        ("something else", InvalidPathError, ""),
    ],
)
def test_names_that_the_client_cannot_work_with_are_told(
    text: str, kind: type[Exception], name: str
) -> None:
    """They have a reason of their own, and are asked for once."""
    expected = Refusal(Cause.MISSING, code="BadName", name=name)
    assert Line("", QUICK).ask(failing([text], kind)) == expected


def test_where_nobody_is_answered_others_are_spared_the_wait() -> None:
    """For a while, or until a new run begins."""
    line = Line("", QUICK)
    line.ask(failing([GONE] * 5))
    assert line.ask(failing([])) == Refusal(Cause.UNREACHABLE)
    line.wake()
    assert line.ask(failing([])) == "answer of "
    line.ask(failing([GONE] * 5))
    time.sleep(QUICK.rest_s * 1.5)
    assert line.ask(failing([])) == "answer of "


def test_where_others_are_answered_a_request_is_tried_twice_as_often() -> None:
    """Then the store is there, and has bad luck."""
    line = Line("", QUICK)
    unlucky = failing([GONE] * 9)

    def request(client: object) -> str:
        line.ask(failing([]))
        return unlucky(client)

    assert line.ask(request) == "answer of "


def test_no_attempt_begins_that_could_last_too_long() -> None:
    """With 10 s in all and 6 s for each attempt there is one."""
    n_attempts = 0

    def stall(_: object) -> None:
        nonlocal n_attempts
        n_attempts += 1
        raise OSError(GONE)

    Line("", QUICK._replace(read_s=6, total_s=5)).ask(stall)
    assert n_attempts == 1


def test_a_silent_store_is_told_of_once() -> None:
    """While it is asked again; and anew once it has answered."""
    line = Line("", QUICK._replace(silence_s=0.0), "s3://photos")
    for _ in range(2):
        with pytest.warns(ImageLoadingWarning, match="s3://photos has not answered") as told:
            line.ask(failing([GONE] * 4))
        assert len(told) == 1


def test_what_the_client_was_not_made_for_is_a_refusal() -> None:
    """Its panic is no `Exception`; interrupts go on."""

    class PanicException(BaseException):
        pass

    def fail(kind: type[BaseException]) -> None:
        raise kind

    assert Line("", QUICK).ask(lambda _: fail(PanicException)) == Refusal(
        Cause.DISK_ERROR, code="PanicException"
    )
    with pytest.raises(KeyboardInterrupt):
        Line("", QUICK).ask(lambda _: fail(KeyboardInterrupt))
