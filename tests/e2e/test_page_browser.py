"""The report page in a real browser."""

import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, Page, ViewportSize, expect

import browser_pages
from browser_pages import (
    LAPTOP,
    NEEDS_BROWSER,
    PHONE,
    find_barriers,
    start_browser,
)
from crops import BOXES, index_crops, list_crops, make_details, write_photos
from feature_tables import make_table
from pictures import make_pixels, write_collection
from smartdownsample import Cause, Failure, ImageIndex, Selection
from smartdownsample.page import save_page, save_report
from smartdownsample.records import pack_paths
from smartdownsample.sampling import measure_distances, name_quality
from spoilt_pictures import write_spoilt

pytestmark = NEEDS_BROWSER

N_FAILURES = 60
COUNT_DRAWN = """() => {
    window.nDrawn = 0;
    new MutationObserver(() => { window.nDrawn += 1; })
        .observe(document.querySelector("#matching"), { childList: true });
}"""


@dataclass
class Report:
    """A page that is open in the browser, and what it was made from.

    Parameters
    ----------
    page : playwright.sync_api.Page
        The open page.
    selection : Selection
        What it shows.
    """

    page: Page
    selection: Selection

    @property
    def rows(self) -> Locator:
        """The lines of the list of all images."""
        return self.page.locator("#list tbody tr")

    @property
    def picks(self) -> Locator:
        """The tiles of the picks that are in sight."""
        return self.page.locator("#pick-grid .tile")

    def find_pick(self, row: int) -> Locator:
        """Find the tile of a pick."""
        return self.page.locator(f"#pick-grid .tile[data-row='{row}']")

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
    with start_browser() as browser:
        yield browser


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
    with browser_pages.open_page(browser, path) as page:
        yield Report(page, selection)


