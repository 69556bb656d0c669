"""What is generated from the source notebooks: in step, complete, and without answers."""

import ast
import io
import re
import sys
import zipfile
from importlib import resources
from pathlib import Path

import nbformat
import pytest
import yaml

from helpers_coursework import questions, secret_lines
from helpers_project import ROOT, copy_of_project, run
from tools.coursework import build as building
from tools.coursework.build import build, check, set_seed, versions
from tools.coursework.grade import possible_points
from tools.coursework.sources import Assignment, assignment, assignments
from tools.coursework.students import as_csv, draw_seeds, read_names, read_students
from tools.repository import release

ALL = assignments()


def code(text: str) -> list[str]:
    cells = nbformat.reads(text, as_version=4).cells
    return [cell.source for cell in cells if cell.cell_type == "code"]


def test_generated_notebooks_and_tests_are_in_step_with_their_sources() -> None:
    assert check() == []


def test_a_change_of_a_source_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = copy_of_project(tmp_path)
    source = copy / "coursework" / "sources" / "1-groups.ipynb"
    source.write_text(source.read_text().replace("(3 points)", "(4 points)"))
    result = run(sys.executable, "-m", "tools.coursework", "assign", "--check", cwd=copy)
    assert result.returncode == 1
    assert "student/1-groups.ipynb" in result.stdout
    assert "run make coursework" in result.stdout
    (copy / "coursework" / "student" / "5-old.ipynb").write_text("{}")
    assert run(sys.executable, "-m", "tools.coursework", "assign", cwd=copy).returncode == 0
    result = run(sys.executable, "-m", "tools.coursework", "assign", "--check", cwd=copy)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize("known", ALL, ids=lambda a: a.name)
def test_students_get_no_solution_and_no_hidden_test(known: Assignment) -> None:
    student = known.student.read_text(encoding="utf-8")
    public = {p.stem: p.read_text(encoding="utf-8") for p in known.checks.glob("*.py")}
    assert set(public) == set(questions(known.name))
    for name, question in questions(known.name).items():
        shown = [cell for cell in question.tests if not cell.startswith("# HIDDEN")]
        assert shown
        assert len(shown) < len(question.tests)
        assert functions(public[name]) == set().union(*map(functions, shown))
    lines = secret_lines(known)
    assert len(lines) >= 10
    assert not [line for line in lines if line in student]
    for word in ("SOLUTION", "HIDDEN", "BEGIN TESTS", "otter_assign", "def test_"):
        assert word not in student
    assert "hidden=True" not in "".join(public.values())


