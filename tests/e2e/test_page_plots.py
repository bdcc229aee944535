"""The timeline and the map of looks of the report page in a real browser."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, expect

import browser_pages
from browser_pages import NEEDS_BROWSER, start_browser
from feature_tables import make_table
from pictures import write_collection
from smartdownsample import Cause, Failure, ImageIndex, Selection
from smartdownsample.items import DETAILS
from smartdownsample.page import compare_selections, save_page

pytestmark = NEEDS_BROWSER

N = 240


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with start_browser() as browser:
        yield browser


@pytest.fixture(scope="module")
def selection() -> Selection:
    """Thirty of 240 images of three cameras: a day of each camera, a third by night, some empty."""
    table = make_table(N, burst=10)
    layouts = table.rows["lab_layout"].reshape(N, 16, 3)
    layouts[:, :, 0] = layouts[:, :, 0] // 4 + np.arange(N)[:, np.newaxis] % 17 * 10
    layouts[::3, :, 1:] = 128
    days = np.arange(N) * 3 // N
    table.rows["captured"] = np.datetime64("2024-05-01T08:00", "ms") + days * np.timedelta64(1, "D")
    table.rows["captured"] += np.arange(N) * np.timedelta64(1, "m")
    table.rows["captured"][-1] = np.datetime64("NaT", "ms")
    labels = ["blank" if i % 4 == 1 else "deer" for i in range(N)]
    columns = [
        pa.array(labels) if field.name == "label" else pa.nulls(N, field.type) for field in DETAILS
    ]
    return ImageIndex(replace(table, details=pa.table(columns, schema=DETAILS))).sample(30)


@pytest.fixture(scope="module")
def path(selection: Selection, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "page.html"
    save_page(selection, path)
    return path


@pytest.fixture
def page(browser: Browser, path: Path) -> Iterator[Page]:
    """Open the page; nothing may go wrong in it."""
    yield from open_page(browser, path)


def open_page(browser: Browser, path: Path) -> Iterator[Page]:
    with browser_pages.open_page(browser, path, {"width": 1280, "height": 900}) as page:
        yield page


def find_barriers(page: Page, section: str) -> list[str]:
    """Name the faults that keep people out of a section."""
    violations = Axe().run(page, context=section).response["violations"]
    return [violation["id"] for violation in violations]


def measure_path(path: Locator) -> float:
    """Measure the height that a path takes, in percent of its line."""
    return float(path.evaluate("path => path.getBBox().height"))


class TestTimeline:
    """A line for each camera, and one for all of them."""

    def test_lines_tell_what_was_kept(self, page: Page, selection: Selection) -> None:
        """In figures that add up; images without a time are not in it."""
        lines = page.locator("#timeline-plot .lane")
        expect(lines).to_have_count(4)
        kept = len(selection) - int(selection.is_kept[-1])
        expect(lines.first).to_contain_text(f"All folders (own scale){kept} of {N - 1}")
        expect(lines.nth(1)).to_contain_text("cam_0")
        expect(page.locator("section[aria-labelledby=timeline] .lead")).to_contain_text(
            "1 of unknown time"
        )

    def test_night_is_below_the_line_and_empty_ones_are_told(self, page: Page) -> None:
        """Both halves have bars."""
        line = page.locator("#timeline-plot .lane").nth(1)
        box = line.locator(".excluded").evaluate(
            "path => { const { y, height } = path.getBBox(); return [y, y + height]; }"
        )
        assert box[0] < 50 < box[1]
        assert measure_path(line.locator(".empty")) > 0
        expect(page.get_by_text("empty, as the document says")).to_be_visible()

    def test_a_bar_filters_everything_and_a_second_click_takes_it_back(self, page: Page) -> None:
        """The camera's images of that day."""
        drawing = page.locator("#timeline-plot .lane svg").nth(1)
        drawing.click(position={"x": 5, "y": 20})
        expect(page.locator("#matching")).to_contain_text("80 of 240 images")
        expect(page.locator("#timeline-plot .lane").nth(2)).to_contain_text("0 of 0")
        drawing.click(position={"x": 5, "y": 20})
        expect(page.locator("#matching")).to_be_empty()

    def test_dragging_takes_several_days_of_all_cameras(self, page: Page) -> None:
        """In the first line."""
        drawing = page.locator("#timeline-plot .lane svg").first
        drawing.scroll_into_view_if_needed()
        box = drawing.bounding_box()
        assert box is not None
        day = box["width"] / 16
        page.mouse.move(box["x"] + day / 2, box["y"] + 9)
        page.mouse.down()
        page.mouse.move(box["x"] + day * 1.5, box["y"] + 9)
        expect(page.locator("#timeline-plot output")).to_contain_text(
            "All folders, 1 May – 2 May 2024: 160 images"
        )
        page.mouse.up()
        page.mouse.move(0, 0)
        expect(page.locator("#matching")).to_contain_text("160 of 240 images")
        expect(page.locator("#timeline-plot output")).to_have_text("Only 1 May – 2 May 2024")
        page.get_by_role("button", name="Show all").click()
        expect(page.locator("#matching")).to_be_empty()

    def test_by_keyboard(self, page: Page) -> None:
        """Arrow keys say what they are on, Enter filters, Escape takes it back."""
        plot = page.get_by_role("application", name="Timeline")
        plot.focus()
        told = page.locator("#timeline-plot output")
        page.keyboard.press("ArrowDown")
        expect(told).to_contain_text("All folders, 1 May 2024: 80 images")
        page.keyboard.press("ArrowDown")
        expect(told).to_contain_text("cam_0, 1 May 2024: 80 images")
        page.keyboard.press("ArrowDown")
        expect(told).to_contain_text("cam_1, 1 May 2024: no images")
        page.keyboard.press("Shift+ArrowRight")
        expect(told).to_contain_text("cam_1, 1 May – 2 May 2024: 80 images")
        page.keyboard.press("Home")
        page.keyboard.press("Enter")
        expect(page.locator("#matching")).to_contain_text("80 of 240 images")
        page.keyboard.press("Escape")
        expect(page.locator("#matching")).to_be_empty()

    def test_the_table_says_the_same(self, page: Page) -> None:
        """For those who do not see the bars."""
        page.get_by_text("Folders as a table").click()
        rows = page.locator("#camera-table tbody tr")
        expect(rows).to_have_count(3)
        cells = rows.nth(1).locator("td").all_inner_texts()
        assert cells[:7] == ["2 May 2024", "2 May 2024", "0", "80", "0", "27", "20"]
        headings = page.locator("#camera-table thead th").all_inner_texts()
        assert headings[-4:] == ["No time", "Night", "Empty", "Kept"]
        expect(page.locator("#camera-table")).to_contain_text("the document says that nothing")
        assert rows.nth(2).locator("td").nth(4).inner_text() == "1"

    @pytest.mark.parametrize("scheme", ["light", "dark"])
    @pytest.mark.parametrize("width", [1280, 360])
    def test_there_is_no_barrier(self, page: Page, width: int, scheme: str) -> None:
        """Nor is anything wider than the screen."""
        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        page.set_viewport_size({"width": width, "height": 800})
        page.get_by_text("Folders as a table").click()
        assert find_barriers(page, "section[aria-labelledby=timeline]") == []
        assert page.evaluate("document.documentElement.scrollWidth") == width


