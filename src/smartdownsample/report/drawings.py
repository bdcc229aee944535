"""Drawings of a selection, made with matplotlib, saved to files or shown."""

import importlib.util
import io
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from ..atomic_files import check_target, write_file
from ..collection import Picks
from ..errors import InvalidParameterError, MissingExtraError
from ..options import PathLike

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# `draw_distribution`, `draw_thumbnails`.
Draw: TypeAlias = "Callable[[Figure, Picks], None]"


def check_drawing(*paths: PathLike) -> None:
    """Make sure that drawings can be made and saved to paths, before there is anything to draw.

    Raises MissingExtraError without matplotlib, and InvalidParameterError when the extension of a
    path names no format that matplotlib writes.
    """
    if importlib.util.find_spec("matplotlib") is None:
        msg = (
            "Charts and thumbnail grids need matplotlib, which is not installed. "
            "Install it with: pip install 'smartdownsample[viz]'"
        )
        raise MissingExtraError(msg)
    from matplotlib.backend_bases import FigureCanvasBase

    formats = FigureCanvasBase.get_supported_filetypes()
    for path in paths:
        try:
            name = os.fspath(path)
        except TypeError:
            msg = f"A figure must be saved to a path. Got {path!r} instead."
            raise InvalidParameterError(msg) from None
        extension = os.path.splitext(name)[1].lower().removeprefix(".")
        if extension not in formats:
            msg = (
                f"A figure cannot be saved as {name!r}: the extension must be one of "
                f"{', '.join(sorted(formats))}; .png suits most uses."
            )
            raise InvalidParameterError(msg)
        check_target(name)


def make_figure(draw: Draw, selection: Picks) -> "Figure":
    """Draw a selection into a figure of its own, without pyplot: no window and no global state."""
    check_drawing()
    from matplotlib.figure import Figure

    figure = Figure()
    draw(figure, selection)
    return figure


def save_figure(draw: Draw, selection: Picks, path: PathLike) -> None:
    """Draw a selection into a file, whose extension decides the format: .png, .pdf, .svg."""
    check_drawing(path)
    figure = make_figure(draw, selection)
    name = os.fspath(path)
    drawn = io.BytesIO()
    figure.savefig(drawn, format=os.path.splitext(name)[1].removeprefix("."))
    write_file(name, drawn.getvalue())


def show_figure(draw: Draw, selection: Picks) -> None:
    """Draw a selection in a window or notebook, whichever pyplot uses."""
    check_drawing()
    from matplotlib import pyplot as plt

    draw(plt.figure(), selection)
    plt.show()
