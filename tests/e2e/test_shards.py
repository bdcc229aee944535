"""Many runs share the work of decoding, each by a shard, and their stores are merged."""

import json
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from crops import write_photos
from pictures import make_old, write_photo
from smartdownsample import Document, ImageIndex, ImageLoadingWarning, cache
from smartdownsample.cli import main
from smartdownsample.options import DecodeMode
from smartdownsample.store import merging

N_PHOTOS, N_BROKEN, N_SHARDS = 160, 3, 16
N_PICKED = 30
# Runs the command with a store that is written, and merged by runs that do so, all the time.
OFTEN = """
import sys
import smartdownsample.gathering.schedule
from smartdownsample.cli import main
from smartdownsample.store import merging, store

store._FLUSH_ROWS, merging._MAX_PARTS = 3, 2
flush = store.FeatureStore._flush

def flush_and_compact(self, **options):
    flush(self, **options)
    if self.merges_parts:
        self.compact()

store.FeatureStore._flush = flush_and_compact
print("ready", flush=True)
sys.stdin.readline()
sys.exit(main(sys.argv[1:]))
"""


def call(*arguments: object) -> None:
    """Run the command, which succeeds."""
    assert main(list(map(str, arguments))) == 0


def read_shard(root: object, shard: int, store: Path, *options: object) -> None:
    """Read a shard of photos."""
    call("features", root, "--shard", f"{shard}/{N_SHARDS}", "--cache-dir", store, *options)


def in_any_order(seed: int) -> list[int]:
    """List the shards in a random order, two of them twice."""
    draw = random.Random(seed)
    order = [*range(1, N_SHARDS + 1), *draw.sample(range(1, N_SHARDS + 1), 2)]
    draw.shuffle(order)
    return order


def describe(index: ImageIndex, root: Path) -> dict[str, Any]:
    """Tell what matters of an index, wherever its photos lie."""
    selection = index.sample(N_PICKED, random_seed=5)
    return {
        "rows": index.table.rows.tobytes(),
        "paths": [os.path.relpath(path, root) for path in index.paths],
        "failures": [(os.path.relpath(path, root), cause) for path, cause in index.failures],
        "picked": [os.path.relpath(path, root) for path in selection.paths],
    }


def build(root: Path, **options: Any) -> ImageIndex:
    """Build an index of photos of which some are broken."""
    with pytest.warns(ImageLoadingWarning):
        return ImageIndex.build(root, **options)


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write photos in folders of eight, with previews that look like them, and broken ones."""
    root = tmp_path_factory.mktemp("originals") / "photos"
    for i in range(N_PHOTOS):
        write_photo(root / f"site_{i // 40}" / f"cam_{i // 8}" / f"IMG_{i}.jpg", i)
    for name in ("site_0/cam_0/broken.jpg", "site_3/cam_16/text.jpg", "site_1/cam_6/empty.jpg"):
        (root / name).write_text("no image" if "text" in name else "")
        make_old(root / name)
    return root


@pytest.mark.parametrize("decode", ["fast", "preview"])
def test_sixteen_shards_merged_are_one_run(
    photos: Path, tmp_path: Path, decode: DecodeMode
) -> None:
    """In any order, two of them twice: nothing is decoded again, and the selection is the same."""
    expected = build(photos, cache=False, decode=decode)
    for shard in in_any_order(seed=1):
        read_shard(photos, shard, tmp_path / f"store_{shard}", "--decode", decode)
    stores = sorted(tmp_path.glob("store_*"))
    random.Random(2).shuffle(stores)
    merged = cache.merge(stores, cache_dir=tmp_path / "all")
    assert merged == (N_PHOTOS + N_BROKEN, 0, 0, 0, ())
    index = build(photos, cache_dir=tmp_path / "all", decode=decode)
    assert index.table.n_extracted == 0
    assert describe(index, photos) == describe(expected, photos)


def test_shards_of_two_roots_are_moved_to_a_third(photos: Path, tmp_path: Path) -> None:
    """Each machine has the photos elsewhere; the command moves the roots."""
    expected = build(photos, cache=False)
    roots = [tmp_path / "mnt a" / "photos", tmp_path / "b"]
    for root in roots:
        shutil.copytree(photos, root)  # with their times
    for shard in in_any_order(seed=3):
        machine = shard % 2
        read_shard(roots[machine], shard, tmp_path / f"store_{machine}")
    for root in roots:
        shutil.rmtree(root)  # none is needed any more
    for machine in (1, 0, 1):
        store = tmp_path / f"store_{machine}"
        call(
            *("cache", "merge", store, "--from", roots[machine], "--to", photos),
            *("--cache-dir", tmp_path / "all"),
        )
    index = build(photos, cache_dir=tmp_path / "all")
    assert index.table.n_extracted == 0
    assert describe(index, photos) == describe(expected, photos)


def test_shards_can_share_a_folder(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each adds parts of its own and merges none, however many; the next normal run does."""
    monkeypatch.setattr(merging, "_MAX_PARTS", 4)
    for shard in in_any_order(seed=4):
        read_shard(photos, shard, tmp_path / "store", "-q")
    parts = list(tmp_path.rglob("part-*.parquet"))
    assert len(parts) == N_SHARDS
    for _ in range(2):
        read_shard(photos, 3, tmp_path / "store", "-q")
    assert {*tmp_path.rglob("part-*.parquet")} == {*parts}
    assert build(photos, cache_dir=tmp_path / "store").table.n_extracted == 0
    assert len(list(tmp_path.rglob("part-*.parquet"))) <= 4


