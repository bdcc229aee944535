"""Options that say who decodes, where that is not this machine."""

import argparse
from collections.abc import Callable
from typing import get_args

from ..options import EngineName


def add_engine(add_argument: Callable[..., argparse.Action]) -> None:
    """Add the options that name a cluster."""
    add_argument(
        "--engine",
        choices=get_args(EngineName),
        help="have a cluster decode, whose workers have this package and see the images by the "
        "same paths",
    )
    add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="where the cluster is, such as tcp://10.0.0.1:8786 for Dask; by default what its own "
        "configuration says",
    )
