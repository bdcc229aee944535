"""Tests of smartdownsample.engines.dispatch, with engines that do as they please."""

from collections import Counter, deque
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from pictures import write_collection
from smartdownsample import ExtractionError, HelperWarning
from smartdownsample.engines import apart, worker
from smartdownsample.engines.chunk import extract_chunk
from smartdownsample.engines.dispatch import Finished, run_tasks
from smartdownsample.engines.engine import LostChunk
from smartdownsample.engines.task import Keeping, Task
from smartdownsample.engines.worker import Answer, identify, work
from smartdownsample.features.spec import make_spec
from smartdownsample.records import Cause
from whole_photos import photo_task

SPEC = make_spec(8, "fast")


class FakeEngine:
    """Does tasks as it likes, when results are asked for; notes all that it is told."""

    name = "fake"
    shares_memory = False
    streams = True

    def __init__(self, do: Callable[[Task], Answer | LostChunk] = work, n_workers: int = 2) -> None:
        self.do = do
        self._n_workers = n_workers
        self.waiting: deque[tuple[int, Task]] = deque()
        self.sent: list[Task] = []
        self.most_out = 0
        self.n_closed = 0

    def workers(self) -> int:
        """Count the workers."""
        return self._n_workers

    def submit(self, number: int, task: Task) -> None:
        """Note a task."""
        self.waiting.append((number, task))
        self.sent.append(task)
        self.most_out = max(self.most_out, len(self.waiting))

    def results(self) -> Iterator[tuple[int, Answer | LostChunk]]:
        """Do the tasks one after the other."""
        while self.waiting:
            number, task = self.waiting.popleft()
            yield number, self.do(task)

    def close(self) -> None:
        """Note that this is the end."""
        self.n_closed += 1
        self.waiting.clear()


