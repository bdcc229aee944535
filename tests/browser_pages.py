"""Report pages, opened in a real browser."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

# Debian's name first; no browser is ever downloaded.
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
# Of every module whose tests open a browser.
NEEDS_BROWSER = [
    pytest.mark.long,
    pytest.mark.skipif(
        CHROMIUM is None, reason="Chromium is not installed; 'make browser' does it"
    ),
]
TIMEOUT_MS = 10_000
LAPTOP: ViewportSize = {"width": 1280, "height": 800}
PHONE: ViewportSize = {"width": 360, "height": 740}


@contextmanager
def start_browser() -> Iterator[Browser]:
    """Start a browser, and end it."""
    with sync_playwright() as playwright:
        # Chromium's sandbox refuses to work for root, as whom containers run.
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield browser
        browser.close()


@contextmanager
def open_page(browser: Browser, path: Path, viewport: ViewportSize = LAPTOP) -> Iterator[Page]:
    """Open a page; nothing may go wrong in it, and it may fetch nothing."""
    page = browser.new_page(viewport=viewport, color_scheme="light")
    page.set_default_timeout(TIMEOUT_MS)
    troubles: list[str] = []
    page.on("console", lambda message: troubles.append(message.text))
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("request", lambda request: troubles.append(request.url))
    page.goto(path.as_uri())
    page.locator("html[data-ready]:not([data-waiting])").wait_for()
    yield page
    page.close()
    assert [each for each in troubles if not each.startswith("data:")] == [path.as_uri()]


def find_barriers(page: Page) -> list[str]:
    """Name the faults that keep people out."""
    violations = Axe().run(page).response["violations"]
    return [
        f"{violation['id']}: {node['html'][:200]}"
        for violation in violations
        if violation["impact"] in {"serious", "critical"}
        for node in violation["nodes"]
    ]
