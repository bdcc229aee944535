"""What goes to standard output, and what to standard error."""

import os
import sys
from collections.abc import Sequence

from ..display import to_line
from ..errors import InvalidParameterError
from ..formats import dump_json
from ..items import strip_folder, to_key


def print_paths(paths: Sequence[str], *, is_null_ended: bool, relative_to: str | None) -> None:
    """Print paths as they are on disk, one a line, or each with a NUL behind it.

    A terminal shows lines with control characters escaped, so that no name can steer it.

    Nothing is printed when a path does not lie below the folder `relative_to`, or has a line break
    of its own where lines end paths.
    """
    if relative_to is not None:
        folder = to_key(relative_to)
        lines = [strip_folder(to_key(path), folder, "--relative-to") for path in paths]
    else:
        lines = list(map(os.fsencode, paths))
    broken = [line for line in lines if b"\n" in line]
    if broken and not is_null_ended:
        msg = f"A path has a line break: {os.fsdecode(broken[0])!r}. Print paths with -0."
        raise InvalidParameterError(msg)
    if sys.stdout.isatty() and not is_null_ended:
        tell(*map(os.fsdecode, lines))
        return
    end = b"\0" if is_null_ended else b"\n"
    sys.stdout.buffer.write(b"".join(line + end for line in lines))
    sys.stdout.buffer.flush()


def print_json(value: object) -> None:
    """Print a value of dicts, lists, texts and numbers for programs, see `dump_json`.

    Bytes of paths that are no Unicode become lone surrogates, of which `os.fsencode` makes the
    same bytes again.
    """
    # JSON leaves DEL as it is.
    print(dump_json(value, indent=2).replace("\x7f", "\\u007f"))


def tell(*lines: str) -> None:
    """Print lines for people who asked for them."""
    for line in lines:
        print(to_line(line))


def say(*lines: str) -> None:
    """Tell people something beside the output, on standard error."""
    for line in lines:
        print(to_line(line), file=sys.stderr)
