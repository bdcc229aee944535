"""Tests of smartdownsample.items.patterns: paths that patterns of a .gitignore match."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import example, given, reject, settings
from hypothesis import strategies as st

from smartdownsample.errors import InvalidParameterError
from smartdownsample.items.patterns import match_patterns

GIT = shutil.which("git")
FILES = (
    *("a.jpg", "A.JPG", "b", "[b", "a-b.jpg", "1.jpg", "a b.jpg", "*", "\\x", "^"),
    *("a/a.jpg", "a/b/1.jpg", "a/b/a/b.jpg", "ab/b/1.jpg", "b.d/a.jpg", "b.d/-", "abc/ab/b/a"),
    *("StationB/1.jpg", "x/StationB/1.jpg", "x/y/StationB/z/1.jpg", "StationBB/1.jpg"),
)
LETTERS = "ab1.-*?/[]^!\\:"


def match(pattern: str, *paths: str, base: str = ".") -> list[str]:
    """List which of some paths a pattern matches."""
    (row,) = match_patterns([pattern], paths, base)
    return [path for path, is_match in zip(paths, row, strict=True) if is_match]


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Give a folder that git looks after, with all files."""
    root = tmp_path_factory.mktemp("tree")
    for name in FILES:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    assert GIT is not None
    subprocess.run([GIT, "init", "-q", str(root)], check=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        patch.setenv("GIT_CONFIG_GLOBAL", str(root / "no"))
        yield root


@pytest.mark.skipif(GIT is None, reason="git is not installed")
@settings(max_examples=150)
@example("StationB")
@example("StationB/")
@example("*/")
@example("StationB/*")
@example("/StationB")
@example("x/**/1.jpg")
@example("**/StationB")
@example("x/**")
@example("a/**/b")
@example("a**b")
@example("*.jpg")
@example("[!a-b]*")
@example("[]b]*")
@example("[[b]")
@example("[*")
@example("\\*")
@example("\\\\x")
@example("**")
@example("./^")
@given(pattern=st.text(LETTERS, min_size=1, max_size=7))
def test_patterns_match_what_git_ignores(tree: Path, pattern: str) -> None:
    """Whatever they are made of, if they are patterns."""
    if pattern.startswith("!"):
        pattern = f"\\{pattern}"
    try:
        matching = match(pattern, *FILES)
    except InvalidParameterError:
        reject()
    # People write the working folder's dot, of which git knows nothing.
    (tree / ".gitignore").write_text(re.sub(r"^\./", "/", pattern) + "\n")
    assert GIT is not None
    done = subprocess.run(
        [GIT, "check-ignore", "--no-index", "-z", "--stdin"],
        input="\0".join(FILES).encode(),
        capture_output=True,
        check=False,
    )
    assert done.stderr == b""
    assert matching == done.stdout.decode().split("\0")[:-1]


def test_patterns_count_from_the_source_or_from_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever people think of; folders above both do not count."""
    monkeypatch.chdir(tmp_path)
    paths = ["photos/StationB/1.jpg", "photos/x/StationB/1.jpg"]
    assert match("StationB/*", *paths, base="photos") == paths[:1]
    assert match("photos/StationB", *paths, base="photos") == paths[:1]
    assert match(f"{tmp_path}/photos/StationB", *paths, base="photos") == paths[:1]
    assert match("./StationB", *paths, base="photos") == paths[:1]
    absolute = [f"{tmp_path}/{path}" for path in paths]
    assert match("StationB", *absolute, base=f"{tmp_path}/photos") == absolute
    assert match(tmp_path.name, *absolute, base=f"{tmp_path}/photos") == []


def test_paths_that_lie_elsewhere_count_from_the_root_of_the_disk() -> None:
    """As lists may have them."""
    assert match("StationB", "/cards/StationB/1.jpg", base="lists") == ["/cards/StationB/1.jpg"]
    assert match("cards/*/1.jpg", "/cards/StationB/1.jpg", base="lists")


def test_a_letter_is_one_character() -> None:
    """However many bytes it takes on disk."""
    assert match("?", "é", "\udcff", "éé") == ["é", "\udcff"]


def test_a_number_sign_begins_a_name() -> None:
    """Such as that of the bin on some network disks."""
    assert match("#recycle", "#recycle/1.jpg", "recycle/1.jpg") == ["#recycle/1.jpg"]


@pytest.mark.parametrize("pattern", ["", "/", "a\\", "[z-a]*", "[[:upper:]]*"])
def test_what_is_no_pattern_is_refused(pattern: str) -> None:
    """Rather than taken for one that matches nothing."""
    with pytest.raises(InvalidParameterError, match=r"such as StationB or \*\.JPG.*Got"):
        match(pattern, "a")


def test_an_exclamation_mark_is_refused() -> None:
    """Rather than taken for a letter by one and for an exception by another."""
    with pytest.raises(InvalidParameterError, match=r"must not begin with '!'.*Got '!a'"):
        match("!a", "a")
    assert match("\\!a", "!a") == ["!a"]
