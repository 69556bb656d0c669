"""Generate the students' and the graders' versions of the assignments, by Otter-Grader."""

import contextlib
import io
import logging
import re
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from .sources import BUILT, Assignment, assignments
from .students import as_csv

SEED_LINE = re.compile(r"^seed = \d+(?=  # the number of your version)", re.M)
STAMP = (1980, 1, 1, 0, 0, 0)  # archives of the same files are the same


@dataclass(frozen=True)
class Versions:
    """What Otter makes of one source notebook.

    Attributes:
        student: the students' notebook, as text.
        checks: the public tests, by file name.
        solution: the notebook with solutions, as text.
        autograder: the archive that Otter and Gradescope grade with.
    """

    student: str
    checks: dict[str, str]
    solution: str
    autograder: bytes


def versions(assignment: Assignment, seed: int = 0) -> Versions:
    """Run `otter assign` on a source notebook.

    Args:
        assignment: which.
        seed: the number of the version, written into the notebooks.

    Raises:
        RuntimeError: Otter cannot read the notebook; with what it says.
        ValueError: students would see a solution, since its lines are not marked.
    """
    with tempfile.TemporaryDirectory() as folder:
        # The path to a generated file ends up in the archive: keep it short and the same.
        source = Path(folder) / assignment.source.name
        notebook = nbformat.read(assignment.source, as_version=4)
        set_seed(notebook, seed)
        _check_marks(notebook)
        nbformat.write(notebook, source)
        _assign(source, Path(folder) / "out")
        student, grader = (Path(folder) / "out" / n for n in ("student", "autograder"))
        tests = sorted((student / "tests").glob("*.py"))
        (archive,) = grader.glob("*.zip")
        return Versions(
            student=_text(student / source.name),
            checks={path.name: path.read_text(encoding="utf-8") for path in tests},
            solution=_text(grader / source.name),
            autograder=_same_archive(archive),
        )


def _assign(source: Path, out: Path) -> None:
    from otter.assign import main  # loads slowly

    said = io.StringIO()
    logging.getLogger("otter").setLevel(logging.ERROR)
    try:
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            main(str(source), str(out), no_pdfs=True, no_run_tests=True)
    except Exception as error:
        raise RuntimeError(
            f"Otter cannot assign {source.name}: {error}\n{said.getvalue()[-2000:]}"
        ) from error


def _check_marks(notebook: NotebookNode) -> None:
    within = False
    for cell in notebook.cells:
        if cell.cell_type == "raw":
            within = cell.source.startswith("# BEGIN SOLUTION")
        elif within and cell.cell_type == "code" and "SOLUTION" not in cell.source:
            raise ValueError(
                "expected '# BEGIN SOLUTION' and '# END SOLUTION', or '# SOLUTION', in "
                f"every cell of a solution, got none in one: students would see it\n"
                f"{cell.source[:300]}"
            )


def set_seed(notebook: NotebookNode, seed: int) -> None:
    """Write the number of a version into a notebook.

    Raises:
        ValueError: the notebook does not have exactly one line for it, or the number
            is negative.
    """
    if seed < 0:
        raise ValueError(f"expected a seed of at least 0, got {seed}")
    lines = 0
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.source, count = SEED_LINE.subn(f"seed = {seed}", cell.source)
            lines += count
    if lines != 1:
        raise ValueError(f"expected one line 'seed = ...' in the notebook, got {lines}")


def _text(path: Path) -> str:
    """A generated notebook, with cells numbered so that the same source gives the same."""
    notebook = nbformat.read(path, as_version=4)
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number}"
    notebook.nbformat_minor = max(5, notebook.nbformat_minor)
    notebook.metadata["colab"] = {"name": path.name, "provenance": []}
    return nbformat.writes(notebook) + "\n"


def _same_archive(path: Path) -> bytes:
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name) for name in sorted(archive.namelist())}
    return packed(files)


def packed(files: dict[str, bytes]) -> bytes:
    """A zip archive of files, the same for the same content."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, STAMP), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def committed() -> dict[Path, str]:
    """The generated files that are committed, with what they should hold."""
    wanted = {}
    for assignment in assignments():
        made = versions(assignment)
        wanted[assignment.student] = made.student
        for name, text in made.checks.items():
            wanted[assignment.checks / name] = text
    return wanted


def _there() -> Iterator[Path]:
    for assignment in assignments():
        yield from assignment.student.parent.glob("*.ipynb")
        yield from assignment.checks.parent.glob("*/*.py")


def check() -> list[str]:
    """The committed files that are out of step with their sources."""
    wanted = committed()
    stale = [
        path
        for path, text in wanted.items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    ]
    surplus = set(_there()) - wanted.keys()
    return sorted(f"{path.parent.name}/{path.name}" for path in {*stale, *surplus})


def write() -> None:
    """Write the committed files anew."""
    wanted = committed()
    for path in set(_there()) - wanted.keys():
        path.unlink()
    for path, text in wanted.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def build(
    seed: int = 0, out: Path = BUILT, students: dict[int, str] | None = None
) -> list[Path]:
    """Write what a lecturer hands out and grades with.

    ``student/`` and ``student.zip`` are for students; ``instructor/`` holds solutions
    and autograder archives, which are not. With students, ``versions/`` has a folder
    for each with notebooks of their own number, and ``instructor/versions.csv`` tells
    whose is which.

    Args:
        seed: the number of the version.
        out: the folder. Versions for students that it holds stay, if none are given.
        students: by the numbers of their versions.

    Returns:
        the files written.
    """
    made = {a.name: versions(a, seed) for a in assignments()}
    notebooks = {f"{name}.ipynb": v.student.encode() for name, v in made.items()}
    files: dict[str, bytes] = {"student.zip": packed(notebooks)}
    for name, version in made.items():
        files[f"student/{name}.ipynb"] = version.student.encode()
        files[f"instructor/{name}-solution.ipynb"] = version.solution.encode()
        files[f"instructor/{name}-autograder.zip"] = version.autograder
    if students:
        files["instructor/versions.csv"] = as_csv(students).encode()
        for number, student in students.items():
            for name, text in notebooks.items():
                files[f"versions/{student}/{name}"] = _numbered(text, number)
    for folder in ("student", *(["versions"] if students else [])):
        shutil.rmtree(out / folder, ignore_errors=True)
    for name, content in files.items():
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_bytes(content)
    return [out / name for name in files]


def _numbered(notebook: bytes, seed: int) -> bytes:
    copy = nbformat.reads(notebook.decode(), as_version=4)
    set_seed(copy, seed)
    return f"{nbformat.writes(copy)}\n".encode()