class TestLooks:
    """A point for each image."""

    def test_the_axes_say_what_they_mean(self, page: Page) -> None:
        """At both ends."""
        ends = page.locator("#looks-plot .ends").last
        expect(ends).to_contain_text("dark")
        expect(ends).to_contain_text("light")

    def test_by_keyboard(self, page: Page) -> None:
        """Arrow keys lead among kept images, Enter opens the details."""
        page.get_by_role("application", name="Map of looks").focus()
        told = page.locator("#looks-plot output")
        page.keyboard.press("ArrowRight")
        first = told.inner_text()
        assert first.endswith(", kept")
        page.keyboard.press("ArrowRight")
        expect(told).not_to_have_text(first)
        page.keyboard.press("ArrowLeft")
        name = told.inner_text().removesuffix(", kept")
        page.keyboard.press("Enter")
        expect(page.get_by_role("dialog").get_by_role("heading").first).to_contain_text(name)

    def test_by_mouse(self, page: Page) -> None:
        """What is near the pointer is named beside it, and a click opens its details."""
        plot = page.get_by_role("application", name="Map of looks")
        plot.focus()
        page.keyboard.press("ArrowRight")
        name = page.locator("#looks-plot output").inner_text().removesuffix(", kept")
        left, top = page.locator("#looks-plot .ring").evaluate(
            "ring => [ring.offsetLeft, ring.offsetTop]"
        )
        page.keyboard.press("Escape")
        expect(page.locator("#looks-plot .hint")).to_be_hidden()
        plot.hover(position={"x": left, "y": top})
        expect(page.locator("#looks-plot .hint")).to_contain_text(name)
        plot.click(position={"x": left, "y": top})
        expect(page.get_by_role("dialog")).to_contain_text(name)

    @pytest.mark.parametrize("scheme", ["light", "dark"])
    def test_points_follow_the_filters_and_the_scheme(self, page: Page, scheme: str) -> None:
        """Excluded ones are gone where only kept ones are wanted."""
        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        everything = count_drawn(page)
        page.get_by_role("radio", name="Kept", exact=True).click()
        assert 0 < count_drawn(page) < everything

    @pytest.mark.parametrize("scheme", ["light", "dark"])
    def test_there_is_no_barrier(self, page: Page, scheme: str) -> None:
        """Also while something is pointed at."""
        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        page.get_by_role("application", name="Map of looks").focus()
        page.keyboard.press("ArrowRight")
        assert find_barriers(page, "section[aria-labelledby=map]") == []

    def test_photos_stand_above_their_points(self, browser: Browser, tmp_path: Path) -> None:
        """And are as good to point at."""
        paths = write_collection(tmp_path / "photos", 60)
        save_page(ImageIndex.build(paths, cache=False).sample(12), tmp_path / "page.html")
        for page in open_page(browser, tmp_path / "page.html"):
            plot, photo = (
                page.locator("#looks-plot .plot"),
                page.locator("#looks-plot .photos img").last,
            )
            left, top = photo.evaluate("photo => [photo.offsetLeft, photo.offsetTop]")
            height = photo.evaluate("photo => photo.offsetHeight")
            plot.hover(position={"x": left, "y": top - height / 2})
            source = photo.get_attribute("src") or ""
            expect(page.locator("#looks-plot .hint img")).to_have_attribute("src", source)


