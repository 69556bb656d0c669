"""Grading for real: each submission in a process of its own, hostile ones included."""

import csv
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import nbformat
import psutil
import pytest
from nbformat import v4

from helpers_project import ROOT
from tools.coursework import landlock
from tools.coursework.build import versions
from tools.coursework.grade import grade, possible_points
from tools.coursework.gradebook import Gradebook
from tools.coursework.runs import CANARY, Limits, run
from tools.coursework.sources import assignment, assignments

pytestmark = pytest.mark.skipif(
    not landlock.abi(), reason="this kernel has no Landlock to confine submissions"
)
SECRET = "hunter2-secret-of-the-environment"
MINUTE = Limits(seconds=120.0)


def with_first_cell(notebook: str, code: str) -> str:
    """A submission that does something before anything else."""
    changed = nbformat.reads(notebook, as_version=4)
    changed.cells.insert(0, v4.new_code_cell(code))
    return nbformat.writes(changed)


def test_every_solution_gets_full_marks_and_every_untouched_notebook_zero() -> None:
    made = {a.name: versions(a) for a in assignments()}
    jobs = [(n, which) for n in made for which in ("solution", "student")]

    def score(job: tuple[str, str]) -> tuple[str, float, float]:
        name, which = job
        result = run(getattr(made[name], which), made[name].autograder, MINUTE)
        found = result.questions.values()
        status = result.status + result.note
        return status, sum(q.score for q in found), sum(q.possible for q in found)

    with ThreadPoolExecutor(2) as pool:
        scores = dict(zip(jobs, pool.map(score, jobs), strict=True))
    for name, version in made.items():
        total = sum(possible_points(version).values())
        assert total == (13 if name.startswith("4") else 20)
        assert scores[name, "solution"] == ("graded", total, total), name
        assert scores[name, "student"] == ("graded", 0.0, total), name


@pytest.fixture(scope="module")
def solution() -> str:
    return versions(assignment("1")).solution


@dataclass(frozen=True)
class Course:
    """What grading has left."""

    book: Gradebook
    feedback: Path


HOSTILE = {
    "loops": "while True:\n    pass",
    "leaves-a-process": (
        "import subprocess\nsubprocess.Popen(['sleep', '1000'], start_new_session=True)"
    ),
    "prints-environment": (
        "import os\nprint(dict(os.environ))\n"
        "for pid in filter(str.isdigit, os.listdir('/proc')):\n"
        "    try:\n        print(open('/proc/' + pid + '/environ').read())\n"
        "    except OSError:\n        pass"
    ),
    "deletes": (
        "import shutil, pathlib\n"
        "for place in {places!r}:\n"
        "    shutil.rmtree(place, ignore_errors=True)\n"
        "    pathlib.Path(place).unlink(missing_ok=True)"
    ),
    "reads-others": "print(open({others!r}).read())",
    "writes-grades": "open({grades!r}, 'w').write('submission,score\\nme,20\\n')",
    "raises": "raise RuntimeError('not today')",
    "exits": "import os\nos._exit(0)",
    "kills": "import os, signal\nos.kill(os.getppid(), signal.SIGKILL)",
    "signals-the-grader": "import os\nos.kill({grader!r}, 0)\nprint('reached it')",
    "forges": (
        "import os, json, signal, pathlib\n"
        "home = pathlib.Path(os.environ['HOME']).parent\n"
        "score = {{'score': 20.0, 'possible': 20.0, 'failed': []}}\n"
        "(home / 'outcome.json').write_text(json.dumps({{'q1': score}}))\n"
        "os.kill(os.getppid(), signal.SIGKILL)"
    ),
    "links": (
        "import os, pathlib\n"
        "home = pathlib.Path(os.environ['HOME']).parent\n"
        "(home / 'executed.ipynb').symlink_to({others!r})"
    ),
    "fills-memory": "hoard = bytearray(100 * 1024**3)",
}
UNUSABLE = {
    "text.ipynb": b"Dear grader, my dog ate it.",
    "empty.ipynb": b"",
    "list.ipynb": b"[1, 2]",
    "no-cells.ipynb": b'{"metadata": {}}',
    "picture.png": bytes(range(256)),
}


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory, solution: str) -> Course:
    """A course full of villains, with one honest student, graded."""
    folder = tmp_path_factory.mktemp("course") / "submissions"
    precious = folder.parent / "precious" / "file.txt"
    honest = folder / "honest" / "my work.ipynb"
    for path, text in ((precious, "precious"), (honest, solution)):
        path.parent.mkdir(parents=True)
        path.write_text(text)
    grades, feedback = folder.parent / "grades.csv", folder.parent / "feedback"
    places = [str(folder), str(precious.parent), str(grades), str(feedback)]
    for name, code in HOSTILE.items():
        code = code.format(
            places=places, others=str(honest), grades=str(grades), grader=os.getpid()
        )
        (folder / f"{name}.ipynb").write_text(with_first_cell(solution, code))
    for name, content in UNUSABLE.items():
        (folder / name).write_bytes(content)
    (folder / "other.ipynb").write_bytes(assignment("2").student.read_bytes())
    before = contents(folder.parent)

    os.environ["A_SECRET"] = SECRET
    try:
        book = grade(
            assignment("1"),
            folder,
            grades,
            limits=Limits(seconds=60.0),
            jobs=2,
            feedback=feedback,
        )
    finally:
        del os.environ["A_SECRET"]
    after = contents(folder.parent)
    assert {path: after[path] for path in before} == before
    return Course(book, feedback)


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_an_honest_student_is_not_harmed(course: Course) -> None:
    row = course.book.rows["honest/my work.ipynb"]
    assert (row.status, row.score, row.flags) == ("graded", 20.0, "")
    assert "20 of 20" in (course.feedback / "honest" / "my work.txt").read_text()
    flagged = (course.feedback / "deletes.txt").read_text()
    assert "shutil" not in flagged.splitlines()[0]  # a student may read it
    executed = course.feedback / "honest" / "my work-executed.ipynb"
    nbformat.validate(nbformat.read(executed, as_version=4))


