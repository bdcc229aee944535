"""What notebooks show, in a real kernel."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pictures import write_collection

nbclient = pytest.importorskip("nbclient")
nbformat = pytest.importorskip("nbformat")
pytest.importorskip("ipykernel")

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="kernels need an event loop there")
N = 12


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Write a few photos."""
    write_collection(tmp_path / "photos", N)
    return tmp_path


def run_cells(folder: Path, *sources: str) -> list[list[dict[str, Any]]]:
    """Run cells in a kernel of their own, and return what each put out."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text) for text in sources])
    client = nbclient.NotebookClient(
        notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(folder)}}
    )
    # As jupyter starts a kernel: with the Python that runs the tests.
    client.create_kernel_manager().kernel_cmd = [
        *(sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}")
    ]
    client.execute()
    return [cell.outputs for cell in notebook.cells]


def test_a_first_look_in_a_notebook(folder: Path) -> None:
    """A bar while images are decoded, tables of what there is, and figures without any magic."""
    built, index, selection, chart, grids = run_cells(
        folder,
        "from smartdownsample import ImageIndex\nindex = ImageIndex.build('photos')",
        "index",
        "selection = index.sample(5)\nselection",
        "selection.plot_distribution()",
        "selection.plot_thumbnails()",
    )
    shown = " ".join(str(output.get("text", "")) + str(output.get("data", "")) for output in built)
    assert "Decoding" in shown
    assert "Warning" not in shown
    assert f"<b>{N}</b> images from " in index[0]["data"]["text/html"]
    assert f"<b>5</b> of {N} images selected" in selection[0]["data"]["text/html"]
    for (figure,) in (chart, grids):
        assert len(figure["data"]["image/png"]) > 1000


def test_the_published_call_shows_its_drawings(folder: Path) -> None:
    """With its summary above."""
    (outputs,) = run_cells(
        folder,
        "from smartdownsample import sample_diverse\n"
        "paths = sample_diverse('photos', 5, show_distribution=True, show_thumbnails=True)",
    )
    texts = "".join(output.get("text", "") for output in outputs)
    assert f"Images    {N}, all read now" in texts
    assert sum("image/png" in output.get("data", {}) for output in outputs) == 2


@pytest.mark.parametrize("option", ["", ", show_progress=False", ", show_progress=True"])
def test_nothing_is_drawn_where_nobody_watches(folder: Path, option: str) -> None:
    """Such as in a log; unless it is asked for."""
    code = (
        f"from smartdownsample import ImageIndex\nImageIndex.build('photos', cache=False{option})"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, env=os.environ, capture_output=True, check=True
    )
    assert ("Decoding" in done.stderr.decode()) == ("True" in option)
