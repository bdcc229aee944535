"""Servers of objects on the loopback interface, for tests: one of S3, one that disturbs replies."""

import asyncio
import contextlib
import datetime as dt
import hashlib
import hmac
import json
import os
import re
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from pictures import REPOSITORY

# Made by make test-engines ENGINE=remote: SeaweedFS, or moto where that cannot run.
ENVIRONMENT = REPOSITORY / ".venv-s3"
ACCESS_KEY, SECRET = "TESTERSKEYID", "t0p/S3cret+That=NobodyMayKeep"
NO_SERVER = f"There is no {ENVIRONMENT.name}; make test-engines ENGINE=remote installs it."
_PATIENCE_S = 60.0
_STATUS = {"busy": b"503 Slow Down", "denied": b"403 Forbidden"}


class Server(NamedTuple):
    """An S3 server, and what the environment needs for it."""

    port: int

    @property
    def environment(self) -> dict[str, str]:
        """Variables that lead clients to it, with credentials."""
        return {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.port}",
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_REGION": "us-east-1",
        }


def find_ports(n: int) -> list[int]:
    """Find free ports; low ones, since SeaweedFS adds 10,000 to some."""
    with contextlib.ExitStack() as stack:
        found: list[int] = []
        # Far from those of other processes that look for some at the same time.
        for port in range(20_000 + 32 * os.getpid() % 25_000, 50_000):
            tried = stack.enter_context(socket.socket())
            with contextlib.suppress(OSError):
                tried.bind(("127.0.0.1", port))
                found.append(port)
            if len(found) == n:
                return found
    msg = "no free ports"
    raise AssertionError(msg)


@contextlib.contextmanager
def lead_to(proxy: "Proxy") -> Iterator[None]:
    """Lead clients that are opened now to a proxy."""
    before = os.environ["AWS_ENDPOINT_URL"]
    os.environ["AWS_ENDPOINT_URL"] = f"http://127.0.0.1:{proxy.port}"
    try:
        yield
    finally:
        os.environ["AWS_ENDPOINT_URL"] = before


def _name_command(folder: Path, ports: list[int]) -> list[str]:
    """Name the command of the server that is installed."""
    weed = ENVIRONMENT / "bin" / "weed"
    if not weed.exists():
        moto = str(ENVIRONMENT / "bin" / "moto_server")
        return [moto, "-H", "127.0.0.1", "-p", str(ports[0])]
    identity = {
        "name": "tester",
        "credentials": [{"accessKey": ACCESS_KEY, "secretKey": SECRET}],
        "actions": ["Admin", "Read", "Write", "List", "Tagging"],
    }
    config = folder / "s3.json"
    config.write_text(json.dumps({"identities": [identity]}), encoding="utf-8")
    s3, master, volume, filer, *grpc = map(str, ports)
    return [
        *(str(weed), "server", "-s3", f"-dir={folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1"),
        *("-master.telemetry=false", "-volume.max=400", "-master.volumeSizeLimitMB=64"),
        *(f"-s3.config={config}", f"-s3.port={s3}", "-s3.port.iceberg=0", "-s3.port.lance=0"),
        *(f"-master.port={master}", f"-volume.port={volume}", f"-filer.port={filer}"),
        *(f"-s3.port.grpc={grpc[0]}", f"-master.port.grpc={grpc[1]}"),
        *(f"-volume.port.grpc={grpc[2]}", f"-filer.port.grpc={grpc[3]}"),
    ]


@contextlib.contextmanager
def serve_s3(folder: Path) -> Iterator[Server]:
    """Serve S3 from an empty folder."""
    server = Server((ports := find_ports(8))[0])
    with (
        open(folder / "server.log", "wb") as log,
        subprocess.Popen(_name_command(folder, ports), stdout=log, stderr=log) as process,
    ):
        try:
            end = time.monotonic() + _PATIENCE_S
            while not _is_up(server.port):
                assert process.poll() is None, (folder / "server.log").read_text()[-2000:]
                assert time.monotonic() < end, "the server does not start"
                time.sleep(0.1)
            yield server
        finally:
            process.kill()


