"""``--dry-run``: what there is to do, told before it is done."""

import argparse

from ..display import count_noun

# Folders that are listed.
_MAX_FOLDERS = 20


def forecast(options: argparse.Namespace) -> int:
    """Tell what there is to do."""
    import dataclasses

    from ..gathering import forecast_work
    from .inputs import choose_reading, name_all
    from .printing import print_json, tell

    images, _ = name_all(options)
    work = forecast_work(images.list_items(), choose_reading(options))
    if options.json:
        print_json(dataclasses.asdict(work))
        return 0
    tell(
        f"{count_noun(work.n_images, 'image')}: {work.n_known:,} known from earlier runs, "
        f"{work.n_unreadable:,} missing or unreadable, {work.n_to_decode:,} to decode"
    )
    if work.n_to_decode:
        most = "at most" if options.decode == "preview" else "about"
        here = "on this machine alone " if options.engine else ""
        tell(
            f"Decoding {here}takes {most} {work.seconds:,.0f} s, going by {work.n_measured:,} "
            "of them, from:"
        )
    folders = sorted(work.folders.items(), key=lambda folder: -folder[1])
    for folder, count in folders[:_MAX_FOLDERS]:
        tell(f"{count:9,}  {folder}")
    if len(folders) > _MAX_FOLDERS:
        tell(f"           and {count_noun(len(folders) - _MAX_FOLDERS, 'more folder')}")
    return 0
