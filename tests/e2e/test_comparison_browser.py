"""Two selections compared, and before and now, on the report page in a real browser."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, Page, ViewportSize, expect

from browser_pages import LAPTOP, NEEDS_BROWSER, PHONE, find_barriers, open_page, start_browser
from feature_tables import make_table
from pictures import write_collection
from smartdownsample import ImageIndex, Selection
from smartdownsample.cli import main
from smartdownsample.page import compare_selections, save_page

pytestmark = NEEDS_BROWSER


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with start_browser() as browser:
        yield browser


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two hundred photos of ten folders, and pages that the command wrote about them."""
    folder = tmp_path_factory.mktemp("compared")
    cache = ["--cache-dir", str(folder / "cache"), "-q"]
    photos = str(folder / "photos")
    write_collection(folder / "photos", 200)
    first, second = str(folder / "first.json"), str(folder / "second.csv")
    for seed, file in (("1", first), ("2", second)):
        assert main(["sample", photos, "-n", "30", "--seed", seed, "-o", file, *cache]) == 0
    pair, growth = str(folder / "pair.html"), str(folder / "growth.html")
    assert main(["report", first, second, pair, "--group-by", "parent", *cache]) == 0
    assert main(["report", photos, "-n", "20", "--keep", first, growth, *cache]) == 0
    return folder


@pytest.fixture
def pair(browser: Browser, folder: Path) -> Iterator[Page]:
    with open_page(browser, folder / "pair.html") as page:
        yield page


@pytest.fixture
def growth(browser: Browser, folder: Path) -> Iterator[Page]:
    with open_page(browser, folder / "growth.html") as page:
        yield page


@pytest.fixture(scope="module")
def selections(folder: Path) -> tuple[Selection, Selection]:
    """Select anew what the files hold."""
    index = ImageIndex.build(folder / "photos", cache_dir=folder / "cache")
    return index.sample(30, random_seed=1), index.sample(30, random_seed=2)


def read_totals(page: Page) -> dict[str, list[str]]:
    """Read the figures of both selections by their names, once they are drawn."""
    expect(page.locator("html")).not_to_have_attribute("data-waiting", "")
    lines = page.locator(".totals tbody tr").all()
    return {line.locator("th").inner_text(): line.locator("td").all_inner_texts() for line in lines}


def button(page: Page, name: str) -> Locator:
    return page.locator(".keys").get_by_role("button", name=name)


class TestPair:
    """Two selections that were saved before."""

    def test_what_both_have_and_what_only_one_has(
        self, pair: Page, selections: tuple[Selection, Selection]
    ) -> None:
        """As numbers, of both and in all."""
        first, second = (set(selection.paths) for selection in selections)
        n_both = len(first & second)
        expect(button(pair, "Only first")).to_have_text(f"Only first {30 - n_both}")
        expect(button(pair, "Both")).to_have_text(f"Both {n_both}")
        totals = read_totals(pair)
        assert totals["Selected"] == ["30", "30"]
        assert totals["In this one alone"] == [str(30 - n_both)] * 2
        assert totals["Folders"] == ["10 of 10", "10 of 10"]
        expect(pair.locator("#kept")).to_have_text(
            f"{60 - n_both} of 200 images in either selection"
        )
        expect(pair.locator(".comparison .lead")).to_contain_text("200 images below")

    def test_what_each_covers(self, pair: Page, selections: tuple[Selection, Selection]) -> None:
        """The share of the images that look like one of it."""
        rows = [selection.rows for selection in selections]
        compared = compare_selections(selections[0].collection, rows, ("a", "b")).comparison
        shares = [f"{100 * share:.0f}%" for share in compared.is_alike.mean(axis=1)]
        assert read_totals(pair)["Images covered"] == shares

    def test_what_the_other_has_nothing_like(
        self, pair: Page, selections: tuple[Selection, Selection]
    ) -> None:
        """Its pictures lead to the details."""
        rows = [selection.rows for selection in selections]
        compared = compare_selections(selections[0].collection, rows, ("a", "b")).comparison
        own = np.flatnonzero(compared.is_selected[0] & ~compared.is_alike[1])
        assert len(own)
        unlike = pair.locator(".unlike").first
        expect(unlike.get_by_role("heading")).to_have_text(
            f"Only first, and unlike all of second: {len(own)}"
        )
        tiles = unlike.locator(".tile")
        assert [int(tile.get_attribute("data-row") or -1) for tile in tiles.all()] == (
            own[:12].tolist()
        )
        tiles.first.click()
        expect(pair.get_by_role("dialog")).to_contain_text("Only in first")

    def test_the_images_of_one_by_mouse(self, pair: Page) -> None:
        """The figures stay those of both, so that one can go on to the other."""
        before = read_totals(pair)
        button(pair, "Only second").click()
        n = button(pair, "Only second").locator("output").inner_text()
        expect(button(pair, "Only second")).to_have_attribute("aria-pressed", "true")
        expect(pair.locator("#picks")).to_have_text(f"{n} picks")
        expect(pair.locator("#list tbody tr td .state").first).to_have_text("Only in second")
        expect(pair.locator("#filters [name=selectedBy]")).to_have_value("2")
        assert read_totals(pair) == before
        button(pair, "Only second").click()
        expect(pair.locator("#matching")).to_be_empty()

    def test_the_images_of_neither_by_the_form(self, pair: Page) -> None:
        """Which no button shows."""
        pair.locator("#filters [name=selectedBy]").select_option("In neither")
        expect(pair.locator("#picks")).to_have_text("No picks")
        expect(pair.locator("#list tbody tr td .state").first).to_have_text("In neither")
        pair.get_by_role("button", name="Clear").click()
        expect(pair.locator("#matching")).to_be_empty()

    def test_side_by_side_by_keyboard(
        self, pair: Page, selections: tuple[Selection, Selection]
    ) -> None:
        """For each camera, bucket and group; a name shows what is in it."""
        lines = pair.locator(".lines tbody tr")
        expect(lines).to_have_count(10)
        pair.get_by_role("radio", name="Folder").focus()
        pair.keyboard.press("ArrowRight")
        expect(lines).to_have_count(len(selections[0].buckets))
        pair.keyboard.press("ArrowRight")
        expect(lines).to_have_count(10)
        name = lines.first.get_by_role("button")
        folder = name.inner_text()
        n_images = lines.first.locator("td.spare").inner_text()
        name.focus()
        pair.keyboard.press("Enter")
        expect(lines).to_have_count(1)
        expect(pair.locator("#matching")).to_have_text(f"{n_images} of 200 images match")
        expect(pair.locator("#filters [name=group]")).to_have_value("0")
        assert folder.startswith("site_")

    def test_other_filters_change_the_figures(self, pair: Page) -> None:
        """As they do on the whole page."""
        pair.get_by_role("searchbox").fill("site_1/")
        expect(pair.locator("#matching")).to_have_text("20 of 200 images match")
        assert read_totals(pair)["Folders"] == ["1 of 1", "1 of 1"]
        pair.get_by_role("searchbox").fill("nothing like it")
        expect(pair.locator("#matching")).to_have_text("0 of 200 images match")
        assert read_totals(pair)["Images covered"] == ["–", "–"]


