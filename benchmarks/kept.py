"""What was measured, as results/ keeps it in JSON; benchmarks say what each figure means."""

import json
import os
import re
from typing import Any, Literal, TypeAlias

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
Kind = Literal[
    "speed", "agreement", "selection", "picking", "store", "detections", "words", "scale", "size"
]

# Figures by their names; the benchmark that keeps them says what they mean.
Record: TypeAlias = dict[str, Any]

_DIGITS = 5
_INNERMOST = re.compile(r"\{[^{}]*\}")


def find_kept(kind: Kind | Literal["former"]) -> str:
    """Find the file in results/ that keeps what the pages say, or an earlier version's figures."""
    return os.path.join(ROOT, "benchmarks", "results", f"{kind}.json")


def load(path: str) -> Record:
    """Load what an earlier run has kept; empty when there is no such file."""
    if not os.path.exists(path):
        return {}
    with open(path, encoding="utf-8") as file:
        record: Record = json.load(file)
    return record


def save(path: str, record: Record) -> None:
    """Write a record with each measurement on a line of its own, so that changes can be read."""
    text = json.dumps(record, indent=1, ensure_ascii=False)
    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    with open(path + ".tmp", "w", encoding="utf-8") as file:
        file.write(_INNERMOST.sub(lambda found: " ".join(found.group().split()), text) + "\n")
    os.replace(path + ".tmp", path)


def trim(figure: float) -> float:
    """Round a figure to as many digits as are kept, so that a run and its file agree."""
    return float(f"{figure:.{_DIGITS}g}")
