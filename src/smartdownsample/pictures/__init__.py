"""Pictures: image files decoded to small upright RGB arrays.

No other wing knows image formats and their faults.
"""

from .decode import HAS_SMALLER_LIMITS, Picture, decode_image
from .headers import read_header
from .memory_budget import MEMORY, LeftToCaller
from .previews import Treatment, compare_previews, read_with_preview
from .process_settings import count_workers, decoding_process
from .regions import decode_regions

__all__ = [
    "HAS_SMALLER_LIMITS",
    "MEMORY",
    "LeftToCaller",
    "Picture",
    "Treatment",
    "compare_previews",
    "count_workers",
    "decode_image",
    "decode_regions",
    "decoding_process",
    "read_header",
    "read_with_preview",
]
