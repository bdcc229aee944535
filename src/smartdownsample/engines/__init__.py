"""Tasks of a run: what workers do, wherever they are."""

from .chunk import ExtractedChunk, StopSign, Task, extract_chunk

__all__ = ["ExtractedChunk", "StopSign", "Task", "extract_chunk"]
