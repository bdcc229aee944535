"""The report page in a real browser."""

import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, ViewportSize, expect, sync_playwright

from crops import BOXES, index_crops, list_crops, make_details, write_photos
from pictures import write_collection
from smartdownsample import Cause, Failure, ImageIndex, Selection
from smartdownsample.page import save_report

# Debian's name first; no browser is ever downloaded.
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(
        CHROMIUM is None, reason="Chromium is not installed; 'make browser' does it"
    ),
]

N_FAILURES = 60
TIMEOUT_MS = 10_000
LAPTOP: ViewportSize = {"width": 1280, "height": 800}
PHONE: ViewportSize = {"width": 360, "height": 740}


@dataclass
class Report:
    """A page that is open in the browser, and what it was made from.

    Parameters
    ----------
    page : playwright.sync_api.Page
        The open page.
    selection : Selection
        What it shows.
    troubles : list of str
        Messages on the console, errors and requests; all of them are faults.
    """

    page: Page
    selection: Selection
    troubles: list[str] = field(default_factory=list)

    @property
    def rows(self) -> Locator:
        """The lines of the list of all images."""
        return self.page.locator("#list tbody tr")

    @property
    def thumbnails(self) -> Locator:
        """The thumbnails that are not filtered out."""
        return self.page.locator(".thumbnail:visible")

    @property
    def details(self) -> Locator:
        """The details of an image."""
        return self.page.get_by_role("dialog")

    def name_path(self, row: int) -> str:
        """Name an image as the page does: from the folder on that all have in common."""
        paths = self.selection.table.paths
        return os.path.relpath(paths[row], os.path.dirname(os.path.commonpath(paths)))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        # Chromium's sandbox refuses to work for root, as whom containers run.
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def selection(tmp_path_factory: pytest.TempPathFactory) -> Selection:
    """Forty of two hundred images, some of which vanished since."""
    paths = write_collection(tmp_path_factory.mktemp("photos"), 200)
    table = ImageIndex.build(paths, cache=False).table
    failures = tuple(Failure(f"gone/IMG_{i}.JPG", Cause.MISSING) for i in range(N_FAILURES))
    selection = ImageIndex(replace(table, failures=failures)).sample(40, groups="parent")
    os.unlink(paths[0])
    return selection


