"""Report pages, taken apart, for tests of what is on them."""

import base64
import json
import zlib
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from smartdownsample import Selection
from smartdownsample.page import save_page

_VOID = frozenset(("br", "img", "input", "link", "meta"))


class Page(HTMLParser):
    """A page taken apart; fails on elements that are not closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.raw: dict[str, list[str]] = {"script": [], "style": []}
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element and that it is open."""
        self.elements.append((tag, dict(attrs)))
        if tag not in _VOID:
            self._open.append(tag)
            if tag in self.raw:
                self.raw[tag].append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element of a drawing that closes itself."""
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        """Close the element that was opened last."""
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Note what people read, and what they do not."""
        if self._open and self._open[-1] in self.raw:
            self.raw[self._open[-1]][-1] += data
        elif data.strip():
            self.texts.append(" ".join(data.split()))

    def find_all(self, class_name: str) -> list[dict[str, str | None]]:
        """Find the attributes of all elements of a class."""
        return [
            attributes
            for _, attributes in self.elements
            if class_name in (attributes.get("class") or "").split()
        ]

    @property
    def thumbnails(self) -> dict[str, bytes]:
        """The JPEGs of images, by row, and of the photos of crops, by ``p`` and number."""
        lines = self.raw["script"][1].split("\n")
        pairs = (line.split(" ") for line in lines if line)
        return {name: base64.b64decode(data) for name, data in pairs}

    @property
    def items(self) -> dict[str, Any]:
        """What the page's script knows of all images."""
        unpacked: dict[str, Any] = json.loads(
            zlib.decompress(base64.b64decode(self.raw["script"][0]))
        )
        return unpacked


def save(path: Path, selection: Selection, **parts: Any) -> Page:
    """Save a page and read it."""
    save_page(selection, path, **parts)
    return Page(path.read_text("utf-8"))
