"""Tasks of a run: what workers do, wherever they are."""

from .chunk import ExtractedChunk, StopSign, Task, extract_chunk
from .extract_table import TABLE_SCHEMA, extract_table

__all__ = ["TABLE_SCHEMA", "ExtractedChunk", "StopSign", "Task", "extract_chunk", "extract_table"]
