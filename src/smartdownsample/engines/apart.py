"""Extracting in a process apart, so that an image that ends it does not end the worker."""

from ..records import Cause
from .chunk import fail_chunk
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


def extract_apart(task: Task) -> ExtractedChunk | None:
    """Extract files one by one in a process that is started again when it ends.

    The image it ended with gets the cause `WORKER_LOST`, which is not lasting. Returns None where
    no process can be started; the task is then still to be done.
    """
    chunk = fail_chunk(task, Cause.WORKER_LOST)
    process = _start_process(task.max_pixels)
    if process is None:
        return None
    try:
        for file in range(len(task.locations)):
            if process is None:
                process = _start_process(task.max_pixels)
                if process is None:
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