class TestFirstScreen:
    """It says what was selected from what, and shows it."""

    def test_what_and_how_many(self, report: Report) -> None:
        """The name, the counts and the call that makes it again."""
        page = report.page
        expect(page.get_by_role("heading", level=1)).to_have_text("photos0")
        expect(page.locator("#kept")).to_have_text("40 of 200 images kept")
        expect(page.locator("#figures")).to_contain_text("Folders11")
        expect(page.locator("#made-by")).to_have_text(
            "ImageIndex.build('photos0').sample(40, groups='parent')"
        )
        box = report.picks.first.bounding_box()
        assert box is not None
        assert box["y"] + box["height"] < LAPTOP["height"]

    def test_the_call_is_copied(self, report: Report) -> None:
        """As it stands there."""
        report.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        report.page.get_by_role("button", name="Copy").first.click()
        expect(report.page.get_by_role("button", name="Copied")).to_be_visible()
        copied = report.page.evaluate("navigator.clipboard.readText()")
        assert copied == report.page.locator("#made-by").inner_text()

    def test_every_pick_is_there(self, report: Report) -> None:
        """With its picture, in natural order."""
        rows = [int(tile.get_attribute("data-row") or -1) for tile in report.picks.all()]
        assert rows == report.selection.rows.tolist()
        assert report.page.locator("#pick-grid img").count() >= 39

    def test_picks_by_bucket_camera_and_group(self, report: Report) -> None:
        """Under headings with their numbers; the largest share last."""
        order = report.page.get_by_label("Order")
        headings = report.page.locator("#pick-grid h3")
        order.select_option("by bucket")
        for place, bucket in enumerate(report.selection.buckets[:3]):
            expect(headings.nth(place).locator("span")).to_have_text(str(bucket.n_kept))
        order.select_option("by group")
        expect(headings.first).to_contain_text(re.compile(r"^site_1"))
        order.select_option("most images first")
        n = report.selection.n_represented.max()
        expect(report.picks.first).to_contain_text(f"×{n}")
        expect(headings).to_have_count(0)

    def test_picks_by_keyboard(self, report: Report) -> None:
        """One stop of the tab key; arrow keys, j and k move, Enter opens, Escape gives back."""
        page, rows = report.page, report.selection.rows.tolist()
        page.keyboard.press("j")
        expect(report.find_pick(rows[0])).to_be_focused()
        page.keyboard.press("ArrowRight")
        page.keyboard.press("j")
        expect(report.find_pick(rows[2])).to_be_focused()
        page.keyboard.press("k")
        expect(report.find_pick(rows[1])).to_be_focused()
        page.keyboard.press("ArrowDown")
        page.keyboard.press("ArrowUp")
        expect(report.find_pick(rows[1])).to_be_focused()
        page.keyboard.press("End")
        expect(report.find_pick(rows[-1])).to_be_focused()
        page.keyboard.press("Tab")
        assert not page.evaluate("find => document.activeElement.closest('#pick-grid')")
        page.keyboard.press("Shift+Tab")
        page.keyboard.press("Home")
        page.keyboard.press("Enter")
        expect(report.details).to_be_visible()
        page.keyboard.press("Escape")
        expect(report.find_pick(rows[0])).to_be_focused()

    def test_the_focus_goes_to_the_pick_that_was_seen_last(self, report: Report) -> None:
        """Not to the one that was opened first."""
        page, rows = report.page, report.selection.rows.tolist()
        page.keyboard.press("j")
        page.keyboard.press("Enter")
        for key in "jjjk":
            page.keyboard.press(key)
        page.keyboard.press("Escape")
        expect(report.find_pick(rows[2])).to_be_focused()

    def test_names_are_cut_on_the_left(self, browser: Browser, tmp_path: Path) -> None:
        """Where they differ is what is seen of long ones."""
        paths = pack_paths([f"photos/{'x' * 90}_{i:04d}.JPG" for i in range(60)])
        table = replace(make_table(60), paths=paths)
        selection = ImageIndex(table).sample(9)
        save_page(selection, tmp_path / "page.html")
        for long in open_page(browser, tmp_path / "page.html", selection):
            name = long.picks.first.locator(".name")
            left, end = name.evaluate(
                "name => [name, name.firstChild].map((each) => each.getBoundingClientRect().right)"
            )
            assert abs(left - end) < 1
            expect(name).to_have_text(os.path.basename(selection.paths[0]))
            assert name.evaluate("name => name.scrollWidth > name.clientWidth")

    def test_a_hundred_thousand_images(self, browser: Browser, tmp_path: Path) -> None:
        """Only what is in sight is drawn, and every pick can be reached."""
        selection = ImageIndex(make_table(100_000, burst=3)).sample(50_000)
        save_page(selection, tmp_path / "page.html")
        assert (tmp_path / "page.html").stat().st_size < 15_000_000
        for large in open_page(browser, tmp_path / "page.html", selection):
            expect(large.page.locator("#kept")).to_have_text("50,000 of 100,000 images kept")
            assert 0 < large.picks.count() < 200
            large.picks.first.focus()
            large.page.keyboard.press("End")
            last = large.find_pick(selection.rows[-1])
            expect(last).to_be_focused()
            assert 0 < large.picks.count() < 200
            absent = large.page.locator("#picks-absent")
            expect(absent).to_contain_text("47,000 picks are shown by mean colour: the page has no")
            expect(absent).to_contain_text("3,000 picks are shown by mean colour: the files could")


