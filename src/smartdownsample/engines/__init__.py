"""Engines: what carries tasks to threads, processes and clusters, and the answers back."""

from .choose import open_engine
from .dispatch import Finished, run_tasks
from .engine import Engine, LostChunk
from .extract_table import TABLE_SCHEMA, extract_table
from .task import ExtractedChunk, Keeping, Task
from .worker import Answer, identify

__all__ = [
    "TABLE_SCHEMA",
    "Answer",
    "Engine",
    "ExtractedChunk",
    "Finished",
    "Keeping",
    "LostChunk",
    "Task",
    "extract_table",
    "identify",
    "open_engine",
    "run_tasks",
]
