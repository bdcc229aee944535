"""Tests of smartdownsample.pictures.process_settings."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import pytest
from threadpoolctl import threadpool_info

from smartdownsample.pictures import process_settings
from smartdownsample.pictures.process_settings import decode_all, decoding_process

NOISE = (
    b"libpng error: bad adaptive filter value\n"
    b"Corrupt JPEG data: 12 extraneous bytes before marker 0xd9\n"
    b"Premature end of JPEG file\n"
    b"[ WARN:0@1.234] global grfmt_tiff.cpp:130 TIFF_Warning something\n"
)


def count_blas_threads() -> list[int]:
    """Count the threads that each linear algebra library would use."""
    return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]


def test_decoders_are_silent_and_everything_else_is_passed_on(
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Also what stands on the same line before a message, such as a progress bar."""
    with decoding_process():
        os.write(2, b"\rDecoding: 5%" + NOISE)
        os.write(2, b"a warning of somebody else\n")
        os.write(2, NOISE)
    os.write(2, b"afterwards\n")
    assert capfd.readouterr().err == "\rDecoding: 5%a warning of somebody else\nafterwards\n"


def test_overlapping_uses_share_one_redirection(capfd: pytest.CaptureFixture[str]) -> None:
    """The last to leave sets everything back, whoever came first."""
    before = count_blas_threads()
    entered, leave = threading.Event(), threading.Event()

    def hold() -> None:
        with decoding_process():
            entered.set()
            leave.wait(10)

    thread = threading.Thread(target=hold)
    thread.start()
    entered.wait(10)
    with decoding_process():
        os.write(2, NOISE)
    assert set(count_blas_threads()) <= {1}
    os.write(2, NOISE + b"still here\n")
    leave.set()
    thread.join()
    os.write(2, NOISE)
    assert count_blas_threads() == before
    err = capfd.readouterr().err
    assert err == "still here\n" + NOISE.decode()


def test_a_process_without_standard_error_works() -> None:
    """As under pythonw or a service manager."""
    code = (
        "import os; os.close(2)\n"
        "from smartdownsample.pictures.process_settings import decoding_process\n"
        "with decoding_process(): print('done')"
    )
    done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, check=True)
    assert done.stdout.strip() == b"done"


def test_an_error_inside_leaves_standard_error_as_it_was(
    capfd: pytest.CaptureFixture[str],
) -> None:
    """The context ends all the same."""

    def fail() -> None:
        with decoding_process():
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    os.write(2, b"here\n")
    assert capfd.readouterr().err == "here\n"


@pytest.mark.parametrize("step", ["pipe", "dup2", "start", "log"])
def test_a_step_that_fails_leaves_no_setting_behind(
    step: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Threads, log and standard error are as before, no file is open, and the next run works."""

    def fail(*_: object) -> None:
        raise OSError("none left")

    def describe() -> tuple[object, ...]:
        folder = Path("/proc/self/fd")
        n_open = len(list(folder.iterdir())) if folder.exists() else 0
        return cv2.getNumThreads(), count_blas_threads(), n_open

    with decoding_process():
        pass
    before = describe()
    with monkeypatch.context() as patched:
        owner, name = {
            "pipe": (os, "pipe"),
            "dup2": (os, "dup2"),
            "start": (threading.Thread, "start"),
            "log": (process_settings, "_set_log_level"),
        }[step]
        patched.setattr(owner, name, fail)
        with pytest.raises(OSError, match="none left"), decoding_process():
            pass
    wait_for(lambda: describe() == before)
    os.write(2, b"here\n")
    with decoding_process():
        os.write(2, NOISE)
    assert capfd.readouterr().err == "here\n"


def wait_for(happens: Callable[[], bool]) -> None:
    """Wait until something is so: a thread has closed its files."""
    deadline = time.monotonic() + 30
    while not happens():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_results_are_in_the_order_of_what_is_decoded() -> None:
    """Whichever is ready first."""

    def decode(seconds: float, name: str) -> str:
        time.sleep(seconds)
        return name

    assert decode_all(decode, (0.05, 0.0, 0.0), "abc", n_workers=3) == ["a", "b", "c"]


@pytest.mark.parametrize("kind", [MemoryError, KeyboardInterrupt])
def test_after_an_error_nothing_is_decoded(kind: type[BaseException]) -> None:
    """Not even what had begun: a thread inside a codec while Python ends crashes the process."""
    has_begun, n_ended = threading.Event(), []

    def decode(number: int) -> None:
        if number == 0:
            has_begun.wait()
            raise kind
        has_begun.set()
        time.sleep(0.05)
        n_ended.append(number)

    before = {*threading.enumerate()}
    with pytest.raises(kind):
        decode_all(decode, range(1_000), n_workers=2)
    assert {*threading.enumerate()} <= before
    assert 0 < len(n_ended) < 100
