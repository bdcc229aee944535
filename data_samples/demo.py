"""Sample the collection in this folder, twice, and draw what was kept into demo/."""

import time
import warnings
from pathlib import Path

from smartdownsample import ImageLoadingWarning, find_images, sample_diverse

HERE = Path(__file__).resolve().parent
OUTPUT = HERE.parent / "demo"


def main() -> None:
    """Run the main job cold and warm, and say where to look."""
    paths = find_images(HERE / "photos", HERE / "crops", HERE / "broken")
    cache_dir = OUTPUT / f"store-{time.time_ns()}"  # new, so that the first run is a first run
    print(f"Selecting 60 of the {len(paths)} images in {HERE.name}/ …\n")
    with warnings.catch_warnings():
        # The summary says it as well.
        warnings.simplefilter("ignore", ImageLoadingWarning)
        start = time.perf_counter()
        sample_diverse(
            paths,
            60,
            cache_dir=cache_dir,
            save_distribution=OUTPUT / "distribution.png",
            save_thumbnails=OUTPUT / "thumbnails.png",
        )
        cold = time.perf_counter() - start
        start = time.perf_counter()
        again = sample_diverse(paths, 25, random_seed=7, show_summary=False, cache_dir=cache_dir)
        warm = time.perf_counter() - start
    print(f"\nAnother {len(again)} with another seed, decoding nothing: {warm * 1000:.0f} ms.")
    print(f"(The first run, with its pictures, took {cold:.1f} s.)")
    print("\nLook at:")
    for name in ("thumbnails.png", "distribution.png"):
        print(f"  {(OUTPUT / name).relative_to(HERE.parent)}")


if __name__ == "__main__":
    main()
