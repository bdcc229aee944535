"""Processes of this machine by what they call themselves, for tests that kill some."""

import os
import signal
import time
from pathlib import Path

_PATIENCE_S = 30.0


def kill_one(beginning: str, *, parent: str = "") -> None:
    """Kill a process below this one whose command line begins so, as soon as there is one.

    With `parent`, one that was forked by a process whose command line has that in it.
    """
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        for pid, command in _list_below(os.getpid()):
            above = _read_command(_find_parent(pid)) if parent else ""
            if command.startswith(beginning) and parent in above:
                os.kill(pid, signal.SIGKILL)
                return
        assert time.monotonic() < deadline, f"no process is called {beginning}"
        time.sleep(0.05)


def _list_below(top: int) -> list[tuple[int, str]]:
    """List the processes that a process has started, and those that these have, and so on."""
    parents = {
        int(path.name): _find_parent(int(path.name)) for path in Path("/proc").glob("[0-9]*")
    }
    return [(pid, _read_command(pid)) for pid in sorted(parents) if _is_below(pid, top, parents)]


def _is_below(pid: int, top: int, parents: dict[int, int]) -> bool:
    while pid in parents and pid != top:
        pid = parents[pid]
    return pid == top


def _find_parent(pid: int) -> int:
    try:
        stated = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:  # gone
        return 0
    return int(stated.rpartition(")")[2].split()[1])


def _read_command(pid: int) -> str:
    try:
        return (
            Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        )
    except OSError:  # gone
        return ""
