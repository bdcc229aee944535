"""The parts that the report page is made of: templates, styles and scripts of its sections."""

# The order of the styles and of the scripts. Scripts share one scope: a part may use what stands in
# those before it, and anywhere in functions that are called later.
_PARTS = (
    "frame",
    "theme",
    "lists",
    "tiles",
    "filters",
    "address",
    "summary",
    "comparison",
    "picks",
    "periods",
    "timeline",
    "camera_table",
    "looks",
    "near_duplicates",
    "buckets",
    "coverage",
    "images",
    "unreadable",
    "settings",
    "details",
    "differences",
    "narrow",
    "print",
    "start",
)


def read_part(name: str) -> str | None:
    """Read a file of the folder of parts; None where there is none of that name."""
    from importlib import resources  # on first need: most runs save no page

    source = resources.files(__package__) / "parts" / name
    return source.read_text(encoding="utf-8") if source.is_file() else None


def join_parts(extension: str) -> str:
    """Join the parts of one kind, ``css`` or ``js``; sections without one are passed over."""
    texts = (read_part(f"{name}.{extension}") for name in _PARTS)
    return "\n".join(filter(None, texts))
