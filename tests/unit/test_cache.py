"""Tests of smartdownsample.cache."""

from collections.abc import Callable

import pytest

from smartdownsample import StoreError, cache
from smartdownsample.cli import main


@pytest.mark.parametrize("care", [cache.info, cache.verify, cache.prune])
@pytest.mark.parametrize("given", [(), ("x" * 300,)])
def test_a_folder_that_no_system_can_have_is_named(
    care: Callable[..., object], given: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever names it: the caller or the environment."""
    name = "x" * 300
    monkeypatch.setenv("SMARTDOWNSAMPLE_CACHE_DIR", name)
    with pytest.raises(StoreError, match=f"cannot be looked after: .*{name}"):
        care(*given)


def test_nothing_is_cleared_in_a_folder_that_cannot_be() -> None:
    """As in one that does not exist."""
    assert cache.clear("x" * 300) == 0


def test_the_command_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    """It does not blame standard output."""
    assert main(["cache", "info", "--cache-dir", "x" * 300]) == 1
    assert "The cache folder cannot be looked after" in capsys.readouterr().err
