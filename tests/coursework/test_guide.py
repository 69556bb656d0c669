"""The guide for instructors says what is true."""

import re
from pathlib import Path

import pandas as pd
import pytest

from helpers_coursework import questions
from tools.coursework.gradebook import Gradebook, Row
from tools.coursework.sources import assignments

BOOK = Path(__file__).resolve().parents[2] / "book"
GUIDE = (BOOK / "instructors.md").read_text(encoding="utf-8")


def test_points_go_from_the_grade_file_to_canvas(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    book = Gradebook(Path("unpacked-grades.csv"), "1-groups", {"q1": 3.0, "q2": 2.0})
    book.add(
        Row("lovelaceada_12_345_1-groups.ipynb", "graded", {"q1": 3.0, "q2": 0.0}),
        Row("noetheremmy_LATE_34_567_work-2.ipynb", "graded", {"q1": 3.0, "q2": 2.0}),
        Row("lovelaceada_12_346_notes.pdf", "unusable"),
        Row("turingalan_56_789_virus.exe", "unusable"),
        Row("no Canvas name.ipynb", "graded", {"q1": 3.0}),
    )
    column = "Assignment 1 (1234)"
    pd.DataFrame(
        {
            "Student": ["    Points Possible", "Ada", "Emmy", "Alan", "Absent"],
            "ID": ["", "12", "34", "56", "78"],
            "SIS User ID": ["", "00417", "2", "3", "4"],
            "Section": "S",
            column: [20.0, None, 1.0, None, None],
            "Final Score": 0,
        }
    ).to_csv("canvas.csv", index=False)
    (recipe,) = re.findall(r"```python\n(.*?)```", GUIDE, re.S)
    exec(recipe, {})
    written = pd.read_csv("import.csv", dtype=str)
    assert list(written.columns) == ["Student", "ID", "SIS User ID", "Section", column]
    assert written[column].astype(float).fillna(-1).tolist() == [20.0, 3.0, 5.0, 0.0, -1]
    assert written["SIS User ID"][1] == "00417"
    assert "without a Canvas ID: no Canvas name.ipynb" in capsys.readouterr().out
    pd.DataFrame({"ID": ["12"], "Other": [1]}).to_csv("canvas.csv", index=False)
    with pytest.raises(SystemExit, match=r"no column 'Assignment 1 \(1234\)'"):
        exec(recipe, {})


def test_names_every_assignment_and_its_mistakes() -> None:
    table = GUIDE.partition("## Common mistakes")[2].partition("##")[0]
    rows = re.findall(r"^\| (\d) \|", table, re.M)
    assert sorted(set(rows)) == [known.name[0] for known in assignments()]
    students = (BOOK / "coursework.md").read_text(encoding="utf-8")
    for known in assignments():
        assert f"coursework/student/{known.name}.ipynb)" in students
        assert f"download <../coursework/student/{known.name}.ipynb>" in students
        assert f"**assignment {known.name[0]}**" in GUIDE


def test_rubric_has_the_points_of_the_report() -> None:
    table = GUIDE.partition("## Rubric")[2]
    points = [int(n) for n in re.findall(r"^\| \*\*\w+\*\* \((\d)\) \|", table, re.M)]
    assert points == [1, 2, 2, 1, 1]
    report = assignments()[-1].student.read_text(encoding="utf-8")
    assert [int(n) for n in re.findall(r"\d\. \*[\w ]+\* \((\d)\)", report)] == points
    assert len(questions(assignments()[-1].name)) == 4
