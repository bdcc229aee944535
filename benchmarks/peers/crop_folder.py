"""Cut boxes into crop files with MegaDetector's `create_crop_folder`.

The call is the package's own, with as many threads as the others have workers, and with the quality
that it takes by default, 95. Crops are written below the job's cache folder.
"""

from importlib import import_module
from pathlib import Path
from types import ModuleType

from peers.job import Job, run_job


def load(_: Job) -> ModuleType:
    """Import the package."""
    return import_module("megadetector.postprocessing.create_crop_folder")


def cut(module: ModuleType, job: Job) -> list[str]:
    """Cut all boxes of a document; the paths of the crops."""
    options = module.CreateCropFolderOptions()
    options.n_workers = job["n_workers"]
    module.create_crop_folder(*job["paths"], job["cache_dir"], options=options)
    return sorted(map(str, Path(job["cache_dir"]).rglob("*.crop_*")))


if __name__ == "__main__":
    run_job(load, cut, distributions=("megadetector-utils", "pillow", "numpy"))
