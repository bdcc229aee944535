"""Stores in buckets, by a server of S3: kept, known, merged, and what goes wrong."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from object_servers import SECRET, Bucket, Proxy, lead_to
from pictures import write_collection
from smartdownsample import ImageIndex, StoreWarning, cache
from smartdownsample.items import object_stores
from smartdownsample.items.object_requests import Patience
from smartdownsample.items.object_stores import ObjectStores
from smartdownsample.store import bucket as bucket_module
from smartdownsample.store import patience, store

# Keeps five rows in each part.
BUILD = """
import sys
from smartdownsample import ImageIndex
from smartdownsample.store import store

store._FLUSH_ROWS = 5
ImageIndex.build(sys.argv[1], cache_dir=sys.argv[2], n_workers=1)
"""
QUICK = Patience(first_pause_s=0.02)


@pytest.fixture(autouse=True)
def own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Open clients anew, and bring parts into a folder of this test."""
    monkeypatch.setenv("SMARTDOWNSAMPLE_CACHE_DIR", str(tmp_path / "own"))
    renew_clients(monkeypatch)
    return tmp_path / "own"


def renew_clients(patch: pytest.MonkeyPatch, read_s: float = QUICK.read_s) -> None:
    """Open clients anew, of what the environment says now."""
    patch.setattr(bucket_module, "OBJECTS", ObjectStores(QUICK._replace(read_s=read_s)))


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Write photos of three cameras."""
    write_collection(tmp_path / "photos", 40)
    return tmp_path / "photos"


@pytest.fixture
def url(bucket: Bucket) -> str:
    """Name a folder of the bucket, with a name that must not be encoded."""
    return f"{bucket.root}/of all/features+ä"


def list_parts(bucket: Bucket) -> dict[str, bytes]:
    """List what is in a bucket."""
    names = [meta["path"] for page in bucket.client.list() for meta in page]
    return {name: bytes(bucket.client.get(name).bytes()) for name in sorted(names)}


def start(*arguments: str, cwd: Path, own: str = "own") -> "subprocess.Popen[str]":
    """Start the command on a machine of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "smartdownsample", *arguments],
        cwd=cwd,
        env={**os.environ, "SMARTDOWNSAMPLE_CACHE_DIR": str(cwd / own)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(*arguments: str, cwd: Path) -> str:
    """Run the command, which must go well, and return what it prints."""
    with start(*arguments, cwd=cwd) as process:
        out, err = process.communicate(timeout=120)
    assert not process.returncode, err
    assert "Warning" not in err
    return out + err


def test_a_bucket_keeps_what_a_folder_keeps(
    photos: Path, url: str, bucket: Bucket, own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What one machine has decoded, another one knows; each part is one request, once."""
    expected = ImageIndex.build(photos, cache=False)
    with Proxy(bucket.server.port) as proxy, lead_to(proxy):
        renew_clients(monkeypatch)
        monkeypatch.setattr(store, "_FLUSH_ROWS", 10)
        first = ImageIndex.build(photos, cache_dir=url)
        n_parts = len(list_parts(bucket))
        assert n_parts > 1
        assert (proxy.count("PUT"), proxy.count("GET")) == (n_parts, 0)
        for n_read in (n_parts, 0):
            proxy.requests.clear()
            again = ImageIndex.build(photos, cache_dir=f"{url}/")
            assert (again.table.n_known, again.table.n_extracted) == (len(expected), 0)
            assert (proxy.count("PUT"), proxy.count("GET")) == (0, n_read)
            assert len(proxy.requests) == n_read + 3  # of this schema and of two former ones
    renew_clients(monkeypatch)
    for index in (first, again, ImageIndex.open(url, photos)):
        assert index.paths == expected.paths
        assert index.table.rows.tobytes() == expected.table.rows.tobytes()
    assert [path.name.partition("-")[0] for path in own.iterdir()] == ["bucket"]


def test_the_command_takes_a_bucket_for_a_folder(photos: Path, url: str, tmp_path: Path) -> None:
    """Shards at once, of which two are the same, lose nothing; merged, they are fewer parts."""
    shards = [
        start(
            *("features", "photos", "--shard", f"{k}/3", "--cache-dir", url),
            cwd=tmp_path,
            own=f"own_{number}",
        )
        for number, k in enumerate((1, 2, 3, 2))
    ]
    for shard in shards:
        _, err = shard.communicate(timeout=120)
        assert not shard.returncode, err
    sample = ("sample", "photos", "-n", "9", "-o")
    known = run(*sample, "there.csv", "--cache-dir", url, cwd=tmp_path)
    assert "40, all known from earlier runs" in known
    run(*sample, "here.csv", "--no-cache", cwd=tmp_path)
    assert (tmp_path / "there.csv").read_bytes() == (tmp_path / "here.csv").read_bytes()
    (described,) = json.loads(run("cache", "info", "--json", "--cache-dir", url, cwd=tmp_path))
    assert described["n_images"] == 40
    assert described["folder"].startswith(url)
    assert described["n_parts"] >= 3
    assert "All is well" in run("cache", "verify", "--cache-dir", url, cwd=tmp_path)
    merged = run("cache", "merge", url, "--cache-dir", f"{url}-2", cwd=tmp_path)
    assert f"Added 40 rows to {url}-2" in merged
    assert cache.info(f"{url}-2")[0].n_parts == 1
    assert "Added 0 rows" in run("cache", "merge", f"{url}-2", "--cache-dir", url, cwd=tmp_path)
    photos.rename(tmp_path / "unplugged")
    exported = ("cache", "export", "pack.parquet", "photos", "--root", "photos", "--from-store")
    assert "of 40 images" in run(*exported, "--cache-dir", url, cwd=tmp_path)
    assert len(ImageIndex.from_pack(tmp_path / "pack.parquet")) == 40


@pytest.mark.parametrize("action", ["clear", "prune"])
def test_the_command_removes_nothing_from_a_bucket(
    photos: Path, url: str, bucket: Bucket, tmp_path: Path, action: str
) -> None:
    """And says what to do."""
    ImageIndex.build(photos, cache_dir=url)
    before = list_parts(bucket)
    with start("cache", action, "--cache-dir", url, cwd=tmp_path) as process:
        _, err = process.communicate(timeout=120)
    assert process.returncode
    assert "Nothing is removed from a bucket" in err
    assert len(err.splitlines()) == 1
    assert list_parts(bucket) == before


def test_a_part_that_is_there_is_never_replaced(bucket: Bucket) -> None:
    """By what is another; the same again, of which the answer was lost, is as good."""
    bucket.put("a", b"first")
    stores, location = ObjectStores(QUICK), f"{bucket.root}/a"
    with pytest.raises(FileExistsError):
        stores.write_new(location, b"other")
    stores.write_new(location, b"first")
    assert list_parts(bucket) == {"a": b"first"}


@pytest.mark.parametrize("fault", ["busy", "lost", "stall"])
def test_a_part_is_written_over_a_network_that_fails(
    photos: Path, url: str, bucket: Bucket, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    """Once, and without a word."""
    with Proxy(bucket.server.port, (fault, fault, ""), "PUT") as proxy, lead_to(proxy):
        renew_clients(monkeypatch, read_s=1 if fault == "stall" else QUICK.read_s)
        index = ImageIndex.build(photos, cache_dir=url)
        assert proxy.count("PUT") >= 3
    renew_clients(monkeypatch)
    assert len(list_parts(bucket)) == 1
    assert ImageIndex.build(photos, cache_dir=url).table.n_known == len(index)


@pytest.mark.parametrize(
    ("fault", "n_attempts", "reason"),
    [("busy", 3 * 5, "so many requests"), ("denied", 1, "Check the credentials")],
)
def test_a_bucket_that_cannot_be_written_ends_keeping(
    photos: Path,
    url: str,
    bucket: Bucket,
    monkeypatch: pytest.MonkeyPatch,
    fault: str,
    n_attempts: int,
    reason: str,
) -> None:
    """Not the run, which goes on without; what may pass is tried again."""
    monkeypatch.setattr(patience, "_PAUSES_S", (0.0, 0.0))
    monkeypatch.setattr(store, "_FLUSH_ROWS", 10)
    expected = ImageIndex.build(photos, cache=False)
    with Proxy(bucket.server.port, (fault,), "PUT") as proxy, lead_to(proxy):
        renew_clients(monkeypatch)
        with pytest.warns(StoreWarning, match=f"cannot be written .*{reason}") as told:
            index = ImageIndex.build(photos, cache_dir=url)
        assert proxy.count("PUT") == n_attempts
    assert len(told) == 1
    assert index.table.rows.tobytes() == expected.table.rows.tobytes()
    assert list_parts(bucket) == {}


def test_a_damaged_part_is_set_aside(photos: Path, url: str, bucket: Bucket, own: Path) -> None:
    """Its images are decoded again; nothing of it is lost."""
    ImageIndex.build(photos, cache_dir=url)
    ((name, data),) = list_parts(bucket).items()
    bucket.client.put(name, data[:-30])
    with pytest.warns(StoreWarning, match="is damaged .*decoded again"):
        index = ImageIndex.build(photos, cache_dir=url)
    assert index.table.n_extracted == 40
    parts = list_parts(bucket)
    assert parts.pop(f"{name}.damaged") == data[:-30]
    assert name not in parts
    assert len(parts) == 1
    assert ImageIndex.build(photos, cache_dir=url).table.n_known == 40
    (copy,) = own.rglob("*.parquet")
    copy.write_bytes(b"spoilt")
    assert ImageIndex.build(photos, cache_dir=url).table.n_known == 40
    assert len(list_parts(bucket)) == 2


def test_a_bucket_that_is_away_leaves_what_was_brought(
    photos: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A warning says why images may be decoded again."""
    ImageIndex.build(photos, cache_dir=url)
    ImageIndex.build(photos, cache_dir=url)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    renew_clients(monkeypatch)
    with pytest.warns(StoreWarning, match="cannot be read in full .*cannot be reached"):
        index = ImageIndex.build(photos, cache_dir=url)
    assert index.table.n_known == 40


def test_photos_and_their_store_may_lie_in_one_bucket(
    photos: Path, url: str, bucket: Bucket, tmp_path: Path
) -> None:
    """The page has thumbnails, and nothing that was written has the secret."""
    for path in photos.rglob("*.jpg"):
        bucket.put(f"photos/{path.relative_to(photos).as_posix()}", path.read_bytes())
    source = f"{bucket.root}/photos"
    for name in ("first", "second"):
        arguments = ("sample", source, "-n", "5", "-o", f"{name}.csv", "--report", f"{name}.html")
        run(*arguments, "--manifest", f"{name}.json", "--cache-dir", url, cwd=tmp_path)
    assert (tmp_path / "first.csv").read_bytes() == (tmp_path / "second.csv").read_bytes()
    assert cache.info(url)[0].n_images == 40
    written = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert any(path.suffix == ".sqlite" for path in (tmp_path / "own").rglob("*"))
    everything = [*written, *list_parts(bucket).values()]
    assert not [data for data in everything if SECRET.encode() in data]


def test_there_must_be_such_a_bucket(photos: Path, surroundings: object) -> None:
    """A name that was mistyped is told before anything is decoded."""
    del surroundings
    with pytest.raises(ValueError, match="no bucket 's3://not-there-at-all'"):
        ImageIndex.build(photos, cache_dir="s3://not-there-at-all/kept")


def test_a_run_that_is_killed_leaves_whole_parts(photos: Path, url: str, bucket: Bucket) -> None:
    """The next one goes on from what they have."""
    with subprocess.Popen([sys.executable, "-c", BUILD, str(photos), url]) as process:
        while process.poll() is None and not list_parts(bucket):
            time.sleep(0.01)
        process.kill()
    assert cache.verify(url) == []
    index = ImageIndex.build(photos, cache_dir=url)
    assert index.table.n_known >= 5
    assert index.table.n_known + index.table.n_extracted == 40
    assert ImageIndex.build(photos, cache_dir=url).table.n_known == 40


@pytest.mark.parametrize("scheme", ["gs", "az"])
def test_other_clouds_are_asked_in_the_same_way(
    photos: Path, scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the client's store in memory, which stands in for theirs."""
    from obstore.store import MemoryStore  # noqa: PLC0415 - an extra

    client, url = MemoryStore(), f"{scheme}://box/features"
    monkeypatch.setattr(object_stores, "open_client", lambda *_: client)
    expected = ImageIndex.build(photos, cache_dir=url)
    (part,) = (meta["path"] for page in client.list() for meta in page)
    with pytest.raises(FileExistsError):
        ObjectStores().write_new(f"{scheme}://box/{part}", b"another")
    assert ImageIndex.build(photos, cache_dir=url).table.n_known == len(expected)
    client.put(part, b"damaged")
    assert len(cache.verify(url)) == 1
    with pytest.warns(StoreWarning, match="is damaged"):
        assert ImageIndex.build(photos, cache_dir=url).table.n_extracted == len(expected)
    assert bytes(client.get(f"{part}.damaged").bytes()) == b"damaged"
