"""A Dask cluster of processes of this machine, which can be killed."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

_SRC = str(Path(__file__).parents[1] / "src")
_PATIENCE_S = 60.0


class Cluster:
    """A scheduler and workers with a thread each, which are started again when they end.

    Use it as a context manager. `plugin` comes first on the search path of the workers. All is kept
    in `folder`.
    """

    def __init__(self, folder: Path, n_workers: int = 2, plugin: str = "") -> None:
        self._folder = folder
        self._log = (folder / "log.txt").open("wb")
        self._environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(filter(None, [plugin, _SRC])),
            # Usual sizes of memory differ from those of machines that run tests.
            "DASK_DISTRIBUTED__WORKER__MEMORY__TERMINATE": "False",
        }
        address = folder / "scheduler.json"
        places = ["--host", "127.0.0.1", "--no-dashboard"]
        self.scheduler = self._start(
            "dask_scheduler", *places, "--port", "0", "--scheduler-file", str(address)
        )
        self._workers = [
            self._start(
                "dask_worker",
                *places,
                *("--nthreads", "1", "--memory-limit", "0"),
                *("--scheduler-file", str(address)),
                *("--local-directory", str(folder)),
            )
            for _ in range(n_workers)
        ]
        self._file = address
        self._n_workers = n_workers
        self.address = ""

    def _start(self, module: str, *options: str) -> "subprocess.Popen[bytes]":
        """Start one of the commands of Dask."""
        command = [sys.executable, "-m", f"distributed.cli.{module}", *options]
        return subprocess.Popen(
            command, env=self._environment, stdout=self._log, stderr=subprocess.STDOUT
        )

    def __enter__(self) -> "Cluster":  # noqa: PYI034 # typing.Self needs Python 3.11
        from distributed import Client  # noqa: PLC0415 # where it is installed

        deadline = time.monotonic() + _PATIENCE_S
        while not self._file.exists():
            assert time.monotonic() < deadline, (self._folder / "log.txt").read_text()
            time.sleep(0.05)
        with Client(scheduler_file=str(self._file), set_as_default=False) as client:
            self.address = client.scheduler.address
            if self._n_workers:
                client.wait_for_workers(self._n_workers, _PATIENCE_S)
        return self

    def kill_scheduler(self) -> None:
        """End the scheduler without a word."""
        self.scheduler.kill()
        self.scheduler.wait()

    def kill_worker(self) -> None:
        """End a worker without a word; its nanny starts another."""
        from distributed import Client  # noqa: PLC0415 # where it is installed

        with Client(self.address, set_as_default=False) as client:
            os.kill(min(client.run(os.getpid).values()), signal.SIGKILL)

    def __exit__(self, *_: object) -> None:
        for process in (*self._workers, self.scheduler):
            process.terminate()
        for process in (*self._workers, self.scheduler):
            try:
                process.wait(_PATIENCE_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._log.close()
