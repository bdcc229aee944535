"""The probe: what a classifier learns from the picks, on vectors of a pretrained network.

A ridge regression onto classes is trained on the picks and tested on all photos that none of the
picks shows. It has a closed form, so nothing depends on luck in training.
"""

import hashlib
import json
import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from judging import PointArray
from measuring import find_python, say
from smartdownsample.records import IntArray
from truths import Truth

_ENVIRONMENT = ".venv-probe"
# The second is a control: what holds for the first should hold for it.
_NETWORKS = ("lite0", "lite1")
# Of vectors with a mean square norm of 1. Chosen once, by random picks of the groceries: with 81,
# 200 and 500 of them, a third of it and three times as much are no better.
_RIDGE = 0.1


@dataclass(frozen=True)
class Probe:
    """What is known of a collection's photos, in natural order, for a probe."""

    vectors: tuple[PointArray, ...]  # by each network, shape (n, d)
    classes: IntArray  # number of each photo's class
    origins: IntArray  # number of the photo that each frame shows
    has_frames: bool  # whether some photos have several frames

    @classmethod
    def look_at(
        cls, truth: Truth, paths: Sequence[str], environments: str, stand_in: PointArray | None
    ) -> "Probe | None":
        """Describe a collection; none where the networks' environment is missing.

        A stand-in takes the place of the networks' vectors.
        """
        vectors = [stand_in] if stand_in is not None else []
        python = find_python(environments, _ENVIRONMENT)
        if stand_in is None and os.path.exists(python):
            # Ten frames of a photo tell the control little.
            networks = _NETWORKS[:1] if truth.origins else _NETWORKS
            vectors = [_describe(paths, network, python) for network in networks]
        if not vectors:
            say(f"{truth.name}: no classifiers, there is no {_ENVIRONMENT}")
            return None
        classes = np.unique([truth.groups[path] for path in paths], return_inverse=True)[1]
        shown = [truth.origins.get(path, path) for path in paths]
        origins = np.unique(shown, return_inverse=True)[1]
        return cls(tuple(map(_normalise, vectors)), classes, origins, bool(truth.origins))

    def measure(self, picks: IntArray) -> dict[str, float]:
        """Measure what picks teach, and which share of them shows a photo again."""
        picks = np.unique(picks)
        shown, n_of_shown = np.unique(self.origins[picks], return_counts=True)
        # One frame of each photo is enough to test with.
        firsts = np.unique(self.origins, return_index=True)[1]
        tests = firsts[~np.isin(self.origins[firsts], shown)]
        figures = {
            name: self._classify(vectors, picks, tests)
            for name, vectors in zip(("accuracy", "control"), self.vectors, strict=False)
        }
        if self.has_frames:
            figures["repeats"] = float((n_of_shown - 1).sum() / len(picks))
        return figures

    def _classify(self, vectors: PointArray, picks: IntArray, tests: IntArray) -> float:
        """Train on the picks; the share of the tests that is classified rightly."""
        wanted = np.eye(int(self.classes.max()) + 1)[self.classes[picks]]
        centre, mean = vectors[picks].mean(axis=0), wanted.mean(axis=0)
        taught, asked = vectors[picks] - centre, vectors[tests] - centre
        # With fewer picks than dimensions, the dual form is the smaller one.
        inner = taught @ taught.T + _RIDGE * np.eye(len(picks))
        answers = asked @ taught.T @ np.linalg.solve(inner, wanted - mean) + mean
        return float((answers.argmax(axis=1) == self.classes[tests]).mean())


def _normalise(vectors: PointArray) -> PointArray:
    """Scale vectors to length 1, centre them, and scale all to a mean square norm of 1."""
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    centred = unit - unit.mean(axis=0)
    scaled: npt.NDArray[np.float32] = centred / np.sqrt((centred**2).sum(axis=1).mean())
    return scaled


def _describe(paths: Sequence[str], network: str, python: str) -> PointArray:
    """Let a network describe photos, shape (n, d); it keeps what it has said of the same files."""
    digest = hashlib.sha256()
    for path in paths:
        with open(path, "rb") as file:
            digest.update(file.read())
    folder = os.path.join(os.path.dirname(os.path.dirname(python)), "vectors")
    kept = os.path.join(folder, f"{network}-{digest.hexdigest()}.npy")
    if not os.path.exists(kept):
        say(f"{network} describes {len(paths):,} photos")
        os.makedirs(folder, exist_ok=True)
        job = {"paths": list(paths), "network": network, "output": kept}
        subprocess.run(
            [python, "-E", "-m", "peers.vectors"],
            cwd=os.path.dirname(os.path.abspath(__file__)),
            input=json.dumps(job),
            stdout=subprocess.DEVNULL,
            text=True,
            check=True,
        )
    described: PointArray = np.load(kept)
    return described
