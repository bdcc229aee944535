"""Runs of the command in processes that need not import everything anew.

Starting Python and importing arrays and Parquet takes far longer than most runs. A server has done
so; each run is a fork of it, with streams, folder and environment of its own.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

# Reads tasks, one a line; forks a run for each, and says how it ended.
_SERVER = """
import importlib, json, os, pkgutil, sys, traceback, warnings
import smartdownsample
from smartdownsample.cli import main

for found in pkgutil.walk_packages(smartdownsample.__path__, "smartdownsample."):
    if not found.name.endswith("__main__"):
        try:
            importlib.import_module(found.name)
        except ModuleNotFoundError as error:  # of an extra
            if error.name.startswith("smartdownsample"):
                raise
for name in ("cv2", "filelock", "jinja2", "joblib", "matplotlib.backends.backend_agg", "natsort",
             "platformdirs", "pyarrow.parquet", "threadpoolctl", "tqdm"):
    importlib.import_module(name)
# Libraries have threads that wait; none of Python's runs.
warnings.filterwarnings("ignore", ".*fork", DeprecationWarning)

def run(task):
    os.chdir(task["folder"])
    os.environ.clear()
    os.environ.update(task["environment"])
    for descriptor, path in enumerate(task["streams"]):
        opened = os.open(path, os.O_WRONLY if descriptor else os.O_RDONLY)
        os.dup2(opened, descriptor)
        os.close(opened)
    code = 1
    try:
        code = main(task["arguments"])
    except SystemExit as ended:
        code = ended.code
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code or 0)

requests, answers = os.fdopen(os.dup(0)), os.fdopen(os.dup(1), "w")
for line in requests:
    process = os.fork()
    if not process:
        run(json.loads(line))
    print(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), file=answers, flush=True)
"""


class CommandServer:
    """A process that all runs are forked from; warnings are errors in them.

    It needs Linux: elsewhere a process may not go on that was forked beside threads.
    """

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-W", "error", "-c", _SERVER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(
        self,
        arguments: tuple[str, ...],
        folder: Path,
        environment: Mapping[str, str],
        stdin: bytes = b"",
    ) -> "subprocess.CompletedProcess[bytes]":
        """Run the command to its end."""
        with tempfile.TemporaryDirectory() as name:
            streams = [Path(name) / stream for stream in ("in", "out", "err")]
            for stream in streams:
                stream.write_bytes(stdin if stream.name == "in" else b"")
            task = {
                "arguments": arguments,
                "folder": os.fspath(folder),
                "environment": dict(environment),
                "streams": list(map(str, streams)),
            }
            requests, answers = self.process.stdin, self.process.stdout
            assert requests is not None
            assert answers is not None
            requests.write(json.dumps(task) + "\n")
            requests.flush()
            code = int(answers.readline())
            out, err = (stream.read_bytes() for stream in streams[1:])
        return subprocess.CompletedProcess(arguments, code, out, err)

    def stop(self) -> None:
        """Wait for the end of the process."""
        self.process.communicate(timeout=60)
