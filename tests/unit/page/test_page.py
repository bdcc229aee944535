"""Tests of smartdownsample.page."""

import json
import os
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from feature_tables import make_table
from pictures import write_collection
from report_pages import Page, save
from smartdownsample import (
    Cause,
    Failure,
    ImageIndex,
    ImageLoadingWarning,
    InvalidParameterError,
    Selection,
)
from smartdownsample.errors import OutputError
from smartdownsample.page import save_page, save_report
from smartdownsample.page.curve import HEIGHT, WIDTH, plot_coverage
from smartdownsample.page.items import ItemState, find_reasons
from smartdownsample.records import GroupLabels, pack_paths
from smartdownsample.results import explain_selection
from smartdownsample.sampling import measure_distances, name_buckets
from smartdownsample.sampling.coverage import Coverage

EVIL_NAMES = (
    "</script><script>alert(1)</script>.jpg",
    "\"'><img src=x onerror=alert(1)>.jpg",
    "{{ 7 * 7 }}{% raw %}.jpg",
    "line\nfeed\u2028and\u2029separators.jpg",
    "caf\udce9.jpg",
    "&amp;.jpg",
)


@pytest.fixture
def selection(index: ImageIndex) -> Selection:
    """Fifteen of the sixty images, by folders."""
    return index.sample(15, groups="parent")