class TestGrowth:
    """A selection that was made with one from before."""

    def test_what_was_there_and_what_is_new(self, growth: Page) -> None:
        """And what is covered before and now."""
        expect(button(growth, "Before")).to_have_text("Before 30")
        expect(button(growth, "New")).to_have_text("New 20")
        totals = read_totals(growth)
        assert totals["Selected"] == ["30", "50"]
        before, now = (int(share.rstrip("%")) for share in totals["Images covered"])
        assert before < now
        assert "In this one alone" not in totals

    def test_a_line_for_each_camera(self, growth: Page) -> None:
        """Whose numbers add up."""
        counts = [
            [int(cell) for cell in line.locator("td.number").all_inner_texts()[:2]]
            for line in growth.locator(".lines tbody tr").all()
        ]
        assert np.sum(counts, axis=0).tolist() == [30, 20]

    def test_what_is_new_is_shown(self, growth: Page) -> None:
        """And stays so when other filters change."""
        button(growth, "New").click()
        expect(growth.locator("#matching")).to_have_text("20 of 200 images match")
        growth.get_by_role("searchbox").fill("site_1/")
        expect(button(growth, "New")).to_have_attribute("aria-pressed", "true")


@pytest.mark.parametrize("kind", ["pair", "growth"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [LAPTOP, PHONE], ids=["laptop", "phone"])
def test_there_is_no_barrier(
    browser: Browser, folder: Path, kind: str, scheme: str, size: ViewportSize
) -> None:
    """Nor is anything wider than the screen."""
    with open_page(browser, folder / f"{kind}.html") as page:
        page.set_viewport_size(size)
        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        assert page.evaluate("document.documentElement.scrollWidth") == size["width"]
        assert find_barriers(page) == []


def test_on_paper_both_stand_side_by_side(pair: Page) -> None:
    """With the choices that were made, and none of those that nobody can make there."""
    pair.emulate_media(media="print")
    expect(pair.locator(".totals")).to_be_visible()
    expect(pair.locator(".lines")).to_be_visible()
    expect(pair.locator(".facets").get_by_text("Folder")).to_be_visible()
    expect(pair.locator(".facets").get_by_text("Bucket")).to_be_hidden()


def test_two_large_selections_of_a_hundred_thousand_images(
    browser: Browser, tmp_path: Path
) -> None:
    """The page is small enough for mail, and tells events apart."""
    index = ImageIndex(make_table(100_000, burst=5))
    rows = [np.arange(0, 100_000, 100), np.arange(0, 100_000, 150)]
    save_page(compare_selections(index.collection, rows, ("a", "b")), tmp_path / "page.html")
    assert (tmp_path / "page.html").stat().st_size < 15_000_000
    with open_page(browser, tmp_path / "page.html") as page:
        totals = read_totals(page)
        assert totals["Selected"] == ["1,000", "667"]
        assert totals["Events covered"] == ["5%, 1,000 of 20,000", "3%, 667 of 20,000"]
        assert totals["Images covered"] == ["5%", "3%"]


def test_long_names_of_selections_stay_within_a_small_screen(
    browser: Browser, tmp_path: Path
) -> None:
    """They are names of files, which need have no place where a line may end."""
    write_collection(tmp_path / "photos", 12)
    picked = ImageIndex.build(tmp_path / "photos", cache=False).sample(4)
    names = f"<img src=x onerror=alert(1)>{'W' * 90}", "V" * 120
    compared = compare_selections(picked.collection, [picked.rows[:3], picked.rows[1:]], names)
    save_page(compared, tmp_path / "long.html")
    with open_page(browser, tmp_path / "long.html") as page:
        page.set_viewport_size(PHONE)
        assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
        expect(page.locator(".comparison .lead b").first).to_have_text(names[0])
