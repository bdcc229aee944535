"""Stores of others, damaged or forged so that all checksums fit, that are brought into this one."""

import subprocess
import sys
from pathlib import Path

import pytest

from fault_counts import MERGED, TRIED
from forged_packs import count_outcomes, count_with
from pictures import write_collection
from smartdownsample import ImageIndex

N_PHOTOS = 40
ROOT = "/mnt/others/photos"
# Changes the part of a store in one way after the other, brings it in, moved from one root to
# another, and uses what came of it. Says so on standard output; what was it when the process ends
# is the next one.
MERGE_FORGED = """
import json, os, shutil, sys, warnings
from pathlib import Path
import numpy as np
from forged_packs import fit_digest, forge, load_sound
from smartdownsample import ImageIndex, StoreError, StoreWarning, cache, export_pack
from smartdownsample.store.part import read_part
from smartdownsample.store.schema import make_schema
from smartdownsample.features.spec import make_spec

task = json.load(sys.stdin)
part, photos, here = Path(task["part"]), task["photos"], Path(task["here"])
others, schema = part.parents[2], make_schema(make_spec(8, "fast"))
sound = load_sound(part)
plain = part.read_bytes()
rng = np.random.default_rng(task["seed"])

def damage():
    # A byte changed, the end cut off, or a piece of it lost.
    for _ in range(task["n"]):
        data = bytearray(plain)
        kind = rng.choice(["byte", "cut", "lost"])
        at = int(rng.integers(len(data)))
        if kind == "byte":
            data[at] ^= int(rng.integers(1, 256))
        elif kind == "cut":
            del data[at:]
        else:
            del data[at : at + int(rng.integers(1, 200))]
        part.write_bytes(data)
        yield f"damaged, {kind}"

def all_kinds():
    yield from damage()
    for kind in forge(sound, part, task["n"], task["seed"]):
        if kind == "pages":
            try:
                part.write_bytes(fit_digest(sound, part.read_bytes()))
            except Exception:
                kind = "unreadable pages"
        yield f"forged, {kind}"

def bring_in(kind):
    shutil.rmtree(here, ignore_errors=True)
    before = part.read_bytes()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            merged = cache.merge(others, from_root=task["root"], to_root=photos, cache_dir=here)
        except StoreError as error:
            assert "None of the" in str(error), error
            return "nothing below the root"
    assert part.read_bytes() == before
    assert all(each.category is StoreWarning for each in caught), caught
    if merged.damage:
        assert caught and merged.n_added == 0
        return "refused"
    # A forged cause may be one that only a newer release knows.
    assert all("newer release" in str(each.message) for each in caught), caught
    assert not caught or kind == "forged, values"
    assert cache.verify(here) == []
    for added in here.rglob("part-*.parquet"):
        for path in read_part(added, schema)["path"].to_pylist():
            name = os.fsdecode(path)
            assert name.startswith(photos + os.sep) and os.path.normpath(name) == name, name
    if kind.startswith("damaged"):
        assert merged.n_added == task["n_photos"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        index = ImageIndex.build(photos, cache_dir=here)
    index.sample(10)
    return "used"

for kind in all_kinds():
    try:
        print(f"{kind}: {bring_in(kind)}", flush=True)
    except Exception as error:
        print(f"{kind}: BAD {type(error).__name__} {str(error)[:300]}", flush=True)
"""


@pytest.mark.parametrize("n", [75, pytest.param(TRIED[MERGED] // 2, marks=pytest.mark.long)])
def test_damaged_and_forged_stores_are_refused_or_used_well(tmp_path: Path, n: int) -> None:
    """Part by part: an error is named, and nothing lies outside of the root."""
    write_collection(tmp_path / "photos", N_PHOTOS)
    ImageIndex.build(tmp_path / "photos", cache_dir=tmp_path / "own")
    moved = [sys.executable, "-m", "smartdownsample", "cache", "merge", str(tmp_path / "own")]
    moved += ["--from", str(tmp_path / "photos"), "--to", ROOT]
    subprocess.run([*moved, "--cache-dir", str(tmp_path / "others")], check=True)
    (part,) = (tmp_path / "others").rglob("part-*.parquet")
    task = {
        "part": str(part),
        "photos": str(tmp_path / "photos"),
        "here": str(tmp_path / "here"),
        "root": ROOT,
        "n": n,
        "seed": n,
        "n_photos": N_PHOTOS,
    }
    counts = count_outcomes(MERGE_FORGED, task)
    assert counts.total() == 2 * n
    assert count_with(counts, "refused") > n // 2, counts
    assert count_with(counts, "used") > n // 10, counts
