"""Tests of smartdownsample.cache."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from pictures import write_collection
from smartdownsample import ImageIndex, StoreError, cache
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


def test_a_full_disk_is_told_of_without_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its errors name none; what is pruned is written anew before it goes."""

    def fill_disk(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    photos = write_collection(tmp_path, 2)
    ImageIndex.build(photos)
    os.unlink(photos[0])
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fill_disk)
        with pytest.raises(StoreError) as told:
            cache.prune()
    assert str(told.value) == (
        "The cache folder cannot be looked after: No space left on device. Name a folder that may "
        "be read and written to, and has room."
    )
    assert cache.prune() == 1


def test_the_command_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    """It does not blame standard output."""
    assert main(["cache", "info", "--cache-dir", "x" * 300]) == 1
    assert "The cache folder cannot be looked after" in capsys.readouterr().err
