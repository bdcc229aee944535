"""Numbers in bytes and bits, as headers of files have them.

Bytes that are missing at the end count as zeros or as nothing: no reader fails.
"""

# More segments, chunks, boxes or the like than this has no picture; walking over those of a file
# that consists of nothing else would take minutes.
MAX_PARTS = 100_000


def read_big(data: bytes | memoryview, at: int, n_bytes: int) -> int:
    """Read a number whose highest byte comes first."""
    return int.from_bytes(data[at : at + n_bytes], "big")


def read_little(data: bytes | memoryview, at: int, n_bytes: int) -> int:
    """Read a number whose lowest byte comes first."""
    return int.from_bytes(data[at : at + n_bytes], "little")


class BitReader:
    """Reads numbers of any number of bits, the highest bit first.

    Once more bits are taken than there are, ``is_past_end`` is set, and numbers are 0.
    """

    def __init__(self, data: bytes) -> None:
        self._bits = int.from_bytes(data, "big")
        self._n_left = 8 * len(data)

    @property
    def is_past_end(self) -> bool:
        """Tell whether more was taken than there was."""
        return self._n_left < 0

    def take(self, n_bits: int) -> int:
        """Take a number of so many bits."""
        self._n_left -= n_bits
        return 0 if self._n_left < 0 else self._bits >> self._n_left & ((1 << n_bits) - 1)

    def take_unary(self) -> int:
        """Take a number that has as many zeros before its first bit as it has bits after it.

        One is added: these are ue(v) of ITU-T H.265, 9.2, and uvlc() of AV1, 4.10.3.
        """
        n_zeros = 0
        while not self.take(1) and not self.is_past_end:
            n_zeros += 1
        return (1 << n_zeros) + self.take(n_zeros)
