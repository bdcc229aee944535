"""Tests of smartdownsample.items.object_stores, with a server of S3."""

import functools
import http.server
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from object_servers import Bucket, Proxy, Server, lead_to
from smartdownsample import InvalidParameterError, StorageError
from smartdownsample.items.object_requests import Patience
from smartdownsample.items.object_stores import N_REQUESTS, ObjectStores
from smartdownsample.items.storage import Content, Storage
from smartdownsample.records import Cause
from storage_suite import LONG, Place, StorageSuite

QUICK = Patience(first_pause_s=0.01, connect_s=1, read_s=1, total_s=20)
NAMES = ["a b.jpg", "ä.jpg", "100%.jpg", "a#b.jpg", "a?x=1.jpg", "a[1].jpg", "a+b.jpg", "p%20q.jpg"]


class TestObjectStores(StorageSuite):
    """Buckets are a storage."""

    @pytest.fixture
    def storage(self) -> Storage:
        """Give the storage."""
        return ObjectStores()

    @pytest.fixture
    def place(self, bucket: Bucket) -> Place:
        """Give an empty bucket."""
        return bucket

    @pytest.fixture
    def deep_place(self) -> Place:
        """S3 has names of 1,024 bytes, which is the limit of its folders."""
        pytest.skip("names in buckets have no more than 1,024 bytes")


