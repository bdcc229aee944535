"""imagededup: its difference hashes and its search for duplicates, then a draw by lot.

The two calls are the package's own, as its documentation shows them: `DHash.encode_images` hashes
the folder with all files in a pool of as many processes as the others have workers, and
`find_duplicates_to_remove` names what is within its default distance of another image. What is not
named is kept; too many are drawn from by lot, too few filled up from the others. Its `DHash` is
the cheaper of its two usual hashes and has the 64 bits that this package's has.

The search compares all pairs: its time grows with the square of the number of images (from 3,000
measured on two cores, about a minute for 24,000).

Fair with one exception, which is to its advantage: hashes need neither its neural network nor its
drawing, whose imports of torch, torchvision and matplotlib would take seconds, and gigabytes of
the environment. They are passed over. Nothing is kept between runs: every run is cold.

The folder that all files have in common must hold nothing else.
"""

import logging
import os
import sys
import warnings
from collections.abc import Callable
from importlib import import_module
from types import ModuleType
from typing import Any

from peers.job import Job, fill_up, run_job

# What the package imports beside its hashes, and the name it takes from there.
_PASSED_OVER = {
    "imagededup.methods.cnn": "CNN",
    "imagededup.utils.models": "CustomModel",
    "imagededup.utils.plotter": "plot_duplicates",
}


def _pass_over() -> None:
    """Put empty modules in place of some."""
    for module, name in _PASSED_OVER.items():
        empty = ModuleType(module)
        vars(empty)[name] = None
        sys.modules[module] = empty


# Not in a function only: where processes are spawned, each of them imports the package anew.
_pass_over()


def load(_: Job) -> Callable[..., Any]:
    """Import the method."""
    # By name, since it is installed in its own environment only.
    method: Callable[..., Any] = import_module("imagededup.methods").DHash
    return method


def sample(method: Callable[..., Any], job: Job) -> list[str]:
    """Do a job with the package."""
    logging.disable(logging.INFO)
    warnings.simplefilter("ignore", RuntimeWarning)  # of parameters that have no effect
    folder = os.path.commonpath([os.path.dirname(path) for path in job["paths"]])
    encoder = method(verbose=False)
    hashes = encoder.encode_images(folder, recursive=True, num_enc_workers=job["n_workers"])
    duplicates = set(
        encoder.find_duplicates_to_remove(encoding_map=hashes, num_dist_workers=job["n_workers"])
    )
    kept: list[str] = []
    others: list[str] = []
    for path in job["paths"]:
        name = os.path.relpath(path, folder)
        (others if name in duplicates or name not in hashes else kept).append(path)
    return fill_up(kept, others, job)


if __name__ == "__main__":
    run_job(load, sample, distributions=("imagededup", "pillow", "numpy"))
