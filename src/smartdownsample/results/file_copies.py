"""Copies of files, and whether two files are the same.

A file may become a pipe or a device between the moment it is found and the moment it is opened:
nothing here waits for one.
"""

import errno
import os
import stat
from io import BufferedReader, FileIO

from ..items import FILES, Content
from ..object_urls import is_remote
from ..records import Cause

# Without blocking: opening a pipe waits for a writer otherwise.
_OPEN_FLAGS = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)
# Copied at a time, as fast as shutil.copy2 does it, and compared at a time. Larger blocks are
# slower: they leave the processor's cache, and new memory for each costs more than reading it.
_COPIED_BYTES = 1 << 18
_COMPARED_BYTES = 1 << 16
# Read, write and execute for all; without the bits that let a program run as its owner.
_PERMISSIONS = 0o777


def open_file(path: bytes) -> BufferedReader:
    """Open a regular file to read; anything else raises OSError at once."""
    descriptor = os.open(path, _OPEN_FLAGS)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "Not a regular file", path)
    return open(descriptor, "rb")


def copy_file(source: bytes, target: bytes) -> None:
    """Copy a regular file to a new name, with its modification time and permissions.

    Until it is complete, the copy is the owner's alone, as the original may be. An object of a
    bucket is downloaded.
    """
    if is_remote(os.fsdecode(source)):
        content = _download(source)
        with open(target, "xb") as file:
            file.write(content.data)
        os.utime(target, ns=(content.mtime_ns, content.mtime_ns))
        return
    block = memoryview(bytearray(_COPIED_BYTES))
    with open_file(source) as original:
        status = os.fstat(original.fileno())
        with open(target, "xb", buffering=0, opener=_open_private) as copy:
            while n_bytes := original.readinto(block):
                _write_all(copy, block[:n_bytes])
    os.utime(target, ns=(status.st_atime_ns, status.st_mtime_ns))
    os.chmod(target, stat.S_IMODE(status.st_mode) & _PERMISSIONS)


def _download(source: bytes) -> Content:
    """Read an object; raises `OSError` where that cannot be done."""
    content = FILES.read(os.fsdecode(source))
    if isinstance(content, Cause):
        raise OSError(errno.EIO, content.value, source)
    return content


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _write_all(file: FileIO, block: memoryview) -> None:
    """Write a block; a disk that fills up takes a part of it before it fails."""
    while block:
        block = block[file.write(block) :]


def has_same_content(source: bytes, target: bytes) -> bool:
    """Compare two files byte for byte; what is no regular file is not the same."""
    if is_remote(os.fsdecode(source)):
        data = _download(source).data
        if not os.path.isfile(target) or os.path.getsize(target) != len(data):
            return False
        with open_file(target) as file:
            return file.read() == data
    with open_file(source) as original:
        size_bytes = os.fstat(original.fileno()).st_size
        if not os.path.isfile(target) or os.path.getsize(target) != size_bytes:
            return False
        with open_file(target) as file:
            while expected := original.read(_COMPARED_BYTES):
                if file.read(len(expected)) != expected:
                    return False
    return True


def read_to_end(path: bytes) -> None:
    """Read a regular file to its end, to find out whether that can be done."""
    with open_file(path) as file:
        while file.read(_COMPARED_BYTES):
            pass