def test_with_previews_no_folder_is_divided(photos: Path, tmp_path: Path) -> None:
    """Every shard trusts the previews of a folder as one run would, or has none of it."""
    for shard in range(1, 5):
        store = tmp_path / str(shard)
        call(
            *("features", photos, "--shard", f"{shard}/4", "--decode", "preview"),
            *("--cache-dir", store),
        )
        known = [path for (path, *_) in list_known(store)]
        folders = {os.path.dirname(path) for path in known}
        assert len(known) == sum(len(os.listdir(folder)) for folder in folders)


def list_known(store: Path) -> list[tuple[bytes, tuple[float, ...]]]:
    """List the paths and regions that a store knows."""
    import pyarrow.parquet as pq  # noqa: PLC0415

    return [
        (row["path"], tuple(row["region"]))
        for part in store.rglob("part-*.parquet")
        for row in pq.read_table(part, columns=["path", "region"]).to_pylist()
    ]


def test_crops_of_one_photo_stay_together(tmp_path: Path) -> None:
    """A photo is opened once, by one shard; of documents, too, all is known in the end."""
    paths = write_photos(tmp_path / "photos", 40)
    boxes = [[0.1, 0.1, 0.3, 0.3], [0.5, 0.5, 0.4, 0.4], [0.2, 0.6, 0.25, 0.25]]
    document = {
        "images": [
            {
                "file": os.path.relpath(path, tmp_path),
                "detections": [{"category": "1", "conf": 0.9, "bbox": box} for box in boxes],
            }
            for path in paths
        ],
        "detection_categories": {"1": "animal"},
        "info": {"format_version": "1.3"},
    }
    (tmp_path / "found.json").write_text(json.dumps(document))
    stores = [tmp_path / f"store_{shard}" for shard in range(1, 6)]
    for shard, store in enumerate(stores, 1):
        call("features", tmp_path / "found.json", "--shard", f"{shard}/5", "--cache-dir", store)
    known = [list_known(store) for store in stores]
    assert sum(len({path for path, _ in rows}) for rows in known) == len(paths)
    assert sum(map(len, known)) == len(paths) * len(boxes)
    assert all(known)
    cache.merge(stores, cache_dir=tmp_path / "all")
    items = Document.read(tmp_path / "found.json")
    index = ImageIndex.build(items, cache_dir=tmp_path / "all")
    assert (len(index), index.table.n_extracted) == (len(paths) * len(boxes), 0)


@pytest.mark.parametrize("source", ["lists/images.txt", "images.csv", "glob"])
def test_shards_of_a_list_are_the_same_below_another_root(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str
) -> None:
    """Paths count from the working folder, from the list's own, or from where a glob begins."""
    known = []
    for machine in ("a", "b/c"):
        root = tmp_path / machine
        shutil.copytree(photos, root / "photos")
        monkeypatch.chdir(root)
        names = [os.path.relpath(path, root) for path in (root / "photos").rglob("IMG_*.jpg")]
        random.Random(machine).shuffle(names)
        (root / "lists").mkdir()
        (root / "lists" / "images.txt").write_text("\n".join(names))
        (root / "images.csv").write_text("\n".join(["path", *names]))
        named = "photos/**/IMG_*.jpg" if source == "glob" else source
        read_shard(named, 5, root / "store", "-q")
        found = list_known(root / "store")
        known.append(sorted(os.path.relpath(os.fsdecode(path), root) for path, _ in found))
    assert known[0] == known[1]
    assert 0 < len(known[0]) < N_PHOTOS // 4


def test_a_shard_without_images_is_no_error(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where there are more shards than images; tasks of a batch system must not fail for that."""
    one = tmp_path / "one"
    shutil.copytree(photos / "site_0" / "cam_1", one)
    said = []
    for shard in range(1, 41):
        call("features", one, "--shard", f"{shard}/40", "--cache-dir", tmp_path / "store")
        said.append(capsys.readouterr().err.splitlines()[-1])
    empty = [line for line in said if line.endswith("none of the images is in it")]
    assert 32 <= len(empty) < 40
    assert empty[0].startswith("Shard ")
    assert ImageIndex.build(one, cache_dir=tmp_path / "store").table.n_extracted == 0


def test_shards_and_a_normal_run_at_a_time_lose_nothing(photos: Path, tmp_path: Path) -> None:
    """In one folder, where the normal runs merge parts all the time."""
    arguments = [["features", str(photos), "--cache-dir", str(tmp_path), "-q"]] * 5
    shards = [[], [], ["--shard", "1/3"], ["--shard", "2/3"], ["--shard", "3/3"]]
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", OFTEN, *each, *shard],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for each, shard in zip(arguments, shards, strict=True)
    ]
    for run in runs:
        assert run.stdout is not None
        assert run.stdout.readline() == "ready\n"
    for run in runs:
        assert run.stdin is not None
        run.stdin.write("go\n")
        run.stdin.flush()
    for run in runs:
        _, said = run.communicate(timeout=120)
        assert run.returncode == 0, said
        assert "feature store" not in said
    index = build(photos, cache_dir=tmp_path)
    assert index.table.n_extracted == 0
    assert describe(index, photos) == describe(build(photos, cache=False), photos)
    assert cache.verify(tmp_path) == []
