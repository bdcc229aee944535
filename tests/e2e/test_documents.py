"""What the README and the demo promise is what happens."""

import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import smartdownsample
from fault_counts import make_table
from pictures import DATA_SAMPLES, REPOSITORY

# Beside the source; none of it is anybody else's business.
LYING_ABOUT = (
    ".git/config",
    ".hypothesis/examples",
    ".venv-3.10/bin/python",
    "demo/thumbnails.png",
    "docs/_build/index.html",
    "notes.txt",
    "src/smartdownsample/__pycache__/api.pyc",
    "tests/.pytest_cache/README.md",
    "tests/unit/__pycache__/test_api.pyc",
)
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
DOCS = REPOSITORY / "docs"
PAGES = sorted(DOCS.glob("*.md"))


def run(code: str, folder: Path) -> str:
    """Run a snippet as a script of its own."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_make_target_of_the_documents_exists() -> None:
    """README and CONTRIBUTING name no target that the Makefile lacks."""
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, flags=re.MULTILINE))
    contributing = (REPOSITORY / "CONTRIBUTING.md").read_text(encoding="utf-8")
    named = set(re.findall(r"(?:^ {4}|`)make ([a-z-]+)", README + contributing, flags=re.MULTILINE))
    assert named >= {"demo", "test", "check"}
    assert named <= targets


@pytest.mark.parametrize("page", [REPOSITORY / "README.md", *PAGES], ids=lambda page: page.name)
def test_every_local_link_and_picture_of_a_page_exists(page: Path) -> None:
    """Nothing is missing where it is read, in the repository as well."""
    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    local = [link for link in links if not link.startswith("https://")]
    assert [link for link in local if not (page.parent / link).exists()] == []


def test_the_page_on_security_tells_what_the_fault_tests_try() -> None:
    """The numbers are those of the tests."""
    text = (DOCS / "security.md").read_text(encoding="utf-8")
    assert f"<!-- begin: faults -->\n\n{make_table()}\n\n<!-- end: faults -->" in text


def test_every_page_is_in_the_navigation() -> None:
    """For readers of the site and for those of the repository."""
    index = (DOCS / "index.md").read_text(encoding="utf-8")
    for page in PAGES:
        if page.stem != "index":
            assert f"\n{page.stem}\n" in index
            assert f"]({page.name})" in index


@pytest.mark.parametrize("script", ["write_command.py", "write_api.py"])
def test_written_pages_are_what_the_command_and_the_library_have(script: str) -> None:
    """Run the script in docs/ when they are not."""
    done = subprocess.run(
        [sys.executable, str(DOCS / script), "--check"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_the_page_of_the_library_has_every_public_name() -> None:
    """All but the version, which says what it is."""
    text = (DOCS / "api.md").read_text(encoding="utf-8")
    named = set(re.findall(r"^\.\. auto\w+:: (?:smartdownsample\.)?(\w+)$", text, re.MULTILINE))
    assert set(smartdownsample.__all__) - named == {"__version__"}
    table = text[text.index("<!-- begin: names") : text.index("<!-- end: names -->")]
    assert named <= set(re.findall(r"^\| `(\w+)", table, re.MULTILINE))


@pytest.mark.long
def test_the_site_builds_without_a_warning(tmp_path: Path) -> None:
    """Every link leads somewhere, and every docstring is well formed."""
    strict = ["--quiet", "--fail-on-warning", "--keep-going"]
    folders = [f"--doctree-dir={tmp_path / 'trees'}", str(DOCS), str(tmp_path / "site")]
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", *strict, *folders],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "ImageIndex.measure_coverage" in (tmp_path / "site" / "api.html").read_text("utf-8")


def test_the_demo_shows_a_cold_and_a_warm_run(tmp_path: Path) -> None:
    """It says where its pictures are, and they are there."""
    shutil.copytree(DATA_SAMPLES, tmp_path / "data_samples")
    done = subprocess.run(
        [sys.executable, str(tmp_path / "data_samples" / "demo.py")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "Kept      60 (" in done.stdout
    assert "Second run, 25 with another seed, decoding none" in done.stdout
    for name in ("thumbnails.png", "distribution.png"):
        assert f"demo/{name}" in done.stdout
        assert (tmp_path / "demo" / name).stat().st_size > 10_000


def build(kind: str, source: Path, folder: Path) -> Path:
    """Build a wheel or an sdist of a source tree with what is installed."""
    command = [
        sys.executable,
        "-m",
        "build",
        f"--{kind}",
        "--no-isolation",
        "--outdir",
        str(folder),
    ]
    subprocess.run([*command, str(source)], check=True, capture_output=True)
    (built,) = folder.glob("smartdownsample-*")
    return built


def test_the_wheel_holds_the_package_and_nothing_else(tmp_path: Path) -> None:
    """Installed alone, without the source tree, it samples."""
    wheel = build("wheel", REPOSITORY, tmp_path)
    site = tmp_path / "site"
    subprocess.run(
        [sys.executable, "-m", "zipfile", "-e", str(wheel), str(site)],
        check=True,
    )
    folders = {path.name.partition("-")[0] for path in site.iterdir()}
    assert folders == {"smartdownsample"}
    assert (site / "smartdownsample" / "py.typed").exists()
    modules = {path.name for path in (REPOSITORY / "src" / "smartdownsample").rglob("*.py")}
    assert {path.name for path in site.rglob("*.py")} == modules
    code = (
        f"import sys; sys.path.insert(0, {str(site)!r})\n"
        "import smartdownsample as sd\n"
        f"assert sd.__file__.startswith({str(site)!r})\n"
        f"print(len(sd.sample_diverse({str(DATA_SAMPLES / 'crops')!r}, 9, show_summary=False)))"
    )
    assert run(code, tmp_path).strip() == "9"


def test_the_sdist_holds_what_is_committed_and_nothing_else(tmp_path: Path) -> None:
    """Whatever lies about: caches, environments, what was made, notes."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"],  # noqa: S607 - wherever git is
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode:
        pytest.skip("this is no clone of the repository, so nothing tells what is committed")
    committed = {name for name in listed.stdout.split("\0") if (REPOSITORY / name).is_file()}
    source = tmp_path / "source"
    for name in (*committed, *LYING_ABOUT):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        if name in committed:
            shutil.copyfile(REPOSITORY / name, source / name)
        else:
            (source / name).touch()
    with tarfile.open(build("sdist", source, tmp_path)) as sdist:
        held = {name.partition("/")[2] for name in sdist.getnames()}
    # How commits are checked matters to those who commit.
    assert held == committed - {".pre-commit-config.yaml"} | {"PKG-INFO"}


def test_what_development_installs_is_locked() -> None:
    """All that pyproject.toml asks for, with hashes; no machine and no index is named."""
    locked = (REPOSITORY / ".ci" / "requirements.txt").read_text(encoding="utf-8")
    pins = re.findall(r"^([\w.-]+)==(\S+) .*\\\n    --hash=sha256:", locked, flags=re.MULTILINE)
    assert len(pins) == len(re.findall(r"^\w", locked, flags=re.MULTILINE))
    assert not re.search(r"://|^-|index|file:", locked, flags=re.MULTILINE)
    text = (REPOSITORY / "pyproject.toml").read_text(encoding="utf-8")
    asked = list(map(Requirement, re.findall(r'^    "(.*>=.*)",$', text, flags=re.MULTILINE)))
    assert {"numpy", "pytest", "hatchling"} <= {requirement.name for requirement in asked}
    for requirement in asked:
        versions = [version for name, version in pins if name == requirement.name.lower()]
        assert versions, f"{requirement} is not locked: make lock"
        assert all(map(requirement.specifier.contains, versions)), f"{requirement}: make lock"