class TestCounts:
    """The page says what the selection says."""

    def test_every_bucket_has_a_line(self, selection: Selection, tmp_path: Path) -> None:
        """The largest first, with its counts; all of so few images have a thumbnail."""
        page = save(tmp_path / "page.html", selection)
        names = name_buckets(selection.table.rows, selection.codes)
        for bucket in selection.buckets:
            name = names[bucket.code]
            place = page.texts.index(name[0].upper() + name[1:])
            assert page.texts[place + 1 : place + 3] == [str(bucket.n_kept), str(bucket.size)]
        assert sorted(map(int, page.thumbnails)) == list(range(60))

    def test_every_image_is_in_the_columns(self, selection: Selection, tmp_path: Path) -> None:
        """In the order of the table, with what the table knows of it."""
        items = save(tmp_path / "page.html", selection).items
        table = selection.table
        paths = [
            items["folders"][folder] + name
            for folder, name in zip(items["folder"], items["name"], strict=True)
        ]
        base = os.path.dirname(os.path.commonpath(table.paths))
        assert paths == [os.path.relpath(path, base) for path in table.paths]
        assert Counter(items["state"]) == {ItemState.KEPT: 15, ItemState.EXCLUDED: 45}
        assert np.flatnonzero(items["state"]).tolist() == selection.rows.tolist()
        codes = [selection.buckets[number].code for number in items["bucket"]]
        assert codes == selection.codes.tolist()
        assert items["width"] == [64] * 60
        assert items["captured"] == [None] * 60
        assert [items["groups"][group] for group in items["group"]] == [
            os.path.dirname(path) for path in paths
        ]
        red, green, blue = np.rint(table.rows["mean_rgb"][7]).astype(int)
        assert items["colour"][7] == int(f"{red:02x}{green:02x}{blue:02x}", 16)

    def test_groups_have_lines(self, selection: Selection, tmp_path: Path) -> None:
        """And none without groups."""
        page = save(tmp_path / "page.html", selection)
        names = {f"collection0/{os.path.basename(group.name)}" for group in selection.groups}
        assert names <= set(page.texts)
        assert "Groups" in page.texts
        selection = replace(selection, labels=None)
        assert "Groups" not in save(tmp_path / "page.html", selection).texts

    def test_of_many_groups_the_first_are_listed(self, tmp_path: Path) -> None:
        """All of them are known to the details of an image."""
        labels = [f"group {i}" for i in range(600)]
        selection = ImageIndex(make_table(600)).sample(600, groups=labels)
        page = save(tmp_path / "page.html", selection)
        assert "and 100 groups more" in page.texts
        assert len(page.items["groups"]) == 600

    def test_what_went_in_is_told(self, tmp_path: Path) -> None:
        """Failures by cause, repetitions, truncated images, and those selected before."""
        table = make_table(30)
        table.rows["flags"][:2] = 1
        failures = (
            Failure("x/1.jpg", Cause.EMPTY),
            Failure("x/2.jpg", Cause.MISSING),
            Failure("x/3.jpg", Cause.EMPTY),
        )
        table = replace(table, failures=failures, n_given=40, n_extracted=10)
        selection = ImageIndex(table).sample(99, keep=table.paths[:4])
        page = save(tmp_path / "page.html", selection)
        for text in (
            "7 of them repeated",
            "2 of them truncated",
            "30 known from earlier runs",
            "asked for 99",
            "Selected before",
        ):
            assert text in page.texts
        assert page.texts[page.texts.index(Cause.EMPTY.value) + 1] == "2"
        items = page.items
        assert items["failurePath"] == [failure.path for failure in failures]
        assert [items["causes"][cause] for cause in items["failureCause"]] == [
            failure.cause.value for failure in failures
        ]
        assert Counter(items["state"]) == {ItemState.KEPT: 26, ItemState.EARLIER: 4}

    @pytest.mark.parametrize(
        ("spread", "name", "value"),
        [
            ("joint", "Events", "6"),
            ("order", "Spread", "by name"),
            ("visual", "Spread", "by looks"),
        ],
    )
    def test_the_order_is_told(self, tmp_path: Path, spread: Any, name: str, value: str) -> None:
        """Among the facts at the top."""
        selection = ImageIndex(make_table(30)).sample(5, spread=spread)
        texts = save(tmp_path / "page.html", selection).texts
        assert texts[texts.index(name) + 1] == value

    def test_images_know_what_stands_for_them(self, tmp_path: Path) -> None:
        """Excluded ones the pick that does, and how far apart the two look."""
        selection = ImageIndex(make_table(30)).sample(5)
        items = save(tmp_path / "page.html", selection).items
        rows = np.flatnonzero(~selection.is_kept)
        nearest = np.array(items["nearest"])[rows]
        assert nearest.tolist() == selection.representatives[rows].tolist()
        table = selection.table
        distances = measure_distances(table.rows[rows], table.rows[nearest], table.spec) / 128
        np.testing.assert_allclose(np.array(items["distance"])[rows], distances, atol=0.05)

    def test_settings_are_told(self, selection: Selection, tmp_path: Path) -> None:
        """Those that the selection knows of."""
        texts = save(tmp_path / "page.html", selection).texts
        assert texts[texts.index("Random seed") + 1] == "42"
        texts = save(tmp_path / "page.html", replace(selection, random_seed=None)).texts
        assert texts[texts.index("Random seed") + 1] == "none, a fresh one"

    def test_an_empty_collection_has_a_page(self, tmp_path: Path) -> None:
        """No division by zero, no curve."""
        save_report(ImageIndex(make_table(0)).sample(5), tmp_path / "page.html")
        page = Page((tmp_path / "page.html").read_text("utf-8"))
        assert "of 0 images kept" in page.texts
        assert page.items["name"] == []