class TestListing:
    """What is in a bucket has the names that it has there."""

    def test_odd_names_are_listed_and_read(self, bucket: Bucket) -> None:
        """Each under the URL that the listing gives."""
        stores = ObjectStores()
        for name in NAMES:
            bucket.put(f"odd ö+%20/{name}", name.encode())
        listed = sorted(stores.list(f"{bucket.root}/odd ö+%20"))
        assert listed == sorted(f"{bucket.root}/odd ö+%20/{name}" for name in NAMES)
        for location in listed:
            content = stores.read(location)
            assert isinstance(content, Content)
            assert location.endswith(content.data.decode())

    def test_a_folder_is_no_beginning_of_a_name(self, bucket: Bucket) -> None:
        """Beside photos/ there may be photos2/."""
        bucket.put("photos/1.jpg", b"x")
        bucket.put("photos2/1.jpg", b"x")
        assert list(ObjectStores().list(f"{bucket.root}/photos")) == [f"{bucket.root}/photos/1.jpg"]

    def test_many_objects_take_several_pages(self, bucket: Bucket) -> None:
        """Of 1,000 each; few more requests are made than pages."""
        for number in range(1_050):
            bucket.put(f"{number:04}.jpg", b"x")
        with Proxy(bucket.server.port, ("", "busy", "cut")) as proxy, lead_to(proxy):
            listed = list(ObjectStores(QUICK).list(bucket.root))
            assert len(set(listed)) == len(listed) == 1_050
            stats = ObjectStores(QUICK).stat([os.fsencode(location) for location in listed])
        assert not stats.causes
        assert stats.size_bytes.tolist() == [1] * 1_050
        assert len(proxy.requests) < 30

    @pytest.mark.usefixtures("surroundings")
    def test_a_bucket_that_is_not_there_is_named(self) -> None:
        """As a folder that is not there."""
        with pytest.raises(InvalidParameterError, match="no bucket 's3://not-there-at-all'"):
            list(ObjectStores().list("s3://not-there-at-all/photos"))

    def test_wrong_credentials_are_told_without_them(
        self, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """And what to check."""
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a-wrong-one")
        with pytest.raises(StorageError, match=r"403 .*Check the credentials") as refused:
            list(ObjectStores().list(bucket.root))
        assert "a-wrong-one" not in str(refused.value)
        read = ObjectStores().read(f"{bucket.root}/1.jpg")
        assert read is Cause.PERMISSION

    def test_a_store_that_is_gone_is_told(
        self, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """With its address to check."""
        monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
        with pytest.raises(StorageError, match=r"cannot be reached.*AWS_ENDPOINT_URL"):
            list(ObjectStores(QUICK).list(bucket.root))

    def test_a_web_server_is_not_listed(self) -> None:
        """It may be asked for images by name."""
        with pytest.raises(InvalidParameterError, match="lists no images"):
            list(ObjectStores().list("https://host.org/photos"))


class TestChanges:
    """What is kept is what was listed."""

    def test_an_object_written_again_at_once_has_another_etag(self, bucket: Bucket) -> None:
        """With as many bytes, in the same second."""
        location = bucket.put("1.jpg", b"first")
        before = ObjectStores().stat([os.fsencode(location)])
        bucket.put("1.jpg", b"other")
        after = ObjectStores().stat([os.fsencode(location)])
        assert before.size_bytes.tolist() == after.size_bytes.tolist()
        assert before.etags is not None
        assert before.etags != after.etags

    def test_an_object_that_changed_since_it_was_listed_is_used_and_not_kept(
        self, bucket: Bucket
    ) -> None:
        """The content is the new one, whole; stable is only what was expected."""
        location = bucket.put("1.jpg", b"first")
        (etag,) = ObjectStores().stat([os.fsencode(location)]).etags or [None]
        content = ObjectStores().read(location, etag=etag)
        assert isinstance(content, Content)
        assert (content.data, content.is_stable, content.etag) == (b"first", True, etag)
        bucket.put("1.jpg", b"other")
        content = ObjectStores().read(location, etag=etag)
        assert isinstance(content, Content)
        assert (content.data, content.is_stable) == (b"other", False)

    def test_states_are_the_same_asked_for_one_by_one_and_listed(self, bucket: Bucket) -> None:
        """Few are asked for, many are listed; the store knows both."""
        keys = [
            os.fsencode(bucket.put(f"a/{number}.jpg", b"x" * number)) for number in range(1, 70)
        ]
        listed, asked = ObjectStores().stat(keys), ObjectStores().stat(keys[:5])
        assert listed.etags is not None
        assert asked.etags == listed.etags[:5]
        assert asked.mtime_ns.tolist() == listed.mtime_ns[:5].tolist()
        assert asked.size_bytes.tolist() == listed.size_bytes[:5].tolist() == [1, 2, 3, 4, 5]


class TestFaults:
    """A network that fails now and then loses nothing, and one that is gone ends soon."""

    def test_a_reply_that_is_cut_is_gone_on_with(self, bucket: Bucket) -> None:
        """From where it ended, however often: not all is asked for again."""
        data = os.urandom(LONG)
        location = bucket.put("1.jpg", data)
        with Proxy(bucket.server.port, ("cut", "cut", "cut", "")) as proxy, lead_to(proxy):
            content = ObjectStores(QUICK).read(location)
        assert isinstance(content, Content)
        assert content.data == data
        assert content.is_stable
        assert len(proxy.requests) == 4

    def test_an_object_that_changes_between_two_parts_is_one_of_both(self, bucket: Bucket) -> None:
        """Never the beginning of one and the end of the other."""
        location = bucket.put("1.jpg", b"a" * LONG)
        stores, proxy = ObjectStores(QUICK), Proxy(bucket.server.port, ("cut", ""))

        class Changing(Proxy):
            async def _ask(self, head: bytes, body: bytes) -> bytes:
                reply = await super()._ask(head, body)
                if len(self.requests) == 1:
                    await self.run(bucket.put, "1.jpg", b"b" * LONG)
                return reply

        with Changing(proxy.target, proxy.faults) as changing, lead_to(changing):
            content = stores.read(location)
        assert isinstance(content, Content)
        assert content.data == b"b" * LONG
        assert not content.is_stable

    @pytest.mark.parametrize(
        ("fault", "cause"), [("busy", Cause.THROTTLED), ("stall", Cause.UNREACHABLE)]
    )
    def test_causes_tell_what_lasted(self, bucket: Bucket, fault: str, cause: Cause) -> None:
        """After five attempts."""
        location = bucket.put("1.jpg", b"x")
        patience = QUICK._replace(read_s=0.2)
        with Proxy(bucket.server.port, (fault,)) as proxy, lead_to(proxy):
            assert ObjectStores(patience).read(location) is cause
        assert len(proxy.requests) == 5

    def test_of_a_store_that_is_silent_many_objects_are_soon_given_up(
        self, surroundings: Server
    ) -> None:
        """Not each of them is asked for, but each has the cause."""
        keys = [b"s3://bucket/%d/%d.jpg" % (number % 50, number) for number in range(2_000)]
        # After the first failure one is asked for now and then, which comes to never here.
        patience = QUICK._replace(total_s=0, probe_s=10_000)
        with Proxy(surroundings.port, ("lost",)) as proxy, lead_to(proxy):
            stats = ObjectStores(patience).stat(keys)
        assert stats.causes == dict.fromkeys(range(2_000), Cause.UNREACHABLE)
        # Those that are under way when the first one fails, and one more of each thread.
        assert len(proxy.requests) <= 2 * N_REQUESTS


class TestWebServers:
    """Images of web servers are read by their URL, without credentials."""

    @pytest.fixture
    def web(self, tmp_path: Path) -> Iterator[str]:
        """Serve a folder, by a server that gives no parts and no etags."""
        serve = functools.partial(_Quiet, directory=str(tmp_path))
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), serve) as server:
            threading.Thread(target=server.serve_forever).start()
            yield f"http://127.0.0.1:{server.server_port}"
            server.shutdown()

    @pytest.mark.usefixtures("surroundings")
    def test_files_are_read_and_their_states_told(self, web: str, tmp_path: Path) -> None:
        """Names are encoded as URLs have them; parts are cut here."""
        (tmp_path / "a b%.jpg").write_bytes(b"content")
        os.utime(tmp_path / "a b%.jpg", (1_700_000_000,) * 2)
        location, stores = f"{web}/a%20b%25.jpg", ObjectStores(QUICK)
        for bounds, data in (((), b"content"), ((0, 3), b"con"), ((2,), b"ntent")):
            content = stores.read(location, *bounds)
            assert isinstance(content, Content)
            assert content == Content(data, 1_700_000_000 * 10**9, 7, is_stable=True)
        stats = stores.stat([os.fsencode(location), f"{web}/none.jpg".encode()])
        assert stats.size_bytes.tolist() == [7, 0]
        assert stats.causes == {1: Cause.MISSING}
        assert stats.etags == [None, None]

    @pytest.mark.usefixtures("surroundings")
    def test_what_was_written_just_now_is_not_stable(self, web: str, tmp_path: Path) -> None:
        """Times of web servers have seconds, and there is no etag."""
        (tmp_path / "a.jpg").write_bytes(b"content")
        content = ObjectStores(QUICK).read(f"{web}/a.jpg")
        assert isinstance(content, Content)
        assert not content.is_stable


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""
