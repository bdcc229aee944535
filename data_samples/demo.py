"""Sample the collection in this folder, twice, and draw what was kept into demo/."""

import tempfile
import time
import warnings
from pathlib import Path

from smartdownsample import ImageLoadingWarning, find_images, sample_diverse

HERE = Path(__file__).resolve().parent
OUTPUT = HERE.parent / "demo"


def main() -> None:
    """Run the main job cold and warm, and say where to look."""
    paths = find_images(HERE / "photos", HERE / "crops", HERE / "broken")
    print(f"Selecting 60 of the {len(paths)} images in {HERE.name}/ …\n")
    # The summary lists what could not be loaded; the demo need not warn of it as well.
    warnings.simplefilter("ignore", ImageLoadingWarning)
    # A new store each time, so that the first run is a first run.
    with tempfile.TemporaryDirectory() as cache_dir:
        start = time.perf_counter()
        sample_diverse(paths, 60, cache_dir=cache_dir)
        cold = time.perf_counter() - start
        start = time.perf_counter()
        other = sample_diverse(paths, 25, random_seed=7, cache_dir=cache_dir, show_summary=False)
        warm = time.perf_counter() - start
        print(f"\nFirst run, decoding every image: {cold:.2f} s.")
        print(f"Second run, {len(other)} with another seed, decoding none: {warm:.2f} s.")
        print("\nDrawing …")
        sample_diverse(
            paths,
            60,
            cache_dir=cache_dir,
            show_summary=False,
            save_distribution=OUTPUT / "distribution.png",
            save_thumbnails=OUTPUT / "thumbnails.png",
        )
    print(f"Look at {OUTPUT.name}/thumbnails.png and {OUTPUT.name}/distribution.png.")


if __name__ == "__main__":
    main()
