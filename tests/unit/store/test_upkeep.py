"""Tests of smartdownsample.store.upkeep, which is public as smartdownsample.cache."""

import errno
import os
import shutil
import subprocess
import sys
import warnings
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from pictures import make_old, write_collection, write_picture
from small_surveys import detect, write_results
from smartdownsample import (
    Document,
    ImageIndex,
    ImageLoadingWarning,
    StoreError,
    StoreWarning,
    cache,
)
from smartdownsample.features.spec import make_spec
from smartdownsample.store import FeatureStore
from smartdownsample.store.folder import lock_parts
from smartdownsample.store.part import name_part


def parts_of(cache_dir: Path) -> list[Path]:
    return sorted(cache_dir.rglob("*.parquet"))


def copy_parts(cache_dir: Path) -> None:
    """Keep every row twice, as two runs do that decode the same images at a time."""
    for part in parts_of(cache_dir):
        shutil.copy(part, name_part(part.parent))


class TestInfo:
    """info tells what is in a cache folder."""

    def test_rows_failures_folders_and_bytes_are_counted(
        self, tmp_path: Path, cache_dir: Path
    ) -> None:
        """One entry for each spec."""
        paths = write_collection(tmp_path, 25)
        bad = tmp_path / "bad.jpg"
        bad.write_text("no image")
        make_old(bad)
        with pytest.warns(ImageLoadingWarning):
            ImageIndex.build([*paths, bad])
        ImageIndex.build(paths[:3], hash_size=16)
        small, large = sorted(cache.info(), key=lambda entry: entry.n_files)
        assert (small.spec, large.spec) == (make_spec(16, "fast"), make_spec(8, "fast"))
        assert (small.n_files, small.n_failures, small.n_folders) == (3, 0, 1)
        assert (large.n_files, large.n_failures, large.n_folders) == (26, 1, 3)
        assert large.n_parts == 1
        sizes = [part.stat().st_size for part in parts_of(cache_dir)]
        assert small.size_bytes + large.size_bytes == sum(sizes)

    def test_files_may_vanish_while_they_are_measured(
        self, tmp_path: Path, cache_dir: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """As where another run writes a part: a temporary file is gone when it has its name."""
        ImageIndex.build(write_collection(tmp_path, 3))
        (part,) = parts_of(cache_dir)
        temporary = part.with_name(f"{part.name}.tmp")
        temporary.touch()
        is_file = Path.is_file

        def be_late(path: Path) -> bool:
            found = is_file(path)
            if path == temporary:
                path.unlink()
            return found

        monkeypatch.setattr(Path, "is_file", be_late)
        (info,) = cache.info()
        assert info.size_bytes == part.stat().st_size
        assert not temporary.exists()

    def test_an_image_counts_once_in_its_newest_state(
        self, tmp_path: Path, cache_dir: Path
    ) -> None:
        """However many rows there are of it; boxes are images of one file."""
        paths = [tmp_path / "a.jpg", tmp_path / "b.jpg"]
        for path in paths:
            path.write_text("no image")
            make_old(path)
        with pytest.warns(ImageLoadingWarning):
            ImageIndex.build(paths)
        write_picture(paths[0], 1)
        with pytest.warns(ImageLoadingWarning):
            ImageIndex.build(paths)
        copy_parts(cache_dir)
        boxes = [detect(0, 0, 0.5, 0.5), detect(0.5, 0.5, 0.5, 0.5)]
        results = write_results(tmp_path / "results.json", {"a.jpg": boxes})
        ImageIndex.build(Document.read(results))
        (known,) = cache.info()
        assert (known.n_files, known.n_images, known.n_failures, known.n_rows) == (2, 4, 1, 8)

    def test_no_store_is_no_entry(self, tmp_path: Path) -> None:
        """A folder that does not exist holds nothing, and stays away."""
        assert cache.info(tmp_path / "nowhere") == []
        assert not (tmp_path / "nowhere").exists()

    def test_foreign_folders_are_passed_over(self, cache_dir: Path) -> None:
        """Only stores of this version are opened."""
        (cache_dir / "features-2" / "something else").mkdir(parents=True)
        assert cache.info() == []


class TestVerify:
    """verify checks every byte and changes nothing."""

    def test_a_sound_store_has_no_damage(self, collection: list[str]) -> None:
        """All is well."""
        ImageIndex.build(collection)
        assert cache.verify() == []

    def test_a_damaged_part_is_named_and_stays(
        self, collection: list[str], cache_dir: Path
    ) -> None:
        """The next run sets it aside, not this check."""
        ImageIndex.build(collection)
        (part,) = parts_of(cache_dir)
        data = part.read_bytes()
        part.write_bytes(data[:-100])
        (damage,) = cache.verify()
        assert damage.part == str(part)
        assert part.name in damage.reason
        assert parts_of(cache_dir) == [part]


class TestPrune:
    """prune forgets files that are gone, and only those."""

    def test_deleted_files_are_forgotten(self, tmp_path: Path) -> None:
        """The others are still known."""
        paths = write_collection(tmp_path, 25)
        ImageIndex.build(paths)
        for path in paths[:5]:
            Path(path).unlink()
        assert cache.prune() == 5
        assert cache.prune() == 0
        assert ImageIndex.build(paths[5:]).table.n_extracted == 0

    def test_an_unplugged_drive_is_no_deletion(self, tmp_path: Path) -> None:
        """Neither a missing folder nor an empty mount point."""
        paths = write_collection(tmp_path / "drive", 25)
        ImageIndex.build(paths)
        (tmp_path / "drive").rename(tmp_path / "elsewhere")
        assert cache.prune() == 0
        (tmp_path / "drive" / "site_1").mkdir(parents=True)
        assert cache.prune() == 0
        shutil.rmtree(tmp_path / "drive")
        (tmp_path / "elsewhere").rename(tmp_path / "drive")
        assert ImageIndex.build(paths).table.n_extracted == 0

    def test_images_that_two_runs_kept_at_a_time_are_kept_once(
        self, collection: list[str], cache_dir: Path
    ) -> None:
        """Nothing is decoded again for it."""
        ImageIndex.build(collection)
        copy_parts(cache_dir)
        assert cache.prune() == len(collection)
        (known,) = cache.info()
        assert (known.n_files, known.n_rows, known.n_parts) == (len(collection), len(collection), 1)
        assert ImageIndex.build(collection).table.n_extracted == 0
        assert cache.prune() == 0

    def test_parts_without_rows_and_parts_set_aside_go(
        self, tmp_path: Path, cache_dir: Path
    ) -> None:
        """Nothing is kept for ever."""
        paths = write_collection(tmp_path, 2)
        ImageIndex.build(paths)
        aside = parts_of(cache_dir)[0].with_suffix(".parquet.damaged")
        aside.touch()
        for path in paths:
            Path(path).unlink()
        (tmp_path / "site_1" / "notes.txt").touch()
        assert cache.prune() == 2
        assert parts_of(cache_dir) == []
        assert not aside.exists()

    def test_a_folder_without_our_tag_is_left(self, tmp_path: Path, cache_dir: Path) -> None:
        """As `clear` leaves it; the next run that writes there gives it the tag."""
        paths = write_collection(tmp_path, 2)
        ImageIndex.build(paths)
        aside = parts_of(cache_dir)[0].with_suffix(".parquet.damaged")
        aside.touch()
        (cache_dir / "features-4" / "CACHEDIR.TAG").write_text("another program's")
        Path(paths[0]).unlink()
        before = sorted(cache_dir.rglob("*"))
        with pytest.warns(StoreWarning, match="has no CACHEDIR.TAG of this package"):
            assert cache.prune() == 0
        assert sorted(cache_dir.rglob("*")) == before
        (cache_dir / "features-4" / "CACHEDIR.TAG").unlink()
        ImageIndex.build([write_picture(tmp_path / "site_1" / "new.jpg", 9)])
        assert cache.prune() == 1
        assert not aside.exists()

    def test_while_another_process_compacts_it_says_so(
        self, collection: list[str], cache_dir: Path
    ) -> None:
        """It does not wait, and removes nothing."""
        ImageIndex.build(collection)
        with lock_parts(FeatureStore(make_spec(8, "fast"), cache_dir).folder) as is_ours:
            assert is_ours
            with pytest.raises(StoreError, match="is being compacted"):
                cache.prune()

    def test_a_disk_without_locks_is_named(
        self, collection: list[str], cache_dir: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """As some network disks are; a run that would merge parts only warns."""

        def refuse(*_: object, **__: object) -> None:
            raise NotImplementedError

        ImageIndex.build(collection)
        monkeypatch.setattr("filelock.FileLock.acquire", refuse)
        with pytest.raises(StoreError, match=f"{os.strerror(errno.ENOLCK)} .*compact.lock"):
            cache.prune()
        monkeypatch.setattr("smartdownsample.store.merging._MAX_PARTS", 0)
        copy_parts(cache_dir)
        with pytest.warns(StoreWarning, match="could not be compacted"):
            FeatureStore(make_spec(8, "fast"), cache_dir).compact()


class TestClear:
    """clear removes what this package made, and nothing else."""

    def test_stores_and_thumbnails_of_every_version_go(
        self, collection: list[str], cache_dir: Path, tmp_path: Path
    ) -> None:
        """A user's own files beside them stay, whatever they are called."""
        ImageIndex.build(collection).sample(5).save_report(tmp_path / "page.html")
        shutil.copytree(cache_dir / "features-4", cache_dir / "features-2")
        for name in ("features-train", "features-4b"):
            (cache_dir / name).mkdir()
            (cache_dir / name / "labels.csv").touch()
        for name in ("notes.txt", "thumbnails-old.sqlite"):
            (cache_dir / name).touch()
        (thumbnails,) = cache_dir.glob("thumbnails-[0-9].sqlite")
        thumbnails.with_name(thumbnails.name + "-journal").touch()
        assert cache.clear() > 1000
        left = sorted(str(path.relative_to(cache_dir)) for path in cache_dir.rglob("*"))
        assert left == [
            "features-4b",
            "features-4b/labels.csv",
            "features-train",
            "features-train/labels.csv",
            "notes.txt",
            "thumbnails-old.sqlite",
        ]
        assert ImageIndex.build(collection).table.n_extracted == len(collection)

    def test_what_lies_among_our_files_stays_and_is_named(
        self, collection: list[str], cache_dir: Path, tmp_path: Path
    ) -> None:
        """With its folders and their tag; links are not followed and not removed."""
        ImageIndex.build(collection)
        store = cache_dir / "features-4" / "hash8-fast-v4"
        (tmp_path / "kept").mkdir()
        (tmp_path / "kept" / "part-1-0a.parquet").write_text("mine")
        foreign = [store / "labels.csv", store / "part-1-0b.parquet", store.with_name("hash8-best")]
        foreign[0].touch()
        foreign[1].symlink_to(tmp_path / "kept" / "part-1-0a.parquet")
        foreign[2].symlink_to(tmp_path / "kept")
        with pytest.warns(StoreWarning, match="Not made by this package") as caught:
            cache.clear()
        assert all(repr(str(path)) in str(caught[0].message) for path in foreign)
        assert {*cache_dir.rglob("*")} == {
            *foreign,
            store,
            store.parent,
            store.with_name("CACHEDIR.TAG"),
            store.with_name(".gitignore"),
        }
        assert (tmp_path / "kept" / "part-1-0a.parquet").read_text() == "mine"
        for path in foreign:
            path.unlink()
        cache.clear()
        assert list(cache_dir.iterdir()) == []

    @pytest.mark.parametrize("tag", [None, "Signature: another program's"])
    def test_a_folder_without_our_tag_is_not_ours(self, cache_dir: Path, tag: str | None) -> None:
        """Whatever it is called."""
        folder = cache_dir / "features-4" / "hash8-fast-v4"
        folder.mkdir(parents=True)
        (folder / "part-1-0a.parquet").touch()
        (cache_dir / "thumbnails-1.sqlite").write_text("no database")
        if tag is not None:
            (folder.parent / "CACHEDIR.TAG").write_text(tag)
        with pytest.warns(StoreWarning, match=r"features-4', '.*thumbnails-1.sqlite'"):
            assert cache.clear() == 0
        assert (folder / "part-1-0a.parquet").exists()
        assert (cache_dir / "thumbnails-1.sqlite").exists()

    @pytest.mark.parametrize("kind", ["tag", "store", "thumbnails"])
    def test_what_cannot_be_read_stays_and_the_rest_goes(
        self,
        collection: list[str],
        cache_dir: Path,
        monkeypatch: pytest.MonkeyPatch,
        kind: str,
        tmp_path: Path,
    ) -> None:
        """It may be somebody else's."""
        ImageIndex.build(collection).sample(5).save_report(tmp_path / "page.html")
        shutil.copytree(cache_dir / "features-4", cache_dir / "features-2")
        (thumbnails,) = cache_dir.glob("thumbnails-*.sqlite")
        closed = {
            "tag": cache_dir / "features-2" / "CACHEDIR.TAG",
            "store": next((cache_dir / "features-2").glob("hash*")),
            "thumbnails": thumbnails,
        }[kind]
        kept = [*closed.parent.rglob("*")] if kind == "tag" else [closed, *closed.rglob("*")]

        def refuse(call: Callable[..., Any]) -> Callable[..., Any]:
            def call_or_refuse(path: Any, *more: Any, **named: Any) -> Any:
                if os.fspath(path) == str(closed):
                    raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
                return call(path, *more, **named)

            return call_or_refuse

        monkeypatch.setattr("builtins.open", refuse(open))
        monkeypatch.setattr(os, "scandir", refuse(os.scandir))
        with nullcontext() if kind == "store" else pytest.warns(StoreWarning, match="not removed"):
            assert cache.clear() > 0
        monkeypatch.undo()
        assert all(path.exists() for path in kept)
        assert not (cache_dir / "features-4").exists()
        left = [path for path in cache_dir.rglob("*") if path.is_file() and path not in kept]
        assert {path.name for path in left} <= {"CACHEDIR.TAG", ".gitignore"}

    @pytest.mark.skipif(os.name == "nt", reason="Windows limits no files")
    @pytest.mark.parametrize("most_bytes", [0, 1000, 16384])
    @pytest.mark.filterwarnings("ignore::smartdownsample.StoreWarning")
    def test_thumbnails_that_a_full_disk_has_cut_short_go(
        self, collection: list[str], cache_dir: Path, tmp_path: Path, most_bytes: int
    ) -> None:
        """However early that was."""
        ImageIndex.build(collection).sample(5).save_report(tmp_path / "page.html")
        (thumbnails,) = cache_dir.glob("thumbnails-*.sqlite")
        thumbnails.unlink()
        script = (
            "import resource, sys; from pathlib import Path\n"
            "from smartdownsample.page.thumbnail_cache import write_thumbnails\n"
            f"resource.setrlimit(resource.RLIMIT_FSIZE, ({most_bytes},) * 2)\n"
            "jpegs = {str(number): bytes(2**16) for number in range(99)}\n"
            f"write_thumbnails(Path({str(cache_dir)!r}), jpegs)\n"
        )
        subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)
        assert thumbnails.stat().st_size <= most_bytes
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            cache.clear()
        assert list(cache_dir.iterdir()) == []

    def test_a_folder_that_is_not_there_is_clear(self, tmp_path: Path) -> None:
        """As it is after the first call."""
        assert cache.clear(tmp_path / "nowhere") == 0


@pytest.mark.parametrize("name", ["hash999999999-fast-v4", "hash8-fast-v99999", "hash٨-fast-v4"])
def test_folders_that_are_no_stores_are_passed_over(cache_dir: Path, name: str) -> None:
    """However much their names look like a store's."""
    (cache_dir / "features-4" / name).mkdir(parents=True)
    assert cache.info() == []
    assert cache.verify() == []
    assert cache.prune() == 0


def test_a_picture_that_comes_back_is_known_after_pruning_another(tmp_path: Path) -> None:
    """Rows of one part are kept or dropped one by one."""
    first = write_picture(tmp_path / "a.jpg", 1)
    second = write_picture(tmp_path / "b.jpg", 2)
    ImageIndex.build([first, second])
    first.unlink()
    cache.prune()
    write_picture(first, 1)
    assert ImageIndex.build([first, second]).table.n_extracted == 1
