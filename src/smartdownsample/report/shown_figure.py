"""A figure that notebooks show by itself."""

import io

from matplotlib.figure import Figure

# Pixels of an inch, which notebooks show as they are.
_RESOLUTION = 100
# Wider figures are shown smaller, and so are those of more pixels, which notebooks would store.
_MAX_WIDTH = 1_600
_MAX_PIXELS = 4_000_000


class ShownFigure(Figure):
    """A figure of no backend, which a notebook shows without any of its magic commands."""

    def _repr_png_(self) -> bytes:
        """Draw it as notebooks ask for it; its own method saves it in full size."""
        width, height = self.get_size_inches()
        fitting = min(_MAX_WIDTH / width, (_MAX_PIXELS / (width * height)) ** 0.5)
        drawn = io.BytesIO()
        self.savefig(drawn, format="png", dpi=min(_RESOLUTION, fitting))
        return drawn.getvalue()
