"""Crops from the list of items to all that is made of a selection of them."""

import json
import os
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from crops import BOXES, index_crops, list_crops, make_details, write_photos
from smartdownsample import (
    Cause,
    DecodeError,
    Failure,
    ImageIndex,
    InvalidParameterError,
    export_pack,
    import_pack,
    place_images,
    report,
    write_manifest,
)
from smartdownsample.errors import OutputError
from smartdownsample.options import Kept, ReadingOptions
from smartdownsample.results import write_selection

N_PHOTOS = 8
N_BOXES = len(BOXES)
N = N_PHOTOS * N_BOXES
SPECIES = ["deer", "fox", None]
MORNING = datetime(2024, 5, 1)  # noqa: DTZ001 - of a camera's clock


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Write photos in two folders; not to be changed."""
    return write_photos(tmp_path_factory.mktemp("photos"), N_PHOTOS)


@pytest.fixture(scope="module")
def index(photos: list[str]) -> ImageIndex:
    """Index three crops of each photo, as a document with labels names them."""
    details = make_details(
        N,
        category=["animal"] * N,
        label=SPECIES * N_PHOTOS,
        confidence=[(i + 1) / N if i % 2 else None for i in range(N)],
    )
    return index_crops(list_crops(photos, details=details))


class TestTables:
    """A row of a selection says which crop it is, and what the document says of it."""

    def test_a_table_has_box_and_label(self, index: ImageIndex) -> None:
        """Beside what it has of a photo; the size is that of the crop."""
        selection = index.sample(10)
        table = selection.to_arrow()
        assert table.column_names[-7:] == [
            *("x", "y", "box_width", "box_height"),
            *("category", "label", "confidence"),
        ]
        for row, place in zip(table.to_pylist(), selection.indices.tolist(), strict=True):
            box = tuple(row[name] for name in ("x", "y", "box_width", "box_height"))
            assert box == BOXES[place % N_BOXES]
            assert (row["width"], row["height"]) == (box[2] * 320, box[3] * 240)
            assert row["label"] == SPECIES[place % N_BOXES]
            assert row["category"] == "animal"
            assert row["confidence"] == ((place + 1) / N if place % 2 else None)
        assert table["x"].type == table["confidence"].type == pa.float64()

    def test_whole_photos_have_no_such_columns(self, photos: list[str]) -> None:
        """Nothing changes for them."""
        names = ImageIndex.build(photos, cache=False).sample(5).explain().column_names
        added = ["rank", "nearest_path", "distance", "reason"]
        assert names[-6:] == ["quality", "bucket_bits", *added]
        assert len(names) == 14

    def test_the_nearest_crop_is_told_by_its_place(self, photos: list[str]) -> None:
        """Its photo does not tell which of them it is, and may be the same."""
        index = index_crops(list_crops(photos[::-1]))
        selection = index.sample(12)
        explained = selection.explain()
        assert explained.column_names[-5:] == [
            *("rank", "nearest_path", "distance", "nearest_index", "reason"),
        ]
        row_of = {place: row for row, place in enumerate(index.table.indices.tolist())}
        for row in explained.to_pylist():
            nearest = row_of[row["nearest_index"]]
            assert nearest in selection.rows
            assert row["nearest_index"] != row["index"]
            assert index.paths[nearest] == row["nearest_path"]
        alone = index.sample(1).explain()
        assert alone["nearest_index"].to_pylist() == [None]

    @pytest.mark.parametrize("name", ["s.csv", "s.json", "s.parquet", "s.txt"])
    @pytest.mark.parametrize("is_explained", [False, True])
    def test_a_file_of_crops_is_known_as_ours(
        self, index: ImageIndex, tmp_path: Path, name: str, *, is_explained: bool
    ) -> None:
        """A later selection replaces it, also one of whole photos or the other way round."""
        photos = ImageIndex.build([*dict.fromkeys(index.paths)], cache=False).sample(4)
        for selection in (index.sample(9), photos, index.sample(3)):
            table = selection.explain() if is_explained else None
            write_selection(selection, tmp_path / name, table=table)
        assert (tmp_path / name).read_bytes()

    @pytest.mark.parametrize(("column", "value"), [("label", 5), ("x", "left"), ("note", "good")])
    def test_a_file_that_somebody_changed_is_not(
        self, index: ImageIndex, tmp_path: Path, column: str, value: object
    ) -> None:
        """A cell that we do not write, or a column."""
        path = tmp_path / "s.json"
        index.sample(5).save(path)
        records = json.loads(path.read_text())
        for record in records:
            record[column] = value
        path.write_text(json.dumps(records))
        with pytest.raises(OutputError, match=column):
            index.sample(5).save(path)

    def test_labels_that_somebody_added_to_a_selection_of_photos_stay(
        self, index: ImageIndex, tmp_path: Path
    ) -> None:
        """They are not those that a document told."""
        path = tmp_path / "s.json"
        ImageIndex.build([*dict.fromkeys(index.paths)], cache=False).sample(4).save(path)
        records = [{**record, "label": "deer"} for record in json.loads(path.read_text())]
        path.write_text(json.dumps(records))
        with pytest.raises(OutputError, match="'label'"):
            index.sample(5).save(path)


class TestCounts:
    """Crops and their photos are both counted."""

    def test_people_see_both(self, index: ImageIndex) -> None:
        """In one phrase."""
        counted = f"{N} crops in {N_PHOTOS} photos"
        selection = index.sample(5)
        assert index.table.n_files == N_PHOTOS
        for text in (
            repr(index),
            repr(index.table),
            repr(selection),
            repr(index.rank(3)),
            report.format_picks(selection),
        ):
            assert counted in text
        told = report.format_summary(selection)
        assert told.startswith(f"Crops     {N} in {N_PHOTOS} photos, all read now")
        assert f"{'crops':>9}" in report.format_summary(selection, is_verbose=True)

    def test_a_manifest_counts_photos(self, index: ImageIndex, tmp_path: Path) -> None:
        """All, and those with a selected crop."""
        selection = index.sample(5)
        write_manifest(selection, tmp_path / "run.json", {"keep": [(index.paths[0], BOXES[0])]})
        written = json.loads((tmp_path / "run.json").read_text())
        assert written["counts"]["photos"] == N_PHOTOS
        assert written["counts"]["photos_selected"] == len(set(selection.paths))
        assert written["parameters"]["keep"] == [[index.paths[0], list(BOXES[0])]]

    def test_a_photo_is_copied_once(self, index: ImageIndex, tmp_path: Path) -> None:
        """However many of its crops are selected."""
        selection = index.sample(N)
        placed = place_images(selection.paths, tmp_path / "copies", "copy")
        assert placed.n_new == N_PHOTOS
        assert place_images(selection.paths, tmp_path / "copies", "copy").n_there == N_PHOTOS


class TestDocuments:
    """What a document says of items comes with them."""

    def test_details_follow_the_order_of_the_table(self, photos: list[str]) -> None:
        """Whatever that of the document is, and the items that cannot be used are left out."""
        n = N + N_BOXES
        labels = [f"label {i}" for i in range(n)]
        items = list_crops([*photos[::-1], "gone.png"], details=make_details(n, label=labels))
        table = index_crops(items).table
        assert table.details is not None
        assert table.details["label"].to_pylist() == [labels[i] for i in table.indices.tolist()]
        rows = np.array([5, 2, 11])
        taken = table.take(rows)
        assert taken.details is not None
        assert taken.details["label"].to_pylist() == [labels[i] for i in table.indices[rows]]
        assert taken.has_regions

    def test_a_time_that_is_told_counts(self, photos: list[str]) -> None:
        """Where none is told, that of the photo."""
        details = make_details(N_BOXES, captured=[MORNING, None, None])
        items = list_crops(photos[:1], details=details)
        captured = index_crops(items).table.rows["captured"]
        assert np.isnat(captured).tolist() == [False, True, True]
        assert captured[0] == np.datetime64(MORNING, "ms")

    def test_what_is_no_item_is_counted_among_the_failures(self, photos: list[str]) -> None:
        """In natural order of the paths; nothing is taken for a repetition."""
        folder = os.path.dirname(photos[0])
        named = [
            Failure(os.path.join(folder, "IMG_10.png"), Cause.VIDEO),
            Failure(photos[1], Cause.BOX_EMPTY),
        ]
        gone = os.path.join(folder, "IMG_9.png")
        items = list_crops([*photos, gone], failures=tuple(named))
        table = index_crops(items).table
        assert [(os.path.basename(path), cause) for path, cause in table.failures] == [
            ("IMG_1.png", Cause.BOX_EMPTY),
            *[("IMG_9.png", Cause.MISSING)] * N_BOXES,
            ("IMG_10.png", Cause.VIDEO),
        ]
        assert (table.n_duplicates, table.n_given) == (0, N + N_BOXES)
        repeated = replace(items, n_given=items.n_given + 4)
        assert index_crops(repeated).table.n_duplicates == 4

    def test_it_ends_a_strict_run(self) -> None:
        """Before any photo is opened."""
        items = list_crops(["gone.png"], failures=(Failure("a.mp4", Cause.VIDEO),))
        reading = ReadingOptions(cache=False, image_loading_errors="raise")
        with pytest.raises(DecodeError, match=r"video: a\.mp4"):
            ImageIndex.gather_items(items, reading)


class TestKeep:
    """A crop is kept by path and region, all crops of a photo by its path."""

    def test_a_pair_keeps_one_crop(self, index: ImageIndex, photos: list[str]) -> None:
        """However its path is spelt, and its region within the rounding of regions."""
        x, y, width, height = BOXES[2]
        pairs = [(os.path.relpath(photos[3]), (x + 1e-7, y - 1e-7, width, height))]
        selection = index.sample(N, keep=pairs)
        assert len(selection) == N - 1
        assert index.table.indices[selection.earlier_rows].tolist() == [3 * N_BOXES + 2]

    def test_pairs_and_paths_go_together(self, index: ImageIndex, photos: list[str]) -> None:
        """Two crops of one photo are two items."""
        keep: list[Kept] = [photos[0], (photos[1], BOXES[0]), (Path(photos[1]), [*BOXES[1]])]
        selection = index.sample(N, keep=keep)
        assert index.table.indices[selection.earlier_rows].tolist() == [0, 1, 2, 3, 4]

    def test_pairs_come_from_the_table(self, index: ImageIndex) -> None:
        """By the places of items in the caller's list; those that are not there are left out."""
        pairs = index.table.pair_items(np.array([4, 17, 99]))
        selection = index.sample(N, keep=pairs)
        assert sorted(index.table.indices[selection.earlier_rows].tolist()) == [4, 17]

    @pytest.mark.parametrize("box", [(0.0, 0.25, 0.5, 0.25), (0.0, 0.25, float("nan"), 0.5)])
    def test_a_box_that_is_not_there_is_an_error(
        self, index: ImageIndex, photos: list[str], box: tuple[float, ...]
    ) -> None:
        """The message names it."""
        with pytest.raises(InvalidParameterError, match=r"1 of its 2 pairs are none, first"):
            index.sample(3, keep=[(photos[1], BOXES[0]), (photos[1], box)])

    @pytest.mark.parametrize(
        "pair", [("a.png",), ("a.png", 5), ("a.png", (0, 0, 1)), ("a.png", "left"), (5, BOXES[0])]
    )
    def test_what_is_no_pair_is_refused(self, index: ImageIndex, pair: tuple[object, ...]) -> None:
        """The message says what was expected."""
        with pytest.raises(InvalidParameterError, match="pair of 'keep' must be"):
            index.sample(3, keep=[pair])  # type: ignore[list-item] # the point of the test

    def test_crops_of_a_photo_that_failed_do_not_matter(self, photos: list[str]) -> None:
        """As with photos."""
        index = index_crops(list_crops([*photos, "gone.png"]))
        assert len(index.sample(N, keep=[("gone.png", BOXES[0])])) == N


