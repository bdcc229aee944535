"""Links from the report page to the photos beside it."""

import os
from collections.abc import Mapping
from urllib.parse import quote

from ..checks import is_url


def link_folders(shown_of: Mapping[str, str], page_path: str) -> dict[str, str]:
    """Find how folders are reached from the page, as the beginnings of relative links.

    `shown_of` has what each folder is called on the page. A folder has a link only if the link
    tells no name of a folder that the page does not show anyway: where the page lies beside the
    photos, above or below them. Links hold as long as they lie there.
    """
    start = os.path.dirname(os.path.abspath(page_path))
    links = {}
    for folder, shown in shown_of.items():
        if is_url(folder) or not shown.isprintable():
            continue
        try:
            way = os.path.relpath(os.path.abspath(folder), start)
        except ValueError:  # another drive
            continue
        parts = way.split(os.sep)
        names = [part for part in parts if part not in {os.curdir, os.pardir}]
        if {*names} <= {*shown.split("/")}:
            links[folder] = "".join(f"{quote(part)}/" for part in parts)
    return links
