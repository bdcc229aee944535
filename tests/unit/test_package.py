"""Tests of the package itself: what it exports, and when it imports that."""

import subprocess
import sys

import pytest

import smartdownsample


def test_every_exported_name_is_there() -> None:
    """The list for type checkers, the list of homes and ``__all__`` agree."""
    for name in smartdownsample.__all__:
        assert getattr(smartdownsample, name) is not None
    assert set(smartdownsample.__all__) <= set(dir(smartdownsample))


def test_an_exported_name_is_that_of_its_home() -> None:
    """A class met in the package and in its module is one class."""
    from smartdownsample.index import ImageIndex  # noqa: PLC0415 # what is tested

    assert smartdownsample.ImageIndex is ImageIndex


def test_wings_are_attributes() -> None:
    """As if they had been imported with the package."""
    code = (
        "import smartdownsample\n"
        "print(smartdownsample.cache.info.__name__, smartdownsample.sampling.__name__)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "info smartdownsample.sampling\n"


@pytest.mark.parametrize("name", ["nothing", "_nothing", "__wrapped__"])
def test_other_names_are_no_attributes(name: str) -> None:
    """The message is Python's own."""
    with pytest.raises(AttributeError, match=f"'smartdownsample' has no attribute '{name}'"):
        getattr(smartdownsample, name)


@pytest.mark.parametrize(
    ("module", "names"),
    [
        ("inspection", "Figures Inspection inspect_index"),
        ("manifest", "write_manifest"),
        ("outputs", "write_selection"),
        ("packs", "export_pack import_pack"),
        ("provenance", "PreviewCounts count_previews"),
        ("split", "NearDuplicate"),
    ],
)
def test_modules_of_earlier_versions_are_there(module: str, names: str) -> None:
    """With what was documented as theirs."""
    for name in names.split():
        scope: dict[str, object] = {}
        exec(f"from smartdownsample.{module} import {name}", scope)  # noqa: S102 - as callers do
        assert scope[name] is getattr(smartdownsample, name)


def test_a_library_that_a_wing_misses_is_named() -> None:
    """The wing is not taken for a name that does not exist."""
    code = "import sys; sys.modules['cv2'] = None\nimport smartdownsample; smartdownsample.pictures"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "ModuleNotFoundError: import of cv2 halted" in done.stderr


def test_importing_the_package_imports_no_library() -> None:
    """Each name brings what it needs when it is used."""
    code = (
        "import sys, smartdownsample\n"
        "print([name for name in ('numpy', 'pyarrow', 'typing') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", f"import sys; sys.path[:0] = {sys.path!r}\n{code}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "[]\n"
