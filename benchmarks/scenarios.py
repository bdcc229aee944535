"""Collections of images, and what is asked of them: which samplers, how many picks, how often."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, NamedTuple

from runs import (
    AGAIN_JOINT,
    AGAIN_ORDER,
    AGAIN_VISUAL,
    COLD,
    COLD_ONE_CORE,
    EXACT,
    FASTDUP,
    FLOOR_DECODE,
    FLOOR_DECODE_8,
    FLOOR_DECODE_ONE_CORE,
    FLOOR_KNOWN,
    FLOOR_READ,
    IMAGEDEDUP,
    IMAGEHASH,
    OTHER_COUNT,
    OTHER_SEED,
    PREVIEW,
    RANDOM,
    REFERENCE,
    REFERENCE_SEED,
    RUNS,
    SOME_NEW,
    WARM,
    Run,
)

Kind = Literal["photos", "originals", "png", "archive", "crops", "mixed", "many"]


@dataclass(frozen=True)
class Collection:
    """Files to sample from.

    Parameters
    ----------
    name : str
        Of the folder.
    title : str
        What the images are, for people.
    kind : str
        How they are made, see `layout`.
    n_images : int
        Files.
    repeats : Collection, optional
        Whose files these are under new names.
    random_seed : int
        Of everything that is drawn by lot.
    """

    name: str
    title: str
    kind: Kind
    n_images: int
    repeats: "Collection | None" = None
    random_seed: int = 42


@dataclass(frozen=True)
class Scenario:
    """A collection and what is asked of it.

    Parameters
    ----------
    name : str
        In the results.
    collection : Collection
        The files.
    target_count : int
        How many to pick.
    rounds : mapping of str to int
        Of each run's name how often it is measured.
    compares_seeds : bool
        Whether the picks of two seeds are compared.
    random_seed : int
        Of the samplers.
    """

    name: str
    collection: Collection
    target_count: int
    rounds: Mapping[str, int]
    compares_seeds: bool = False
    random_seed: int = 42

    @property
    def title(self) -> str:
        """What is asked, for people."""
        return f"{self.target_count:,} of {self.collection.n_images:,} {self.collection.title}"

    @property
    def n_rounds(self) -> int:
        """Count the rounds that it takes."""
        return max(self.rounds.values())

    def list_runs(self, number: int) -> list[Run]:
        """List what is run in a round, in order.

        Parameters
        ----------
        number : int
            Of the round, from 1.

        Returns
        -------
        list of Run
            Those that are measured so often.
        """
        return [run for run in RUNS.values() if self.rounds.get(run.name, 0) >= number]


class _Plan(NamedTuple):
    """What is asked of a collection; later rounds of the same run count."""

    collection: str
    rounds: tuple[Mapping[str, int], ...]
    # Both default to those of the collection.
    name: str = ""
    share: float = 0
    compares_seeds: bool = False


# Of each collection how its files are made and what they are.
_COLLECTIONS: dict[str, tuple[Kind, str]] = {
    "few": ("crops", "crops of 320×240"),
    "photos": ("photos", "full-size photos"),
    "originals": ("originals", "originals with an EXIF thumbnail"),
    "png": ("png", "PNG files"),
    "mixed": ("mixed", "crops of mixed sizes"),
    "crops": ("crops", "crops of 320×240"),
    "many": ("many", "crops of 320×240"),
    "archive": ("archive", "photos of 1,024 pixels"),
}
_REPEATED = {"many": "crops"}
# Files, and how many of them are asked for.
_FULL_SIZES = {
    "few": (1000, 100),
    "photos": (1000, 100),
    "originals": (1000, 100),
    "png": (1000, 100),
    "mixed": (8000, 1000),
    "crops": (24_000, 1000),
    "many": (100_000, 1000),
    "archive": (100_000, 1000),
}
_SMOKE_SIZES = {
    "few": (20, 2),
    "photos": (6, 2),
    "originals": (4, 2),
    "png": (4, 2),
    "mixed": (24, 5),
    "crops": (48, 5),
    "many": (120, 5),
    "archive": (120, 5),
}

# How often each is measured; what takes minutes, once.
_PEERS = {IMAGEHASH: 1, IMAGEDEDUP: 1, RANDOM: 3}
_SMOKED_ONCE = {*_PEERS, FASTDUP}
# Many times slower than all others: not of tens of thousands.
_SLOW_PEERS = {FASTDUP: 1}
_COLD_FLOORS = {FLOOR_READ: 3, FLOOR_DECODE: 3}
_ALL_FLOORS = {**_COLD_FLOORS, FLOOR_KNOWN: 3}
_TWICE = {COLD: 3, WARM: 3}
_KNOWN = {WARM: 3, OTHER_COUNT: 3, OTHER_SEED: 3, SOME_NEW: 3}
_STATES = {COLD: 3, **_KNOWN}
_AGAIN = {AGAIN_ORDER: 3, AGAIN_VISUAL: 3, AGAIN_JOINT: 3}
# Small images take so little time each that rounds differ more.
_MORE_OFTEN = {COLD: 5, FLOOR_DECODE: 5}
_KNOWN_MORE_OFTEN = {WARM: 5, FLOOR_KNOWN: 5}
_ONE_CORE = {COLD_ONE_CORE: 3, FLOOR_DECODE_ONE_CORE: 3}
_ONCE = {REFERENCE: 1, COLD: 1, WARM: 1}
_SEEDS = {REFERENCE_SEED: 1, OTHER_SEED: 1}

_PLANS = (
    _Plan(
        "few",
        ({REFERENCE: 3}, _PEERS, _SLOW_PEERS, _SEEDS, _STATES, _ALL_FLOORS, _AGAIN),
        compares_seeds=True,
    ),
    _Plan("few", (_ONCE, _SEEDS), name="few-most", share=0.9, compares_seeds=True),
    _Plan(
        "photos",
        (
            {REFERENCE: 3},
            _PEERS,
            _SLOW_PEERS,
            _STATES,
            {EXACT: 1, FLOOR_DECODE_8: 3},
            _ALL_FLOORS,
            _ONE_CORE,
        ),
    ),
    _Plan("originals", ({REFERENCE: 1}, _STATES, {PREVIEW: 3}, _COLD_FLOORS)),
    _Plan("png", ({REFERENCE: 1}, _TWICE, _COLD_FLOORS)),
    _Plan("mixed", ({REFERENCE: 2}, _TWICE, _COLD_FLOORS)),
    _Plan(
        "crops",
        (
            {REFERENCE: 2},
            _PEERS,
            _SEEDS,
            _STATES,
            {FLOOR_DECODE_8: 3},
            _ALL_FLOORS,
            _MORE_OFTEN,
            _ONE_CORE,
            _AGAIN,
        ),
        compares_seeds=True,
    ),
    _Plan("crops", (_ONCE,), name="crops-third", share=1 / 3),
    _Plan("crops", (_ONCE, {OTHER_SEED: 1}), name="crops-most", share=23 / 24, compares_seeds=True),
    _Plan(
        "many",
        (
            {REFERENCE: 1, RANDOM: 1, COLD: 1, FLOOR_READ: 1, FLOOR_DECODE: 1},
            _KNOWN,
            _KNOWN_MORE_OFTEN,
            _AGAIN,
        ),
    ),
    _Plan("archive", ({REFERENCE: 1, COLD: 1, WARM: 3, FLOOR_DECODE: 1, FLOOR_KNOWN: 3},)),
)


def make_scenarios(*, is_smoke: bool = False) -> list[Scenario]:
    """Describe what is measured.

    Parameters
    ----------
    is_smoke : bool
        Whether to take a handful of images, once.

    Returns
    -------
    list of Scenario
        In the order in which they are measured; those of one collection are neighbours.
    """
    sizes = _SMOKE_SIZES if is_smoke else _FULL_SIZES
    collections: dict[str, Collection] = {}
    for name, (kind, title) in _COLLECTIONS.items():
        repeated = collections.get(_REPEATED.get(name, ""))
        collections[name] = Collection(name, title, kind, sizes[name][0], repeated)
    scenarios: list[Scenario] = []
    for plan in _PLANS:
        n_images, n_picked = sizes[plan.collection]
        rounds = {name: number for each in plan.rounds for name, number in each.items()}
        if is_smoke:
            # Other samplers take seconds to start: once is enough to see that they do.
            done = {name for each in scenarios for name in each.rounds} & _SMOKED_ONCE
            rounds = dict.fromkeys(rounds.keys() - done, 1)
        scenarios.append(
            Scenario(
                plan.name or plan.collection,
                collections[plan.collection],
                round(plan.share * n_images) or n_picked,
                MappingProxyType(rounds),
                compares_seeds=plan.compares_seeds,
            )
        )
    return scenarios


def choose_scenarios(scenarios: Sequence[Scenario], names: Sequence[str]) -> list[Scenario]:
    """Choose scenarios by their own names or by those of their collections.

    Parameters
    ----------
    scenarios : sequence of Scenario
        All of them.
    names : sequence of str
        Wanted; empty for all.

    Returns
    -------
    list of Scenario
        In their order.

    Raises
    ------
    ValueError
        When a name is unknown.
    """
    known = {name for each in scenarios for name in (each.name, each.collection.name)}
    unknown = sorted(set(names) - known)
    if unknown:
        raise ValueError(f"There is no {', '.join(unknown)}. There are: {', '.join(sorted(known))}")
    wanted = set(names) or known
    return [each for each in scenarios if wanted & {each.name, each.collection.name}]
