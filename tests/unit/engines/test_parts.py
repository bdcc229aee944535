"""Tests of smartdownsample.engines.parts and of runs whose workers keep their rows."""

import os
import pickle
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from memory_objects import PermissionDeniedError, lead_to_memory
from pictures import DATA_SAMPLES, make_old
from smartdownsample import (
    ExtractionError,
    HelperWarning,
    ImageIndex,
    ImageLoadingWarning,
    InvalidParameterError,
    MissingExtraError,
)
from smartdownsample.engines import Answer, Keeping, LostChunk, Task, dispatch
from smartdownsample.engines.parts import keep_rows
from smartdownsample.engines.worker import identify, work
from smartdownsample.features.spec import make_spec
from smartdownsample.gathering import gather, schedule
from smartdownsample.items import object_stores
from smartdownsample.options import DecodeMode
from smartdownsample.records import Cause
from smartdownsample.store import (
    FeatureStore,
    KnownFeatures,
    choose_cache_dir,
    leave_sign,
    sees_sign,
)
from whole_photos import photo_task

SPEC = make_spec(8, "fast")


class Cluster:
    """An engine of one worker, whose rows do not come back; notes what does."""

    name = "a cluster"
    shares_memory = False
    streams = False

    def __init__(self, do: Callable[[Task], Answer | LostChunk] = work) -> None:
        self.do = do
        self.waiting: list[tuple[int, Task]] = []
        self.n_back = 0

    def workers(self) -> int:
        """Count the workers."""
        return 2

    def submit(self, number: int, task: Task) -> None:
        """Note a task."""
        self.waiting.append((number, task))

    def results(self) -> Iterator[tuple[int, Answer | LostChunk]]:
        """Do the tasks."""
        while self.waiting:
            number, task = self.waiting.pop()
            answer = self.do(task)
            if isinstance(answer, Answer) and answer.chunk is not None:
                self.n_back += len(answer.chunk.rows)
            yield number, answer

    def close(self) -> None:
        """Forget the tasks."""
        self.waiting.clear()


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Copy sample photos, and broken ones among them, all of long ago."""
    folder = tmp_path / "photos"
    shutil.copytree(DATA_SAMPLES / "photos", folder)
    shutil.copytree(DATA_SAMPLES / "broken", folder / "broken")
    for number, path in enumerate(sorted(folder.rglob("*.*"))):
        if path.is_file():
            make_old(path, number)
    return folder


def build(
    photos: Path, monkeypatch: pytest.MonkeyPatch, cluster: Cluster, **options: object
) -> ImageIndex:
    """Build an index by a cluster."""

    @contextmanager
    def open_cluster(*_: object) -> Iterator[Cluster]:
        yield cluster

    monkeypatch.setattr(schedule, "open_engine", open_cluster)
    return ImageIndex.build(photos, **options)  # type: ignore[arg-type] # by name


def are_same(one: ImageIndex, other: ImageIndex) -> bool:
    """Compare all that a run has found."""
    return (
        list(one.table.paths) == list(other.table.paths)
        and one.table.rows.tobytes() == other.table.rows.tobytes()
        and one.failures == other.failures
    )


@pytest.mark.filterwarnings("ignore::smartdownsample.ImageLoadingWarning")
@pytest.mark.parametrize("decode", ["fast", "preview"])
def test_rows_that_workers_keep_are_those_that_come_back(
    photos: Path, monkeypatch: pytest.MonkeyPatch, decode: DecodeMode
) -> None:
    """To the byte; nothing comes back but what decides about previews."""
    expected = ImageIndex.build(photos, decode=decode, cache=False)
    cluster = Cluster()
    index = build(photos, monkeypatch, cluster, decode=decode)
    assert are_same(index, expected)
    n_checked = int((expected.table.rows["flags"] & 4 != 0).sum())
    # Broken photos among those have no flags.
    n_most = n_checked + len(expected.failures) if n_checked else 0
    assert n_checked <= cluster.n_back <= n_most
    assert index.table.n_extracted == expected.table.n_extracted
    assert index.table.n_known == 0
    again = build(photos, monkeypatch, Cluster(lambda _: LostChunk("never")), decode=decode)
    assert are_same(again, expected)
    assert again.table.n_extracted == 0


@pytest.mark.filterwarnings("ignore::smartdownsample.ImageLoadingWarning")
def test_what_is_no_fact_about_a_listed_file_comes_back(
    photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that changed since is described as it is, and known from then on."""
    changed = next(photos.rglob("IMG_3.JPG"))
    other = next(photos.rglob("IMG_1.JPG"))

    def change_first(task: Task) -> Answer:
        if changed.read_bytes() != other.read_bytes():
            shutil.copy(other, changed)
            make_old(changed, 99_999)
        return work(task)

    cluster = Cluster(change_first)
    index = build(photos, monkeypatch, cluster)
    assert cluster.n_back == 1
    again = build(photos, monkeypatch, Cluster())
    assert are_same(index, again)
    assert again.table.n_extracted == 0


