"""Sending tasks out and taking answers in: the same rules for every engine.

At most three chunks for each worker are out, or finished and not taken by who asked. A chunk whose
worker ended is sent again. One that was lost three times is decoded in a process apart, so that an
image that ends it gets a cause, and no worker is lost any more. Where workers are lost even so, as
when a whole machine runs out of memory, the chunk is cut, down to single images, and its parts are
sent with nothing else under way, so that no other chunk is blamed; the image that still ends
workers gets a cause. After each such image something innocent is sent: where that ends workers as
well, these are at fault. What an engine leaves out, says twice or computes by other formulas is
refused.
"""

import math
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import count
from typing import NamedTuple, TypeAlias

import numpy as np

from ..display import count_noun
from ..errors import ExtractionError, HelperWarning, warn_user
from ..features import FEATURE_VERSION
from ..records import Cause
from .chunk import fail_chunk
from .engine import Engine, LostChunk
from .task import ExtractedChunk, Task
from .worker import Answer, Identity, identify

# Chunks for each worker that are out: one it works at, one on its way there, one on its way back.
_WINDOW = 3
_MAX_LOSSES = 3
# So many innocent tasks in a row that ended their worker are not the images' fault.
_MAX_LOST_PROBES = 8
# Nor are so many images, where no image at all has come back by which workers could be tried.
_MAX_LOST_IMAGES = 64
# So many refused answers for each worker, with no other between them, are all that will come.
_MAX_REFUSALS = 8 * _WINDOW

# So many paths are named in an error.
_N_NAMED = 8

_GO_ON = (
    "What came back before is in the feature store, unless that is switched off: the same call "
    "goes on from there"
)


class Finished(NamedTuple):
    """The result of a task, or of some of its files.

    Attributes
    ----------
    task : int
        Place of the task among those of the run.
    files : slice
        The files of the task that this is about.
    chunk : ExtractedChunk
        Their rows and causes.
    decoders : str
        The decoders of who did it, see `Identity`.
    left : list of int, optional
        The items of these files that the chunk is for, see `Answer`; by default all.
    """

    task: int
    files: slice
    chunk: ExtractedChunk
    decoders: str
    left: list[int] | None = None


_Results: TypeAlias = Generator[Finished, None, None]


@dataclass
class _Piece:
    """Files of a task that are sent together; ``is_suspect`` when these may end a worker.

    What ``is_probe`` tells whether workers are well, and is for nobody.
    """

    place: int
    files: slice
    task: Task
    n_losses: int = 0
    is_suspect: bool = False
    is_probe: bool = False

    def cut(self) -> "list[_Piece]":
        """Cut it into parts; one that has a single file stays whole.

        At first there are as many parts as each has files, then parts of single files: few workers
        end on the way to the one, which takes much longer than the files of the other parts.
        """
        n_files = len(self.task.locations)
        if n_files == 1:
            return [replace(self, is_suspect=True)]
        size = 1 if self.is_suspect else math.isqrt(n_files - 1)
        starts = range(0, n_files, size)
        parts = [list(range(start, min(start + size, n_files))) for start in starts]
        return [
            _Piece(
                self.place,
                slice(self.files.start + part[0], self.files.start + part[-1] + 1),
                self.task.choose_files(part),
                is_suspect=True,
            )
            for part in parts
        ]


def run_tasks(engine: Engine, tasks: Iterable[Task]) -> _Results:
    """Run tasks on an engine; yield results in no particular order, each file once.

    Tasks are taken from the iterable when they are sent. Closing the generator, and any error,
    closes the engine.

    Raises
    ------
    ExtractionError
        When the engine does not answer for each task, once and as asked.
    """
    try:
        with closing(_Dispatch(engine, tasks).run()) as results:
            # ``yield from`` would close the inner generator before the engine is.
            for result in results:  # noqa: UP028 - see above
                yield result
    except BaseException:
        engine.close()
        raise