class TestFilters:
    """They act on every figure and list of the page."""

    def test_at_first_everything_is_shown(self, report: Report) -> None:
        """The list a page at a time."""
        expect(report.rows).to_have_count(50)
        expect(report.page.locator("#matching")).to_be_empty()
        expect(report.page.locator("#list .range")).to_have_text("1–50 of 200")

    def test_kept_images_by_mouse(self, report: Report) -> None:
        """As many as were selected."""
        report.page.get_by_role("radio", name="Kept").click()
        expect(report.page.locator("#matching")).to_have_text("40 of 200 images match")
        expect(report.rows).to_have_count(40)
        assert set(report.rows.locator(".state").all_inner_texts()) == {"Kept"}
        expect(report.page.locator("#near-lead")).to_contain_text("0 of 0 excluded")

    def test_excluded_images_by_keyboard(self, report: Report) -> None:
        """By arrow keys; and back again."""
        page = report.page
        page.get_by_role("radio", name="All").focus()
        for _ in range(2):
            page.keyboard.press("ArrowRight")
        expect(page.locator("#matching")).to_have_text("160 of 200 images match")
        expect(page.get_by_role("heading", name="No picks")).to_be_visible()
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        expect(page.locator("#matching")).to_be_empty()

    def test_a_bucket_and_a_group(self, report: Report) -> None:
        """Together they narrow down, and all figures say so."""
        page, selection = report.page, report.selection
        bucket = selection.buckets[0]
        page.get_by_role("combobox", name="Bucket").select_option(index=1)
        expect(page.locator("#matching")).to_have_text(f"{bucket.size} of 200 images match")
        expect(page.locator("#kept")).to_have_text(f"{bucket.n_kept} of {bucket.size} images kept")
        lines = page.locator(".counts[aria-labelledby='buckets'] tbody tr:visible")
        expect(lines).to_have_count(1)
        assert selection.labels is not None
        rows = np.flatnonzero((selection.codes == bucket.code) & (selection.labels.ids == 2))
        page.get_by_role("combobox", name="Group").select_option(index=3)
        n, n_kept = len(rows), int(selection.is_kept[rows].sum())
        expect(page.locator("#kept")).to_have_text(f"{n_kept} of {n} images kept")
        expect(lines.locator(".number").nth(0)).to_have_text(str(n_kept))
        expect(lines.locator(".number").nth(1)).to_have_text(str(n))
        expect(page.locator("#coverage-here")).to_contain_text(f" of {n} images")
        expect(report.rows).to_have_count(n)
        expect(report.picks).to_have_count(n_kept)

    def test_a_group_of_the_table(self, report: Report) -> None:
        """Its name leads to its images."""
        report.page.locator("[data-group='1']").click()
        expect(report.page.locator("#matching")).to_have_text("20 of 200 images match")

    def test_a_camera_of_the_list(self, report: Report) -> None:
        """By its folder."""
        report.page.get_by_role("combobox", name="Folder").select_option("site_3")
        expect(report.page.locator("#figures")).to_contain_text("Folder1")
        expect(report.page.locator("#kept")).to_contain_text("of 20 images")

    def test_a_word_on_quality(self, browser: Browser, tmp_path: Path) -> None:
        """From its list or from its line; the details tell it as well."""
        write_spoilt(tmp_path / "photos")
        selection = ImageIndex.build(tmp_path / "photos", cache=False).sample(21)
        save_report(selection, tmp_path / "page.html")
        for spoilt in open_page(browser, tmp_path / "page.html", selection):
            page = spoilt.page
            page.get_by_role("combobox", name="Quality").select_option("Dark, flat")
            expect(page.locator("#matching")).to_have_text("3 of 21 images match")
            expect(page.locator("#kept")).to_have_text("3 of 3 images kept")
            lines = page.locator(".counts[aria-labelledby='words'] tbody tr:visible")
            expect(lines).to_have_count(1)
            page.get_by_role("button", name="Clear").click()
            expect(lines).to_have_count(len({*map(str, name_quality(selection.table.rows))}))
            page.get_by_role("link", name="Blurred").click()
            expect(page.get_by_role("combobox", name="Quality")).to_have_value("0")
            expect(page.locator("#kept")).to_have_text("3 of 3 images kept")
            spoilt.picks.first.click()
            expect(spoilt.details).to_contain_text("QualityBlurred")
            assert not find_barriers(page)

    def test_days_and_events(self, browser: Browser, tmp_path: Path) -> None:
        """From a day on, and to a day; an event is shown as a button that ends it."""
        selection = ImageIndex(make_table(300)).sample(30)
        save_page(selection, tmp_path / "page.html")
        for timed in open_page(browser, tmp_path / "page.html", selection):
            page = timed.page
            expect(page.locator("#figures")).to_contain_text("Taken1 Jan – 3 Jan 2024")
            page.get_by_label("From").fill("2024-01-02")
            page.get_by_label("To", exact=True).fill("2024-01-02")
            # Bursts of five, an hour apart.
            expect(page.locator("#kept")).to_contain_text("of 120 images")
            expect(page.locator("#figures")).to_contain_text("Taken2 Jan 2024")
            page.get_by_label("From").fill("2024-01-03")
            expect(page.locator("#matching")).to_have_text("“From” is later than “To”")
            page.get_by_role("button", name="Clear").click()
            expect(page.locator("#kept")).to_contain_text("of 300 images")
            page.get_by_label("Order").select_option("by event")
            expect(page.locator("#pick-grid h3").first).to_contain_text("Event 1, 2024-01-01")

    def test_clear_shows_everything_again(self, report: Report) -> None:
        """The buttons too, so that the next filter starts from all images."""
        page = report.page
        page.get_by_role("combobox", name="Folder").select_option("site_3")
        page.get_by_role("radio", name="Kept").click()
        page.get_by_role("button", name="Clear").click()
        expect(page.locator("#kept")).to_have_text("40 of 200 images kept")
        expect(page.get_by_role("radio", name="All")).to_be_checked()
        expect(page.get_by_role("combobox", name="Folder")).to_have_value("")
        page.get_by_role("combobox", name="Folder").select_option("site_3")
        expect(page.locator("#matching")).to_have_text("20 of 200 images match")

    def test_text_by_keyboard(self, report: Report) -> None:
        """Of any part of the path, in any case; of unreadable images as well."""
        page = report.page
        page.get_by_role("searchbox").focus()
        page.keyboard.type("SITE_2/img_1")
        # IMG_1 and IMG_10 to IMG_19
        expect(page.locator("#matching")).to_have_text("11 of 200 images match")
        expect(report.rows).to_have_count(11)
        titles = [title.get_attribute("title") or "" for title in report.picks.all()]
        assert titles
        assert all("site_2/IMG_1" in title for title in titles)
        expect(page.locator("#failures .range")).to_have_text("none")
        page.evaluate(COUNT_DRAWN)
        page.keyboard.type(" nowhere")
        expect(page.get_by_role("heading", name="No picks")).to_be_visible()
        expect(page.locator("#list .range")).to_have_text("none")
        # Once for what was typed, not for each letter.
        assert page.evaluate("nDrawn") < len(" nowhere")


