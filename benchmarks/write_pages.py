"""Write the figures of all pages from what is kept in results/: tables, README and pictures.

No figure is copied by hand: what stands between the marks of a page is made here.
"""

import argparse
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, get_args

from kept import ROOT, Kind, Record, find_kept, load, save
from pages import agreement, detections, pictures, scale, selection, size, speed, store, words
from pages.markdown import Sections, read_section, replace_section

_SECTIONS: Mapping[Kind, Callable[[Any], Sections]] = {
    "speed": speed.make_sections,
    "agreement": agreement.make_sections,
    "selection": selection.make_sections,
    "picking": selection.make_picking_sections,
    "store": store.make_sections,
    "detections": detections.make_sections,
    "words": words.make_sections,
    "scale": scale.make_sections,
    "size": size.make_sections,
}
_PICTURES: Mapping[Kind, Callable[[Any], Mapping[str, bytes]]] = {
    "speed": pictures.draw_speed,
    "selection": pictures.draw_selection,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Write or check the pages; the exit code is 1 when a page is not what it should be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="only say where a page is not right")
    if parser.parse_args(arguments).check:
        return check_pages()
    write_pages(*get_args(Kind))
    return 0


def finish(kind: Kind, record: Record, options: argparse.Namespace) -> None:
    """Print what a benchmark has measured, and keep it and write its pages when asked to."""
    print(format_record(kind, record))
    if options.json:
        save(options.json, record)
    if options.keep:
        write_pages(kind)


def format_record(kind: Kind, record: Mapping[str, Any]) -> str:
    """Make all tables of a record, each under the name of its section."""
    nested = [each for each in record.values() if isinstance(each, dict)]
    is_smoke = any(each.get("is_smoke") for each in (record, *nested))
    parts = ["A smoke run: the figures mean nothing."] if is_smoke else []
    for (_, name), text in _SECTIONS[kind](record).items():
        parts += [f"## {name.capitalize()}", text]
    return "\n\n".join(parts)


def write_pages(*kinds: Kind) -> None:
    """Write tables and pictures of what is kept into their places."""
    for kind in kinds:
        record = load(find_kept(kind))
        for (document, name), text in _SECTIONS[kind](record).items():
            replace_section(os.path.join(ROOT, document), name, text)
        for name, picture in draw(kind, record).items():
            with open(os.path.join(ROOT, "docs", "images", name), "wb") as file:
                file.write(picture)


def draw(kind: Kind, record: Mapping[str, Any]) -> Mapping[str, bytes]:
    """Draw the pictures of a record, by the names of their files; none of rounded figures."""
    is_drawn = kind in _PICTURES and not record.get("is_rounded")
    return _PICTURES[kind](record) if is_drawn else {}


def check_pages() -> int:
    """Say which sections are not what the kept figures give; the exit code is 1 if there are."""
    differing = [
        f"{document}, section {name}, is not what {os.path.relpath(find_kept(kind), ROOT)} gives."
        for kind, make_sections in _SECTIONS.items()
        for (document, name), text in make_sections(load(find_kept(kind))).items()
        if read_section(os.path.join(ROOT, document), name) != text.strip()
    ]
    for text in differing:
        print(f"{text} Run benchmarks/write_pages.py.")
    return int(bool(differing))


if __name__ == "__main__":
    sys.exit(main())
