"""Numbers of NumPy and pathlib's paths: every public call takes them for Python's own."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import smartdownsample as sd
from pictures import write_collection
from smartdownsample import cache

TWO = np.int32(2)
# Of any type, since not all parameters are annotated so widely.
FIVE: Any = np.uint8(5)
EIGHT: Any = np.int64(8)
HALF: Any = np.float32(0.5)
NO: Any = np.bool_(False)
YES: Any = np.bool_(True)


@pytest.fixture
def photos(tmp_path: Path) -> list[Path]:
    """Paths of 30 images in three folders."""
    return list(map(Path, write_collection(tmp_path / "photos", 30)))


def test_calls_of_an_index_take_them(photos: list[Path], tmp_path: Path) -> None:
    """And give what they give for Python's."""
    index = sd.ImageIndex.build(
        photos,
        hash_size=EIGHT,
        n_workers=TWO,
        max_pixels=EIGHT * 10**7,
        crop_margin=HALF * 0,
        cache_dir=tmp_path / "store",
    )
    labels = {path: np.int64(number % 3) for number, path in enumerate(photos)}
    for ours, theirs in ((2, TWO), (5, FIVE)):
        options: dict[str, Any] = {"groups": labels, "balance": 0.5, "max_per_sequence": ours}
        picked = index.sample(ours, random_seed=ours, **options)
        options |= {"balance": HALF, "max_per_sequence": theirs, "sequence_gap_s": np.float64(60)}
        assert list(index.sample(theirs, random_seed=theirs, **options)) == list(picked)
    assert len(index.sample(groups=labels, per_group=TWO)) == 6
    assert len(index.sample(groups="parent", per_group={str(photos[0].parent): TWO})) == 2
    assert len(index.rank(FIVE, random_seed=TWO).first(TWO)) == 2
    assert len(index.measure_coverage(FIVE, random_seed=FIVE).needed) > 0
    for kept in (photos[:2], np.array([str(path) for path in photos[:2]]), np.array([0, 1])):
        assert len(index.sample(FIVE, keep=kept).earlier_rows) == 2
    region: Any = np.array([0, 0, 1, 1], dtype=np.float32)
    assert len(index.sample(FIVE, keep=[(photos[0], region)]).earlier_rows) == 1
    split = index.sample(9).split(HALF, random_seed=TWO)
    assert len(split.train) + len(split.validation) == 9
    assert sd.inspect_index(index, sequence_gap_s=FIVE).total.n_images == 30


def test_what_writes_takes_them(photos: list[Path], tmp_path: Path) -> None:
    """Also as values of a manifest."""
    selection = sd.ImageIndex.build(photos, cache_dir=tmp_path / "store").sample(FIVE)
    selection.save(tmp_path / "picked.csv")
    selection.save_report(tmp_path / "page.html", cache=False)
    sd.write_selection(selection, tmp_path / "relative.csv", relative_to=tmp_path)
    values = {"n": FIVE, "share": HALF, "folder": tmp_path, "counts": np.array([1, 2])}
    sd.write_manifest(selection, tmp_path / "manifest.json", values)
    assert json.loads((tmp_path / "manifest.json").read_text())["parameters"]["n"] == 5
    placed = sd.place_images(map(Path, selection.paths), tmp_path / "copies", "copy", base=tmp_path)
    assert placed.n_new == 5
    pack, root = tmp_path / "pack.parquet", tmp_path / "photos"
    store = tmp_path / "store"
    assert sd.export_pack(pack, photos, root, hash_size=EIGHT, cache_dir=store) == 30
    assert len(sd.ImageIndex.from_pack(pack, root)) == 30
    assert sd.import_pack(pack, root, cache_dir=tmp_path / "other") == 30
    assert cache.verify(tmp_path / "other") == []


def test_the_published_call_takes_them(photos: list[Path], tmp_path: Path) -> None:
    """Flags of NumPy as well."""
    places = sd.sample_diverse(
        photos,
        FIVE,
        EIGHT,
        TWO,
        NO,
        TWO,
        NO,
        return_indices=YES,
        save_distribution=tmp_path / "chart.png",
    )
    paths = sd.sample_diverse(map(str, photos), 5, show_progress=False, random_seed=2)
    assert [str(photos[place]) for place in places] == paths
