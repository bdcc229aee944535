"""Tests of smartdownsample.page.links."""

from pathlib import Path

import pytest

from pictures import write_collection
from report_pages import save
from smartdownsample import ImageIndex
from smartdownsample.page.links import link_folders


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ("/data/photos/page.html", "./"),
        ("/data/page.html", "photos/"),
        ("/data/reports/page.html", "../photos/"),
        ("/data/photos/cam/day/page.html", "../../"),
    ],
    ids=["among", "above", "beside", "below"],
)
def test_a_page_near_the_photos_links_to_them(page: str, expected: str) -> None:
    """By names that are shown anyway."""
    assert link_folders({"/data/photos": "photos/"}, page) == {"/data/photos": expected}


@pytest.mark.parametrize("page", ["/page.html", "/other/page.html"])
def test_a_page_elsewhere_does_not(page: str) -> None:
    """The link would tell where the photos lie."""
    assert link_folders({"/data/photos": "photos/"}, page) == {}


def test_names_are_spelt_as_addresses() -> None:
    """Whatever is in them; what cannot be shown has no link."""
    folders = {"/data/a b#?%": "a b#?%/", "/data/\udce9": "\\udce9/", "https://a/b": "https://a/b"}
    assert link_folders(folders, "/data/page.html") == {"/data/a b#?%": "a%20b%23%3F%25/"}


def test_links_of_a_page_lead_to_the_photos(tmp_path: Path) -> None:
    """From the folder of the page on."""
    paths = write_collection(tmp_path / "photos", 25)
    selection = ImageIndex.build(tmp_path / "photos", cache=False).sample(3)
    items = save(tmp_path / "page.html", selection).items
    found = {
        (tmp_path / items["links"][folder] / name).resolve()
        for folder, name in zip(items["folder"], items["name"], strict=True)
    }
    assert found == {Path(path).resolve() for path in paths}
