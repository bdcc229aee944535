"""Files written for the user: whole or not at all, and never over a photo or a foreign file."""

from .atomic_files import in_one_piece, make_folders, remove_leftovers
from .output_files import (
    OutputKind,
    check_filled_folder,
    check_output,
    replacing,
    starts_with,
    write_output,
)

__all__ = [
    "OutputKind",
    "check_filled_folder",
    "check_output",
    "in_one_piece",
    "make_folders",
    "remove_leftovers",
    "replacing",
    "starts_with",
    "write_output",
]
