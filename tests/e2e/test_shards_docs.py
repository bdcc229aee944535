"""What docs/shards.md tells people to type does what it says, on a cluster that is made up."""

import os
import shutil
import stat
from pathlib import Path

import pytest

from page_readers import Reader, list_fences, read_steps
from pictures import DATA_SAMPLES
from smartdownsample import ImageIndex

PAGE = "docs/shards.md"
((_, SCRIPT),) = [fence for fence in list_fences(PAGE) if fence[0] == "bash"]
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


@pytest.fixture
def reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Reader:
    """Put a reader into a folder with the sample pictures, the script, and the cluster."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(DATA_SAMPLES, tmp_path / "data_samples")
    # Sixteen tasks would do the same, and start as many times.
    Path("features.sh").write_text(SCRIPT.replace("--array=1-16", f"--array=1-{N_TASKS}"))
    Path("bin").mkdir()
    Path("bin", "sbatch").write_text(SBATCH)
    Path("bin", "sbatch").chmod(stat.S_IRWXU)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=os.pathsep)
    return Reader(tmp_path)


def count_unknown(features: Path) -> int:
    """Count the photos that a store does not know."""
    return ImageIndex.build("data_samples/photos", cache_dir=features).table.n_extracted


def test_the_page_does_what_it_says(reader: Reader) -> None:
    """From the first line to the last, with the output that it states."""
    stated = [step.stated for step in read_steps(PAGE)]
    printed = [text if said else "" for text, said in zip(reader.follow(PAGE), stated, strict=True)]
    assert printed == stated
    assert sum(map(bool, stated)) > 1
    features = reader.folder / "cluster_features"
    assert len(list(features.rglob("part-*.parquet"))) == N_TASKS
    assert count_unknown(features) == 0


def test_an_array_may_begin_with_any_number(reader: Reader) -> None:
    """Other than the page's own."""
    reader.call(
        "sbatch --array=0-1 --export=ALL,PHOTOS=data_samples/photos,FEATURES=store features.sh"
    )
    assert count_unknown(reader.folder / "store") == 0
