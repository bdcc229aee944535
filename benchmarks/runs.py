"""What is run: each sampler in each of its states, and what nothing can do without.

A floor is bare work that any sampler has to do: read every file, decode every picture, ask for
every file's time and read what is known of it. No sampler can be faster than its floor.
"""

from dataclasses import dataclass
from typing import Literal

REFERENCE = "published 1.8.4"
REFERENCE_SEED = "published 1.8.4, other seed"
IMAGEHASH = "ImageHash in threads"
IMAGEDEDUP = "imagededup"
FASTDUP = "fastdup"
RANDOM = "random choice"

COLD = "ours, first run"
COLD_ONE_CORE = "ours, first run, one core"
EXACT = 'ours, first run, decode="exact"'
PREVIEW = 'ours, first run, decode="preview"'
WARM = "ours, again"
OTHER_COUNT = "ours, other number"
OTHER_SEED = "ours, other seed"
SOME_NEW = "ours, 1 % new"
AGAIN_ORDER = 'index.sample, spread="order"'
AGAIN_VISUAL = 'index.sample, spread="visual"'
AGAIN_JOINT = 'index.sample, spread="joint"'

FLOOR_READ = "floor: read"
FLOOR_DECODE = "floor: decode"
FLOOR_DECODE_ONE_CORE = "floor: decode, one core"
FLOOR_DECODE_8 = "floor: decode at 1/8"
FLOOR_KNOWN = "floor: known files"

OURS = "ours"
# Who can be chosen with --peers; ours and the floors always run.
PEERS = ("reference", "imagehash_threads", "imagededup", "fastdup", "random_choice")


@dataclass(frozen=True)
class Run:
    """A sampler, or a floor, in one of its states.

    Parameters
    ----------
    name : str
        In results and tables.
    module : str
        In ``peers``.
    environment : str
        Folder of the environment that it is installed in; empty for that of this process.
    store : {"own", "new", "kept"}
        Where features are kept: in a folder of this run alone; in one that later runs of the
        round find; or in the one that an earlier run has left.
    decode, spread : str
        Of ours, see `smartdownsample.ImageIndex`.
    share_asked : float
        How many to pick, as a share of what the scenario asks.
    seed_step : int
        Added to the scenario's seed.
    other_of : str
        Name of the run with the scenario's own seed, whose picks are compared; empty for none.
    is_touched : bool
        Whether one in a hundred files gets a new time before.
    n_cores : int, optional
        Cores to run on, with as many workers. None for all.
    has_processes : bool
        Whether some of its workers may be processes, whose memory counts as well.
    """

    name: str
    module: str = OURS
    environment: str = ""
    store: Literal["own", "new", "kept"] = "own"
    decode: Literal["fast", "exact", "preview"] = "fast"
    spread: Literal["order", "visual", "joint"] = "joint"
    share_asked: float = 1
    seed_step: int = 0
    other_of: str = ""
    is_touched: bool = False
    n_cores: int | None = None
    has_processes: bool = False


# In the order in which they take their turns in a round: those that are compared are neighbours.
RUNS = {
    run.name: run
    for run in (
        Run(IMAGEHASH, "imagehash_threads", ".venv-imagehash"),
        Run(IMAGEDEDUP, "imagededup", ".venv-imagededup", has_processes=True),
        Run(FASTDUP, "fastdup", ".venv-fastdup"),
        Run(RANDOM, "random_choice"),
        Run(REFERENCE, "reference", ".venv-reference"),
        Run(PREVIEW, decode="preview"),
        Run(COLD, store="new", has_processes=True),
        Run(FLOOR_DECODE, "floor_decode"),
        Run(COLD_ONE_CORE, n_cores=1),
        Run(FLOOR_DECODE_ONE_CORE, "floor_decode", n_cores=1),
        Run(EXACT, decode="exact"),
        Run(FLOOR_DECODE_8, "floor_decode_8"),
        Run(FLOOR_READ, "floor_read"),
        Run(WARM, store="kept"),
        Run(FLOOR_KNOWN, "floor_known", store="kept"),
        Run(OTHER_COUNT, store="kept", share_asked=0.5),
        Run(OTHER_SEED, store="kept", seed_step=1, other_of=COLD),
        Run(AGAIN_ORDER, "again", store="kept", spread="order"),
        Run(AGAIN_VISUAL, "again", store="kept", spread="visual"),
        Run(AGAIN_JOINT, "again", store="kept", spread="joint"),
        Run(SOME_NEW, store="kept", is_touched=True),
        Run(REFERENCE_SEED, "reference", ".venv-reference", seed_step=1, other_of=REFERENCE),
    )
}
