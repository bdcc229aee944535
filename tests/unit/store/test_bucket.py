"""Tests of stores in buckets: smartdownsample.store.bucket and cache_dir."""

import os
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from memory_objects import (
    QUICK,
    MemoryClient,
    PermissionDeniedError,
    lead_to_memory,
)
from smartdownsample import ImageIndex, InvalidParameterError, StorageError, StoreWarning, cache
from smartdownsample.errors import StoreError
from smartdownsample.features.spec import make_spec
from smartdownsample.items.object_stores import ObjectStores
from smartdownsample.options import ReadingOptions
from smartdownsample.records import FeatureBatch, FileStats
from smartdownsample.store import (
    FeatureStore,
    bucket,
    choose_cache_dir,
    choose_own_cache_dir,
    leave_sign,
    make_table,
    patience,
    sees_sign,
)
from whole_photos import list_photos, photo_batch

SPEC = make_spec(8, "fast")
URL = "s3://photos/kept"
FOLDER = f"kept/features-4/{SPEC.fingerprint}"


@pytest.fixture(autouse=True)
def client(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> MemoryClient:
    """Lead to a bucket in memory, whose copies are this test's."""
    monkeypatch.setenv("SMARTDOWNSAMPLE_CACHE_DIR", str(tmp_path / "own"))
    return lead_to_memory(monkeypatch)


def make_batch(keys: list[bytes]) -> FeatureBatch:
    """Make a batch of files with the same time and size."""
    n = len(keys)
    return photo_batch(
        keys,
        mtime_ns=np.full(n, 10),
        size_bytes=np.full(n, 100),
        rows=np.ones(n, dtype=SPEC.row_dtype),
        causes=[None] * n,
        is_lasting=np.ones(n, dtype=np.bool_),
    )


def open_store(url: str = URL) -> FeatureStore:
    """Open a store in the bucket."""
    return FeatureStore(SPEC, choose_cache_dir(url))


def keep(keys: list[bytes], url: str = URL) -> None:
    """Keep rows in a run of their own."""
    with open_store(url) as store:
        store.append(make_batch(keys))


def find(keys: list[bytes], url: str = URL) -> set[bytes]:
    """Find which keys are known."""
    n = len(keys)
    stats = FileStats(np.full(n, 10), np.full(n, 100), {})
    known = open_store(url).look_up(list_photos(keys), stats)
    return {keys[item] for item in known.items.tolist()}


def list_copies(tmp_path: Path) -> list[Path]:
    """List the parts that have been brought here."""
    return sorted((tmp_path / "own").rglob("*.parquet"))


class TestParts:
    """A part is one object, which is new."""

    def test_what_one_run_keeps_the_next_one_knows(
        self, client: MemoryClient, tmp_path: Path
    ) -> None:
        """Each part is brought once; a run that knows all lists its folders, and no more."""
        keep([b"/a", b"/b"])
        keep([b"/c"])
        assert all(name.startswith(f"{FOLDER}/part-") for name in client.objects)
        assert find([b"/a", b"/c", b"/x"]) == {b"/a", b"/c"}
        assert [path.read_bytes() for path in list_copies(tmp_path)] == [*client.objects.values()]
        client.requests.clear()
        assert find([b"/b"]) == {b"/b"}
        assert client.requests == ["list"] * 3  # of this schema and of two former ones

    def test_a_large_part_is_brought_piece_by_piece(
        self, client: MemoryClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Memory holds one piece of each part that is under way."""
        monkeypatch.setattr(bucket, "_BLOCK_BYTES", 1_000)
        keep([b"/%d" % number for number in range(20)])
        assert len(find([b"/%d" % number for number in range(20)])) == 20
        ((part, data),) = client.objects.items()
        assert [path.read_bytes() for path in list_copies(tmp_path)] == [data]
        assert client.requests.count("get") == -(-len(data) // 1_000) > 1
        assert part.endswith(list_copies(tmp_path)[0].name)

    def test_parts_are_never_merged_or_removed(self, client: MemoryClient) -> None:
        """However many there are."""
        for number in range(20):
            keep([b"/%d" % number])
        assert len(client.objects) == 20
        assert {*client.requests} == {"put"}

    def test_no_object_takes_the_place_of_another(self, client: MemoryClient) -> None:
        """The same content again is what an answer that was lost leads to."""
        client.objects["kept/a"] = b"first"
        stores = ObjectStores(QUICK)
        with pytest.raises(FileExistsError):
            stores.write_new(f"{URL}/a", b"other")
        assert client.objects == {"kept/a": b"first"}
        stores.write_new(f"{URL}/a", b"first")

    def test_rows_of_other_stores_are_cut_into_parts(
        self, client: MemoryClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Since a request that takes too long ends."""
        monkeypatch.setattr("smartdownsample.store.store.MOST_ROWS", 4)
        keys = [b"/%d" % number for number in range(10)]
        open_store().add_rows(make_table([make_batch(keys)], open_store().schema))
        assert len(client.objects) == 3
        assert find(keys) == {*keys}

    def test_many_writers_at_once_lose_nothing(self, client: MemoryClient) -> None:
        """Each writes objects of its own."""
        keys = [[b"/%d/%d" % (writer, number) for number in range(5)] for writer in range(8)]
        start = threading.Barrier(len(keys))

        def write(own: list[bytes]) -> None:
            start.wait(10)
            for key in own:
                keep([key])

        threads = [threading.Thread(target=write, args=(own,)) for own in keys]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        everything = [key for own in keys for key in own]
        assert len(client.objects) == len(everything)
        assert find(everything) == {*everything}

    @settings(
        max_examples=25,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    @given(
        steps=st.lists(
            st.tuples(
                st.sampled_from(["keep", "find", "forget", "spoil", "damage"]),
                st.integers(0, 2),
                st.integers(0, 5),
            ),
            max_size=12,
        )
    )
    @pytest.mark.filterwarnings("ignore::smartdownsample.StoreWarning")
    def test_machines_find_what_any_of_them_has_kept(
        self, steps: list[tuple[str, int, int]], tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        """Whatever becomes of copies; of parts that are damaged, nothing is found."""
        root = tmp_path_factory.mktemp("machines")
        with pytest.MonkeyPatch.context() as patch:
            client = lead_to_memory(patch)
            kept: dict[str, bytes] = {}
            for step, machine, number in steps:
                patch.setenv("SMARTDOWNSAMPLE_CACHE_DIR", str(root / str(machine)))
                copies = sorted((root / str(machine)).rglob("*.parquet"))
                if step == "keep":
                    before = {*client.objects}
                    keep([b"/%d" % number])
                    (part,) = {*client.objects} - before
                    kept[part] = b"/%d" % number
                elif step == "damage" and kept:
                    part = sorted(kept)[number % len(kept)]
                    client.objects[part] = client.objects[part][:-9]
                    # Who has brought it already still finds it.
                    for copy in root.rglob(part.rpartition("/")[2]):
                        copy.unlink()
                    del kept[part]
                elif step in {"forget", "spoil"} and copies:
                    copy = copies[number % len(copies)]
                    copy.unlink() if step == "forget" else copy.write_bytes(b"spoilt")
                assert find([b"/%d" % each for each in range(6)]) == {*kept.values()}


class TestDamage:
    """A part that cannot be used is met once; a copy that cannot is brought again."""

    def test_a_damaged_part_is_set_aside(self, client: MemoryClient, tmp_path: Path) -> None:
        """Its images are unknown, and nothing of it is lost."""
        keep([b"/a"])
        (damaged,) = client.objects
        keep([b"/b"])
        client.objects[damaged] = client.objects[damaged][:-20]
        data = client.objects[damaged]
        with pytest.warns(StoreWarning, match=rf"'{URL}/.*part-.* is damaged .*decoded again"):
            assert find([b"/a", b"/b"]) == {b"/b"}
        assert client.objects[f"{damaged}.damaged"] == data
        assert damaged not in client.objects
        assert len(list_copies(tmp_path)) == 1
        assert find([b"/a", b"/b"]) == {b"/b"}

    def test_a_part_that_cannot_be_set_aside_stays(self, client: MemoryClient) -> None:
        """As of a bucket that may only be read: each run warns of it."""
        keep([b"/a"])
        (part,) = client.objects
        client.objects[part] = b"no part"
        client.faults["rename"] = PermissionDeniedError()
        for _ in range(2):
            with pytest.warns(StoreWarning, match="is damaged"):
                assert not find([b"/a"])
        assert client.objects == {part: b"no part"}

    @pytest.mark.parametrize("is_cut", [True, False])
    def test_a_damaged_copy_is_brought_again(
        self, client: MemoryClient, tmp_path: Path, *, is_cut: bool
    ) -> None:
        """Without a word, and without decoding anything."""
        keep([b"/a"])
        find([b"/a"])
        (copy,) = list_copies(tmp_path)
        sound = copy.read_bytes()
        copy.write_bytes(sound[:-20] if is_cut else sound[:40] + b"spoilt" + sound[46:])
        assert find([b"/a"]) == {b"/a"}
        assert copy.read_bytes() == sound
        assert len(client.objects) == 1

    @pytest.mark.filterwarnings("error::smartdownsample.StoreWarning")
    def test_many_copies_may_be_damaged(self, tmp_path: Path) -> None:
        """As after a power cut: all are brought again, for runs and for other stores."""
        keys = [b"/%d" % number for number in range(8)]
        for key in keys:
            keep([key])
        for find_all in (find, self._find_merged):
            find(keys)
            for copy in list_copies(tmp_path):
                copy.write_bytes(b"")
            assert find_all(keys) == {*keys}

    @pytest.mark.filterwarnings("error::smartdownsample.StoreWarning")
    def test_damaged_copies_are_counted_as_the_parts_that_they_are_of(self, tmp_path: Path) -> None:
        """They are brought again; a part that is damaged itself is left out."""
        keys = [b"/%d" % number for number in range(4)]
        for key in keys:
            keep([key])
        find(keys)
        for copy in list_copies(tmp_path)[1:]:
            copy.write_bytes(b"spoilt")
        (store,) = cache.info(URL)
        assert (store.n_files, store.n_parts) == (4, 4)
        assert store.size_bytes == sum(copy.stat().st_size for copy in list_copies(tmp_path))

    @staticmethod
    def _find_merged(keys: list[bytes]) -> set[bytes]:
        """Find which keys are known where all are brought in."""
        assert cache.merge(URL, cache_dir="gs://photos/all").n_added == len(keys)
        return find(keys, "gs://photos/all")

    def test_parts_that_are_damaged_are_not_brought_in(self, client: MemoryClient) -> None:
        """What the others have stays as it is."""
        keep([b"/a"])
        (damaged,) = client.objects
        client.objects[damaged] = client.objects[damaged][:-20]
        keep([b"/b"])
        before = dict(client.objects)
        with pytest.warns(StoreWarning, match="left out: part-.* is damaged"):
            merged = cache.merge(URL, cache_dir="gs://photos/all")
        assert (merged.n_added, len(merged.damage)) == (1, 1)
        assert before.items() <= client.objects.items()

    def test_a_copy_that_others_have_brought_and_read_will_do(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        """On Windows it cannot be replaced."""
        keep([b"/a"])

        def be_late(temporary: Path, copy: Path) -> None:
            copy.write_bytes(temporary.read_bytes())
            raise PermissionError(str(copy))

        monkeypatch.setattr(Path, "replace", be_late)
        assert find([b"/a"]) == {b"/a"}
        assert not [*(tmp_path / "own").rglob("*.tmp")]

    def test_a_copy_of_a_part_that_is_gone_goes_too(
        self, client: MemoryClient, tmp_path: Path
    ) -> None:
        """And nothing else that lies there."""
        keep([b"/a"])
        find([b"/a"])
        (copy,) = list_copies(tmp_path)
        copy.with_name("notes.txt").write_text("mine", encoding="utf-8")
        client.objects.clear()
        assert not find([b"/a"])
        assert [path.name for path in copy.parent.iterdir()] == ["notes.txt"]

    @pytest.mark.parametrize("version", [3, 4])
    def test_verification_looks_at_the_bucket(self, client: MemoryClient, version: int) -> None:
        """Not at copies of parts that have been damaged since, be they of a former schema."""
        keep([b"/a"])
        (part,) = client.objects
        client.objects[part.replace("-4/", f"-{version}/")] = client.objects.pop(part)
        assert cache.verify(URL) == []
        (part,) = client.objects
        client.objects[part] = client.objects[part][:-20]
        ((place, reason),) = cache.verify(URL)
        assert place == f"s3://photos/{part}"
        assert "is damaged" in reason
        assert [*client.objects] == [part]


class TestFaults:
    """A bucket that cannot be used ends no run."""

    def test_one_that_does_not_answer_is_tried_for_a_while(
        self, client: MemoryClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Then keeping ends, with one warning."""
        monkeypatch.setattr(patience, "_PAUSES_S", (0.0, 0.0))
        client.faults["put"] = ConnectionError()
        store = open_store()
        keys = [b"/%d" % number for number in range(5_000)]
        with pytest.warns(StoreWarning, match=r"cannot be written .*cannot be reached") as told:
            store.append(make_batch(keys))
        store.append(make_batch(keys))
        assert len(told) == 1
        assert len(client.requests) == 3 * 5  # five attempts each

    def test_one_that_refuses_is_asked_once(self, client: MemoryClient) -> None:
        """It would refuse again."""
        client.faults["put"] = PermissionDeniedError()
        with pytest.warns(StoreWarning, match=rf"'{URL}/.* cannot be written .*credentials"):
            keep([b"/a"])
        assert client.requests == ["put"]

    def test_a_run_that_is_interrupted_does_not_wait(self, client: MemoryClient) -> None:
        """One attempt is made to keep what waits."""
        client.faults["put"] = ConnectionError()

        def interrupt() -> None:
            with open_store() as store:
                store.append(make_batch([b"/a"]))
                raise KeyboardInterrupt

        with (
            pytest.warns(StoreWarning, match="cannot be written"),
            pytest.raises(KeyboardInterrupt),
        ):
            interrupt()
        assert client.requests == ["put"]

    def test_a_bucket_that_cannot_be_listed_is_warned_of(self, client: MemoryClient) -> None:
        """What has been brought before is known still."""
        keep([b"/a"])
        find([b"/a"])
        keep([b"/b"])
        client.faults["list"] = PermissionDeniedError()
        with pytest.warns(StoreWarning, match=r"cannot be read in full .*credentials"):
            assert find([b"/a", b"/b"]) == {b"/a"}

    def test_a_part_that_cannot_be_brought_leaves_the_others(self, client: MemoryClient) -> None:
        """Its images are decoded again."""
        keep([b"/a"])
        find([b"/a"])
        keep([b"/b"])
        client.faults["get"] = PermissionDeniedError()
        with pytest.warns(StoreWarning, match=r"in full \(s3://photos/.*: Permission denied\)"):
            assert find([b"/a", b"/b"]) == {b"/a"}

    def test_what_others_bring_in_is_an_error(self, client: MemoryClient) -> None:
        """Not a warning: nothing else was asked for."""
        client.faults["put"] = PermissionDeniedError()
        rows = make_table([make_batch([b"/a"])], open_store().schema)
        with pytest.raises(StoreError, match=rf"'{URL}/.*cannot be written .*credentials"):
            open_store().add_rows(rows)


class TestCare:
    """The cache folder is looked after as one of this machine, but nothing is removed."""

    def test_stores_are_described_by_their_urls(self) -> None:
        """With what is in all their parts."""
        keep([b"/x/a", b"/x/b"])
        keep([b"/y/c"])
        (info,) = cache.info(f"{URL}/")
        assert info.folder == f"s3://photos/{FOLDER}"
        assert (info.n_images, info.n_parts, info.n_folders) == (3, 2, 2)
        assert cache.info("s3://photos/other") == []

    @pytest.mark.parametrize("care", [cache.prune, cache.clear])
    def test_nothing_is_removed_from_a_bucket(self, client: MemoryClient, care: object) -> None:
        """The error says what to do instead."""
        assert callable(care)
        keep([b"/a"])
        before = dict(client.objects)
        with pytest.raises(StoreError, match=rf"removed from a bucket.*'{URL}'.*cache merge"):
            care(URL)
        assert client.objects == before

    def test_copies_are_cleared_with_the_folder_that_they_are_in(self, tmp_path: Path) -> None:
        """And brought again."""
        keep([b"/a"])
        find([b"/a"])
        own = tmp_path / "own"
        (own / "bucket-of-flowers").mkdir()
        assert cache.clear(own) > 0
        assert [path.name for path in own.iterdir()] == ["bucket-of-flowers"]
        assert find([b"/a"]) == {b"/a"}

    def test_leftovers_of_runs_that_died_go(self, tmp_path: Path) -> None:
        """When they are old."""
        keep([b"/a"])
        find([b"/a"])
        (copy,) = list_copies(tmp_path)
        old, new = (copy.with_name(f"part-{n}-ab.parquet.tmp") for n in (1, 2))
        old.touch()
        new.touch()
        os.utime(old, (1, 1))
        keep([b"/b"])
        assert [old.exists(), new.exists()] == [False, True]

    def test_stores_are_merged_out_of_and_into_buckets(self, tmp_path: Path) -> None:
        """With all that any of them knows, in fewer parts."""
        for number in range(5):
            keep([b"/%d" % number])
        merged = cache.merge(URL, cache_dir=tmp_path / "here")
        assert merged.n_added == 5
        merged = cache.merge([tmp_path / "here", URL], cache_dir="gs://photos/all")
        assert (merged.n_added, merged.n_known) == (5, 5)
        (info,) = cache.info("gs://photos/all")
        assert (info.n_images, info.n_parts) == (5, 1)

    def test_workers_see_a_bucket_by_its_url(self) -> None:
        """Nothing has to be left there."""
        with leave_sign(open_store()) as sign:
            assert sign == URL
            assert sees_sign(open_store(), sign)


class TestPlace:
    """A bucket is named by its URL, where a folder is named."""

    def test_the_environment_may_name_a_bucket(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        """Its copies are then in the user's cache folder."""
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
        monkeypatch.setenv("SMARTDOWNSAMPLE_CACHE_DIR", f"{URL}/")
        chosen = choose_cache_dir(None)
        assert str(chosen) == URL
        own = choose_own_cache_dir(ReadingOptions())
        assert own is not None
        assert tmp_path / "home" in own.parents or "smartdownsample" in own.parts

    def test_each_bucket_has_copies_of_its_own(self) -> None:
        """Also a folder in the same one."""
        urls = [URL, "s3://photos", "gs://photos/kept", "az://photos/kept"]
        own = {choose_own_cache_dir(ReadingOptions(cache_dir=url)) for url in urls}
        assert len(own) == len(urls)

    @pytest.mark.parametrize(
        ("place", "message"),
        [
            ("https://host.org/kept", "folder of this machine or of a bucket"),
            ("s3://user:word@photos/kept", "no user, password"),
            ("s3://photos/kept?versionId=3&X-Amz-Signature=1", "no user, password, query"),
            ("s3://", "must name a bucket"),
            (Path("s3://photos/kept"), "two slashes"),
        ],
    )
    def test_other_urls_are_refused_before_anything_is_read(
        self, client: MemoryClient, place: str | Path, message: str
    ) -> None:
        """And no word is repeated that may be secret."""
        for use in (lambda: ImageIndex.build("photos", cache_dir=place), lambda: cache.info(place)):
            with pytest.raises(InvalidParameterError, match=message) as refused:
                use()
            assert "word@" not in str(refused.value)
        assert not client.requests

    def test_what_is_asked_of_a_bucket_that_cannot_be_listed_is_an_error(
        self, client: MemoryClient
    ) -> None:
        """Where there is nothing else to do."""
        client.faults["list"] = PermissionDeniedError()
        with pytest.raises(StorageError, match=rf"'{URL}/features-2' cannot be listed .*cred"):
            cache.info(URL)

    def test_an_index_is_opened_from_a_bucket(self) -> None:
        """An empty one has nothing below any folder."""
        keep([b"/x/a", b"/x/b"])
        assert ImageIndex.open(URL, "/x").paths == ["/x/a", "/x/b"]
        with pytest.raises(StoreError, match=r"'s3://photos/none' knows no image .* It is empty"):
            ImageIndex.open("s3://photos/none", "/x")
