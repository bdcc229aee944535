"""Drawings of a selection, made with matplotlib, saved to files or shown."""

import importlib.util
import io
import os
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, TypeAlias

from ..errors import InvalidParameterError, MissingExtraError
from ..items import to_text
from ..options import PathLike
from ..records import Picks
from ..writing import OutputKind, check_output, write_output

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# `draw_distribution`, `draw_thumbnails`.
Draw: TypeAlias = "Callable[[Figure, Picks], None]"
# What the metadata of a figure name as its maker.
_CREATOR = "Made by smartdownsample"


def _is_figure(path: str, head: bytes) -> bool:
    if head.startswith(b"%PDF"):  # where metadata stands at the end
        with open(path, "rb") as file:
            head = file.read()
    return _CREATOR.encode() in head


# The formats whose files say who made them.
FIGURE = OutputKind("a figure", (".png", ".pdf", ".svg"), _is_figure)


def check_drawing(*paths: PathLike, inputs: Iterable[str] = ()) -> None:
    """Make sure that drawings can be made and saved to paths, before there is anything to draw.

    Raises MissingExtraError without matplotlib, InvalidParameterError where its settings keep it
    from being loaded, and what `check_output` raises; `inputs` are the images that are read.
    """
    if importlib.util.find_spec("matplotlib") is None:
        msg = (
            "Charts and thumbnail grids need matplotlib, which is not installed. "
            "Install it with: pip install 'smartdownsample[viz]'"
        )
        raise MissingExtraError(msg)
    try:
        import matplotlib as mpl  # noqa: F401 - it reads its settings then
    except ValueError as error:
        backend = os.environ.get("MPLBACKEND")
        msg = (
            f"Charts and thumbnail grids need matplotlib, which does not accept its settings "
            f"({error}). Correct or unset the environment variable MPLBACKEND (now {backend!r})."
        )
        raise InvalidParameterError(msg) from error
    for path in paths:
        check_output(to_text(path, "The path of a figure"), FIGURE, inputs)


def make_figure(draw: Draw, selection: Picks) -> "Figure":
    """Draw a selection into a figure of its own, without pyplot: no window and no global state."""
    check_drawing()
    from .shown_figure import ShownFigure  # it loads matplotlib

    figure = ShownFigure()
    draw(figure, selection)
    return figure


def save_figure(draw: Draw, selection: Picks, path: PathLike) -> None:
    """Draw a selection into a file, whose extension decides the format: .png, .pdf, .svg."""
    check_drawing(path, inputs=selection.inputs)
    figure = make_figure(draw, selection)
    name = to_text(path, "The path of a figure")
    drawn, kind = io.BytesIO(), os.path.splitext(name)[1].lower().removeprefix(".")
    metadata = {"Software" if kind == "png" else "Creator": _CREATOR}
    figure.savefig(drawn, format=kind, metadata=metadata)
    write_output(name, drawn.getvalue(), FIGURE, selection.inputs)


def show_figure(draw: Draw, selection: Picks) -> None:
    """Draw a selection in a window or notebook, whichever pyplot uses."""
    check_drawing()
    from matplotlib import pyplot as plt

    draw(plt.figure(), selection)
    plt.show()
