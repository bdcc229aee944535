"""From a file's bytes to small upright pictures; only this wing knows image formats and faults."""

from .decode import Picture, decode_image
from .previews import Treatment, compare_previews, read_with_preview
from .process import count_workers, decoding_process
from .regions import cut_region

__all__ = [
    "Picture",
    "Treatment",
    "compare_previews",
    "count_workers",
    "cut_region",
    "decode_image",
    "decoding_process",
    "read_with_preview",
]
