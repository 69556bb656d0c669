"""The notebooks of colab/, as Colab would run them.

An environment with only what Colab ships that matters here; one notebook alone in an
empty folder; its first cell installs msr, from this checkout instead of the release.
What it installed is removed again before the next notebook.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from helpers_project import copy_of_project
from tools.coursework.build import versions
from tools.coursework.sources import assignments
from tools.kernel_start import started

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "colab").glob("*.ipynb"))
SHIPPED = ("torch", "numpy", "matplotlib", "ipywidgets", "ipykernel", "scikit-image")


class Environment:
    """A virtual environment whose kernel runs notebooks."""

    def __init__(self, folder: Path, source: Path) -> None:
        self.folder, self.source = folder, source
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        constraints = ["--constraint", ROOT / "constraints.txt"]
        self.pip("install", "--quiet", *constraints, *SHIPPED)
        kernel = ["-m", "ipykernel", "install", "--prefix", folder, "--name", "fresh"]
        subprocess.run([self.python, *kernel], check=True, capture_output=True)
        self.shipped = self.packages()

    @property
    def python(self) -> Path:
        return self.folder / "bin" / "python"

    def pip(self, *arguments: str | Path) -> str:
        command = [self.python, "-m", "pip", *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def packages(self) -> dict[str, str]:
        listed = json.loads(self.pip("list", "--format", "json"))
        return {package["name"]: package["version"] for package in listed}

    def remove_what_was_installed(self) -> None:
        added = self.packages().keys() - self.shipped.keys()
        if added:
            self.pip("uninstall", "--yes", "--quiet", *sorted(added))

    def run(self, notebook: nbformat.NotebookNode, folder: Path) -> None:
        environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith("PYTHON")},
            "MSR_SOURCE": str(self.source),
            "TQDM_DISABLE": "1",
            # another notebook runs beside: threads of both would wait for each other
            "OMP_NUM_THREADS": "1",
            # releases of scipy and others that were tried, like the rest of the gate
            "PIP_CONSTRAINT": str(ROOT / "constraints.txt"),
        }
        resources = {"metadata": {"path": str(folder)}}
        client = NotebookClient(
            notebook, kernel_name="fresh", timeout=1800, resources=resources
        )
        started(lambda: client.execute(env=environment))


@pytest.fixture(scope="session")
def environment(tmp_path_factory):
    folder = tmp_path_factory.mktemp("colab")
    source = copy_of_project(folder)
    os.environ["JUPYTER_PATH"] = str(folder / "venv" / "share" / "jupyter")
    yield Environment(folder / "venv", source)
    shutil.rmtree(folder)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_runs_in_an_environment_like_colabs(
    path: Path, environment: Environment, tmp_path: Path
) -> None:
    environment.remove_what_was_installed()
    assert environment.packages() == environment.shipped
    assert "learning-symmetries" not in environment.shipped
    notebook = nbformat.read(path, as_version=4)
    environment.run(notebook, tmp_path)

    after = environment.packages()
    assert "learning-symmetries" in after
    assert {name: after[name] for name in environment.shipped} == environment.shipped
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            assert output.get("name") != "stderr", output
    counts = [c.execution_count for c in notebook.cells if c.cell_type == "code"]
    assert counts == list(range(1, len(counts) + 1))


def test_students_notebooks_run_alone(environment: Environment, tmp_path: Path) -> None:
    """The first cell of the first one installs msr and Otter; no answer passes a test."""
    environment.remove_what_was_installed()
    for known in assignments():
        notebook = nbformat.read(known.student, as_version=4)
        folder = tmp_path / known.name
        folder.mkdir()
        environment.run(notebook, folder)
        said = checked(notebook)
        assert len(said) == len(list(known.checks.glob("*.py")))
        assert not any("passed!" in text for text in said.values())
        for text in said.values():
            assert "AssertionError: " in text
    after = environment.packages()
    assert {"learning-symmetries", "otter-grader"} <= after.keys()
    assert {name: after[name] for name in environment.shipped} == environment.shipped

    solved = nbformat.reads(versions(assignments()[0]).solution, as_version=4)
    environment.run(solved, tmp_path)
    assert all("passed!" in text for text in checked(solved).values())


def checked(notebook: nbformat.NotebookNode) -> dict[str, str]:
    """What each question's check says; no other cell may say that something failed."""
    said = {}
    for cell in notebook.cells:
        outputs = cell.get("outputs", [])
        assert not [o for o in outputs if o.output_type == "error"], outputs
        assert not [o for o in outputs if o.get("name") == "stderr"], outputs
        if cell.source.startswith("grader.check"):
            said[cell.source] = outputs[0].data["text/plain"]
    return said


def test_says_why_msr_could_not_be_installed(
    environment: Environment, tmp_path: Path
) -> None:
    environment.remove_what_was_installed()
    notebook = nbformat.read(NOTEBOOKS[0], as_version=4)
    source, environment.source = environment.source, tmp_path / "nowhere"
    try:
        with pytest.raises(Exception, match=r"(?s)msr was not installed: .*nowhere"):
            environment.run(notebook, tmp_path)
    finally:
        environment.source = source