class TestGroups:
    """Labels by path are for all crops of a photo, those by place for one."""

    def test_labels_by_path(self, index: ImageIndex, photos: list[str]) -> None:
        """Spelt in any way."""
        groups = {os.path.relpath(path): str(i % 2) for i, path in enumerate(photos)}
        selection = index.sample(8, groups=groups, balance=1)
        assert [(name, size) for name, size, _ in selection.groups] == [
            ("0", N // 2),
            ("1", N // 2),
        ]

    def test_labels_by_place(self, index: ImageIndex) -> None:
        """One crop of each photo may be of another species than the next."""
        groups = [SPECIES[i % N_BOXES] or "unlabelled" for i in range(N)]
        selection = index.sample(9, groups=groups, balance=1)
        assert [tuple(group) for group in selection.groups] == [
            (name, N_PHOTOS, 3) for name in ("deer", "fox", "unlabelled")
        ]
        for row in selection.to_arrow().to_pylist():
            assert row["group"] == (row["label"] or "unlabelled")

    def test_folders(self, index: ImageIndex) -> None:
        """As with photos."""
        assert [group.size for group in index.sample(4, groups="parent").groups] == [N // 2] * 2


# More are asked for than there are sequences.
@pytest.mark.filterwarnings("ignore::smartdownsample.ShortfallWarning")
class TestSequences:
    """Crops of one photo are of one sequence, whatever else tells sequences."""

    @pytest.mark.parametrize("has_times", [False, True])
    def test_crops_of_one_photo_are_one_sequence(
        self, photos: list[str], *, has_times: bool
    ) -> None:
        """With or without a time, though they look different; `max_per_sequence` counts crops."""
        hours = [MORNING.replace(hour=i // N_BOXES) for i in range(N)]
        details = make_details(N, captured=hours) if has_times else None
        index = index_crops(list_crops(photos, details=details))
        for most in (1, 2):
            selection = index.sample(N, max_per_sequence=most)
            assert len(selection) == most * N_PHOTOS
            assert {selection.paths.count(path) for path in photos} == {most}

    def test_sequences_of_a_document_count_instead_of_times(self, photos: list[str]) -> None:
        """Within a location; photos without one go by time."""
        sequences = [each for each in ("a", "a", "b", None, "a", "b", None, None) for _ in BOXES]
        # Four photos lie in each folder: a, b and the one without; a, b and the two without. Of one
        # location, these three are of one camera, and so are all a and all b.
        for location, n_sequences in ((None, 6), ("waterhole", 3)):
            details = make_details(
                N, sequence=sequences, captured=[MORNING] * N, location=[location] * N
            )
            index = index_crops(list_crops(photos, details=details))
            assert len(index.sample(N, max_per_sequence=1)) == n_sequences

    def test_whole_photos_of_a_document_have_its_sequences(self, photos: list[str]) -> None:
        """Numbered by their first photos."""
        whole = [(0.0, 0.0, 1.0, 1.0)]
        details = make_details(N_PHOTOS, sequence=["z", "z", "y", "y", "y", "y", "x", "x"])
        index = index_crops(list_crops(photos, whole, details=details))
        assert not index.table.has_regions
        # The second sequence is of two folders.
        assert len(index.sample(N, max_per_sequence=1)) == 4


class TestSplits:
    """A split never parts crops of one photo."""

    def test_groups_that_share_no_photo_stay_as_they_are(self, index: ImageIndex) -> None:
        """Such as folders, or labels by photo."""
        groups = [str(i // N_BOXES) for i in range(N)]
        split = index.sample(N).split(0.25, groups=groups)
        assert len(split.validation) == N // 4
        assert not {*split.validation.paths} & {*split.train.paths}

    def test_groups_that_share_a_photo_stay_together(self, index: ImageIndex) -> None:
        """As many as photos connect."""
        # The photos 0 to 3 connect the first four groups, each with the next one.
        groups = [
            str(photo + (box > 0)) if photo < 4 else f"other {photo}"
            for photo in range(N_PHOTOS)
            for box in range(N_BOXES)
        ]
        for seed in range(10):
            split = index.sample(N).split(0.3, groups=groups, random_seed=seed)
            assert not {*split.validation.paths} & {*split.train.paths}
            names = [
                {row["group"] for row in side.to_arrow().to_pylist()}
                for side in (split.train, split.validation)
            ]
            assert not names[0] & names[1]
            assert len(split.validation) in (6, 9)

    def test_groups_that_photos_connect_cannot_be_split(self, index: ImageIndex) -> None:
        """The message says why, and what to do."""
        groups = [SPECIES[i % N_BOXES] or "unlabelled" for i in range(N)]
        with pytest.raises(
            InvalidParameterError, match=r"connect all 3 groups\. Use groups of photos"
        ):
            index.sample(N, groups=groups).split()


class TestPacks:
    """A pack of crops is sampled and imported as one of photos is."""

    def test_crops_go_there_and_back(self, photos: list[str], tmp_path: Path) -> None:
        """A machine with the same photos decodes none."""
        reading = ReadingOptions(cache_dir=tmp_path / "here")
        items = list_crops(photos)
        table = ImageIndex.gather_items(items, reading).table
        root = os.path.dirname(os.path.dirname(photos[0]))
        pack = tmp_path / "pack.parquet"
        assert export_pack(pack, table, root, cache_dir=tmp_path / "here") == N
        packed = ImageIndex.from_pack(pack, root)
        assert packed.table.rows.tobytes() == table.rows.tobytes()
        assert packed.table.regions.tolist() == table.regions.tolist()
        assert packed.paths == table.paths
        assert packed.table.n_files == N_PHOTOS
        assert len(packed.sample(N, keep=[(photos[0], BOXES[1])])) == N - 1
        assert import_pack(pack, root, cache_dir=tmp_path / "there") == N
        there = ReadingOptions(cache_dir=tmp_path / "there")
        known = ImageIndex.gather_items(items, there).table
        assert (known.n_known, known.n_extracted) == (N, 0)
        assert known.rows.tobytes() == table.rows.tobytes()
        names = pq.read_table(pack)["path"].to_pylist()
        assert names.count(b"cam_0/IMG_0.png") == N_BOXES
