"""Engines: what carries tasks to threads, processes and clusters, and the answers back."""

from .choose import open_engine
from .chunk import ExtractedChunk, Task
from .dispatch import Finished, run_tasks
from .engine import Engine
from .extract_table import TABLE_SCHEMA, extract_table

__all__ = [
    "TABLE_SCHEMA",
    "Engine",
    "ExtractedChunk",
    "Finished",
    "Task",
    "extract_table",
    "open_engine",
    "run_tasks",
]
