"""A network that ends at this machine, for tests that start servers."""

import ctypes
import socket
import struct
import sys

_CLONE_NEWNET = 0x40000000
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 1
_REQUEST = "16sH14x"


def enter_own_network() -> str | None:
    """Move this thread, and what it starts, into a network with nothing but loopback.

    Returns why that cannot be, or None.
    """
    if sys.platform != "linux":
        return "only Linux has networks for single processes"
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWNET):
        return "making a network needs more rights than these tests have"
    import fcntl  # noqa: PLC0415 # not on Windows

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        request = struct.pack(_REQUEST, b"lo", 0)
        _, flags = struct.unpack(_REQUEST, fcntl.ioctl(asked, _SIOCGIFFLAGS, request))
        fcntl.ioctl(asked, _SIOCSIFFLAGS, struct.pack(_REQUEST, b"lo", flags | _IFF_UP))
    return None
