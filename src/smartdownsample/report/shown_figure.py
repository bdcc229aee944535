"""A figure that notebooks show by itself."""

import io

from matplotlib.figure import Figure

# Pixels of an inch, which notebooks show as they are.
_RESOLUTION = 100


class ShownFigure(Figure):
    """A figure of no backend, which a notebook shows without any of its magic commands."""

    def _repr_png_(self) -> bytes:
        """Draw it as notebooks ask for it."""
        drawn = io.BytesIO()
        self.savefig(drawn, format="png", dpi=_RESOLUTION)
        return drawn.getvalue()