class TestAddress:
    """The filters stand in the address."""

    def test_a_link_leads_to_what_is_shown(self, browser: Browser, report: Report) -> None:
        """By names, also from a section on; what the page does not have is passed over."""
        page = report.page
        page.get_by_role("combobox", name="Folder").select_option("site_3")
        page.get_by_role("searchbox").fill("IMG_1")
        expect(page.locator("#matching")).to_have_text("11 of 200 images match")
        page.get_by_role("link", name="All images").click()
        page.wait_for_url("**/page.html#camera=*site_3&text=IMG_1")
        other = browser.new_page()
        other.goto(page.url)
        expect(other.locator("#matching")).to_have_text("11 of 200 images match")
        expect(other.get_by_role("combobox", name="Folder")).to_have_value("2")
        address = "#state=kept&camera=nowhere&event=x&lastDay=never&constructor=1&selectedBy=2"
        other.goto(f"{page.url.partition('#')[0]}{address}")
        expect(other.locator("#kept")).to_have_text("40 of 40 images kept")
        expect(other.get_by_role("radio", name="Kept")).to_be_checked()
        other.close()

    def test_back_and_forward(self, report: Report) -> None:
        """Step by step; what is typed is one step, and Clear leaves the page where it is."""
        page = report.page
        matching = page.locator("#matching")
        page.get_by_role("link", name="site_2").click()
        expect(matching).to_have_text("20 of 200 images match")
        page.get_by_role("radio", name="Kept").click()
        expect(matching).not_to_have_text("20 of 200 images match")
        page.get_by_role("button", name="Clear").click()
        expect(matching).to_have_text("")
        assert page.url.endswith("#all")
        assert page.evaluate("scrollY") > 0
        page.go_back()
        expect(page.get_by_role("radio", name="Kept")).to_be_checked()
        page.go_back()
        expect(matching).to_have_text("20 of 200 images match")
        page.go_back()
        expect(matching).to_have_text("")
        page.go_forward()
        expect(matching).to_have_text("20 of 200 images match")


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
    """A tile or a line of the list opens them."""

    def test_a_pick_and_what_it_stands_for(self, report: Report) -> None:
        """Side by side, one after the other, with what differs."""
        selection, page = report.selection, report.page
        row = int(selection.rows[selection.n_represented.argmax()])
        others = np.flatnonzero(selection.representatives == row)
        others = others[others != row]
        looks = measure_distances(
            selection.table.rows[others],
            selection.table.rows[[row] * len(others)],
            selection.table.spec,
        )
        others = others[np.argsort(np.round(looks / 128, 1), kind="stable")]
        report.find_pick(row).click()
        details = report.details
        expect(details.get_by_role("heading", level=2)).to_have_text(self.name(report, row))
        expect(details).to_contain_text(f"Stands for {len(others)} other images")
        expect(details.locator("#own figcaption")).to_have_text("The pick")
        tiles = details.locator(".strip .tile")
        # And the other pick that looks most like it.
        assert tiles.count() == len(others) + 1
        for place in (0, 1):
            expect(tiles.nth(place)).to_have_attribute("aria-pressed", "true")
            expect(details.locator("#other")).to_have_attribute("data-shows", str(others[place]))
            expect(details.locator("#other figcaption")).to_contain_text("levels apart")
            expect(details.locator("#difference")).not_to_be_empty()
            page.keyboard.press("ArrowDown")
        expect(tiles.last).to_have_text("nearest pick")
        tiles.last.click()
        expect(details.locator("#other figcaption")).to_contain_text("Another pick")
        for text in ("64 × 48 pixels", "Rank", "Mean colour", "not known", "Levels count"):
            expect(details).to_contain_text(text)

    def test_an_excluded_image(self, report: Report) -> None:
        """Beside the pick that stands for it; lines that differ are marked."""
        selection = report.selection
        stands_for = selection.representatives
        is_other = ~selection.is_kept & (selection.codes != selection.codes[stands_for])
        row = int(np.flatnonzero(is_other)[0])
        report.rows.nth(row).click()
        expect(report.details.locator("#other")).to_have_attribute("data-shows", str(row))
        pick = selection.representatives[row]
        expect(report.details.locator("#own")).to_have_attribute("data-shows", str(pick))
        expect(report.details.locator("#other figcaption")).to_contain_text("Excluded: ")
        expect(report.details.locator("tr.differs").first).to_contain_text("Bucket")

    def test_what_differs_is_outlined(self, browser: Browser, tmp_path: Path) -> None:
        """A bright square on an otherwise equal picture, and nothing else."""
        pixels = make_pixels(3, 320, 240)
        for number in range(4):
            shown = pixels.copy()
            if number == 2:
                shown[80:140, 160:220] = 255
            cv2.imwrite(str(tmp_path / f"{number}.png"), shown[:, :, ::-1])
        selection = ImageIndex.build(tmp_path, cache=False).sample(1)
        save_report(selection, tmp_path / "page.html")
        for report in open_page(browser, tmp_path / "page.html", selection):
            report.find_pick(selection.rows[0]).click()
            said = {}
            for tile in report.details.locator(".strip .tile").all():
                tile.click()
                expect(report.details.locator("#difference")).not_to_be_empty()
                said[tile.get_attribute("data-row")] = report.details.locator(
                    "#difference"
                ).inner_text()
            share = float(said.pop("2").split(": ")[1].split("%")[0])
            # The square takes 4.7 %.
            assert 3 < share < 9
            assert set(said.values()) == {"Nothing differs that shows at this size."}

    def test_the_original_opens_from_beside_it(self, report: Report) -> None:
        """By a link that holds as long as both lie there."""
        selection = report.selection
        report.find_pick(selection.rows[1]).click()
        link = report.details.get_by_role("link", name="Open the original")
        assert report.details.locator(".facts a").count() == 2
        assert link.evaluate("link => link.href") == Path(selection.paths[1]).as_uri()
        assert (link.get_attribute("href") or "").startswith("../")

    def test_by_keyboard(self, report: Report) -> None:
        """Enter opens, arrow keys, j and k lead on, Escape closes and gives back the focus."""
        page = report.page
        first = report.rows.first.get_by_role("button")
        first.focus()
        page.keyboard.press("Enter")
        heading = report.details.get_by_role("heading", level=2)
        expect(heading).to_have_text("IMG_1.jpg")
        page.keyboard.press("ArrowRight")
        expect(heading).to_have_text("IMG_2.jpg")
        page.keyboard.press("j")
        expect(heading).to_have_text("IMG_3.jpg")
        page.keyboard.press("k")
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("ArrowLeft")
        expect(heading).to_have_text("IMG_1.jpg")
        page.keyboard.press("Escape")
        expect(report.details).to_be_hidden()
        expect(first).to_be_focused()

    def test_the_list_follows_to_the_last_image(self, report: Report) -> None:
        """Onto its next page, where that is on it."""
        page = report.page
        report.rows.nth(49).get_by_role("button").focus()
        page.keyboard.press("Enter")
        page.keyboard.press("j")
        page.keyboard.press("Escape")
        expect(page.locator("#list .range")).to_have_text("51–100 of 200")
        expect(report.rows.first.get_by_role("button")).to_be_focused()

    def test_near_duplicates_are_looked_through(self, browser: Browser, tmp_path: Path) -> None:
        """Group by group, the largest first."""
        paths = write_collection(tmp_path / "photos", 30)
        for number in range(1, 5):
            shutil.copy(paths[0], tmp_path / "photos" / "site_1" / f"IMG_1 ({number}).jpg")
        selection = ImageIndex.build(tmp_path / "photos", cache=False).sample(12)
        save_report(selection, tmp_path / "page.html")
        for report in open_page(browser, tmp_path / "page.html", selection):
            n = len(np.flatnonzero(~selection.is_kept))
            lead = report.page.locator("#near-lead")
            expect(lead).to_contain_text(re.compile(f"^[3-9] of {n} excluded images"))
            line = report.page.locator("#near-list tbody tr").first
            assert line.locator("td .tile").count() >= 3
            line.locator("td .tile").first.click()
            expect(report.details.locator("#other figcaption")).to_contain_text("a near-duplicate")
            assert find_barriers(report.page) == []

    @staticmethod
    def name(report: Report, row: int) -> str:
        """Name the file of an image."""
        return os.path.basename(report.selection.table.paths[row])

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
        expect(report.details).to_contain_text("the file could not be read any more")


