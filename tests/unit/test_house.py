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


def list_map() -> dict[str, set[str]]:
    """List the places of the map in CONTRIBUTING.md, from the ground up, with their modules."""
    text = (REPOSITORY / "CONTRIBUTING.md").read_text(encoding="utf-8")
    table = text[text.index("| place |") : text.index("Tests mirror the wings")]
    mapped: dict[str, set[str]] = {}
    for line in table.splitlines()[2:]:
        if line:
            places, _, modules = line.strip("|").split(" | ")
            names = set(re.findall(r"`(.*?)`", modules))
            mapped |= dict.fromkeys(re.findall(r"`(.*?)`", places), names)
    return mapped


def test_the_map_has_every_place_in_the_order_of_the_layers() -> None:
    """The wings and the modules beside them."""
    places = list(list_map())
    modules = {path.name for path in PACKAGE.glob("*.py") if not path.name.startswith("_")}
    assert set(places) == {*modules, *(f"{wing}/" for wing in WINGS)}
    rank_of = {name: rank for rank, layer in enumerate(reversed(list_layers())) for name in layer}
    ranks = [rank_of[place.removesuffix(".py").removesuffix("/")] for place in places]
    assert ranks == sorted(ranks)


@pytest.mark.parametrize("wing", WINGS)
def test_the_map_names_every_module_of_a_wing(wing: str) -> None:
    """And none that is not there."""
    there = {path.stem for path in (PACKAGE / wing).glob("*.py")} - {"__init__"}
    assert list_map()[f"{wing}/"] == there