@pytest.mark.filterwarnings("ignore::smartdownsample.ImageLoadingWarning")
def test_workers_that_do_not_see_the_folder_send_all_rows_back(
    photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a warning, and the same result, which the coordinator keeps."""

    def be_elsewhere(task: Task) -> Answer:
        assert task.keeping is not None
        return work(task._replace(keeping=task.keeping._replace(cache_dir="/no/such/folder")))

    expected = ImageIndex.build(photos, cache=False)
    with pytest.warns(HelperWarning, match="do not see the folder of the feature store"):
        index = build(photos, monkeypatch, Cluster(be_elsewhere))
    assert are_same(index, expected)
    assert build(photos, monkeypatch, Cluster()).table.n_extracted == 0


def test_a_cluster_that_sends_nothing_back_needs_a_store(
    photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error says what for."""
    with pytest.raises(InvalidParameterError, match="cluster needs a feature store"):
        build(photos, monkeypatch, Cluster(), cache=False)


@pytest.mark.filterwarnings("ignore::smartdownsample.ImageLoadingWarning")
def test_rows_that_are_listed_late_are_found(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a shared folder, which tells some seconds later what other machines wrote."""
    look_up, n_looks = FeatureStore.look_up, 0

    def look_up_late(self: FeatureStore, *given: Any) -> KnownFeatures:
        nonlocal n_looks
        n_looks += 1
        if n_looks > 3:
            return look_up(self, *given)
        return look_up(FeatureStore(self.spec, photos / "empty"), *given)

    expected = ImageIndex.build(photos, cache=False)
    monkeypatch.setattr(gather, "_LATE_S", (0.0, 0.0, 0.0, 0.0))
    monkeypatch.setattr(FeatureStore, "look_up", look_up_late)
    assert are_same(build(photos, monkeypatch, Cluster()), expected)
    assert n_looks == 4


def test_rows_that_are_gone_again_are_missed(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody goes on without them."""

    def forget(task: Task) -> Answer:
        answer = work(task)
        assert task.keeping is not None
        for part in FeatureStore(task.spec, Path(task.keeping.cache_dir)).list_parts():
            part.unlink()
        return answer

    monkeypatch.setattr(gather, "_LATE_S", (0.0, 0.0))
    with pytest.raises(ExtractionError, match=r"\d images that are not in the feature store"):
        build(photos, monkeypatch, Cluster(forget))


def test_workers_that_keep_rows_in_another_bucket_are_told_of(
    photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With what may lead them there, and what to do."""
    client = lead_to_memory(monkeypatch)

    def keep_elsewhere(task: Task) -> Answer:
        answer = work(task)
        client.objects.clear()
        return answer

    monkeypatch.setattr(gather, "_LATE_S", (0.0,))
    with pytest.raises(ExtractionError, match=r"'s3://photos/kept/.*Set .* AWS_ENDPOINT_URL alike"):
        build(photos, monkeypatch, Cluster(keep_elsewhere), cache_dir="s3://photos/kept")


@pytest.mark.parametrize("left", [[0, 0], [0, 99], [1]])
def test_an_answer_for_other_items_than_it_says_is_refused(
    collection: list[str], left: list[int]
) -> None:
    """Twice the same, none of the task's, or fewer."""
    cluster = Cluster(lambda task: Answer(identify(), work(task).chunk, left))
    with pytest.raises(ExtractionError, match="answered for"):
        list(dispatch.run_tasks(cluster, [photo_task(collection[:2], SPEC)]))


def test_the_image_that_ends_workers_is_the_only_one_without_a_row(
    photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is kept where has to be halved with the chunks."""
    killer = str(next(photos.rglob("IMG_2.JPG")))
    cluster = Cluster(lambda task: LostChunk("gone") if killer in task.locations else work(task))
    with pytest.warns(ImageLoadingWarning):
        expected = ImageIndex.build(photos, cache=False)
    with pytest.warns(ImageLoadingWarning):
        index = build(photos, monkeypatch, cluster)
    lost = {failure.path for failure in index.failures} - {f.path for f in expected.failures}
    assert lost == {killer}
    assert len(index.table) == len(expected.table) - 1
    assert {f.cause for f in index.failures if f.path == killer} == {Cause.WORKER_LOST}


def make_keeping(store: FeatureStore, paths: list[str], sign: str, decoders: str) -> Keeping:
    """Let workers keep rows of files as they are."""
    states = [os.stat(path) for path in paths]
    return Keeping(
        str(store.cache_dir),
        sign,
        decoders,
        np.array([state.st_mtime_ns for state in states]),
        np.array([state.st_size for state in states]),
    )


def test_an_answer_without_rows_is_short(collection: list[str], tmp_path: Path) -> None:
    """A byte for each image of a chunk, however small the run is."""
    store = FeatureStore(SPEC, tmp_path / "cache")
    with leave_sign(store) as sign:
        assert sign is not None
        task = photo_task(collection[:2], SPEC)
        keeping = make_keeping(store, collection[:2], sign, identify().decoders)
        answer = work(task._replace(keeping=keeping))
    assert answer[1:] == (None, [])
    assert len(pickle.dumps(answer, pickle.HIGHEST_PROTOCOL)) <= schedule._OF_PARTS.least  # noqa: SLF001 - nothing else tells


def test_failures_of_other_decoders_come_back(collection: list[str], tmp_path: Path) -> None:
    """The coordinator would take them for unknown, since its own decoder may do better."""
    bad = make_old(tmp_path / "bad.jpg") if (tmp_path / "bad.jpg").write_text("no") else Path()
    paths = [collection[0], str(bad)]
    store = FeatureStore(SPEC, tmp_path / "cache")
    with leave_sign(store) as sign:
        assert sign is not None
        for decoders, left in ((identify().decoders, []), ("another 1.0", [1])):
            task = photo_task(paths, SPEC)
            task = task._replace(keeping=make_keeping(store, paths, sign, decoders))
            chunk = work(task._replace(keeping=None)).chunk
            assert chunk is not None
            kept = keep_rows(task, chunk, identify().decoders)
            assert kept[1] == left
            assert len(left) == (0 if kept[0] is None else len(kept[0].rows))


def test_the_sign_is_there_while_it_is_wanted(tmp_path: Path) -> None:
    """A store without a folder, or in one that cannot be made, has none."""
    store = FeatureStore(SPEC, tmp_path / "cache")
    with leave_sign(store) as sign:
        assert sign is not None
        assert sees_sign(store, sign)
        assert not sees_sign(FeatureStore(SPEC, tmp_path / "other"), sign)
    assert not sees_sign(store, sign)
    (tmp_path / "file").touch()
    for none in (None, tmp_path / "file" / "cache"):
        with leave_sign(FeatureStore(SPEC, none)) as sign:
            assert sign is None


@pytest.mark.filterwarnings("ignore::smartdownsample.ImageLoadingWarning")
def test_workers_keep_rows_in_a_bucket(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a folder that all machines share."""
    url = "s3://photos/kept"
    expected = ImageIndex.build(photos, cache=False)
    client, cluster = lead_to_memory(monkeypatch), Cluster()
    assert are_same(build(photos, monkeypatch, cluster, cache_dir=url), expected)
    assert not cluster.n_back
    assert client.objects
    again = build(photos, monkeypatch, Cluster(lambda _: LostChunk("never")), cache_dir=url)
    assert are_same(again, expected)


@pytest.mark.filterwarnings("ignore::smartdownsample.ImageLoadingWarning")
@pytest.mark.filterwarnings("ignore::smartdownsample.StoreWarning")
def test_rows_come_back_where_a_bucket_cannot_be_written(
    photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """None is lost, and people are told."""
    expected = ImageIndex.build(photos, cache=False)
    client, cluster = lead_to_memory(monkeypatch), Cluster()
    client.faults["put"] = PermissionDeniedError()
    with pytest.warns(HelperWarning, match="do not see the folder of the feature store, or cannot"):
        index = build(photos, monkeypatch, cluster, cache_dir="s3://photos/kept")
    assert are_same(index, expected)
    assert cluster.n_back


def test_a_worker_without_the_library_for_buckets_sends_its_rows_back(
    collection: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The photos may be on a disk, so that it needs the library for nothing else."""

    def fail(*_: object) -> None:
        raise MissingExtraError

    lead_to_memory(monkeypatch)
    monkeypatch.setattr(object_stores, "open_client", fail)
    store = FeatureStore(SPEC, choose_cache_dir("s3://photos/kept"))
    keeping = make_keeping(store, collection[:2], "", identify().decoders)
    task = photo_task(collection[:2], SPEC)
    chunk = work(task).chunk
    assert chunk is not None
    task = task._replace(keeping=keeping._replace(cache_dir="s3://photos/kept"))
    assert keep_rows(task, chunk, identify().decoders) == (chunk, None)
