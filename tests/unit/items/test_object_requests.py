"""Tests of smartdownsample.items.object_requests."""

import threading
from collections.abc import Callable
from types import SimpleNamespace

import pytest

from smartdownsample import ImageLoadingWarning
from smartdownsample.items import object_requests
from smartdownsample.items.object_requests import Line, Patience, Refusal, heed
from smartdownsample.records import Cause

QUICK = Patience(first_pause_s=0.001, read_s=0.01, total_s=10)
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


class Clock:
    """A clock that only pauses move, and a store that is away at times."""

    def __init__(self, *away: tuple[float, float]) -> None:
        self.now_s = 0.0
        self._away = away
        self.n_attempts = 0

    def monotonic(self) -> float:
        """Tell the time."""
        return self.now_s

    def sleep(self, pause_s: float) -> None:
        """Let time go by."""
        self.now_s += pause_s

    def ask(self, _: object) -> str:
        """Answer when the store is there."""
        self.n_attempts += 1
        if any(start <= self.now_s < end for start, end in self._away):
            raise OSError(GONE)
        return "answer"


@pytest.fixture
def start_clock(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Clock]:
    """Have requests go by a clock."""

    def start(*away: tuple[float, float]) -> Clock:
        clock = Clock(*away)
        monkeypatch.setattr(object_requests, "time", clock)
        monkeypatch.setattr(object_requests, "random", SimpleNamespace(uniform=lambda *_: 1.0))
        return clock

    return start


@pytest.mark.filterwarnings("ignore:.*has not answered")
@pytest.mark.parametrize(("outage_s", "n_lost"), [(8, 1), (60, 7)])
def test_an_outage_loses_only_what_was_asked_meanwhile(
    start_clock: Callable[..., Clock], outage_s: float, n_lost: int
) -> None:
    """Each request waits its own 7.5 s, and what is asked afterwards is answered."""
    clock, line = start_clock((0, outage_s)), Line("", Patience())
    answers = [line.ask(clock.ask) for _ in range(1_000)]
    assert answers == [Refusal(Cause.UNREACHABLE)] * n_lost + ["answer"] * (1_000 - n_lost)


@pytest.mark.filterwarnings("ignore:.*has not answered")
def test_thousands_of_objects_of_a_store_that_is_gone_end_in_time(
    start_clock: Callable[..., Clock],
) -> None:
    """After the time for one, all others are given up at once."""
    clock, line = start_clock((0, 10_000)), Line("", Patience())
    assert {line.ask(clock.ask) for _ in range(5_000)} == {Refusal(Cause.UNREACHABLE)}
    assert 110 < clock.now_s <= 120


@pytest.mark.filterwarnings("ignore:.*has not answered")
def test_of_a_silent_store_one_object_is_asked_for_each_second(
    start_clock: Callable[..., Clock],
) -> None:
    """The others are spared the wait; an answer to one, or a new run, ends that."""
    clock, line = start_clock((0, 150), (300, 10_000)), Line("", Patience())
    while clock.now_s < 120:
        clock.now_s += isinstance(line.ask(clock.ask), Refusal)
    n_before = clock.n_attempts
    for _ in range(25):
        assert {line.ask(clock.ask) for _ in range(100)} == {Refusal(Cause.UNREACHABLE)}
        clock.now_s += 1
    assert clock.n_attempts == n_before + 25
    clock.now_s = 150
    assert [line.ask(clock.ask) for _ in range(100)] == ["answer"] * 100
    clock.now_s = 300
    while clock.now_s < 420:
        clock.now_s += isinstance(line.ask(clock.ask), Refusal)
    n_before = clock.n_attempts
    line.ask(clock.ask)
    line.wake()
    line.ask(clock.ask)
    assert clock.n_attempts == n_before + 1 + Patience().attempts


def test_a_silence_in_which_nobody_asked_counts_not(start_clock: Callable[..., Clock]) -> None:
    """What is asked ten minutes later is tried as often as ever."""
    clock, line = start_clock((0, 10), (600, 603)), Line("", Patience())
    assert line.ask(clock.ask) == Refusal(Cause.UNREACHABLE)
    clock.now_s = 600
    assert line.ask(clock.ask) == "answer"


def test_requests_of_a_thread_end_when_it_is_told_to_stop() -> None:
    """In a pause, which may be long; and nothing is asked afterwards."""
    stop, line = threading.Event(), Line("", Patience(first_pause_s=60, total_s=1_000))
    answers: list[object] = []
    n_attempts = 0

    def fail(_: object) -> None:
        nonlocal n_attempts
        n_attempts += 1
        stop.set()
        raise OSError(GONE)

    def work() -> None:
        heed(stop)
        answers.extend(line.ask(fail) for _ in range(3))

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(30)
    assert answers == [Refusal(Cause.UNREACHABLE)] * 3
    assert n_attempts == 1
    assert line.ask(failing([])) == "answer of "  # on a thread that goes on


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
