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

REFERENCE_ENVIRONMENT = ".venv-reference"
# Who can be chosen with --peers; ours and the floors always run.
PEERS = ("reference", "imagehash_threads", "imagededup", "fastdup", "random_choice")


@dataclass(frozen=True)
class Run:
    """A sampler, or a floor, in one of its states."""

    name: str
    # In `peers`, with its argument, and the folder of its environment: none for that of ours.
    module: str = "ours"
    environment: str = ""
    # Where features are kept: in a folder of this run alone, in one that later runs of the round
    # find, or in the one that an earlier run has left.
    store: Literal["own", "new", "kept"] = "own"
    # What only ours is asked, see `smartdownsample.ImageIndex`.
    decode: Literal["fast", "exact", "preview"] = "fast"
    spread: Literal["order", "visual", "joint"] = "joint"
    # How many to pick, as a share of what the scenario asks, and what to add to its seed.
    share_asked: float = 1
    seed_step: int = 0
    # The run with the scenario's own seed whose picks are compared.
    other_of: str = ""
    # Whether one in a hundred files gets a new time before.
    is_touched: bool = False
    # Cores to run on, with as many workers: None for all.
    n_cores: int | None = None
    # Whether some workers may be processes, whose memory counts as well.
    has_processes: bool = False


# In the order in which they take their turns in a round: those that are compared are neighbours.
RUNS = (
    Run(IMAGEHASH, "imagehash_threads", ".venv-imagehash"),
    Run(IMAGEDEDUP, "imagededup", ".venv-imagededup", has_processes=True),
    Run(FASTDUP, "fastdup", ".venv-fastdup"),
    Run(RANDOM, "random_choice"),
    Run(REFERENCE, "reference", REFERENCE_ENVIRONMENT),
    Run(PREVIEW, decode="preview"),
    Run(COLD, store="new", has_processes=True),
    Run(FLOOR_DECODE, "floors decode"),
    Run(COLD_ONE_CORE, n_cores=1),
    Run(FLOOR_DECODE_ONE_CORE, "floors decode", n_cores=1),
    Run(EXACT, decode="exact"),
    Run(FLOOR_DECODE_8, "floors decode_8"),
    Run(FLOOR_READ, "floors read"),
    Run(WARM, store="kept"),
    Run(FLOOR_KNOWN, "floors known", store="kept"),
    Run(OTHER_COUNT, store="kept", share_asked=0.5),
    Run(OTHER_SEED, store="kept", seed_step=1, other_of=COLD),
    Run(AGAIN_ORDER, "again", store="kept", spread="order"),
    Run(AGAIN_VISUAL, "again", store="kept", spread="visual"),
    Run(AGAIN_JOINT, "again", store="kept", spread="joint"),
    Run(SOME_NEW, store="kept", is_touched=True),
    Run(REFERENCE_SEED, "reference", REFERENCE_ENVIRONMENT, seed_step=1, other_of=REFERENCE),
)