@pytest.fixture(autouse=True)
def no_process_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have workers that start no processes, and so end with an image in any case."""
    monkeypatch.setattr(worker, "extract_apart", apart.extract_here)


@pytest.fixture
def paths(tmp_path: Path) -> list[str]:
    """Write some pictures."""
    return write_collection(tmp_path, 24)


def make_tasks(paths: list[str], size: int = 8) -> list[Task]:
    """Make tasks of so many photos."""
    return [photo_task(paths[i : i + size], SPEC) for i in range(0, len(paths), size)]


def gather(results: Iterator[Finished], tasks: list[Task]) -> dict[str, bytes | Cause]:
    """Take the outcome of each file: its row, or its cause."""
    outcomes: dict[str, bytes | Cause] = {}
    for result in results:
        for i, path in enumerate(tasks[result.task].locations[result.files]):
            assert path not in outcomes
            outcomes[path] = result.chunk.causes[i] or result.chunk.rows[i].tobytes()
    return outcomes


def extract(paths: list[str]) -> dict[str, bytes | Cause]:
    """Take the outcome of each file without an engine."""
    chunk = extract_chunk(photo_task(paths, SPEC))
    return {path: chunk.causes[i] or chunk.rows[i].tobytes() for i, path in enumerate(paths)}


def lose(path: str) -> Callable[[Task], Answer | LostChunk]:
    """Make workers that end with a task in which there is a path."""
    return lambda task: LostChunk("gone") if path in task.locations else work(task)


def test_each_file_comes_once_with_its_row(paths: list[str]) -> None:
    """Whatever the size of the chunks."""
    for size in (1, 5, 24, 99):
        tasks = make_tasks(paths, size)
        assert gather(run_tasks(FakeEngine(), tasks), tasks) == extract(paths)


def test_no_task_is_made_before_it_can_be_sent(paths: list[str]) -> None:
    """Three for each worker are out or were not taken; with a slow reader, too, no more."""
    made = 0

    def make() -> Iterator[Task]:
        nonlocal made
        for task in make_tasks(paths, 1):
            made += 1
            yield task

    engine = FakeEngine()
    for taken, _ in enumerate(run_tasks(engine, make())):
        assert made <= taken + 1 + 6
    assert engine.most_out == 6
    assert engine.n_closed == 0


def test_a_chunk_that_is_lost_is_sent_again(paths: list[str]) -> None:
    """Twice, and all is as if nothing had happened."""
    n_lost = Counter[str]()

    def lose_twice(task: Task) -> Answer | LostChunk:
        n_lost[task.locations[0]] += 1
        return LostChunk("gone") if n_lost[task.locations[0]] < 3 else work(task)

    engine, tasks = FakeEngine(lose_twice), make_tasks(paths)
    assert gather(run_tasks(engine, tasks), tasks) == extract(paths)
    assert Counter(len(task.locations) for task in engine.sent) == {8: 9}


@pytest.mark.parametrize("place", [0, 11, 23])
def test_the_image_that_ends_workers_gets_a_cause(paths: list[str], place: int) -> None:
    """All others have their rows."""
    tasks = make_tasks(paths)
    outcomes = gather(run_tasks(FakeEngine(lose(paths[place])), tasks), tasks)
    assert outcomes == {**extract(paths), paths[place]: Cause.WORKER_LOST}


def test_what_is_lost_is_no_fact_about_the_file(paths: list[str]) -> None:
    """The next run tries it again."""
    tasks = make_tasks(paths[:1])
    (result,) = run_tasks(FakeEngine(lose(paths[0])), tasks)
    assert result.chunk.causes == [Cause.WORKER_LOST]
    assert result.chunk.is_lasting.tolist() == [False]
    assert result.chunk.order_keys == extract_chunk(tasks[0]).order_keys


def test_parts_of_a_lost_chunk_are_sent_alone(paths: list[str]) -> None:
    """So that no other chunk, which the same worker had, is cut in vain."""
    engine = FakeEngine()
    n_together: list[int] = []

    def note(task: Task) -> Answer | LostChunk:
        if len(task.locations) < 8:
            n_together.append(len(engine.waiting))
        return lose(paths[11])(task)

    engine.do = note
    tasks = make_tasks(paths)
    gather(run_tasks(engine, tasks), tasks)
    assert n_together
    assert not any(n_together)


def test_an_engine_that_repeats_by_itself_says_how_often(paths: list[str]) -> None:
    """What it lost four times is sent apart next, and then in parts."""

    def lose_often(task: Task) -> Answer | LostChunk:
        return LostChunk("gone", 4) if paths[3] in task.locations else work(task)

    engine, tasks = FakeEngine(lose_often), make_tasks(paths)
    outcomes = gather(run_tasks(engine, tasks), tasks)
    assert outcomes == {**extract(paths), paths[3]: Cause.WORKER_LOST}
    sent = [task for task in engine.sent if paths[3] in task.locations]
    assert [len(task.locations) for task in sent] == [8, 8, 2, 1]
    assert [task.is_apart for task in sent] == [False, True, True, True]


def test_workers_that_end_with_everything_end_the_run(paths: list[str]) -> None:
    """They, not the images, are at fault."""
    engine, tasks = FakeEngine(lambda _: LostChunk("no disk")), make_tasks(paths)
    with pytest.raises(
        ExtractionError, match=r"fake lost its worker with each of 8 .* no disk"
    ) as told:
        gather(run_tasks(engine, tasks), tasks)
    assert engine.n_closed == 1
    lost = [path for path in paths if repr(path) in str(told.value)]
    assert len(lost) == 8
    assert len(engine.sent) < 100


def lose_many(paths: list[str]) -> Callable[[Task], Answer | LostChunk]:
    """Make workers that end with a task in which there is any of these."""
    bad = set(paths)
    return lambda task: work(task) if bad.isdisjoint(task.locations) else LostChunk("gone")


@pytest.mark.parametrize("size", [8, 64, 400])
def test_many_images_side_by_side_that_end_workers_are_named(tmp_path: Path, size: int) -> None:
    """They, not the workers, are at fault, since these go on doing others."""
    paths = write_collection(tmp_path, 400)
    tasks = make_tasks(paths, size)
    killers = paths[190:210]
    outcomes = gather(run_tasks(FakeEngine(lose_many(killers)), tasks), tasks)
    lost = [path for path in paths if outcomes[path] is Cause.WORKER_LOST]
    assert lost == killers
    assert sum(isinstance(outcome, bytes) for outcome in outcomes.values()) == 380


def test_the_next_run_has_only_images_that_end_workers(paths: list[str]) -> None:
    """Each gets its cause again, though no other image shows that workers are well."""
    tasks = make_tasks(paths)
    outcomes = gather(run_tasks(FakeEngine(lose_many(paths)), tasks), tasks)
    assert outcomes == dict.fromkeys(paths, Cause.WORKER_LOST)


def test_workers_that_end_with_each_image_are_given_up(tmp_path: Path) -> None:
    """Though they live: no image came back."""
    paths = write_collection(tmp_path, 100)
    tasks = make_tasks(paths)
    with pytest.raises(ExtractionError, match=r"each of 64 images .* no other came .* 56 more"):
        gather(run_tasks(FakeEngine(lose_many(paths)), tasks), tasks)


def test_workers_that_are_no_longer_well_end_the_run(paths: list[str]) -> None:
    """Though they did some images before."""
    n_done = 0

    def end_after_one(task: Task) -> Answer | LostChunk:
        nonlocal n_done
        n_done += 1
        return work(task) if n_done == 1 else LostChunk("no disk")

    tasks = make_tasks(paths)
    with pytest.raises(ExtractionError, match=r"each of 8 images .* what is innocent was lost"):
        gather(run_tasks(FakeEngine(end_after_one), tasks), tasks)


def test_what_tries_workers_is_kept_by_nobody(paths: list[str]) -> None:
    """Its row is in the store already."""
    engine = FakeEngine(lose_many(paths[8:16]))
    columns = np.zeros((2, 8), dtype=np.int64)
    keeping = Keeping("no folder", "no sign", "no decoders", *columns)
    tasks = [task._replace(keeping=keeping) for task in make_tasks(paths)]
    gather(run_tasks(engine, tasks), tasks)
    tried = [task.keeping for task in engine.sent if task.locations == [paths[0]]]
    assert tried == [None] * 8


class Dropping(FakeEngine):
    """Says nothing of some tasks."""

    def submit(self, number: int, task: Task) -> None:
        """Forget every third task."""
        if number % 3 != 1:
            super().submit(number, task)


class Repeating(FakeEngine):
    """Says everything twice."""

    def results(self) -> Iterator[tuple[int, Answer | LostChunk]]:
        """Do the tasks one after the other."""
        for result in super().results():
            yield result
            yield result


def test_an_engine_that_drops_tasks_is_refused_by_name(paths: list[str]) -> None:
    """There is no run with fewer rows."""
    engine = Dropping()
    with pytest.raises(ExtractionError, match=r"fake ended without an answer for 8 images in 1 ch"):
        list(run_tasks(engine, make_tasks(paths)))
    assert engine.n_closed == 1


def test_an_engine_that_answers_twice_is_refused_by_name(paths: list[str]) -> None:
    """It may have mixed up more than that."""
    with pytest.raises(ExtractionError, match="fake answered twice"):
        list(run_tasks(Repeating(), make_tasks(paths)))


def test_an_answer_of_another_length_is_refused(paths: list[str]) -> None:
    """Its rows may be anybody's."""

    def cut(task: Task) -> Answer:
        return work(task.choose_files([0, 1, 2]))

    with pytest.raises(ExtractionError, match=r"fake answered for \[3\] items where 8"):
        list(run_tasks(FakeEngine(cut), make_tasks(paths)))


