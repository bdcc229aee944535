"""JPEG 2000: its size, and how many tables the decoder makes before it looks at the data.

References are to ISO/IEC 15444-1.
"""

from collections.abc import Iterator
from typing import NamedTuple

from .bits import MAX_PARTS, read_big
from .boxes import find_boxes

_CODESTREAM_MARK = b"\xff\x4f\xff\x51"
# Start of a tile's part and of its data; coding style of all components, and of one (A.2).
_SOT, _SOD, _COD, _COC = 0xFF90, 0xFF93, 0xFF52, 0xFF53
# Markers of segments that the decoder knows (A.2, and those of parts 2 and 15). Behind another one
# it looks for the next of these, two bytes at a time.
_KNOWN = frozenset(
    (
        *(_SOT, _SOD, _COD, _COC, 0xFF50, 0xFF51, 0xFF55, 0xFF57, 0xFF58, 0xFF59, 0xFF5C),
        *(0xFF5D, 0xFF5E, 0xFF5F, 0xFF60, 0xFF61, 0xFF63, 0xFF64, 0xFF74, 0xFF75, 0xFF77, 0xFF78),
    )
)
_STYLES = frozenset((_COD, _COC))
_MARKER_BYTES = _LENGTH_BYTES = 2
# From here on the number of a component has two bytes (A.6.2).
_MANY_COMPONENTS = 257
_MAX_LEVELS = 32

# What the decoder holds for a code-block in a precinct of its own: 570 with OpenCV 5.0, 420 where
# precincts have many. With each layer it holds a mark of two bytes for each precinct of each
# resolution.
_BLOCK_BYTES, _LAYER_BYTES = 600, 2


class Codestream(NamedTuple):
    """Size of a JPEG 2000 image, 0 when unknown, and how many components and tiles it has.

    ``block_bytes`` is what the decoder holds for the code-blocks of one component, at most.
    """

    width: int = 0
    height: int = 0
    n_components: int = 0
    n_tiles: int = 0
    block_bytes: int = 0


class _Style(NamedTuple):
    """Coding style: code-blocks and, from the lowest resolution on, precincts, in powers of two."""

    n_levels: int
    block: tuple[int, int]
    precincts: bytes


def read_jp2(data: bytes) -> Codestream:
    """Read the size of a JPEG 2000 from its codestream, as the decoder does, not from its boxes.

    The decoder makes a component of each column of a palette (I.5.3.4), beside those of the
    codestream.
    """
    palettes = find_boxes(data, b"jp2h", b"pclr")
    n_columns = max((read_big(data, at + 2, 1) for at, _ in palettes), default=0)
    for start, _ in find_boxes(data, b"jp2c"):
        stream = read_j2k(data, start)
        return stream._replace(n_components=stream.n_components + n_columns)
    return Codestream()


def read_j2k(data: bytes, start: int = 0) -> Codestream:
    """Read the size marker of a codestream that begins at a place (A.5.1), and its code-blocks."""
    if not data.startswith(_CODESTREAM_MARK, start):
        return Codestream()
    sizes, n_tiles = [], 1
    for at in (start + 8, start + 12):
        end, first, side, first_tile = (read_big(data, at + n, 4) for n in (0, 8, 16, 24))
        sizes.append(max(end - first, 0))
        # Sides of 0 are refused by the decoder, and count as the shortest.
        n_tiles *= max(-((first_tile - end) // max(side, 1)), 0)
    width, height = sizes
    n_components = read_big(data, start + 40, 2)
    headers = list(_walk_headers(data, start + _MARKER_BYTES))
    if len(headers) == MAX_PARTS:
        return Codestream()
    block_bytes = _count_block_bytes(headers, width, height, n_components)
    return Codestream(width, height, n_components, n_tiles, block_bytes)


def _count_block_bytes(
    headers: list[tuple[int, bytes]], width: int, height: int, n_components: int
) -> int:
    """Count what code-blocks take, as if the worst style were that of all components and tiles."""
    n_layers = 1
    n_skipped = 1 if n_components < _MANY_COMPONENTS else 2
    styles = set()
    for marker, segment in headers:
        if marker == _COD:
            n_layers = max(n_layers, read_big(segment, 2, 2))
            styles.add(_read_style(segment[:1] + segment[5:]))
        elif marker == _COC:
            styles.add(_read_style(segment[n_skipped:]))
    return max(
        (
            _count_blocks(style, width, height)
            * (_BLOCK_BYTES + _LAYER_BYTES * n_layers * (style.n_levels + 1))
            for style in styles
        ),
        default=0,
    )


def _walk_headers(data: bytes, at: int) -> Iterator[tuple[int, bytes]]:
    """Yield marker and content of each segment in the headers of a codestream and of its tiles.

    The data between the headers is skipped, and what the decoder skips has no content. There are at
    most `MAX_PARTS`.
    """
    next_tile = len(data)
    for _ in range(MAX_PARTS):
        if at + _MARKER_BYTES > len(data):
            return
        marker = read_big(data, at, _MARKER_BYTES)
        start = end = at + _MARKER_BYTES
        if marker == _SOD:
            end = next_tile
        elif marker in _KNOWN:
            start += _LENGTH_BYTES
            end += max(read_big(data, end, _LENGTH_BYTES), _LENGTH_BYTES)
        if marker == _SOT:
            # A length of 0 says that it is the last one (A.4.2).
            next_tile = at + (read_big(data, at + 6, 4) or len(data))
        yield marker, data[start:end] if marker in _STYLES else b""
        at = end


def _read_style(style: bytes) -> _Style:
    """Read a coding style: flags, levels, code-block and, if a flag says so, precincts (A.6.1)."""
    n_levels = min(read_big(style, 1, 1), _MAX_LEVELS)
    precincts = style[6 : 7 + n_levels] if read_big(style, 0, 1) & 1 else b""
    block = (read_big(style, 2, 1) + 2, read_big(style, 3, 1) + 2)
    return _Style(n_levels, block, precincts.ljust(n_levels + 1, b"\xff"))


def _count_blocks(style: _Style, width: int, height: int) -> int:
    """Count the code-blocks of a component: of its bands, cut by blocks and by precincts (B.6)."""
    n_blocks = 0
    for resolution, precinct in enumerate(style.precincts):
        # The bands of all but the lowest resolution, three of them, have half its sides.
        is_halved = int(resolution > 0)
        halvings = style.n_levels - resolution + is_halved
        sides = (width, precinct & 15), (height, precinct >> 4)
        across, down = (
            (side >> halvings >> min(block, max(power - is_halved, 0))) + 2
            for (side, power), block in zip(sides, style.block, strict=True)
        )
        n_blocks += (3 if is_halved else 1) * across * down
    return n_blocks
