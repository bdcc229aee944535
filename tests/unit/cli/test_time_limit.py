"""Tests of smartdownsample.cli.time_limit."""

import re
import signal

import pytest

from smartdownsample.cli import time_limit
from smartdownsample.cli.time_limit import limit_matching
from smartdownsample.errors import InvalidParameterError

HOSTILE = "(a+)+$"


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="this system has no such timers")
def test_a_pattern_that_takes_for_ever_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names it; afterwards there is no limit any more."""
    monkeypatch.setattr(time_limit, "LIMIT_S", 0.05)
    before = signal.getsignal(signal.SIGVTALRM)
    with (
        pytest.raises(InvalidParameterError, match=r"\(a\+\)\+\$.*can be made to take for ever"),
        limit_matching([HOSTILE]),
    ):
        re.search(HOSTILE, "a" * 60 + "b")
    assert signal.getsignal(signal.SIGVTALRM) == before
    assert signal.getitimer(signal.ITIMER_VIRTUAL) == (0, 0)


def test_without_patterns_there_is_no_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Listing many files takes a while and is no fault."""
    monkeypatch.setattr(time_limit, "LIMIT_S", 1e-9)
    with limit_matching([]):
        assert sum(range(1_000_000)) > 0