def count_drawn(page: Page) -> int:
    """Count the pixels of the map that are not its ground."""
    return int(
        page.locator("#looks-plot canvas").evaluate(
            "canvas => { const copy = new OffscreenCanvas(canvas.width, canvas.height);"
            " const context = copy.getContext('2d'); context.drawImage(canvas, 0, 0);"
            " const { data } = context.getImageData(0, 0, copy.width, copy.height);"
            " let n = 0; for (let i = 3; i < data.length; i += 4) n += data[i] > 0; return n; }"
        )
    )


class TestOtherCollections:
    """The page is for any collection."""

    def test_cameras_without_times_or_images_are_in_the_table(
        self, browser: Browser, tmp_path: Path
    ) -> None:
        """With what failed; without a document there is no column of what is empty."""
        table = make_table(60)
        table.rows["captured"][20:40] = np.datetime64("NaT", "ms")
        failures = [Failure(f"{folder}/a.JPG", Cause.EMPTY) for folder in ("cam_0", "cam_9")]
        save_page(
            ImageIndex(replace(table, failures=tuple(failures))).sample(9), tmp_path / "page.html"
        )
        for page in open_page(browser, tmp_path / "page.html"):
            page.get_by_text("Folders as a table").click()
            rows = page.locator("#camera-table tbody tr")
            expect(rows).to_have_count(4)  # what is out of sight is drawn a moment later
            headings = page.locator("#camera-table thead th").all_inner_texts()
            assert headings[4:] == ["Images", "No time", "Night", "Kept", "Unreadable"]
            lines = [line.split("\t") for line in rows.all_inner_texts()]
            assert [(line[0], line[4], line[5], line[-1]) for line in lines] == [
                ("cam_0", "20", "0", "1"),
                ("cam_1", "20", "20", "0"),
                ("cam_2", "20", "0", "0"),
                ("cam_9", "0", "0", "1"),
            ]
            assert lines[1][1:4] == ["not known", "not known", ""]
            figure = page.locator("#figures div", has_text="Folder")
            expect(figure).to_have_text("Folders4")
            page.get_by_role("combobox", name="Bucket").select_option(index=1)
            expect(figure).not_to_have_text("Folders4")  # of what failed no bucket is known
            page.get_by_role("button", name="Clear").click()
            page.get_by_role("combobox", name="Folder").select_option("cam_9")
            expect(rows).to_have_count(1)
            failed = page.locator("#failures tbody tr")
            expect(failed).to_have_count(1)
            expect(failed).to_have_text(re.compile("^cam_9/a.JPG"))

    def test_without_times_there_is_no_timeline(self, browser: Browser, tmp_path: Path) -> None:
        """And the rest of the page works."""
        table = make_table(60)
        table.rows["captured"] = np.datetime64("NaT", "ms")
        save_page(ImageIndex(table).sample(9), tmp_path / "page.html")
        for page in open_page(browser, tmp_path / "page.html"):
            expect(page.locator("#timeline")).to_have_count(0)
            expect(page.locator("#camera-table tbody tr")).to_have_count(3)
            expect(page.locator("#map")).to_be_visible()

    def test_images_that_all_look_the_same_have_no_map(
        self, browser: Browser, tmp_path: Path
    ) -> None:
        """But a timeline."""
        table = make_table(60)
        table.rows["lab_layout"] = 90
        save_page(ImageIndex(table).sample(9), tmp_path / "page.html")
        for page in open_page(browser, tmp_path / "page.html"):
            expect(page.locator("#map")).to_have_count(0)
            expect(page.locator("#timeline")).to_be_visible()

    def test_a_selection_beside_another(self, browser: Browser, tmp_path: Path) -> None:
        """Points say which of the two has them; a bar says how many either has."""
        index = ImageIndex(make_table(60))
        rows = [index.sample(n).rows for n in (9, 20)]
        save_page(compare_selections(index.collection, rows, ("a", "b")), tmp_path / "page.html")
        for page in open_page(browser, tmp_path / "page.html"):
            legend = page.locator("#looks-plot .legend li")
            assert legend.all_inner_texts() == ["only a", "both", "only b", "not selected"]
            page.get_by_role("application", name="Map of looks").focus()
            page.keyboard.press("ArrowRight")
            expect(page.locator("#looks-plot output")).to_have_text(re.compile("only in|both"))
            either = len(np.union1d(*rows))
            expect(page.locator("#timeline-plot .lane").first).to_contain_text(f"{either} of 60")

    def test_more_cameras_than_lines(self, browser: Browser, tmp_path: Path) -> None:
        """The first line has all of them, and the table too."""
        save_page(ImageIndex(make_table(1600, n_folders=320)).sample(9), tmp_path / "page.html")
        for page in open_page(browser, tmp_path / "page.html"):
            lines = page.locator("#timeline-plot .lane")
            expect(lines).to_have_count(301)
            expect(lines.first).to_contain_text("9 of 1,600")
            expect(page.get_by_text("300 folders with the most images")).to_be_visible()
            expect(page.get_by_text("300 folders, scroll for more.")).to_be_visible()

    def test_twenty_cameras_are_all_in_sight(self, browser: Browser, tmp_path: Path) -> None:
        """Without a bar to scroll."""
        save_page(ImageIndex(make_table(400, n_folders=20)).sample(9), tmp_path / "page.html")
        for page in open_page(browser, tmp_path / "page.html"):
            assert page.locator("#timeline-plot .plot").evaluate(
                "plot => plot.scrollHeight === plot.clientHeight"
            )
            expect(page.get_by_text("scroll for more")).to_have_count(0)