class TestSafety:
    """Whatever files are called, the page is what it should be."""

    def test_names_are_no_markup(self, tmp_path: Path) -> None:
        """Nor code of the template; bytes that are no Unicode are escaped."""
        failures = (Failure(EVIL_NAMES[0], Cause.EMPTY),)
        selection = ImageIndex(replace(make_table(20), failures=failures)).sample(10)
        plain, evil = (
            replace(
                selection,
                collection=replace(
                    selection.collection, table=replace(selection.table, paths=pack_paths(paths))
                ),
                labels=GroupLabels(tuple(paths), np.arange(20)),
            )
            for paths in (selection.table.paths, [*EVIL_NAMES, *selection.table.paths[6:]])
        )
        page = save(tmp_path / "evil.html", evil, arguments=[EVIL_NAMES[0]])
        plain_page = save(tmp_path / "plain.html", plain, arguments=["x.jpg"])
        assert [tag for tag, _ in page.elements] == [tag for tag, _ in plain_page.elements]
        escaped = [name.replace("\udce9", "\\udce9") for name in EVIL_NAMES]
        items = page.items
        folders = [items["folders"][folder] for folder in items["folder"]]
        assert [a + b for a, b in zip(folders, items["name"], strict=True)][:6] == escaped
        assert items["groups"][:6] == escaped
        assert any(EVIL_NAMES[0] in text for text in page.texts)

    @pytest.mark.parametrize("absolute_paths", [False, True])
    def test_where_images_lie_is_shown_on_request(
        self, tmp_path: Path, *, absolute_paths: bool
    ) -> None:
        """Neither in the text nor in the packed data else: of images, failures and groups."""
        folder = tmp_path / "secret" / "photos"
        write_collection(folder, 25)
        (folder / "site_1" / "empty.jpg").touch()
        with pytest.warns(ImageLoadingWarning):
            index = ImageIndex.build(folder)
        selection = index.sample(5, groups="parent")
        selection.save_report(tmp_path / "page.html", absolute_paths=absolute_paths)
        text = (tmp_path / "page.html").read_text("utf-8")
        items = json.dumps(Page(text).items)
        prefix = str(folder) if absolute_paths else "photos"
        assert f">{prefix}/site_1<" in text
        for shown in (f'"{prefix}/site_2/"', f'"{prefix}/site_1/empty.jpg"', f'"{prefix}/site_1"'):
            assert shown in items
        assert (str(tmp_path) in text) is absolute_paths
        assert (str(tmp_path) in items) is absolute_paths
        assert ("secret" in text + items) is absolute_paths

    def test_nothing_is_loaded(self, selection: Selection, tmp_path: Path) -> None:
        """Every source is data, and the page's policy forbids anything else."""
        page = save(tmp_path / "page.html", selection)
        for tag, attributes in page.elements:
            for name in ("src", "href"):
                link = attributes.get(name)
                assert link is None or link.startswith(("data:", "#")), (tag, link)
        for text in (*page.raw["style"], page.raw["script"][2]):
            assert not re.search(r"https?:|@import|url\(|\bimport\b|fetch\(", text)
        policy = next(
            str(attributes["content"])
            for _, attributes in page.elements
            if attributes.get("http-equiv") == "Content-Security-Policy"
        )
        assert policy.startswith("default-src 'none'; img-src data:;")

    def test_100_000_images_make_a_small_page(self, tmp_path: Path) -> None:
        """Whatever their number, few of them are elements."""
        index = ImageIndex(make_table(100_000, burst=3))
        path = tmp_path / "page.html"
        page = save(path, index.sample(10_000, groups="parent"))
        assert len(page.items["name"]) == 100_000
        assert len(page.elements) < 2_000
        # Pictures take what is left of 15 MB.
        assert path.stat().st_size < 5_000_000


class TestFile:
    """The file is written completely or not at all."""

    def test_missing_folders_are_made(self, selection: Selection, tmp_path: Path) -> None:
        """And nothing but the page is left."""
        save_page(selection, tmp_path / "a" / "b" / "page.html")
        assert [path.name for path in (tmp_path / "a" / "b").iterdir()] == ["page.html"]

    def test_a_page_that_cannot_be_written(self, selection: Selection, tmp_path: Path) -> None:
        """What stands there stays."""
        (tmp_path / "page.html").mkdir()
        with pytest.raises(OutputError):
            save_page(selection, tmp_path / "page.html")
        assert [path.name for path in tmp_path.iterdir()] == ["page.html"]

    def test_a_path_that_is_none(self, selection: Selection) -> None:
        """Said in words."""
        with pytest.raises(InvalidParameterError, match="The path of a page must be"):
            save_page(selection, 5)  # type: ignore[arg-type]

    def test_the_same_selection_gives_the_same_page(
        self, selection: Selection, tmp_path: Path
    ) -> None:
        """Byte by byte."""
        for name in ("a.html", "b.html"):
            save_report(selection, tmp_path / name)
        assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()


