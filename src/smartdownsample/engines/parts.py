"""Rows that workers put into the store themselves, so that only the others come back.

A coordinator that takes all rows in has enough to do with some hundred workers. Workers that see
the folder of its store write parts there, as every run does; whoever looks them up finds them.
"""

import os

import numpy as np

from ..errors import MissingExtraError, StoreError
from ..records import FeatureBatch, pack_flags
from ..store import FeatureStore, choose_cache_dir, make_table, sees_sign
from .task import ExtractedChunk, Task


def keep_rows(
    task: Task, chunk: ExtractedChunk, decoders: str
) -> tuple[ExtractedChunk | None, list[int] | None]:
    """Write the rows of a chunk as a part, where the task says so and its folder is seen.

    A row is kept when it is a fact about the file as it was listed, and will be found. Returns the
    result for the other items, None where there are none, and their places among those of the task;
    where nothing can be kept, the whole result and None.
    """
    keeping = task.keeping
    if keeping is None:
        return chunk, None
    store = FeatureStore(task.spec, choose_cache_dir(keeping.cache_dir))
    if not sees_sign(store, keeping.sign):
        return chunk, None
    is_kept = (
        chunk.is_lasting
        & (chunk.mtime_ns == np.repeat(keeping.mtime_ns, task.counts))
        & (chunk.size_bytes == np.repeat(keeping.size_bytes, task.counts))
    )
    if keeping.decoders != decoders:  # of which failures are tried again
        is_kept &= [cause is None for cause in chunk.causes]
    keys = [os.fsencode(location) for location in task.locations]
    batch = FeatureBatch(
        items=np.arange(len(task.frames)),
        keys=[key for key, n in zip(keys, task.counts, strict=True) for _ in range(n)],
        frames=task.frames,
        regions=task.regions,
        decoders=decoders,
        **chunk._asdict(),
    )
    try:
        if is_kept.any():
            store.add_rows(make_table([batch], store.schema).filter(pack_flags(is_kept)))
    except (StoreError, MissingExtraError):
        return chunk, None  # a full disk, say: who takes the rows in tries it again, and says so
    left = np.flatnonzero(~is_kept)
    return chunk.take(left) if len(left) else None, left.tolist()