class _Dispatch:
    """What is out, what waits, and what was said before."""

    def __init__(self, engine: Engine, tasks: Iterable[Task]) -> None:
        self._engine = engine
        self._fresh = (
            _Piece(place, slice(0, len(task.locations)), task) for place, task in enumerate(tasks)
        )
        self._numbers = count()
        self._out: dict[int, _Piece] = {}
        self._again: deque[_Piece] = deque()
        # These wait for an answer that is not refused: the worker that refuses is always free.
        self._refused: list[_Piece] = []
        self._suspects: list[_Piece] = []
        self._n_refused = 0
        # An image that came back; images that ended their worker since workers were seen to do one.
        self._innocent: Task | None = None
        self._lost_images: list[str] = []
        self._n_lost_probes = 0
        self._refused_workers: dict[str, Identity] = {}

    def run(self) -> _Results:
        """Send all tasks, and yield the results."""
        answers = self._engine.results()
        self._send()
        while self._out:
            number, answer = self._take_answer(answers)
            piece = self._out.pop(number, None)
            if piece is None:
                msg = (
                    f"{self._engine.name} answered twice for a chunk, or for one that nobody "
                    f"asked for, and cannot be trusted. {_GO_ON}, with another engine."
                )
                raise ExtractionError(msg)
            finished = self._take(piece, answer)
            # Before the result is handed over, so that workers go on meanwhile.
            self._send()
            if finished is not None:
                yield finished

    def _take_answer(
        self, answers: Iterator[tuple[int, Answer | LostChunk]]
    ) -> tuple[int, Answer | LostChunk]:
        """Wait for an answer."""
        answer = next(answers, None)
        if answer is None:
            n_files = sum(len(piece.task.locations) for piece in self._out.values())
            msg = (
                f"{self._engine.name} ended without an answer for {count_noun(n_files, 'image')} "
                f"in {count_noun(len(self._out), 'chunk')}. {_GO_ON}, with another engine."
            )
            raise ExtractionError(msg)
        return answer

    def _send(self) -> None:
        """Send as many chunks as may be out."""
        if self._refused and not self._out:
            self._again.extend(self._refused)
            self._refused.clear()
        window = _WINDOW * max(self._engine.workers(), 1)
        while len(self._out) + len(self._refused) < window:
            piece = self._choose()
            if piece is None:
                break
            number = next(self._numbers)
            self._out[number] = piece
            self._engine.submit(number, piece.task)

    def _choose(self) -> _Piece | None:
        """Choose what to send next."""
        if self._again:
            return self._again.popleft()
        piece = next(self._fresh, None)
        if piece is None and self._suspects and not self._out and not self._refused:
            piece = self._suspects.pop()
        return piece

    def _take(self, piece: _Piece, answer: Answer | LostChunk) -> Finished | None:
        """Take an answer in; None where the chunk has to be sent again."""
        if isinstance(answer, LostChunk):
            return self._take_loss(piece, answer)
        identity, chunk, left = answer
        if chunk is None and left is not None:
            chunk = fail_chunk(piece.task.choose_files([]), Cause.WORKER_LOST)
        if chunk is None or identity.feature_version != FEATURE_VERSION:
            self._refuse(piece, identity)
            return None
        self._check_length(piece.task, chunk, left)
        self._n_refused = self._n_lost_probes = 0
        self._again.extend(self._refused)
        self._refused.clear()
        if piece.task.is_apart and chunk.causes == [Cause.WORKER_LOST] * len(piece.task.frames):
            self._note_lost(piece.task, "a process apart ended with each as well")
        elif piece.task.locations:
            self._lost_images.clear()
        if piece.is_probe:
            return None
        is_first_well = chunk.causes[0] is None if left is None else 0 not in left
        if self._innocent is None and is_first_well:
            first = piece.task.choose_files([0])
            self._innocent = first._replace(keeping=None, is_apart=False)
        return Finished(piece.place, piece.files, chunk, identity.decoders, left)

    def _check_length(self, task: Task, chunk: ExtractedChunk, left: list[int] | None) -> None:
        """Make sure that there is a row and an outcome for each item that a worker has not kept."""
        lengths = {len(values) for values in chunk if values is not None}
        items = np.arange(len(task.frames))
        wanted = items if left is None else np.intersect1d(left, items)
        if lengths != {len(wanted)} or chunk.rows.dtype != task.spec.row_dtype:
            msg = (
                f"{self._engine.name} answered for {sorted(lengths)} items where "
                f"{len(wanted)} were asked for, or with other columns. {_GO_ON}, with another "
                "engine."
            )
            raise ExtractionError(msg)

    def _refuse(self, piece: _Piece, identity: Identity) -> None:
        """Have a chunk done by somebody else; say so once for each worker."""
        if identity.worker not in self._refused_workers:
            self._refused_workers[identity.worker] = identity
            warn_user(
                f"Worker {_describe(identity)} is not used, because this process has "
                f"{_describe(identity, identify())}. Install the same version there.",
                HelperWarning,
            )
        self._n_refused += 1
        if self._n_refused >= _MAX_REFUSALS * max(self._engine.workers(), 1):
            names = "; ".join(map(_describe, self._refused_workers.values()))
            msg = (
                f"{self._engine.name} has no worker that computes features of version "
                f"{FEATURE_VERSION}. Refused: {names}. Install the version of smartdownsample "
                f"that this process has, {identify().package_version}, on all workers."
            )
            raise ExtractionError(msg)
        self._refused.append(piece)

    def _take_loss(self, piece: _Piece, lost: LostChunk) -> Finished | None:
        """Send a lost chunk again, or find the image that ends workers."""
        if piece.is_probe:
            self._n_lost_probes += 1
            if self._n_lost_probes >= _MAX_LOST_PROBES:
                raise ExtractionError(self._tell_of_lost_workers(lost.reason))
            return None
        piece.n_losses += lost.n_losses
        is_single = len(piece.task.locations) == 1
        is_lost_often = piece.n_losses >= _MAX_LOSSES
        if piece.is_suspect:
            if is_single and is_lost_often:
                return self._give_up(piece, lost)
            self._suspects.extend(piece.cut())
        elif is_lost_often and piece.task.is_apart:
            self._suspects.extend(piece.cut())
        else:
            if is_lost_often:
                piece.n_losses, piece.task = 0, piece.task._replace(is_apart=True)
            self._again.append(piece)
        return None

    def _give_up(self, piece: _Piece, lost: LostChunk) -> Finished:
        """Make the result of an image that ends workers, and try these by something innocent."""
        self._note_lost(piece.task, lost.reason)
        # What came back before, or a task without files, which shows only that workers live.
        innocent = self._innocent or piece.task.choose_files([])
        self._suspects.append(_Piece(piece.place, slice(0, 0), innocent, is_probe=True))
        chunk = fail_chunk(piece.task, Cause.WORKER_LOST)
        return Finished(piece.place, piece.files, chunk, identify().decoders)

    def _note_lost(self, task: Task, reason: str) -> None:
        """Note images that ended workers; so many in a row are not at fault."""
        self._lost_images.extend(task.locations)
        if len(self._lost_images) >= _MAX_LOST_IMAGES:
            raise ExtractionError(self._tell_of_lost_workers(reason))

    def _tell_of_lost_workers(self, reason: str) -> str:
        images, names = self._lost_images, ", ".join(map(repr, self._lost_images[:_N_NAMED]))
        more = f" and {len(images) - _N_NAMED:,} more" if len(images) > _N_NAMED else ""
        others = (
            "what is innocent was lost as well" if self._n_lost_probes else "no other came back"
        )
        return (
            f"{self._engine.name} lost its worker with each of {len(images)} images in a row, each "
            f"sent alone, and {others}, so that the workers seem to be at fault: {reason}. "
            f"See what they log, or leave these images out: {names}{more}. {_GO_ON}."
        )


def _describe(identity: Identity, wanted: Identity | None = None) -> str:
    """Name a worker and its version, or the version of another."""
    shown = wanted or identity
    who = "" if wanted else f"{identity.worker} with "
    return f"{who}feature version {shown.feature_version} (smartdownsample {shown.package_version})"