def functions(source: str) -> set[str]:
    nodes = ast.parse(source).body
    return {node.name for node in nodes if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("known", ALL, ids=lambda a: a.name)
def test_notebook_says_its_points(known: Assignment) -> None:
    notebook = nbformat.read(known.student, as_version=4)
    text = "\n".join(c.source for c in notebook.cells if c.cell_type == "markdown")
    manual = {"q5": 7.0} if known.name.startswith("4") else {}
    points = {**possible_points(versions(known)), **manual}
    for question, value in points.items():
        heading = f"### Question {question[1:]}: "
        (line,) = [line for line in text.splitlines() if line.startswith(heading)]
        assert line.endswith(f"({value:g} points)")
    assert f"**Points:** {sum(points.values()):g}" in text
    assert sum(points.values()) == 20
    for part in ("**Learning goals.**", "**You need**", "**Time:**", "**To hand in:**"):
        assert part in text
    assert all(
        f'grader.check("{q}")' in code(known.student.read_text())
        for q in points
        if q not in manual
    )


@pytest.mark.parametrize("known", ALL, ids=lambda a: a.name)
def test_notebook_is_fit_for_colab(known: Assignment) -> None:
    notebook = nbformat.read(known.student, as_version=4)
    first = code(known.student.read_text())[0]
    assert f"@{release()}" in first
    assert "otter-grader" in first
    assert notebook.metadata.colab.name == known.student.name
    for cell in notebook.cells:
        assert not cell.get("outputs")
        if cell.cell_type == "code":
            assert max(map(len, cell.source.splitlines())) < 79


def test_public_tests_come_with_the_package() -> None:
    from msr.coursework import public_tests

    for known in ALL:
        folder = Path(public_tests(known.name))
        installed = {path.name: path.read_text() for path in folder.glob("*.py")}
        assert installed == versions(known).checks
    with pytest.raises(ValueError, match=r"expected one of 1-groups, .* got '5-more'"):
        public_tests("5-more")
    files = resources.files("msr.coursework")
    assert not [path for path in files.iterdir() if path.name.endswith(".ipynb")]


def test_autograder_archive_has_what_gradescope_needs() -> None:
    for known in ALL:
        content = versions(known).autograder
        assert content == versions(known).autograder
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = set(archive.namelist())
            assert {info.date_time[0] for info in archive.infolist()} == {1980}
            environment = yaml.safe_load(archive.read("environment.yml"))
        assert {"run_autograder", "setup.sh", "environment.yml"} <= names
        assert {f"tests/{name}.py" for name in questions(known.name)} <= names
        (pip,) = [d["pip"] for d in environment["dependencies"] if isinstance(d, dict)]
        assert any(line.endswith(f"/archive/{release()}.zip") for line in pip)


def test_build_with_a_version_for_each_student(tmp_path: Path) -> None:
    names = ["Ada", "Émile", "Łukasz, the second"]
    students = draw_seeds(names, seed=3)
    assert students == draw_seeds(names, seed=3)
    assert not students.keys() & draw_seeds(names, seed=4).keys()
    more = draw_seeds(["A latecomer", *reversed(names)], seed=3)
    assert students.items() <= more.items()
    files = build(seed=7, out=tmp_path, students=students)
    assert all(path.is_file() for path in files)
    for seed, name in students.items():
        mine = tmp_path / "versions" / name / "1-groups.ipynb"
        common = tmp_path / "student" / "1-groups.ipynb"
        line = f"seed = {seed}  # the number of your version"
        assert any(line in cell for cell in code(mine.read_text()))
        assert mine.read_text() == common.read_text().replace(
            "seed = 7 ", f"seed = {seed} "
        )
    assert read_students(tmp_path / "instructor" / "versions.csv") == students
    build(seed=7, out=tmp_path)  # without students: their versions stay
    assert read_students(tmp_path / "instructor" / "versions.csv") == students
    assert mine.is_file()
    with zipfile.ZipFile(tmp_path / "student.zip") as archive:
        assert archive.namelist() == [f"{known.name}.ipynb" for known in ALL]
        for known in ALL:
            text = archive.read(f"{known.name}.ipynb").decode()
            assert text == known.student.read_text().replace("seed = 0 ", "seed = 7 ")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("name\nAda\n", "expected columns student in"),
        ("", "expected columns student in"),
        ("student;seed\nAda;1\n", "with commas between them"),
        ("student\n", "none twice, got \\[\\]"),
        ("student\nAda\nAda\n", "none twice"),
        ("student\n../Ada\n", "names of folders"),
        ("student\n.hidden\n", "names of folders"),
    ],
)
def test_rejects_lists_of_students(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "students.csv"
    path.write_text(content)
    with pytest.raises(ValueError, match=message):
        read_names(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("student\nAda\n", "columns student, seed"),
        ("student,seed\nAda,1\nBob,1\n", "every seed once"),
        ("student,seed\nAda,one\n", "whole numbers"),
    ],
)
def test_rejects_lists_of_versions(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "versions.csv"
    path.write_text(content)
    with pytest.raises(ValueError, match=message):
        read_students(path)
    path.write_text(as_csv({5: "Ada"}))
    assert read_students(path) == {5: "Ada"}


def test_reads_lists_as_spreadsheets_write_them(tmp_path: Path) -> None:
    path = tmp_path / "students.csv"
    path.write_bytes('\ufeffStudent,ID\r\n"Noether, Emmy",7\r\nAda,8\r\n'.encode())
    assert read_names(path) == ["Noether, Emmy", "Ada"]
    path.write_bytes("student\nÉmile\n".encode("latin-1"))
    with pytest.raises(ValueError, match=r"UTF-8 in .*students\.csv"):
        read_names(path)


def test_refuses_a_solution_that_students_would_see(tmp_path: Path) -> None:
    notebook = nbformat.read(ALL[0].source, as_version=4)
    for cell in notebook.cells:
        if "def is_group" in cell.source:
            cell.source = re.sub(r" *# (BEGIN|END) SOLUTION\n?", "", cell.source)
    nbformat.write(notebook, tmp_path / "1-groups.ipynb")

    class Unmarked(Assignment):
        source = tmp_path / "1-groups.ipynb"  # type: ignore[assignment]

    with pytest.raises(ValueError, match=r"(?s)students would see it.*def is_group"):
        versions(Unmarked("1-groups"))


def test_rejects_seeds_and_names() -> None:
    notebook = nbformat.read(ALL[0].source, as_version=4)
    with pytest.raises(ValueError, match="at least 0, got -1"):
        set_seed(notebook, -1)
    notebook.cells = [c for c in notebook.cells if "seed = 0" not in c.source]
    with pytest.raises(ValueError, match=r"one line 'seed = ...' in the notebook, got 0"):
        set_seed(notebook, 1)
    assert assignment("3").name == "3-maml"
    with pytest.raises(ValueError, match=r"expected one of 1-groups, .* got '9'"):
        assignment("9")


def test_says_what_otter_cannot_read(tmp_path: Path) -> None:
    notebook = nbformat.read(ALL[0].source, as_version=4)
    notebook.cells = [c for c in notebook.cells if c.source != "# END SOLUTION"]
    broken = tmp_path / "coursework" / "1-groups.ipynb"
    broken.parent.mkdir()
    nbformat.write(notebook, broken)

    class Broken(Assignment):
        source = broken  # type: ignore[assignment]

    with pytest.raises(
        RuntimeError, match=r"Otter cannot assign 1-groups\.ipynb: .*lution"
    ):
        building.versions(Broken("1-groups"))


def test_the_site_and_the_package_hold_no_solutions() -> None:
    config = yaml.safe_load((ROOT / "_config.yml").read_text())
    toc = (ROOT / "_toc.yml").read_text()
    assert config.get("only_build_toc_files") is True
    assert "coursework/" not in toc