class TestCrops:
    """A crop is shown with its box in its photo, and with its label."""

    @pytest.mark.parametrize("size", [LAPTOP, PHONE], ids=["laptop", "phone"])
    def test_the_box_is_drawn_where_it_is(self, crops: Report, size: ViewportSize) -> None:
        """To the pixel, on any screen."""
        crops.page.set_viewport_size(size)
        for row in range(3):
            crops.rows.nth(row).click()
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
        expect(crops.details.get_by_role("heading", level=2)).to_have_text(
            "IMG_0.png, <b>deer</b> 0.50"
        )
        expect(crops.details.locator("#around figcaption")).to_have_text("In IMG_0.png")
        told = crops.details.locator(".facts")
        expect(told).to_contain_text("<b>deer</b>")
        expect(told).to_contain_text("left 0.0%, top 25.0%, width 50.0%, height 50.0%")
        assert find_barriers(crops.page) == []

    def test_labels_are_searched(self, crops: Report) -> None:
        """As paths are."""
        crops.page.get_by_role("searchbox", name="Path or label contains").fill("FOX")
        expect(crops.page.locator("#matching")).to_have_text("4 of 12 crops match")

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
        assert page.evaluate("document.documentElement.scrollWidth") == size["width"]

    def test_dark_and_light(self, report: Report) -> None:
        """As the system has it, until the reader says otherwise."""
        page = report.page
        assert measure_paper(page) > 250
        page.emulate_media(color_scheme="dark")
        assert measure_paper(page) < 40
        page.get_by_role("button", name="Switch to light").click()
        assert measure_paper(page) > 250
        page.get_by_role("button", name="Switch to dark").click()
        assert measure_paper(page) < 40

    def test_print_is_light_and_without_controls(self, report: Report) -> None:
        """Also from a dark screen."""
        page = report.page
        page.get_by_role("button", name="Switch to dark").click()
        page.emulate_media(media="print")
        assert measure_paper(page) > 250
        expect(page.get_by_role("searchbox")).to_be_hidden()
        expect(page.locator("#list")).to_be_hidden()
        expect(report.picks.first).to_be_visible()
        expect(report.picks.last).to_be_visible()
        expect(report.picks).to_have_count(40)
        expect(page.locator("#picks-printed")).to_be_empty()

    def test_many_picks_are_printed_in_part(self, browser: Browser, tmp_path: Path) -> None:
        """As many as the first page has room for, which says so."""
        selection = ImageIndex(make_table(300)).sample(100)
        save_page(selection, tmp_path / "page.html")
        for many in open_page(browser, tmp_path / "page.html", selection):
            expect(many.page.locator("#picks-printed")).to_be_hidden()
            many.page.emulate_media(media="print")
            expect(many.page.locator("#picks-printed")).to_have_text("60 of 100 picks printed.")
            expect(many.page.locator("#pick-grid .tile:visible")).to_have_count(60)

    def test_headings_are_seen_where_one_jumps(self, report: Report) -> None:
        """Below the filters, which stay in sight while they are one row."""
        page, heading = report.page, report.page.locator("#buckets")
        for width, stays in ((LAPTOP["width"], True), (600, False)):
            page.set_viewport_size({"width": width, "height": 700})
            expect(page.locator("#filters.low")).to_have_count(int(stays))
            page.locator("nav").get_by_role("link", name="Buckets").click()
            expect(heading).to_be_in_viewport()
            bar, title = page.locator("#filters").bounding_box(), heading.bounding_box()
            assert bar is not None
            assert title is not None
            assert bar["y"] + bar["height"] <= title["y"]

    def test_the_first_tab_stop_skips_to_the_content(self, report: Report) -> None:
        """For readers who use the keyboard."""
        page = report.page
        page.keyboard.press("Tab")
        expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.get_by_role("main")).to_be_focused()


def measure_paper(page: Page) -> int:
    """Measure how light the page's background is."""
    colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
    return max(map(int, re.findall(r"\d+", colour)[:3]))
