"""Draw the pictures of the README from data_samples/."""

from functools import partial
from pathlib import Path

from smartdownsample import ImageIndex, find_images, report

REPOSITORY = Path(__file__).resolve().parents[1]
PICTURES = REPOSITORY / "docs" / "images"


def main() -> None:
    """Draw the thumbnail grids and the chart of one selection."""
    samples = REPOSITORY / "data_samples"
    paths = find_images(samples / "photos", samples / "crops")
    selection = ImageIndex.build(paths, cache=False).sample(60)
    draw_grids = partial(report.draw_thumbnails, n_rows=4)
    report.save_figure(draw_grids, selection, PICTURES / "thumbnails.jpg")
    report.save_figure(report.draw_distribution, selection, PICTURES / "distribution.png")


if __name__ == "__main__":
    main()