class TestReasons:
    """The page tells why an image was kept or excluded."""

    def test_kept_images_are_explained(self, selection: Selection) -> None:
        """By their rank and the kept image that looks most like them."""
        explained = explain_selection(selection)
        reasons = find_reasons(selection, explained)
        assert sorted(reasons.ranks[selection.rows]) == list(range(15))
        paths = [selection.table.paths[row] for row in reasons.nearest[selection.rows]]
        assert paths == explained["nearest_path"].to_pylist()
        np.testing.assert_allclose(
            reasons.distances[selection.rows], explained["distance"].to_numpy()
        )

    def test_a_single_image_has_no_neighbour(self, tmp_path: Path) -> None:
        """And an empty selection none to compare with."""
        for target_count in (1, 0):
            selection = ImageIndex(make_table(5)).sample(target_count)
            items = save(
                tmp_path / "a.html", selection, explained=explain_selection(selection)
            ).items
            assert items["nearest"][0 if target_count else 4] in {-1, *selection.rows.tolist()}
            assert all(items["nearest"][row] == -1 for row in selection.rows.tolist())


class TestCurves:
    """The coverage is drawn, with the current number of images."""

    COVERAGE = Coverage(
        counts=np.array([1, 10, 100, 1000]),
        mean_distances=np.array([50.0, 30.0, 5.0, 0.0]),
        covered_shares=np.array([0.1, 0.4, 0.8, 1.0]),
        needed=(),
        suggested_count=100,
    )

    def test_the_current_number_is_marked(self) -> None:
        """And the suggested one, with the value of the curve between its points."""
        shares, distances = plot_coverage(self.COVERAGE, 32)
        assert [mark.label for mark in shares.marks] == ["32 kept: 60%", "100 suggested: 80%"]
        assert [mark.label for mark in distances.marks] == [
            "32 kept: 17.4 levels",
            "100 suggested: 5.0 levels",
        ]
        assert [tick.label for tick in shares.x_ticks] == ["1", "10", "100", "1,000"]
        assert [tick.label for tick in distances.y_ticks] == ["0", "10", "20", "30", "40", "50"]

    def test_what_the_curve_does_not_reach_is_not_marked(self) -> None:
        """More images than were looked at, or none."""
        for n_kept in (0, 5000):
            kinds = [mark.kind for mark in plot_coverage(self.COVERAGE, n_kept)[0].marks]
            assert kinds == ["suggested"]

    def test_everything_is_within_the_drawing(self) -> None:
        """Counts from left to right, values from bottom to top."""
        for curve in plot_coverage(self.COVERAGE, 10):
            left, top, right, bottom = curve.frame
            points = [tuple(map(float, point.split(","))) for point in curve.points.split()]
            assert [x for x, _ in points] == sorted(x for x, _ in points)
            for x, y in points:
                assert 0 < left <= x <= right < WIDTH
                assert 0 < top <= y <= bottom < HEIGHT

    def test_a_collection_of_equal_images(self) -> None:
        """A distance of 0 all along, or a single count, is drawn all the same."""
        one = np.array([1])
        coverage = Coverage(one, np.array([0.0]), np.array([1.0]), (), 1)
        for curve in plot_coverage(coverage, 1):
            assert "nan" not in curve.points
            assert len(curve.y_ticks) > 1

    def test_the_page_has_the_curves_it_was_given(
        self, selection: Selection, tmp_path: Path
    ) -> None:
        """And no section without them."""
        page = save(tmp_path / "page.html", selection, coverage=self.COVERAGE)
        assert len(page.find_all("line")) == 2
        assert self.COVERAGE.describe() in " ".join(page.texts)
        assert "Coverage" not in save(tmp_path / "page.html", selection).texts


class TestCameras:
    """Every image has the number of its camera and of its event."""

    def test_folders_are_cameras(self, selection: Selection, tmp_path: Path) -> None:
        """Named as the page shows them; without times no event is known."""
        items = save(tmp_path / "page.html", selection).items
        folders = [items["folders"][folder] for folder in items["folder"]]
        assert [f"{items['cameras'][camera]}/" for camera in items["camera"]] == folders
        assert set(items["event"]) == {-1}

    def test_events_are_those_of_the_layout(self, tmp_path: Path) -> None:
        """By capture time."""
        selection = ImageIndex(make_table(30)).sample(5)
        layout = selection.collection.layout
        events = save(tmp_path / "page.html", selection).items["event"]
        assert [events[row] for row in layout.order] == layout.events.tolist()
