"""What docs/shards.md tells people to type does what it says, on a cluster that is made up."""

import contextlib
import io
import os
import re
import shutil
import stat
import subprocess
import sysconfig
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

import pytest

from pictures import DATA_SAMPLES, REPOSITORY
from smartdownsample import ImageIndex

TEXT = (REPOSITORY / "docs" / "shards.md").read_text(encoding="utf-8")
FENCES = re.findall(r"^```(\w+)\n(.*?)^```$", TEXT, flags=re.DOTALL | re.MULTILINE)
((_, SCRIPT),) = [fence for fence in FENCES if fence[0] == "bash"]
N_TASKS = 3
# Submits nothing: runs all tasks of an array in turn, the last one first, as SLURM sets their
# variables. Like SLURM it takes the script as it was submitted.
SBATCH = """#!/bin/bash
set -e
for setting in "$@"; do
    case $setting in
        --export=ALL,*) IFS=, read -ra exported <<< "${setting#*,}"; export "${exported[@]}" ;;
        --array=*) array=${setting#--array=} ;;
        *) script=$setting ;;
    esac
done
: "${array:=$(sed -n 's/^#SBATCH --array=//p' "$script")}"
export SLURM_ARRAY_TASK_MIN=${array%-*} SLURM_ARRAY_TASK_MAX=${array#*-}
export SLURM_ARRAY_TASK_COUNT=$((SLURM_ARRAY_TASK_MAX - SLURM_ARRAY_TASK_MIN + 1))
export SLURM_CPUS_PER_TASK=$(sed -n 's/^#SBATCH --cpus-per-task=//p' "$script")
for task in $(seq "$SLURM_ARRAY_TASK_MAX" -1 "$SLURM_ARRAY_TASK_MIN"); do
    SLURM_ARRAY_TASK_ID=$task bash -e "$script"
done
"""


class Reader:
    """Somebody who follows the page, in a folder with the sample pictures and the script."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        shutil.copytree(DATA_SAMPLES, folder / "data_samples")
        # Sixteen tasks would do the same, and start as many times.
        (folder / "features.sh").write_text(SCRIPT.replace("--array=1-16", f"--array=1-{N_TASKS}"))
        (folder / "bin").mkdir()
        (folder / "bin" / "sbatch").write_text(SBATCH)
        (folder / "bin" / "sbatch").chmod(stat.S_IRWXU)
        scripts = sysconfig.get_path("scripts")
        self.environment: Mapping[str, str] = {
            **os.environ,
            "PATH": os.pathsep.join([str(folder / "bin"), scripts, os.environ["PATH"]]),
            "PYTHONWARNINGS": "error",
        }

    def type(self, command: str) -> str:
        """Run lines in a shell; none may fail."""
        done = subprocess.run(
            ["bash", "-e", "-c", command],  # noqa: S607 - the reader's own shell
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        printed = re.sub(r"^\r.*\r?\n|.*\r", "", done.stdout.decode(), flags=re.MULTILINE)
        assert done.returncode == 0, f"{command}\nfails:\n{printed}"
        return printed


@pytest.fixture
def reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Reader:
    """Put a reader into a folder."""
    monkeypatch.chdir(tmp_path)
    return Reader(tmp_path)


def count_unknown(features: Path) -> int:
    """Count the photos that a store does not know."""
    return ImageIndex.build("data_samples/photos", cache_dir=features).table.n_extracted


def test_the_page_does_what_it_says(reader: Reader) -> None:
    """From the first line to the last, with the output that it states."""
    steps = list(pairwise([*FENCES, ("", "")]))
    n_stated = 0
    for (language, body), (next_language, stated) in steps:
        if language == "sh":
            printed = reader.type(body)
        elif language == "python":
            written = io.StringIO()
            with contextlib.redirect_stdout(written):
                exec(compile(body, "<page>", "exec"), {})  # noqa: S102 - of our own page
            printed = written.getvalue()
        else:
            assert language in {"bash", "text"}
            continue
        if next_language == "text":
            assert printed == stated
            n_stated += 1
    assert n_stated > 1
    features = reader.folder / "cluster_features"
    assert len(list(features.rglob("part-*.parquet"))) == N_TASKS
    assert count_unknown(features) == 0


def test_an_array_may_begin_with_any_number(reader: Reader) -> None:
    """Other than the page's own."""
    reader.type(
        "sbatch --array=0-1 --export=ALL,PHOTOS=data_samples/photos,FEATURES=store features.sh"
    )
    assert count_unknown(reader.folder / "store") == 0
