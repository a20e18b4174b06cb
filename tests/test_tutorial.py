"""The tutorial's cells run in a kernel of their own, at sizes that take seconds."""

import json
import re
from pathlib import Path

import pytest

from tests.conftest import ROOT

TUTORIAL = ROOT / "docs" / "tutorial.ipynb"


@pytest.fixture(scope="module")
def executed(tmp_path_factory):
    nbformat = pytest.importorskip("nbformat")
    client = pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    notebook = nbformat.read(TUTORIAL, as_version=4)
    first = next(cell for cell in notebook.cells if cell.cell_type == "code")
    first.source, count = re.subn(r"STEPS = \d+", "STEPS = 10", first.source)
    assert count == 1
    folder = tmp_path_factory.mktemp("tutorial")
    client.NotebookClient(notebook, timeout=240, resources={"metadata": {"path": folder}}).execute()
    return notebook


def outputs_of(notebook, kind):
    return [
        output.data[kind]
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if kind in output.get("data", {})
    ]


def test_every_cell_runs_and_shows_what_it_says(executed):
    videos = [html for html in outputs_of(executed, "text/html") if "data:video/mp4" in html]
    assert len(videos) == 4
    assert any("step 10" in text for text in outputs_of(executed, "text/plain"))
    assert len(outputs_of(executed, "image/png")) == 1
    printed = "".join(
        output.text
        for cell in executed.cells
        for output in cell.get("outputs", [])
        if output.output_type == "stream" and output.name == "stdout"
    )
    assert "own source" in printed and "own constraint" in printed
    assert printed.count("frechet_pooled192") == 2


def test_what_is_committed_shows_its_results():
    notebook = json.loads(Path(TUTORIAL).read_text())
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert all(cell["execution_count"] for cell in code)
    assert Path(TUTORIAL).stat().st_size < 1_000_000