def test_the_results_file_is_whole(course: Course) -> None:
    with course.book.path.open(newline="") as file:
        lines = {line["submission"]: line for line in csv.DictReader(file)}
    assert set(lines) == set(course.book.rows)
    assert len(lines) == 1 + len(HOSTILE) + len(UNUSABLE) + 1
    again = Gradebook(course.book.path, "1-groups", course.book.possible).rows
    for name, row in course.book.rows.items():
        assert again[name] == replace(row, seconds=again[name].seconds)
        assert lines[name]["score"] == f"{row.score:g}"


@pytest.mark.parametrize(
    ("name", "status", "score", "note"),
    [
        ("loops.ipynb", "timed out", 0, "stopped after 60 seconds"),
        ("exits.ipynb", "failed", 0, "ended without results"),
        ("kills.ipynb", "failed", 0, "ended without results"),
        ("forges.ipynb", "failed", 0, "ended without results"),
        ("links.ipynb", "failed", 0, "ended without results"),
        ("raises.ipynb", "graded", 20, ""),
        ("fills-memory.ipynb", "graded", 20, ""),
        ("other.ipynb", "unusable", 0, "belongs to assignment 2-intertwiners"),
        ("text.ipynb", "unusable", 0, "not a notebook"),
        ("empty.ipynb", "unusable", 0, "not a notebook"),
        ("list.ipynb", "unusable", 0, "not a notebook"),
        ("no-cells.ipynb", "unusable", 0, "not a notebook"),
        ("picture.png", "unusable", 0, "not a notebook"),
    ],
)
def test_is_reported(
    course: Course, name: str, status: str, score: float, note: str
) -> None:
    row = course.book.rows[name]
    assert (row.status, row.score) == (status, score)
    assert note in row.note
    assert row.seconds < 90


@pytest.mark.parametrize(
    ("name", "flag"),
    [
        ("prints-environment.ipynb", "printed the environment variables"),
        ("deletes.ipynb", "cell 1 imports shutil"),
        ("reads-others.ipynb", "cell 1 uses open"),
        ("leaves-a-process.ipynb", "cell 1 imports subprocess"),
    ],
)
def test_is_flagged_for_a_person_to_look_at(course: Course, name: str, flag: str) -> None:
    assert flag in course.book.rows[name].flags


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("raises", "not today"),
        ("reads-others", "PermissionError"),
        ("writes-grades", "PermissionError"),
        ("fills-memory", "MemoryError"),
        pytest.param(
            "signals-the-grader",
            "PermissionError",
            marks=pytest.mark.skipif(landlock.abi() < 6, reason="Linux 6.12 or newer"),
        ),
    ],
)
def test_stops_at_its_limits(course: Course, name: str, error: str) -> None:
    executed = nbformat.read(course.feedback / f"{name}-executed.ipynb", as_version=4)
    outputs = [output for cell in executed.cells for output in cell.get("outputs", [])]
    errors = [output for output in outputs if output.output_type == "error"]
    assert error in str(errors)
    printed = [output.text for output in outputs if output.output_type == "stream"]
    assert "reached it" not in "".join(printed)


def test_finds_no_secret(course: Course) -> None:
    executed = (course.feedback / "prints-environment-executed.ipynb").read_text()
    assert CANARY in executed
    for path, content in contents(course.book.path.parent).items():
        assert SECRET.encode() not in content, path


def test_leaves_no_process(course: Course) -> None:
    left = [p for p in psutil.process_iter() if _environment(p).get(CANARY)]
    assert left == []


def _environment(process: psutil.Process) -> dict[str, str]:
    try:
        return process.environ()
    except (psutil.Error, OSError):
        return {}


def test_without_confinement_submissions_are_put_back(
    tmp_path: Path, solution: str
) -> None:
    folder = tmp_path / "submissions"
    folder.mkdir()
    code = f"import shutil\nshutil.rmtree({str(folder)!r})"
    (folder / "a.ipynb").write_text(with_first_cell(solution, code))
    (folder / "b.ipynb").write_text("no notebook")
    before = contents(folder)
    said: list[str] = []
    limits = Limits(seconds=60.0, confine=False)
    out = tmp_path / "grades.csv"
    book = grade(assignment("1"), folder, out, limits=limits, jobs=1, say=said.append)
    assert contents(folder) == before
    assert any("restored" in line for line in said)
    assert [row.status for row in book.rows.values()] == ["graded", "unusable"]


def test_a_killed_run_resumes(tmp_path: Path, solution: str) -> None:
    folder, out = tmp_path / "submissions", tmp_path / "grades.csv"
    folder.mkdir()
    for number in range(4):
        (folder / f"{number}.ipynb").write_text(solution)
    command = [sys.executable, "-m", "tools.coursework", "grade", "1", folder]
    command += ["--out", out, "--jobs", "1"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 120
        while not out.exists() and time.monotonic() < deadline:
            time.sleep(0.1)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    first = out.read_text().splitlines()
    assert len(first) in (2, 3)

    again = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert again.returncode == 0, again.stderr
    assert f"{6 - len(first) - 1} to grade" in again.stdout
    second = out.read_text().splitlines()
    assert set(first) <= set(second)
    assert len(second) == 5
    assert all(",1-groups,graded,20,20," in line for line in second[1:])

    third = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert "0 to grade, 4 graded already" in third.stdout
    assert out.read_text().splitlines() == second