def _is_up(port: int) -> bool:
    """Tell whether a server answers, were it by refusing."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        opener.open(f"http://127.0.0.1:{port}/", timeout=5).close()
    except urllib.error.HTTPError as error:
        return error.code in {403, 404}
    except OSError:
        return False
    return True


class Proxy:
    """A server that passes requests on to another, counts them, and disturbs some of the replies.

    ``faults`` are the faults of requests in turn, again and again: "busy" (503), "denied" (403),
    "cut" (a reply that ends in the middle), "lost" (one that does not arrive), "stall" (no reply)
    or nothing. They are of requests by one method, if any is named.
    """

    def __init__(self, target: int, faults: tuple[str, ...] = ("",), method: str = "") -> None:
        self.target, self.faults, self.method = target, faults, method
        self._n_faulty = 0
        self.requests: list[str] = []
        self._started = threading.Event()
        self.port = 0
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))

    def __enter__(self) -> "Proxy":  # noqa: PYI034 - typing.Self needs Python 3.11
        self._thread.start()
        assert self._started.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stopped.set)
        self._thread.join(10)

    async def run(self, call: Callable[..., object], *arguments: object) -> None:
        """Make a call that waits, on a thread."""
        await self._loop.run_in_executor(None, call, *arguments)

    def count(self, method: str) -> int:
        """Count the requests of objects by a method."""
        lines = [line for line in self.requests if "list-type" not in line]
        return sum(line.startswith(f"{method} ") for line in lines)

    async def _serve(self) -> None:
        self._loop, self._stopped = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._answer, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self._started.set()
        await self._stopped.wait()
        server.close()
        # Those that stall wait no longer.
        answers = asyncio.all_tasks() - {asyncio.current_task()}
        for answer in answers:
            answer.cancel()
        await asyncio.gather(*answers, return_exceptions=True)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request, and close the connection."""
        # Cancelled at the end, which asyncio would tell as an error.
        ends = (OSError, EOFError, asyncio.CancelledError)
        with contextlib.closing(writer), contextlib.suppress(*ends):
            head = await reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"\r\ncontent-length: ([0-9]+)", head, re.IGNORECASE)
            body = await reader.readexactly(int(length[1]) if length else 0)
            self.requests.append(head.split(b"\r\n", 1)[0].decode())
            fault = self._choose_fault(self.requests[-1])
            if fault == "stall":
                await asyncio.sleep(3600)
            if fault in _STATUS:
                writer.write(b"HTTP/1.1 %b\r\nContent-Length: 0\r\n\r\n" % _STATUS[fault])
            else:
                reply = await self._ask(head, body)
                start = reply.find(b"\r\n\r\n") + 4
                n_cut = start + (len(reply) - start) // 2
                writer.write(reply[: {"cut": n_cut, "lost": 0}.get(fault, len(reply))])
            await writer.drain()

    def _choose_fault(self, request: str) -> str:
        """Choose the fault of a request, whose first line is given."""
        if not request.startswith(self.method):
            return ""
        self._n_faulty += 1
        return self.faults[(self._n_faulty - 1) % len(self.faults)]

    async def _ask(self, head: bytes, body: bytes) -> bytes:
        """Ask the other server."""
        source, sink = await asyncio.open_connection("127.0.0.1", self.target)
        sink.write(head[:-2] + b"Connection: close\r\n\r\n" + body)
        with contextlib.closing(sink):
            return await source.read(-1)


class Bucket:
    """A bucket of a test."""

    def __init__(self, server: Server, name: str) -> None:
        from obstore.store import S3Store  # noqa: PLC0415 - an extra

        make_bucket(server, name)
        self.server, self.root = server, f"s3://{name}"
        self.client: Any = S3Store(
            name,
            endpoint=f"http://127.0.0.1:{server.port}",
            access_key_id=ACCESS_KEY,
            secret_access_key=SECRET,
            region="us-east-1",
            client_options={"allow_http": True},
        )

    def put(self, name: str, data: bytes) -> str:
        """Write an object, and return its location."""
        self.client.put(name, data)
        return f"{self.root}/{name}"


def make_bucket(server: Server, bucket: str) -> None:
    """Make a bucket that is not there yet, by a signed request of its own."""
    now = dt.datetime.now(dt.timezone.utc)
    day, stamp = f"{now:%Y%m%d}", f"{now:%Y%m%dT%H%M%SZ}"
    host, empty = f"127.0.0.1:{server.port}", hashlib.sha256(b"").hexdigest()
    headers = {"host": host, "x-amz-content-sha256": empty, "x-amz-date": stamp}
    names = ";".join(headers)
    lines = "".join(f"{name}:{value}\n" for name, value in headers.items())
    request = "\n".join(["PUT", f"/{bucket}", "", lines, names, empty])
    scope = f"{day}/us-east-1/s3/aws4_request"
    digest = hashlib.sha256(request.encode()).hexdigest()
    text = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{digest}"
    key = f"AWS4{SECRET}".encode()
    for part in [*scope.split("/"), text]:
        key = hmac.digest(key, part.encode(), "sha256")
    headers["Authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={ACCESS_KEY}/{scope}, SignedHeaders={names}, "
        f"Signature={key.hex()}"
    )
    asked = urllib.request.Request(f"http://{host}/{bucket}", method="PUT", headers=headers)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    opener.open(asked, timeout=30).close()
