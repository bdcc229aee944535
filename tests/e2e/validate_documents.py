"""Have documents judged by those who define their formats; runs in an environment of its own.

Standard input has a line of JSON, a list of pairs of a format and a file; standard output as many
verdicts: a list of complaints each.
"""

import contextlib
import json
import sys
from importlib import import_module


def judge_megadetector(file: str) -> list[str]:
    """Judge by MegaDetector's own validator."""
    validator = import_module("megadetector.postprocessing.validate_batch_results")
    found = validator.validate_batch_results(file)["validation_results"]
    return [*found["errors"], *found["warnings"]]


def judge_coco(file: str) -> list[str]:
    """Judge by COCO's own reader: every annotation must be found by its image and category."""
    reader = import_module("pycocotools.coco")
    try:
        data = reader.COCO(file)
        ids = data.getAnnIds()
        found = data.getAnnIds(imgIds=data.getImgIds())
        categories = set(data.getCatIds())
        unknown = [note for note in data.loadAnns(ids) if note["category_id"] not in categories]
    except (AssertionError, KeyError, TypeError) as error:
        return [repr(error)]
    if sorted(map(str, ids)) != sorted(map(str, found)) or unknown:
        return ["it has annotations of no image or category"]
    return []


JUDGES = {"MegaDetector": judge_megadetector, "COCO": judge_coco}


if __name__ == "__main__":
    jobs = json.loads(sys.stdin.readline())
    with contextlib.redirect_stdout(sys.stderr):
        verdicts = [JUDGES[name](file) for name, file in jobs]
    sys.stdout.write(json.dumps(verdicts))
