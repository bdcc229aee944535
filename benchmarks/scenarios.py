"""Collections of images, and what is asked of them: which samplers, how many picks, how often."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

import runs

Kind = Literal["photos", "originals", "png", "archive", "crops", "mixed", "many"]


@dataclass(frozen=True)
class Collection:
    """Files to sample from."""

    name: str
    title: str  # what the images are
    kind: Kind  # how they are made, see `collection_files`
    n_images: int
    repeats: "Collection | None" = None  # whose files these are under new names
    random_seed: int = 42


@dataclass(frozen=True)
class Scenario:
    """A collection and what is asked of it."""

    name: str
    collection: Collection
    target_count: int
    rounds: Mapping[str, int]  # how often each run is measured
    compares_seeds: bool = False  # whether the picks of two seeds are compared
    random_seed: int = 42

    @property
    def title(self) -> str:
        """What is asked."""
        return f"{self.target_count:,} of {self.collection.n_images:,} {self.collection.title}"


class _Sizes(NamedTuple):
    """How a collection's files are made, how many there are, and how many are asked for."""

    kind: Kind
    title: str
    n_images: int
    target_count: int
    n_smoke: int
    repeats: str = ""


_COLLECTIONS = {
    "few": _Sizes("crops", "crops of 320×240", 1000, 100, 20),
    "photos": _Sizes("photos", "full-size photos", 1000, 100, 6),
    "originals": _Sizes("originals", "originals with an EXIF thumbnail", 1000, 100, 4),
    "png": _Sizes("png", "PNG files", 1000, 100, 4),
    "mixed": _Sizes("mixed", "crops of mixed sizes", 8000, 1000, 24),
    "crops": _Sizes("crops", "crops of 320×240", 24_000, 1000, 24),
    "many": _Sizes("many", "crops of 320×240", 100_000, 1000, 120, repeats="crops"),
    "archive": _Sizes("archive", "photos of 1,024 pixels", 100_000, 1000, 6),
}
_N_SMOKE_PICKS = 2
# Those that differ from others in a number or an option only.
LEFT_OUT_OF_SMOKE = {runs.OTHER_COUNT, runs.EXACT, runs.AGAIN_ORDER, runs.AGAIN_VISUAL}
LEFT_OUT_OF_SMOKE |= {runs.FLOOR_DECODE_8, runs.FLOOR_DECODE_ONE_CORE}

# How often each is measured; what takes minutes, once.
_PEERS = {runs.IMAGEHASH: 1, runs.IMAGEDEDUP: 1, runs.RANDOM: 3}
# Many times slower than all others: not of tens of thousands.
_SLOW_PEERS = {runs.FASTDUP: 1}
_COLD_FLOORS = {runs.FLOOR_READ: 3, runs.FLOOR_DECODE: 3}
_ALL_FLOORS = {**_COLD_FLOORS, runs.FLOOR_KNOWN: 3}
_TWICE = {runs.COLD: 3, runs.WARM: 3}
_STATES = {**_TWICE, runs.OTHER_COUNT: 3, runs.OTHER_SEED: 3, runs.SOME_NEW: 3}
_AGAIN = {runs.AGAIN_ORDER: 3, runs.AGAIN_VISUAL: 3, runs.AGAIN_JOINT: 3}
_ONE_CORE = {runs.COLD_ONE_CORE: 3, runs.FLOOR_DECODE_ONE_CORE: 3}
_ONCE = {runs.REFERENCE: 1, runs.COLD: 1, runs.WARM: 1}
_SEEDS = {runs.REFERENCE_SEED: 1, runs.OTHER_SEED: 1}
_OFTEN = {**_PEERS, **_STATES, **_ALL_FLOORS}
_ROUNDS = {
    "few": {runs.REFERENCE: 3, **_OFTEN, **_SLOW_PEERS, **_SEEDS, **_AGAIN, runs.OTHER_SEED: 3},
    "few-most": _ONCE | _SEEDS,
    "photos": {runs.REFERENCE: 3, **_OFTEN, **_SLOW_PEERS, **_ONE_CORE}
    | {runs.EXACT: 1, runs.FLOOR_DECODE_8: 3},
    "originals": {runs.REFERENCE: 1, **_STATES, runs.PREVIEW: 3, **_COLD_FLOORS},
    "png": {runs.REFERENCE: 1, **_TWICE, **_COLD_FLOORS},
    "mixed": {runs.REFERENCE: 2, **_TWICE, **_COLD_FLOORS},
    # Small images take so little time each that rounds differ more.
    "crops": {runs.REFERENCE: 2, **_SEEDS, **_OFTEN, **_ONE_CORE, **_AGAIN}
    | {runs.FLOOR_DECODE_8: 3, runs.COLD: 5, runs.FLOOR_DECODE: 5},
    "crops-third": _ONCE,
    "crops-most": {**_ONCE, runs.OTHER_SEED: 1},
    "many": {runs.REFERENCE: 1, runs.RANDOM: 1, runs.FLOOR_READ: 1, runs.FLOOR_DECODE: 1}
    | {**_STATES, **_AGAIN, runs.COLD: 1, runs.WARM: 5, runs.FLOOR_KNOWN: 5},
    "archive": {**_ONCE, runs.WARM: 3, runs.FLOOR_DECODE: 1, runs.FLOOR_KNOWN: 3},
}
# Scenarios that ask for another share of a collection than usual.
_SHARES = {"few-most": 0.9, "crops-third": 1 / 3, "crops-most": 23 / 24}
_COMPARING_SEEDS = {"few", "few-most", "crops", "crops-most"}


def make_scenarios(*, is_smoke: bool = False) -> list[Scenario]:
    """Describe what is measured, in order; those of one collection are neighbours.

    A smoke run takes a handful of images of each collection, and does most runs once in all; where
    none is left to be done, the floor of reading.
    """
    collections: dict[str, Collection] = {}
    for name, sizes in _COLLECTIONS.items():
        n_images = sizes.n_smoke if is_smoke else sizes.n_images
        repeated = collections.get(sizes.repeats)
        collections[name] = Collection(name, sizes.title, sizes.kind, n_images, repeated)
    scenarios: list[Scenario] = []
    done = set(LEFT_OUT_OF_SMOKE)
    for name, rounds in _ROUNDS.items():
        if is_smoke and name in _SHARES:
            continue
        collection = collections[name.partition("-")[0]]
        usual = _N_SMOKE_PICKS if is_smoke else _COLLECTIONS[collection.name].target_count
        n_picked = round(_SHARES.get(name, 0) * collection.n_images) or usual
        due: Mapping[str, int] = rounds
        if is_smoke:
            due = dict.fromkeys(rounds.keys() - done or (runs.FLOOR_READ,), 1)
            done |= rounds.keys()
        scenarios.append(Scenario(name, collection, n_picked, due, name in _COMPARING_SEEDS))
    return scenarios
