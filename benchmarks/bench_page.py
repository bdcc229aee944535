"""Time the report page of a large collection: making it, opening it, and filtering it.

Features are made up; the images that are shown are copies of real ones.
"""

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import numpy as np
from playwright.sync_api import Browser, sync_playwright

from measuring import describe_machine
from smartdownsample import FeatureTable, ImageIndex, Selection, find_images
from smartdownsample.features.spec import make_spec
from smartdownsample.report import save_report
from smartdownsample.report.page_thumbnails import choose_shown

_SPEC = make_spec(8, "fast")
_FRAMES_PER_CAMERA = 5_000
_FRAMES_PER_SCENE = 5
_FRAME_S = 600
# Keys typed into the search field; the last leaves a hundredth of all images.
_SEARCH = "00123"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark and print its figures.

    Parameters
    ----------
    arguments : sequence of str, optional
        Of the command line.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("photos", help="folder of images to show")
    add("--images", type=int, default=100_000, help="items of the collection (100,000)")
    add("--kept", type=int, default=10_000, help="how many of them are selected (10,000)")
    add("--rounds", type=int, default=5, help="how often the page is opened (5)")
    options = parser.parse_args(arguments)
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.exit("Chromium is not installed; 'make browser' does it.")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        selection = make_selection(options.images, options.kept, folder)
        copy_photos(selection, find_images(options.photos))
        page = Path(folder) / "page.html"
        start = time.perf_counter()
        save_report(selection, page)
        saved_s = time.perf_counter() - start
        print(describe_machine())
        print(f"{options.images:,} images, {options.kept:,} kept")
        print(f"made in {saved_s:.1f} s, {page.stat().st_size / 1e6:.1f} MB")
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox"] if os.geteuid() == 0 else []
        )
        times = [open_page(browser, page.as_uri()) for _ in range(options.rounds)]
        opened_s, typed_s = (median(column) for column in zip(*times, strict=True))
        print(
            f"ready to use after {opened_s:.2f} s, a key in the search field takes {typed_s:.2f} s"
        )
        browser.close()


def make_selection(n: int, n_kept: int, folder: str) -> Selection:
    """Select from made-up features of images that are not there."""
    rng = np.random.default_rng(42)
    rows = np.zeros(n, dtype=_SPEC.row_dtype)
    scenes = np.arange(n) // _FRAMES_PER_SCENE
    for name, high in (("dhash", 256), ("ahash", 256), ("lab_layout", 256), ("mean_rgb", 256)):
        of_scene = rng.integers(0, high, (n // _FRAMES_PER_SCENE + 1, *rows.dtype[name].shape))
        rows[name] = of_scene[scenes]
    rows["mean_rgb"] += rng.random((n, 3), dtype=np.float32)
    rows["width"], rows["height"] = 4000, 3000
    seconds = np.arange(n) * _FRAME_S + rng.integers(0, _FRAME_S, n)
    rows["captured"] = np.datetime64("2024-01-01", "ms") + seconds * np.timedelta64(1000, "ms")
    paths = [
        os.path.join(folder, f"camera_{i // _FRAMES_PER_CAMERA:02d}", f"IMG_{i:07d}.JPG")
        for i in range(n)
    ]
    table = FeatureTable(_SPEC, paths, np.arange(n), rows, (), n, 0, n)
    return ImageIndex(table).sample(n_kept, groups="parent")


def copy_photos(selection: Selection, photos: Sequence[str]) -> None:
    """Put real images where the page looks for those that it shows."""
    shown = [row for some in choose_shown(selection) for row in (*some.kept, *some.excluded)]
    for place, row in enumerate(shown):
        path = selection.table.paths[row]
        os.makedirs(os.path.dirname(path), exist_ok=True)
        shutil.copyfile(photos[place % len(photos)], path)


def open_page(browser: Browser, address: str) -> tuple[float, float]:
    """Measure the seconds until a page can be used, and those that a key then takes."""
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    start = time.perf_counter()
    page.goto(address, wait_until="commit")
    page.locator("html[data-ready]").wait_for()
    opened_s = time.perf_counter() - start
    page.get_by_role("searchbox").focus()
    start = time.perf_counter()
    page.keyboard.type(_SEARCH)
    # Answered only once all keys were.
    page.evaluate("new Promise(requestAnimationFrame)")
    typed_s = (time.perf_counter() - start) / len(_SEARCH)
    page.close()
    return opened_s, typed_s


if __name__ == "__main__":
    main()
