"""Answers to the assignments, judged as Otter judges them, without a kernel."""

import ast
import json
import os
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import nbformat
import torch
from otter.test_files import create_test_file

from tools.coursework.build import set_seed
from tools.coursework.sources import Assignment, assignment

ANSWERS = Path(__file__).parent / "coursework" / "answers"
HEADING = re.compile(r"^# %% (?P<question>q\d+): (?P<title>.+)$", re.M)


@dataclass
class Question:
    """A question's cells in the source notebook."""

    name: str
    before: list[str] = field(default_factory=list)  # given cells and earlier questions'
    solution: list[str] = field(default_factory=list)
    tests: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Answer:
    """An answer to one question, right or wrong, from a file of answers."""

    assignment: str
    question: str
    title: str
    code: str

    def __str__(self) -> str:
        return f"{self.assignment[0]}-{self.question} {self.title}"


def answers(kind: str) -> Iterator[Answer]:
    """The answers of a kind, "wrong" or "right": files of cells with a heading."""
    for path in sorted((ANSWERS / kind).glob("*.py")):
        parts = HEADING.split(path.read_text(encoding="utf-8"))[1:]
        for question, title, code in zip(*[iter(parts)] * 3, strict=True):
            yield Answer(path.stem, question, title, code.strip())


def secret_lines(known: Assignment) -> set[str]:
    """The lines of the solutions, code and text, that give something away."""
    cells = nbformat.read(known.source, as_version=4).cells
    found: set[str] = set()
    within = False
    for cell in cells:
        if cell.cell_type == "raw":
            within = cell.source.startswith("# BEGIN SOLUTION")
        elif within and cell.cell_type == "markdown":
            found |= set(cell.source.splitlines())
        elif within:
            body = re.findall(r"# BEGIN SOLUTION(.*?)# END SOLUTION", cell.source, re.S)
            found |= set("\n".join(body).splitlines())
            answered = cell.source.count("# SOLUTION") + len(body)
            assert answered, "a cell of a solution that students would see"
    return {json.dumps(line.strip())[1:-1] for line in found if len(line.strip()) > 20}


@cache
def questions(name: str, seed: int = 0) -> dict[str, Question]:
    """The questions with tests of an assignment, in order."""
    notebook = nbformat.read(assignment(name).source, as_version=4)
    set_seed(notebook, seed)
    found: dict[str, Question] = {}
    current: Question | None = None
    block, given = "", []
    for cell in notebook.cells:
        first, _, rest = cell.source.partition("\n")
        if cell.cell_type == "raw" and first.startswith("# BEGIN "):
            block = first.removeprefix("# BEGIN ")
            if block == "QUESTION":
                current = Question(re.search(r"^name: (\w+)$", rest, re.M)[1])
                current.before = given.copy()
        elif cell.cell_type == "raw" and first.startswith("# END "):
            block = "" if first == "# END QUESTION" else "QUESTION"
            if first == "# END QUESTION" and current is not None:
                given += current.solution
                if current.tests:
                    found[current.name] = current
                current = None
        elif cell.cell_type == "code":
            if block == "TESTS":
                current.tests.append(cell.source)
            elif block == "SOLUTION":
                current.solution.append(cell.source)
            else:
                given.append(cell.source)
                if current is not None:
                    current.before.append(cell.source)
    return found


def namespace(cells: list[str]) -> dict[str, Any]:
    """What cells define, when run one after the other in an empty folder."""
    scope: dict[str, Any] = {"__name__": "__main__"}
    folder = os.getcwd()
    with tempfile.TemporaryDirectory() as empty:
        os.chdir(empty)
        try:
            for cell in cells:
                run_cell(cell, scope)
        finally:
            os.chdir(folder)
    return scope


def run_cell(code: str, scope: dict[str, Any]) -> None:
    exec(compile(ast.parse(code), "<cell>", "exec"), scope)


def judged(tests: list[str], scope: dict[str, Any]) -> list[str]:
    """The messages of the tests that fail; none if the answer gets its points."""
    lines = ["from otter.test_files import test_case", "OK_FORMAT = False", "name = 'q'"]
    for test in tests:
        lines += ["@test_case(points=None)", test.removeprefix("# HIDDEN\n")]
    with tempfile.NamedTemporaryFile("w", suffix=".py") as file:
        file.write("\n".join(lines))
        file.flush()
        result = create_test_file(file.name, None)
    before = torch.get_default_dtype()
    try:
        result.run(scope)
    finally:
        torch.set_default_dtype(before)
    return [r.message for r in result.test_case_results if not r.passed]
