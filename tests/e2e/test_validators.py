"""Parts of documents are as good as the whole, for those who define the formats."""

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest

import json_documents
from pictures import NO_SHARED_IMAGES, REPOSITORY, SHARED_IMAGES
from smartdownsample.formats import read_document

ENVIRONMENT = REPOSITORY / ".venv-validators"
SCRIPT = Path(__file__).with_name("validate_documents.py")
JUDGED = ("MegaDetector", "COCO")

pytestmark = pytest.mark.skipif(
    not (ENVIRONMENT / ".done").exists(),
    reason=f"There is no {ENVIRONMENT.name}; make validators installs it.",
)


def judge(jobs: list[tuple[str, str]]) -> list[list[str]]:
    """Have documents judged: their complaints."""
    done = subprocess.run(
        [str(ENVIRONMENT / "bin" / "python"), "-E", str(SCRIPT)],
        input=json.dumps(jobs),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    verdicts: list[list[str]] = json.loads(done.stdout)
    return verdicts


def write_parts(source: Path, folder: Path) -> list[tuple[str, str]]:
    """Write a third of the photos, and half of the boxes of half of them, beside the source."""
    document = read_document(str(source))
    assert document is not None
    rows, half = (np.arange(0, len(document.entries), step) for step in (3, 2))
    boxes = np.flatnonzero(np.isin(document.boxes["entry"].to_numpy(), half))[::2]
    for name, part in (("third", document.reduce(rows)), ("boxes", document.reduce(half, boxes))):
        (folder / f"{name}.json").write_bytes(part[""])
    return [
        (document.format, str(file))
        for file in (source, folder / "third.json", folder / "boxes.json")
    ]


def test_parts_of_real_documents_are_as_good_as_the_whole(tmp_path: Path) -> None:
    """What is accepted stays so; what is not has the same complaint as before, and no other."""
    if not SHARED_IMAGES.is_dir():
        pytest.skip(NO_SHARED_IMAGES)
    jobs = []
    for number, source in enumerate(sorted((SHARED_IMAGES / "formats").rglob("*.json"))):
        text = source.read_bytes()
        if b'"file"' in text or (b'"file_name"' in text and b'"annotations"' in text):
            (tmp_path / str(number)).mkdir()
            jobs += write_parts(source, tmp_path / str(number))
    assert {name for name, _ in jobs} == set(JUDGED)
    verdicts = judge(jobs)
    assert sum(not complaints for complaints in verdicts) >= 15
    for whole, third, boxes in zip(verdicts[::3], verdicts[1::3], verdicts[2::3], strict=True):
        assert third == whole
        assert boxes == whole


@pytest.mark.parametrize("name", JUDGED)
def test_parts_of_made_documents_are_as_good_as_the_whole(name: str, tmp_path: Path) -> None:
    """Of every style and version."""
    jobs = []
    for seed in range(12):
        source = tmp_path / f"{seed}.json"
        source.write_bytes(json_documents.MAKERS[name](9, seed))
        (tmp_path / str(seed)).mkdir()
        jobs += write_parts(source, tmp_path / str(seed))
    verdicts = judge(jobs)
    assert any(not complaints for complaints in verdicts)
    for whole, third, boxes in zip(verdicts[::3], verdicts[1::3], verdicts[2::3], strict=True):
        # A validator tells one complaint, and that may be about an entry that is left out.
        assert third in (whole, [])
        assert boxes in (whole, [])
