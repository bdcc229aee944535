"""Extracting in a process apart, so that an image that ends it does not end the worker."""

from ..pictures import decoding_process
from ..records import Cause
from .chunk import extract_chunk, fail_chunk
from .helper_processes import (
    HelperAnswer,
    Process,
    ask,
    end_helper,
    find_python,
    greet,
    start_helper,
)
from .task import ExtractedChunk, Task


def extract_apart(task: Task) -> ExtractedChunk:
    """Extract files one by one in a process that is started again when it ends.

    The image it ended with gets the cause `WORKER_LOST`, which is not lasting. Where no process can
    be started (any more), the files that are left are extracted here.
    """
    chunk = fail_chunk(task, Cause.WORKER_LOST)
    n_files = len(task.locations)
    process = None
    try:
        for file in range(n_files):
            process = process or _start_process(task.max_pixels)
            if process is None:
                left = list(range(file, n_files))
                chunk.put(extract_here(task.choose_files(left)), task.items_of(left))
                break
            answer = ask(process, task.choose_files([file]))
            if isinstance(answer, HelperAnswer):
                chunk.put(answer.chunk, task.items_of([file]))
            else:
                end_helper(process)
                process = None
    finally:
        if process is not None:
            end_helper(process)
    return chunk


def extract_here(task: Task) -> ExtractedChunk:
    """Extract files in this process, which others have sent them to."""
    with decoding_process():
        return extract_chunk(task)


def _start_process(max_pixels: int) -> "Process | None":
    """Start a helper that has all memory to itself; None where none can be started."""
    python = find_python()
    if python is None:
        return None
    try:
        process = start_helper(python)
    except (OSError, RuntimeError):  # too many processes already
        return None
    if greet(process, 0, max_pixels):
        return process
    end_helper(process)
    return None
