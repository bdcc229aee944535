"""Draw the picture of the README from data_samples/."""

from pathlib import Path
from typing import TYPE_CHECKING

from matplotlib import image

from smartdownsample import ImageIndex, find_images, report
from smartdownsample.records import Picks

if TYPE_CHECKING:
    from matplotlib.figure import Figure

REPOSITORY = Path(__file__).resolve().parents[1]
PICTURES = REPOSITORY / "docs" / "images"
SAMPLES = REPOSITORY / "data_samples"

KEPT_COLOUR = "#1b5fc1"
N_COLUMNS = 8
# Pages show 880 pixels, twice as many on a screen of high density.
WIDTH_INCHES, RESOLUTION = 8.8, 200
EXCLUDED_OPACITY = 0.4


def main() -> None:
    """Draw what is kept of the frames of two cameras."""
    cameras = [SAMPLES / "photos" / name for name in ("site_2_desert", "site_3_savanna")]
    selection = ImageIndex.build(find_images(*cameras), cache=False).sample(10)
    figure = report.make_figure(draw_frames, selection)
    figure.savefig(PICTURES / "frames.jpg", dpi=RESOLUTION, pil_kwargs={"quality": 88})


def draw_frames(figure: "Figure", selection: Picks) -> None:
    """Draw all frames in natural order, the kept ones with a frame, the others faded."""
    n_rows = -(-len(selection.table) // N_COLUMNS)
    figure.set_dpi(RESOLUTION)
    figure.set_size_inches(WIDTH_INCHES, WIDTH_INCHES / N_COLUMNS * n_rows * 3 / 4)
    figure.subplots_adjust(0.004, 0.004, 0.996, 0.996, wspace=0.06, hspace=0.06)
    for row, path in enumerate(selection.table.paths):
        axes = figure.add_subplot(n_rows, N_COLUMNS, row + 1, xticks=[], yticks=[])
        is_kept = selection.is_kept[row]
        axes.imshow(image.imread(path), aspect="auto", alpha=1 if is_kept else EXCLUDED_OPACITY)
        axes.spines[:].set(color=KEPT_COLOUR, linewidth=3, visible=bool(is_kept))


if __name__ == "__main__":
    main()
