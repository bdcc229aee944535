"""Pictures: image files decoded to small upright RGB arrays.

No other wing knows image formats and their faults.
"""

from .crop_jpegs import encode_crop
from .decode import HAS_SMALLER_LIMITS, Picture, decode_image
from .headers import Header, read_header
from .memory_budget import MEMORY, LeftToCaller
from .pixels import turn_regions_upright
from .previews import Treatment, compare_previews, read_with_preview
from .process_settings import count_workers, decode_all, decoding_process
from .regions import cut_crop, decode_regions
from .scaled import encode_again, encode_jpeg, list_regions, load_regions

__all__ = [
    "HAS_SMALLER_LIMITS",
    "MEMORY",
    "Header",
    "LeftToCaller",
    "Picture",
    "Treatment",
    "compare_previews",
    "count_workers",
    "cut_crop",
    "decode_all",
    "decode_image",
    "decode_regions",
    "decoding_process",
    "encode_again",
    "encode_crop",
    "encode_jpeg",
    "list_regions",
    "load_regions",
    "read_header",
    "read_with_preview",
    "turn_regions_upright",
]
