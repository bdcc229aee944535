"""Saving and showing what is drawn; the only place that chooses how."""

import importlib.util
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from ..errors import InvalidParameterError, MissingExtraError
from ..model import Selection
from ..paths import PathLike

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Draw: TypeAlias = "Callable[[Figure, Selection], None]"


def check_drawing(*paths: PathLike) -> None:
    """Make sure that figures can be drawn and saved, before there is anything to draw.

    Parameters
    ----------
    *paths : path
        Where figures are to be saved.

    Raises
    ------
    MissingExtraError
        When matplotlib is not installed.
    InvalidParameterError
        When a path's extension names no format that can be written.
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


def make_figure(draw: Draw, selection: Selection) -> "Figure":
    """Draw a selection.

    Parameters
    ----------
    draw : callable
        `draw_distribution` or `draw_thumbnails`.
    selection : Selection
        What to draw.

    Returns
    -------
    matplotlib.figure.Figure
        Of its own, without pyplot: no window system and no global state.

    Raises
    ------
    MissingExtraError
        When matplotlib is not installed.
    """
    check_drawing()
    from matplotlib.figure import Figure

    figure = Figure()
    draw(figure, selection)
    return figure


def save_figure(draw: Draw, selection: Selection, path: PathLike) -> None:
    """Draw a selection into a file.

    Parameters
    ----------
    draw : callable
        `draw_distribution` or `draw_thumbnails`.
    selection : Selection
        What to draw.
    path : path
        The extension decides the format: .png, .pdf, .svg. Missing folders are made.

    Raises
    ------
    MissingExtraError
        When matplotlib is not installed.
    """
    check_drawing(path)
    figure = make_figure(draw, selection)
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)


def show_figure(draw: Draw, selection: Selection) -> None:
    """Draw a selection in a window or notebook.

    Parameters
    ----------
    draw : callable
        `draw_distribution` or `draw_thumbnails`.
    selection : Selection
        What to draw.

    Raises
    ------
    MissingExtraError
        When matplotlib is not installed.
    """
    check_drawing()
    from matplotlib import pyplot as plt

    draw(plt.figure(), selection)
    plt.show()
