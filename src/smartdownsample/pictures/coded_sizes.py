"""Sizes in the data of coded pictures: AV1 in AVIF files, HEVC in HEIC files.

Decoders go by them, whatever the boxes around the data say. That of AVIF refuses frames that are
larger than the header of their sequence says.
"""

from collections.abc import Iterator

from .bits import BitReader, read_big

# Width and height in pixels.
Size = tuple[int, int]
# More than any header takes up to the fields that are read here.
_HEADER_BYTES = 512

# Types of units: OBU_SEQUENCE_HEADER (AV1, 6.2.2), and SPS_NUT (ITU-T H.265, table 7-1).
_AV1_SEQUENCE, _HEVC_SEQUENCE = 1, 33
# Units with the header of a frame: OBU_FRAME_HEADER and OBU_FRAME (AV1, 6.2.2).
_AV1_FRAMES = frozenset((3, 6))
# Bits of general_profile_space up to general_level_idc, but for the level (ITU-T H.265, 7.3.3).
_PROFILE_BITS, _LEVEL_BITS = 88, 8
_MAX_SUB_LAYERS = 8
# What is cut off to the next multiple of the largest block; more is another size.
_MAX_PADDING = 63
# Of two zeros and a three, the three is there to prevent start codes (ITU-T H.265, 7.4.2).
_ESCAPED, _UNESCAPED = b"\0\0\3", b"\0\0"
# The decoder of HEIC knows no other length of the lengths of units.
_NAL_LENGTH_BYTES = 4


def walk_av1_sizes(data: bytes | memoryview) -> Iterator[Size | None]:
    """Yield for each unit of AV1 data the size that it tells, None when it tells none."""
    for kind, content in _walk_av1_units(data):
        yield _read_av1_sequence(content) if kind == _AV1_SEQUENCE else None


def count_av1_frames(data: bytes | memoryview) -> int:
    """Count the frames in AV1 data, all of which the decoder makes."""
    return sum(kind in _AV1_FRAMES for kind, _ in _walk_av1_units(data))


def _walk_av1_units(data: bytes | memoryview) -> Iterator[tuple[int, bytes]]:
    """Yield the type and the first bytes of each unit of AV1 data.

    AV1 Bitstream & Decoding Process Specification, 5.3 to 5.5, https://aomediacodec.github.io/av1-spec/
    """
    at = 0
    while at < len(data):
        head = data[at]
        at += 2 if head & 4 else 1
        length = len(data) - at
        if head & 2:
            length, at = _read_leb128(data, at)
        yield head >> 3 & 15, bytes(data[at : at + min(length, _HEADER_BYTES)])
        at += length


def _read_leb128(data: bytes | memoryview, at: int) -> tuple[int, int]:
    """Read a number of 7 bits a byte, the lowest first, and the place behind it (AV1, 4.10.5)."""
    value = 0
    for i in range(8):
        byte = read_big(data, at + i, 1)
        value |= (byte & 0x7F) << 7 * i
        if byte < 0x80:
            break
    return value, at + i + 1


def _read_av1_sequence(content: bytes) -> Size | None:
    """Read the largest size of frames from a sequence header (AV1, 5.5.1)."""
    bits = BitReader(content)
    bits.take(3 + 1)
    is_reduced = bits.take(1)
    if is_reduced:
        bits.take(5)
    else:
        _skip_operating_points(bits)
    n_bits = [bits.take(4) + 1, bits.take(4) + 1]
    width, height = (bits.take(n) + 1 for n in n_bits)
    return None if bits.is_past_end else (width, height)


def _skip_operating_points(bits: BitReader) -> None:
    """Skip what a sequence header has between its first bits and the size (AV1, 5.5.1)."""
    n_delay_bits = 0
    if bits.take(1):  # timing_info
        bits.take(32 + 32)
        if bits.take(1):
            bits.take_unary()
        if bits.take(1):  # decoder_model_info
            n_delay_bits = bits.take(5) + 1
            bits.take(32 + 5 + 5)
    has_display_delay = bits.take(1)
    for _ in range(bits.take(5) + 1):
        bits.take(12)
        if bits.take(5) > 7:
            bits.take(1)
        if n_delay_bits and bits.take(1):
            bits.take(2 * n_delay_bits + 1)
        if has_display_delay and bits.take(1):
            bits.take(4)


def walk_hevc_sizes(data: bytes | memoryview) -> Iterator[Size | None]:
    """Yield for each unit of HEVC data the size that it tells, None when it tells none."""
    at = 0
    while at < len(data):
        length = read_big(data, at, _NAL_LENGTH_BYTES)
        at += _NAL_LENGTH_BYTES
        yield read_hevc_size(bytes(data[at : at + min(length, _HEADER_BYTES)]))
        at += length


def read_hevc_size(unit: bytes) -> Size | None:
    """Read the size from a unit of HEVC data if it is a sequence parameter set.

    ITU-T H.265, 7.3.2.2, https://www.itu.int/rec/T-REC-H.265
    """
    if read_big(unit, 0, 1) >> 1 & 63 != _HEVC_SEQUENCE:
        return None
    bits = BitReader(unit[2:].replace(_ESCAPED, _UNESCAPED))
    bits.take(4)
    n_sub_layers = bits.take(3)
    bits.take(1 + _PROFILE_BITS + _LEVEL_BITS)
    present = [(bits.take(1), bits.take(1)) for _ in range(n_sub_layers)]
    if n_sub_layers:
        bits.take(2 * (_MAX_SUB_LAYERS - n_sub_layers))
    for has_profile, has_level in present:
        bits.take(_PROFILE_BITS * has_profile + _LEVEL_BITS * has_level)
    bits.take_unary()
    chroma = bits.take_unary() - 1
    if chroma == 3:
        bits.take(1)
    width, height = bits.take_unary() - 1, bits.take_unary() - 1
    if bits.take(1):  # the conformance window: blocks go on beyond the edges of the picture
        left, right, top, bottom = (bits.take_unary() - 1 for _ in range(4))
        width -= min((left + right) * (2 if chroma in {1, 2} else 1), _MAX_PADDING)
        height -= min((top + bottom) * (2 if chroma == 1 else 1), _MAX_PADDING)
    return None if bits.is_past_end else (max(width, 0), max(height, 0))
