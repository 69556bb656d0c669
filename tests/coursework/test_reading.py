"""Submissions are read, judged and written down with care."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
import torch
from nbformat import v4

from msr import coursework, cyclic, group_convolution_matrix
from tools.coursework.__main__ import main
from tools.coursework.grade import grade, read
from tools.coursework.gradebook import Gradebook, Row
from tools.coursework.review import Unusable, submission
from tools.coursework.runs import Limits, Question, Run
from tools.coursework.sources import assignment
from tools.coursework.students import with_students

ONE = assignment("1")
POSSIBLE = {"q1": 3.0, "q2": 2.0}


def student_notebook(*cells: str) -> bytes:
    notebook = nbformat.read(ONE.student, as_version=4)
    notebook.cells += [v4.new_code_cell(cell) for cell in cells]
    return nbformat.writes(notebook).encode()


def test_the_students_notebook_raises_no_flag() -> None:
    found = submission(ONE.student.read_bytes(), ONE)
    assert (found.seed, found.flags) == (0, ())
    assert found == submission(b"\xef\xbb\xbf" + ONE.student.read_bytes(), ONE)


def test_runs_without_old_outputs_on_the_kernel_that_is_there() -> None:
    notebook = nbformat.reads(student_notebook("1 + 1").decode(), as_version=4)
    notebook.metadata.kernelspec.name = "my-conda-environment"
    notebook.cells[-1].outputs = [v4.new_output("stream", text="2")]
    found = submission(nbformat.writes(notebook).encode(), ONE).notebook
    cleaned = nbformat.reads(found, as_version=4)
    assert cleaned.metadata.kernelspec.name == "python3"
    assert cleaned.cells[-1].outputs == []


@pytest.mark.parametrize(
    ("cell", "flag"),
    [
        ("import os.path", "imports os"),
        ("from subprocess import run", "imports subprocess"),
        ("!env", "runs a shell command"),
        ("%%bash\nls", "runs a shell command"),
        ("print(open('x').read())", "uses open"),
        ("eval('1')", "uses eval"),
        ("tasks._action", "looks into _action"),
        ("path = './tests/q1.py'", "mentions the folder of the tests"),
        ("def f(:", "is not valid Python"),
    ],
)
def test_flags_what_is_unusual(cell: str, flag: str) -> None:
    (found,) = submission(student_notebook(cell), ONE).flags
    assert found.endswith(flag)


@pytest.mark.parametrize(
    "cell", ["import math\nfrom torch import nn", "%matplotlib inline", "x.__doc__"]
)
def test_does_not_flag_what_is_usual(cell: str) -> None:
    assert submission(student_notebook(cell), ONE).flags == ()


def test_tells_the_version() -> None:
    content = ONE.student.read_bytes().replace(b"seed = 0 ", b"seed = 42 ")
    found = submission(content, ONE)
    assert (found.seed, found.flags) == (42, ())
    for other in (student_notebook("seed = 5"), content.replace(b"seed = 42 ", b"s = 42 ")):
        found = submission(other, ONE)
        assert found.seed is None
        assert "the line 'seed = ...' is missing, or comes twice" in found.flags


def test_says_which_assignment_it_belongs_to() -> None:
    with pytest.raises(Unusable, match="belongs to assignment 3-maml"):
        submission(assignment("3").student.read_bytes(), ONE)
    with pytest.raises(Unusable, match="without code"):
        submission(nbformat.writes(v4.new_notebook()).encode(), ONE)


def test_gradebook_keeps_what_it_wrote(tmp_path: Path) -> None:
    path = tmp_path / "grades.csv"
    book = Gradebook(path, ONE.name, POSSIBLE)
    tricky = Row(
        "=cmd|' /C calc'!A0.ipynb",
        "graded",
        {"q1": 3.0, "q2": 0.5},
        seed="7",
        student='Łukasz, "the" second',
        flags="cell 1 uses open",
        seconds=1.25,
        digest="ab",
    )
    book.add(tricky, Row("b\n.ipynb", "failed", note="-1 + 2"))
    text = path.read_text()
    assert not any(line.startswith(("=", "-", "+", "@")) for line in text.splitlines())
    again = Gradebook(path, ONE.name, POSSIBLE)
    assert again.rows[tricky.submission].points == tricky.points
    assert again.rows[tricky.submission].student == tricky.student
    assert again.rows["b\n.ipynb"].note == "-1 + 2"
    again.write()
    assert path.read_text() == text
    again.keep_only(["b\n.ipynb"])
    assert list(again.rows) == ["b\n.ipynb"]


@pytest.mark.parametrize("content", ["", "name,points\nAda,20\n", "\x00"])
def test_gradebook_leaves_other_files_alone(tmp_path: Path, content: str) -> None:
    path = tmp_path / "grades.csv"
    path.write_text(content)
    with pytest.raises(ValueError, match="expected a grade file of this assignment"):
        Gradebook(path, ONE.name, POSSIBLE)
    assert path.read_text() == content


def test_gradebook_of_another_assignment_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "grades.csv"
    Gradebook(path, "2-intertwiners", POSSIBLE).add(Row("a", "graded", {"q1": 3.0}))
    content = path.read_text()
    with pytest.raises(ValueError, match=r"grades of 1-groups .* those of 2-intertwiners"):
        Gradebook(path, ONE.name, POSSIBLE)
    assert path.read_text() == content


def test_versions_that_come_twice_or_from_nowhere_show() -> None:
    rows = [
        Row("a", "graded", seed="1", flags="cell 2 uses open"),
        Row("b", "graded", seed="1"),
        Row("c", "graded", seed="2"),
        Row("d", "graded", seed="9"),
        Row("e", "unusable"),
    ]
    named = with_students(rows, {1: "Ada", 2: "Bob"})
    assert [row.student for row in named] == ["Ada", "Ada", "Bob", "nobody", ""]
    twice = "version 1 was handed in 2 times"
    assert named[0].flags == f"cell 2 uses open; {twice}"
    assert named[1].flags == twice
    assert (named[2].flags, named[4].flags) == ("", "")
    assert named[3].flags == "version 9 was given to nobody"
    assert with_students(named, {1: "Ada", 2: "Bob"}) == named


@pytest.fixture
def class_of_three(tmp_path: Path) -> Path:
    folder = tmp_path / "submissions"
    folder.mkdir()
    for name in "abc":
        (folder / f"{name}.ipynb").write_bytes(student_notebook(f"name = {name!r}"))
    return folder


def graded(monkeypatch: pytest.MonkeyPatch, run: Callable[..., Run]) -> Callable[..., Any]:
    """Grading with another way to run a submission."""
    monkeypatch.setattr("tools.coursework.grade.run", run)
    limits = Limits(confine=False)
    return lambda folder, **more: grade(
        ONE, folder, folder.parent / "grades.csv", limits=limits, jobs=1, **more
    )


def full_marks(notebook: str, *_: Any) -> Run:
    points = {"q1": 3, "q2": 2, "q3": 3, "q4": 4, "q5": 4, "q6": 4}
    return Run("graded", {q: Question(float(p), float(p)) for q, p in points.items()})


def test_nobody_is_graded_where_the_solution_fails(
    class_of_three: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> Run:
        return Run("failed", note="No module named msr")

    with pytest.raises(RuntimeError, match=r"reference solution .* No module named msr"):
        graded(monkeypatch, broken)(class_of_three)
    assert not (class_of_three.parent / "grades.csv").exists()


def test_only_what_changed_is_graded_again(
    class_of_three: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[str] = []

    def recorded(notebook: str, *_: Any) -> Run:
        ran.append(notebook)
        return full_marks(notebook)

    regrade = graded(monkeypatch, recorded)
    regrade(class_of_three)
    assert len(ran) == 1 + 3
    ran.clear()
    regrade(class_of_three)
    assert ran == []
    (class_of_three / "b.ipynb").write_bytes(student_notebook("name = 'changed'"))
    (class_of_three / "c.ipynb").unlink()
    book = regrade(class_of_three)
    assert len(ran) == 1 + 1
    assert "changed" in ran[1]
    assert list(book.rows) == ["a.ipynb", "b.ipynb"]


def test_an_interrupted_run_keeps_its_rows(
    class_of_three: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = iter(range(10))

    def stops(notebook: str, *_: Any) -> Run:
        if next(count) == 2:
            raise KeyboardInterrupt
        return full_marks(notebook)

    with pytest.raises(KeyboardInterrupt):
        graded(monkeypatch, stops)(class_of_three)
    assert len((class_of_three.parent / "grades.csv").read_text().splitlines()) == 2
    book = graded(monkeypatch, full_marks)(class_of_three)
    assert [row.score for row in book.rows.values()] == [20.0] * 3


def test_reads_files_of_submissions_only(tmp_path: Path) -> None:
    kept = ("a.ipynb", "moodle/Ada_123/work.ipynb")
    others = (".git/x", "__MACOSX/a.ipynb", ".DS_Store", "grades.csv", "feedback/a.txt")
    for name in (*kept, *others):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    out, feedback = tmp_path / "grades.csv", tmp_path / "feedback"
    assert tuple(read(tmp_path, out, feedback)) == kept
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(ValueError, match="got no files in"):
        read(empty, out, feedback)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["grade", "9", "."], "expected one of 1-groups"),
        (["grade", "1", "nowhere"], "expected a folder of submissions, got nowhere"),
        (["grade", "1", "FOLDER", "--jobs", "0"], "expected positive numbers"),
        (["grade", "1", "FOLDER", "--time-limit", "-1"], "expected positive numbers"),
        (["grade", "1", "FOLDER"], "got no files in"),
        (["grade", "1", "FOLDER", "--versions", "nowhere.csv"], "nowhere.csv"),
        (["grade", "1", "FOLDER", "--time-limit", "0"], "expected positive numbers"),
        (["build", "--seed", "-1"], "expected a seed of at least 0, got -1"),
    ],
)
def test_commands_say_what_is_wrong(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    message: str,
) -> None:
    filled = [str(tmp_path) if a == "FOLDER" else a for a in arguments]
    assert main(filled) == 1
    said = capsys.readouterr().err
    assert said.startswith("error: ")
    assert message in said


def test_says_that_it_cannot_confine(
    class_of_three: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tools.coursework.landlock.abi", lambda: 0)
    with pytest.raises(RuntimeError, match=r"cannot confine .* Docker"):
        grade(ONE, class_of_three, class_of_three / "g.csv", limits=Limits(), jobs=1)


def test_judging_accepts_what_holds_numbers() -> None:
    for answer in (1.0, [1.0], (1, 2), [torch.tensor(1.0), 2], torch.tensor([1])):
        assert coursework.as_tensor(answer).dtype == torch.float64
    for answer, message in (
        (None, "missing"),
        (..., "missing"),
        ("one", "got str"),
        ([[1, 2], [3]], "should be a tensor of numbers"),
        (float("nan"), "NaN"),
    ):
        with pytest.raises(AssertionError, match=message):
            coursework.as_tensor(answer)


def test_judging_notices_changed_arguments() -> None:
    x = torch.zeros(3, requires_grad=True)

    def fills_grad(x: torch.Tensor) -> int:
        (x**2).sum().backward()
        return 1

    def changes_list(items: list[int]) -> int:
        items.append(4)
        return 1

    cases = [
        (lambda x: x.detach().add_(1), x),
        (fills_grad, x),
        (changes_list, [1, 2, 3]),
        (lambda pair: pair[1].mul_(2), (torch.ones(2), torch.ones(2))),
    ]
    for function, argument in cases:
        with pytest.raises(AssertionError, match="changes its argument number 1"):
            coursework.unchanged(function, argument)
    assert coursework.unchanged(lambda x: x + 1, x).sum() == 3
    with pytest.raises(AssertionError, match="run the cell that defines it"):
        coursework.unchanged(None, x)
    with pytest.raises(AssertionError, match="returns nothing yet"):
        coursework.unchanged(lambda x: None, x)


def test_judging_compares_spans_not_bases() -> None:
    U = group_convolution_matrix(cyclic(3))
    coursework.same_span(U.flip(1) * 5, U, "")
    for wrong, message in (
        (U[:, :2], "wrong number of columns"),
        (U[:, [0, 1, 1]], "dependent"),
        (U[:5], "should have 9 rows"),
        (U.roll(1, 0), "another space"),
    ):
        with pytest.raises(AssertionError, match=message):
            coursework.same_span(wrong, U, "")


def test_forbidden_functions_are_found_however_they_are_called() -> None:
    import msr

    ways = [
        "def f(t):\n    return msr.regular(t)",
        "from msr import regular\ndef f(t):\n    return regular(t)",
        "from msr import regular as r\ndef g(t):\n    return r(t)\ndef f(t):\n    return g(t)",
        "def f(t):\n    from msr import regular\n    return regular(t)",
        "import msr as m\nf = lambda t: [m.regular(x) for x in [t]][0]",
    ]
    for way in ways:
        scope: dict[str, Any] = {"msr": msr}
        exec(way, scope)
        with (
            pytest.raises(AssertionError, match="write your own"),
            coursework.forbid(scope["f"], "regular"),
        ):
            scope["f"](msr.cyclic(2))
    assert msr.regular(msr.cyclic(2)).dim == 2
    allowed = "def regular(t):\n    return t\ndef f(t):\n    return regular(t)"
    scope = {}
    exec(allowed, scope)
    with coursework.forbid(scope["f"], "regular"):
        assert scope["f"](1) == 1
