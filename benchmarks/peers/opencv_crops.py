"""Cut boxes into crop files, as people write it with OpenCV.

Each photo is read once with `cv2.imread`, which turns it upright by its EXIF, and each of its boxes
is cut out and written as a JPEG of quality 95, OpenCV's default, below the job's cache folder. As
many threads as the others have workers do so; OpenCV decodes and encodes outside of the
interpreter's lock.
"""

import json
import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from peers.job import Job, run_job

_QUALITY = 95


def load(_: Job) -> Any:  # noqa: ANN401 - a module
    """Import OpenCV."""
    import cv2

    # One thread for each photo, as the others have.
    cv2.setNumThreads(1)
    return cv2


def cut(cv2: Any, job: Job) -> list[str]:  # noqa: ANN401 - a module
    """Cut all boxes of a document; the paths of the crops."""
    document, root = job["paths"]
    with open(document, encoding="utf-8") as file:
        entries = json.load(file)["images"]

    def cut_photo(entry: dict[str, Any]) -> list[str]:
        picture = cv2.imread(os.path.join(root, entry["file"]))
        height, width = picture.shape[:2]
        written = []
        for number, detection in enumerate(entry["detections"]):
            x, y, across, down = detection["bbox"]
            left, top = int(x * width), int(y * height)
            crop = picture[top : top + int(down * height), left : left + int(across * width)]
            stem = os.path.splitext(entry["file"])[0]
            written.append(os.path.join(job["cache_dir"], f"{stem}.crop_{number:03d}.JPG"))
            cv2.imwrite(written[-1], crop, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
        return written

    with ThreadPoolExecutor(job["n_workers"]) as pool:
        return [path for paths in pool.map(cut_photo, entries) for path in paths]


if __name__ == "__main__":
    run_job(load, cut, distributions=("opencv-python-headless", "numpy"))