def test_rows_of_other_columns_are_refused(paths: list[str]) -> None:
    """As many as were asked for."""

    def change(task: Task) -> Answer:
        return work(task._replace(spec=make_spec(16, "fast")))

    with pytest.raises(ExtractionError, match="other columns"):
        list(run_tasks(FakeEngine(change), make_tasks(paths)))


def answer_as(task: Task, worker: str, version: int) -> Answer:
    """Answer for another worker."""
    identity = identify()._replace(worker=worker, feature_version=version)
    return work(task)._replace(identity=identity)


def test_a_worker_of_another_version_is_refused_by_name_once(paths: list[str]) -> None:
    """Others do its chunks."""
    turn = 0

    def mix(task: Task) -> Answer:
        nonlocal turn
        turn += 1
        other = ("old:1", 1) if turn % 2 else ("new:2", SPEC.version)
        return answer_as(task, *other)

    tasks = make_tasks(paths, 2)
    with pytest.warns(HelperWarning) as told:
        outcomes = gather(run_tasks(FakeEngine(mix), tasks), tasks)
    assert outcomes == extract(paths)
    assert len(told) == 1
    assert "Worker old:1 with feature version 1" in str(told[0].message)


def test_where_all_workers_are_of_another_version_the_run_ends(paths: list[str]) -> None:
    """The error names them and says what to install."""

    def refuse(task: Task) -> Answer:
        return Answer(answer_as(task, "old:1", 1).identity, None)

    with (
        pytest.warns(HelperWarning, match="old:1"),
        pytest.raises(ExtractionError, match=r"Refused: old:1 with feature version 1 .* all work"),
    ):
        list(run_tasks(FakeEngine(refuse), make_tasks(paths)))


def test_a_worker_does_nothing_for_who_wants_other_features(paths: list[str]) -> None:
    """Its answer says who it is."""
    task = photo_task([paths[0]], make_spec(8, "fast"))
    answer = work(task._replace(spec=SPEC.__class__(8, "fast", SPEC.version + 1)))
    assert answer == Answer(identify(), None)


def test_results_name_the_decoders_of_who_did_them(paths: list[str]) -> None:
    """Not those of this process."""

    def answer(task: Task) -> Answer:
        done = work(task)
        return done._replace(identity=done.identity._replace(decoders="own decoder 1.0"))

    results = run_tasks(FakeEngine(answer), make_tasks(paths))
    assert {result.decoders for result in results} == {"own decoder 1.0"}


def test_a_run_that_is_left_early_closes_its_engine(paths: list[str]) -> None:
    """Once, before the caller goes on."""
    engine = FakeEngine()
    results = run_tasks(engine, make_tasks(paths))
    next(results)
    results.close()
    assert engine.n_closed == 1


def test_an_empty_run_asks_nobody() -> None:
    """And is over."""
    assert list(run_tasks(FakeEngine(), [])) == []


def test_crops_of_a_photo_share_its_cause(paths: list[str]) -> None:
    """A file is the smallest thing that is sent."""
    two = photo_task([paths[0], *paths[:1]], SPEC)._replace(locations=[paths[0]], counts=[2])
    (result,) = run_tasks(FakeEngine(lose(paths[0])), [two])
    assert result.chunk.causes == [Cause.WORKER_LOST] * 2
    assert len(result.chunk.rows) == 2
    assert np.isnat(result.chunk.rows["captured"]).all()