@pytest.fixture(scope="module")
def path(selection: Selection, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the page."""
    path = tmp_path_factory.mktemp("report") / "page.html"
    save_report(selection, path)
    return path


@pytest.fixture
def report(browser: Browser, path: Path, selection: Selection) -> Iterator[Report]:
    """Open the page, and make sure that nothing went wrong in it."""
    yield from open_page(browser, path, selection)


@pytest.fixture
def crops(browser: Browser, tmp_path: Path) -> Iterator[Report]:
    """Open a page of crops, with labels of which one is markup."""
    photos = write_photos(tmp_path / "photos", 4)
    labels = ["<b>deer</b>", "fox", None] * 4
    details = make_details(12, category=["animal"] * 12, label=labels, confidence=[0.5] * 12)
    selection = index_crops(list_crops(photos, details=details)).sample(5)
    save_report(selection, tmp_path / "page.html")
    yield from open_page(browser, tmp_path / "page.html", selection)


def open_page(browser: Browser, path: Path, selection: Selection) -> Iterator[Report]:
    """Open a page, and make sure at the end that nothing went wrong in it."""
    page = browser.new_page(viewport=LAPTOP, color_scheme="light")
    page.set_default_timeout(TIMEOUT_MS)
    report = Report(page, selection)
    page.on("console", lambda message: report.troubles.append(message.text))
    page.on("pageerror", lambda error: report.troubles.append(str(error)))
    page.on("request", lambda request: report.troubles.append(request.url))
    page.goto(path.as_uri())
    page.locator("html[data-ready]").wait_for()
    yield report
    page.close()
    requests = [trouble for trouble in report.troubles if not trouble.startswith("data:")]
    assert requests == [path.as_uri()]


class TestFilters:
    """They act on the thumbnails and on the list alike."""

    def test_at_first_everything_is_shown(self, report: Report) -> None:
        """The list a page at a time."""
        assert report.thumbnails.count() == len(report.page.query_selector_all(".thumbnail"))
        assert report.rows.count() == 50
        expect(report.page.locator("#matching")).to_have_text("200 images")
        expect(report.page.locator("#list .range")).to_have_text("1–50 of 200")

    def test_kept_images_by_mouse(self, report: Report) -> None:
        """As many as were selected."""
        report.page.get_by_role("radio", name="Kept").click()
        expect(report.page.locator("#matching")).to_have_text("40 of 200 images match")
        assert report.rows.count() == 40
        assert set(report.rows.locator(".state").all_inner_texts()) == {"Kept"}
        expect(report.page.locator(".side.excluded:visible")).to_have_count(0)

    def test_excluded_images_by_keyboard(self, report: Report) -> None:
        """From the search field on, with tabs and arrow keys."""
        page = report.page
        page.get_by_role("searchbox").focus()
        for _ in range(3):
            page.keyboard.press("Tab")
        expect(page.get_by_role("radio", name="All")).to_be_focused()
        for _ in range(2):
            page.keyboard.press("ArrowRight")
        expect(page.locator("#matching")).to_have_text("160 of 200 images match")
        expect(page.locator(".side.kept:visible")).to_have_count(0)
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        expect(page.locator("#matching")).to_have_text("200 images")

    def test_a_bucket_and_a_group(self, report: Report) -> None:
        """Together they narrow down."""
        page, selection = report.page, report.selection
        bucket = selection.buckets[0]
        page.get_by_role("combobox", name="Bucket").select_option(index=1)
        expect(page.locator("#matching")).to_have_text(f"{bucket.size} of 200 images match")
        expect(page.locator(".panel:visible")).to_have_count(1)
        assert selection.labels is not None
        size = ((selection.codes == bucket.code) & (selection.labels.ids == 2)).sum()
        page.get_by_role("combobox", name="Group").select_option(index=3)
        expect(page.locator("#matching")).to_have_text(f"{size} of 200 images match")
        assert report.rows.count() == size

    def test_a_group_of_the_table(self, report: Report) -> None:
        """Its name leads to its images."""
        report.page.locator("[data-group='1']").click()
        expect(report.page.locator("#matching")).to_have_text("20 of 200 images match")

    def test_text_by_keyboard(self, report: Report) -> None:
        """Of any part of the path, in any case."""
        page = report.page
        page.get_by_role("searchbox").focus()
        page.keyboard.type("SITE_2/img_1")
        # IMG_1 and IMG_10 to IMG_19
        expect(page.locator("#matching")).to_have_text("11 of 200 images match")
        assert report.rows.count() == 11
        titles = [title.get_attribute("title") or "" for title in report.thumbnails.all()]
        assert titles
        assert all("site_2/IMG_1" in title for title in titles)
        page.keyboard.type(" nowhere")
        expect(page.get_by_text("None of the images shown here matches")).to_be_visible()
        expect(page.locator(".panel:visible")).to_have_count(0)
        expect(page.locator("#list .range")).to_have_text("none")


class TestLists:
    """Long lists are paged."""

    def test_pages_by_buttons_and_number(self, report: Report) -> None:
        """The first and the last page are ends."""
        root = report.page.locator("#list")
        previous = root.get_by_role("button", name="Previous page of images")
        following = root.get_by_role("button", name="Next page of images")
        expect(previous).to_be_disabled()
        following.click()
        expect(root.locator(".range")).to_have_text("51–100 of 200")
        root.get_by_label("Page of images").fill("9")
        root.get_by_label("Page of images").press("Enter")
        expect(root.locator(".range")).to_have_text("151–200 of 200")
        expect(following).to_be_disabled()

    def test_failures_have_their_causes(self, report: Report) -> None:
        """All of them, a page at a time."""
        root = report.page.locator("#failures")
        expect(root.locator(".range")).to_have_text(f"1–50 of {N_FAILURES}")
        expect(root.locator("tbody tr").first).to_have_text(f"gone/IMG_0.JPG{Cause.MISSING.value}")


class TestDetails:
    """A thumbnail or a line of the list opens them."""

    def test_by_mouse(self, report: Report) -> None:
        """What the table knows, and the nearest image, which leads on."""
        row = report.selection.rows[0]
        report.page.locator(f".thumbnail[data-row='{row}']").click()
        path = report.name_path(row)
        expect(report.details).to_contain_text(path)
        for text in ("64 × 48 pixels", "Rank", "levels apart", "Mean colour", "not known"):
            expect(report.details).to_contain_text(text)
        report.details.get_by_role("link").click()
        expect(report.details).not_to_contain_text(path)
        report.details.get_by_role("button", name="Close").click()
        expect(report.details).to_be_hidden()

    def test_by_keyboard(self, report: Report) -> None:
        """Enter opens, arrow keys lead on, Escape closes and gives back the focus."""
        page = report.page
        first = report.rows.first.get_by_role("button")
        first.focus()
        page.keyboard.press("Enter")
        heading = report.details.get_by_role("heading")
        expect(heading).to_have_text("IMG_1.jpg")
        page.keyboard.press("ArrowRight")
        expect(heading).to_have_text("IMG_2.jpg")
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("ArrowLeft")
        expect(heading).to_have_text("IMG_1.jpg")
        page.keyboard.press("Escape")
        expect(report.details).to_be_hidden()
        expect(first).to_be_focused()

    def test_thumbnails_are_one_stop_of_the_tab_key(self, report: Report) -> None:
        """Arrow keys move within a bucket's, also when some are filtered out."""
        page = report.page
        strip = page.locator(".thumbnails").first
        own = strip.locator(".thumbnail")
        own.first.focus()
        page.keyboard.press("End")
        expect(own.last).to_be_focused()
        page.keyboard.press("Tab")
        assert not strip.evaluate("strip => strip.contains(document.activeElement)")
        page.keyboard.press("Shift+Tab")
        expect(own.last).to_be_focused()
        page.get_by_role("combobox", name="Group").select_option(index=2)
        stops = strip.locator(".thumbnail[tabindex='0']")
        assert stops.count() == (1 if strip.locator(".thumbnail:visible").count() else 0)

    def test_the_path_is_copied(self, report: Report) -> None:
        """As it stands there."""
        report.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        report.rows.nth(3).click()
        report.details.get_by_role("button", name="Copy path").click()
        expect(report.details.get_by_text("Copied")).to_be_visible()
        copied = report.page.evaluate("navigator.clipboard.readText()")
        assert copied == report.name_path(3)

    def test_an_image_that_vanished(self, report: Report) -> None:
        """Has details all the same."""
        report.rows.first.click()
        expect(report.details.locator("#own")).to_contain_text("No thumbnail on this page")


class TestCrops:
    """A crop is shown with its box in its photo, and with its label."""

    @pytest.mark.parametrize("size", [LAPTOP, PHONE], ids=["laptop", "phone"])
    def test_the_box_is_drawn_where_it_is(self, crops: Report, size: ViewportSize) -> None:
        """To the pixel, on any screen."""
        crops.page.set_viewport_size(size)
        for row in range(3):
            crops.page.locator(f".thumbnail[data-row='{row}']").click()
            photo = crops.details.locator("#around img").bounding_box()
            box = crops.details.locator("#around .box").bounding_box()
            assert photo is not None
            assert box is not None
            x, y, width, height = BOXES[row]
            for start, side, edge, length in (
                ("x", "width", x, width),
                ("y", "height", y, height),
            ):
                full = photo[side]  # type: ignore[literal-required] # both are sides
                offset = box[start] - photo[start]  # type: ignore[literal-required]
                assert abs(offset - edge * full) < 1
                assert abs(box[side] - length * full) < 1  # type: ignore[literal-required]
            crops.details.get_by_role("button", name="Close").click()
        assert crops.page.evaluate("document.documentElement.scrollWidth") == size["width"]

    def test_details_name_photo_and_label(self, crops: Report) -> None:
        """A label is a text, whatever it looks like."""
        crops.rows.nth(0).click()
        expect(crops.details.get_by_role("heading")).to_have_text("IMG_0.png, <b>deer</b> 0.50")
        expect(crops.details.locator("#around figcaption")).to_have_text("In IMG_0.png")
        told = crops.details.locator("dl")
        expect(told).to_contain_text("Label<b>deer</b>")
        expect(told).to_contain_text("left 0.0 %, top 25.0 %, width 50.0 %, height 50.0 %")
        assert find_barriers(crops.page) == []

    def test_labels_are_searched(self, crops: Report) -> None:
        """As paths are."""
        crops.page.get_by_role("searchbox", name="Path or label contains").fill("FOX")
        expect(crops.page.locator("#matching")).to_have_text("4 of 12 images match")

    def test_the_page_has_no_barrier(self, crops: Report) -> None:
        """As one of photos."""
        assert find_barriers(crops.page) == []


class TestLooks:
    """The page suits its reader."""

    @pytest.mark.parametrize("scheme", ["light", "dark"])
    @pytest.mark.parametrize("size", [LAPTOP, PHONE], ids=["laptop", "phone"])
    def test_there_is_no_barrier(self, report: Report, scheme: str, size: ViewportSize) -> None:
        """Neither in the page nor in the details; nothing is wider than the screen."""
        page = report.page
        page.set_viewport_size(size)
        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        assert page.evaluate("document.documentElement.scrollWidth") == size["width"]
        assert find_barriers(page) == []
        report.rows.nth(5).get_by_role("button").click()
        assert find_barriers(page) == []

    def test_dark_and_light(self, report: Report) -> None:
        """As the system has it, until the reader says otherwise."""
        page = report.page
        button = page.get_by_role("button", name="Dark")
        assert measure_paper(page) > 250
        page.emulate_media(color_scheme="dark")
        assert measure_paper(page) < 40
        expect(button).to_have_attribute("aria-pressed", "true")
        button.click()
        assert measure_paper(page) > 250
        button.click()
        assert measure_paper(page) < 40

    def test_print_is_light_and_without_controls(self, report: Report) -> None:
        """Also from a dark screen."""
        page = report.page
        page.get_by_role("button", name="Dark").click()
        page.emulate_media(media="print")
        assert measure_paper(page) > 250
        expect(page.get_by_role("searchbox")).to_be_hidden()
        expect(page.locator("#list")).to_be_hidden()
        expect(page.locator(".panel").first).to_be_visible()

    def test_the_first_tab_stop_skips_to_the_content(self, report: Report) -> None:
        """For readers who use the keyboard."""
        page = report.page
        page.keyboard.press("Tab")
        expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.get_by_role("main")).to_be_focused()


def find_barriers(page: Page) -> list[str]:
    """Name the faults that keep people out."""
    violations = Axe().run(page).response["violations"]
    return [
        f"{violation['id']}: {node['html'][:200]}"
        for violation in violations
        if violation["impact"] in {"serious", "critical"}
        for node in violation["nodes"]
    ]


def measure_paper(page: Page) -> int:
    """Measure how light the page's background is."""
    colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
    return max(map(int, re.findall(r"\d+", colour)[:3]))
