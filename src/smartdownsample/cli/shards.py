"""``--shard``: which share of the images a run reads."""

import argparse
import os

# Importing typing takes a tenth of the time in which help is to appear.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..items import Shard

_AUTO = "auto"
# What SLURM tells each task of an array, see https://slurm.schedmd.com/job_array.html.
_ARRAY = "SLURM_ARRAY_TASK_"
_MOST_DIGITS = 10


def add_shard(parser: argparse.ArgumentParser) -> None:
    """Add the option."""
    parser.add_argument(
        "--shard",
        metavar="I/N",
        type=_read_shard,
        help="read only the images of one of N shares, such as 3/16, so that many runs share the "
        "work; auto takes the share of this task of a SLURM array",
    )


def _read_shard(text: str) -> "Shard":
    """Read a shard such as ``3/16``, or ``auto``."""
    if text == _AUTO:
        return _take_task()
    from ..items import Shard

    number, _, count = text.partition("/")
    if _is_number(number) and _is_number(count) and 1 <= int(number) <= int(count):
        return Shard(int(number), int(count))
    msg = f"must be one of so many, such as 1/16 to 16/16, or auto. Got {text!r} instead"
    raise argparse.ArgumentTypeError(msg)


def _take_task() -> "Shard":
    """Take the shard that the task of a SLURM array is to read."""
    from ..items import Shard

    values = {name: os.environ.get(_ARRAY + name, "") for name in ("ID", "MIN", "COUNT")}
    for name, value in values.items():
        if not _is_number(value):
            msg = (
                "auto takes the shard of a task of a SLURM array, which sbatch --array=1-16 "
                f"starts, and {_ARRAY}{name} is {value!r}. Elsewhere name the shard, such as 3/16"
            )
            raise argparse.ArgumentTypeError(msg)
    task, first, count = map(int, values.values())
    last = os.environ.get(_ARRAY + "MAX", "")
    is_gapless = not _is_number(last) or int(last) - first + 1 == count
    if not (is_gapless and first <= task < first + count):
        msg = (
            "auto needs an array that counts without gaps, such as --array=1-16. Got task "
            f"{task} of {count} that begin with {first}. Name the shard, such as 3/16"
        )
        raise argparse.ArgumentTypeError(msg)
    return Shard(task - first + 1, count)


def _is_number(text: str) -> bool:
    """Tell whether a text is a number of a usual size."""
    return text.isascii() and text.isdigit() and len(text) < _MOST_DIGITS
