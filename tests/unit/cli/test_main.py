"""Tests of smartdownsample.cli.main: errors that no command handles, said in a line."""

import atexit
import errno
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import NoReturn

import pytest

from pictures import write_collection
from smartdownsample import ImageIndex
from smartdownsample.cli import main
from smartdownsample.cli.main import INTERRUPTED


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Write a few photos, and make their folder's parent the working folder."""
    write_collection(tmp_path / "photos", 3)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def fail_with(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    """Let the work of a command fail."""

    def fail(*_: object) -> NoReturn:
        raise error

    monkeypatch.setattr(ImageIndex, "gather_items", fail)


def chain(first: Exception, second: Exception) -> Exception:
    """Make an error that was raised while another one was handled."""
    second.__context__ = first
    return second


LINE = "\n  of many\n"


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("error", "told"),
    [
        (MemoryError(), "too little memory (MemoryError). Close other programs"),
        (MemoryError("Unable to allocate 5 GB." + LINE), "memory (Unable to allocate 5 GB.). Clo"),
        (OSError(errno.ENOMEM, os.strerror(errno.ENOMEM)), "Cannot allocate memory. Mend this"),
        (ImportError("libx.so: failed to map segment from shared object"), "memory (libx.so: fai"),
        (
            chain(ImportError("libx.so: failed to map segment"), ImportError("READ THIS" + LINE)),
            "too little memory (libx.so: failed to map segment). Close other programs",
        ),
        (
            chain(RuntimeError("can't start new thread"), AttributeError("no 'terminate'")),
            "too little memory (can't start new thread). Close other programs",
        ),
        (RecursionError("maximum depth"), "lie in one another too deeply (maximum depth). Look"),
        (ImportError(), "cannot be loaded (ImportError). Install smartdownsample again"),
        (ModuleNotFoundError("No module named 'x'"), "cannot be loaded (No module named 'x'). Ins"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_what_lacks_is_said_in_a_line(
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    error: Exception,
    told: str,
) -> None:
    """With what to do, and without a traceback."""
    monkeypatch.setattr(atexit, "register", lambda *_: None)  # not at the end of the tests
    fail_with(monkeypatch, error)
    assert main(["sample", "photos", "-n", "2"]) == 1
    out, err = capfd.readouterr()
    assert out == ""
    assert err.startswith("smartdownsample: error: ")
    assert told in err
    assert len(err.splitlines()) == 1


@pytest.mark.usefixtures("folder")
def test_any_other_error_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is a mistake of ours, to be reported."""
    fail_with(monkeypatch, AttributeError("a mistake"))
    with pytest.raises(AttributeError, match="a mistake"):
        main(["sample", "photos", "-n", "2"])


def test_errors_while_modules_are_imported_are_said(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Python says of a module that is None that it cannot be imported."""
    assert folder.is_dir()
    monkeypatch.setitem(sys.modules, "smartdownsample.cli.running", None)
    assert main(["sample", "photos", "-n", "2"]) == 1
    assert "a library that is needed cannot be loaded" in capfd.readouterr().err


def test_an_early_interruption_is_said_in_a_line() -> None:
    """Also while modules are imported, which takes most of the time of a start."""
    code = """
import sys
import threading
class Interrupt:
    def find_spec(self, name, *_):
        if name.startswith("smartdownsample.cli.parser"):
            raise KeyboardInterrupt
sys.meta_path.insert(0, Interrupt())
from smartdownsample.cli import main
sys.exit(main(["inspect", "photos"]))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (INTERRUPTED, "")
    assert done.stderr == "smartdownsample: interrupted.\n"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGHUP")
def test_a_signal_that_is_ignored_stays_so(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As with nohup; others are heeded while the command runs, and never in a thread."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    seen = []

    def look(*_: object) -> int:
        seen.append([signal.getsignal(each) for each in (signal.SIGHUP, signal.SIGTERM)])
        return 0

    monkeypatch.setattr("smartdownsample.cli.running.run_command", look)
    try:
        main(["inspect", str(folder)])
        thread = threading.Thread(target=main, args=(["inspect", str(folder)],))
        thread.start()
        thread.join()
    finally:
        signal.signal(signal.SIGHUP, before)
    (ignored, heeded), in_thread = seen
    assert ignored is signal.SIG_IGN
    assert callable(heeded)
    assert in_thread == [signal.SIG_IGN, signal.SIG_DFL]
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


@pytest.mark.parametrize("module", ["smartdownsample.cli", "argparse"])
@pytest.mark.parametrize("start", ["script", "module"])
def test_an_interruption_before_the_command_is_there_shows_no_traceback(
    module: str, start: str
) -> None:
    """Neither as the script that pip makes nor as a module."""
    code = f"""
import runpy, sys
class Interrupt:
    def find_spec(self, name, *_):
        if name == {module!r}:
            raise KeyboardInterrupt
sys.meta_path.insert(0, Interrupt())
if {start == "script"}:
    from smartdownsample.__main__ import main
    sys.exit(main())
runpy.run_module("smartdownsample", run_name="__main__")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (INTERRUPTED, "", "")
