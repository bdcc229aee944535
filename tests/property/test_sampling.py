"""What holds for every collection and request, through the public calls."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pictures import write_picture
from smartdownsample import ImageIndex, ImageLoadingWarning

N_GOOD, N_BAD = 24, 6


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Good and bad files in two folders; the bad ones last."""
    folder = tmp_path_factory.mktemp("files")
    good = [write_picture(folder / f"cam_{i % 2}" / f"{i}.jpg", i) for i in range(N_GOOD)]
    bad = [folder / "cam_0" / f"bad_{i}.jpg" for i in range(N_BAD)]
    for i, path in enumerate(bad):
        if i % 3:  # the others are missing
            path.write_bytes(b"\xff\xd8 broken" * (i % 3 - 1))
    return [str(path) for path in good + bad]


@pytest.fixture(scope="module")
def warm_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a store that fills as examples go by."""
    return tmp_path_factory.mktemp("warm")


@pytest.fixture
def cold_store() -> Iterator[str]:
    """Make a place for stores that are empty at the start of each example."""
    folder = tempfile.mkdtemp()
    with pytest.MonkeyPatch.context() as patch:
        # Costs half of the time, and shows only after a power cut.
        patch.setattr(os, "fsync", lambda _descriptor: None)
        yield folder
    shutil.rmtree(folder)


@pytest.mark.filterwarnings("ignore::smartdownsample.ImageLoadingWarning")
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    # Any paths in any order, repeated or not, spelt directly or in a roundabout way.
    places=st.lists(st.tuples(st.integers(0, N_GOOD + N_BAD - 1), st.booleans())),
    target=st.integers(0, N_GOOD + 3),
    seed=st.integers(0, 2**64),
    generator=st.randoms(use_true_random=False),
)
def test_every_selection_is_exact_and_depends_on_nothing_but_the_files(
    files: list[str],
    warm_store: Path,
    cold_store: str,
    places: list[tuple[int, bool]],
    target: int,
    seed: int,
    generator: Random,
) -> None:
    """Unique, a subset, exactly min(N, readable); the same in any order, parallel, cold, warm."""

    def spell(place: int, *, is_roundabout: bool) -> str:
        folder, name = os.path.split(files[place])
        return (
            os.path.join(folder, "..", os.path.basename(folder), name)
            if is_roundabout
            else (files[place])
        )

    paths = [spell(place, is_roundabout=flag) for place, flag in places]
    readable = {place for place, _ in places if place < N_GOOD}

    def select(given_paths: list[str], **options: object) -> list[str]:
        index = ImageIndex.build(given_paths, **options)  # type: ignore[arg-type] # mixed values
        return index.sample(target, random_seed=seed).paths

    chosen = select(paths, cache_dir=warm_store, n_workers=1)
    chosen_files = [os.path.normpath(path) for path in chosen]
    assert len(set(chosen_files)) == len(chosen) == min(target, len(readable))
    assert set(chosen) <= set(paths)
    assert set(chosen_files) <= {files[place] for place in readable}

    shuffled = paths.copy()
    generator.shuffle(shuffled)
    for other in (
        select(shuffled, cache_dir=warm_store),
        select(paths, cache_dir=warm_store, n_workers=4),
        select(paths, cache_dir=tempfile.mkdtemp(dir=cold_store), n_workers=4),
        select(shuffled, cache=False, n_workers=2),
    ):
        assert [os.path.normpath(path) for path in other] == chosen_files


def test_the_number_of_failures_is_the_number_of_bad_files(files: list[str]) -> None:
    """Nothing is lost: each item is either readable or a failure."""
    with pytest.warns(ImageLoadingWarning):
        index = ImageIndex.build(files)
    assert len(index) == N_GOOD
    assert len(index.failures) == N_BAD
