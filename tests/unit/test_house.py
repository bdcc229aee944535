"""The wings keep to themselves, and the map in CONTRIBUTING.md shows them as they are."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from pictures import REPOSITORY

PACKAGE = REPOSITORY / "src" / "smartdownsample"
WINGS = sorted(path.name for path in PACKAGE.iterdir() if (path / "__init__.py").exists())
MODULES = sorted(PACKAGE.rglob("*.py"))
MOST_LINES = 400
MOST_LAYERS = 16


def list_layers() -> list[list[str]]:
    """List the layers of the import contract, from the top down, each with its modules."""
    # tomllib needs Python 3.11.
    text = (REPOSITORY / "pyproject.toml").read_text(encoding="utf-8")
    found = re.search(r"^layers = \[\n(.*?)^\]", text, re.DOTALL | re.MULTILINE)
    assert found is not None
    return [line.split(" : ") for line in re.findall(r'"(.*?)"', found[1])]


def list_imports(path: Path) -> Iterator[list[str]]:
    """Yield the places below the package that a module imports from, as parts of a path."""
    package = list(path.relative_to(PACKAGE).parent.parts)
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = package[: len(package) - node.level + 1]
            yield base + (node.module.split(".") if node.module else [])


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_a_wing_is_entered_by_its_face(path: Path) -> None:
    """From outside, only what the wing's ``__init__`` hands out is used."""
    own = path.relative_to(PACKAGE).parts[0]
    for place in list_imports(path):
        is_inside = len(place) > 1 and place[0] in WINGS
        assert not is_inside or place[0] == own, f"{path.name} reaches into {'.'.join(place)}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_a_module_is_short_enough_to_be_one_idea(path: Path) -> None:
    """What grows beyond that is two."""
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MOST_LINES


def test_there_are_few_layers_and_every_wing_is_in_one() -> None:
    """A newcomer can hold them in mind."""
    layers = list_layers()
    assert len(layers) <= MOST_LAYERS
    names = [name for layer in layers for name in layer]
    assert {*WINGS, *(path.stem for path in PACKAGE.glob("*.py"))} - {"__init__"} == set(names)


def test_the_map_names_every_module_in_the_order_of_the_layers() -> None:
    """A table in CONTRIBUTING.md: a line for each layer, from the ground up."""
    text = (REPOSITORY / "CONTRIBUTING.md").read_text(encoding="utf-8")
    lines = re.findall(r"^\| `(.*?)` \| .*? \| (.*?) \|$", text, re.MULTILINE)
    mapped = [
        (re.split(r"`, `", homes), set(re.findall(r"`(.*?)`", text))) for homes, text in lines
    ]
    rank_of = {name: rank for rank, layer in enumerate(reversed(list_layers())) for name in layer}
    ranks = [
        rank_of[home.removesuffix(".py").removesuffix("/")] for homes, _ in mapped for home in homes
    ]
    assert ranks == sorted(ranks)
    assert {home for homes, _ in mapped for home in homes} == {
        *(f"{wing}/" for wing in WINGS),
        *(path.name for path in PACKAGE.glob("[!_]*.py")),
    }
    for homes, modules in mapped:
        if homes[0].endswith("/"):
            there = {path.stem for path in (PACKAGE / homes[0]).glob("*.py")} - {"__init__"}
            assert modules == there, homes[0]
