"""Solutions get their points, wrong answers lose them, whatever the style."""

import ast
import contextlib
import io
from collections import Counter
from collections.abc import Iterator
from functools import cache
from typing import Any

import matplotlib
import pytest
import torch

from helpers_coursework import (
    Answer,
    Question,
    answers,
    judged,
    namespace,
    questions,
    run_cell,
)
from tools.coursework.sources import assignments

matplotlib.use("agg")
pytestmark = [
    pytest.mark.bad_input,  # as students run msr: without checks of every signature
    # torch.func.hessian, in a right answer
    pytest.mark.filterwarnings("ignore:.*torch.jit.script.*:DeprecationWarning"),
]
NAMES = [assignment.name for assignment in assignments()]
QUESTIONS = [(name, question) for name in NAMES for question in questions(name)]
WRONG, RIGHT = list(answers("wrong")), list(answers("right"))


@pytest.fixture(autouse=True)
def _torch_as_before() -> Iterator[None]:
    """The notebooks set torch's default dtype and number of threads."""
    dtype, threads = torch.get_default_dtype(), torch.get_num_threads()
    yield
    torch.set_default_dtype(dtype)
    torch.set_num_threads(threads)


@cache
def solved(name: str, question: str, seed: int = 0) -> dict[str, Any]:
    """The names of a notebook that is solved up to and with a question."""
    posed = questions(name, seed)[question]
    with contextlib.redirect_stdout(io.StringIO()):
        return namespace(posed.before + posed.solution)


def scope_for(name: str, question: str) -> dict[str, Any]:
    """A copy, and in float64, as after the notebook's first cells."""
    last = list(questions(name))[-1] if name.startswith("4") else question
    scope = dict(solved(name, last))  # the last assignment trains: run it once
    torch.set_default_dtype(torch.float64)
    return scope


def judge(answer: Answer) -> list[str]:
    """The messages of the first test that fails."""
    scope = scope_for(answer.assignment, answer.question)
    with contextlib.redirect_stdout(io.StringIO()):
        run_cell(answer.code, scope)
        results = (judged([test], scope) for test in asked(answer).tests)
        return next(filter(None, results), [])


def asked(answer: Answer) -> Question:
    return questions(answer.assignment)[answer.question]


@pytest.mark.parametrize(("name", "question"), QUESTIONS)
def test_solution_gets_full_points(name: str, question: str) -> None:
    scope = scope_for(name, question)
    assert judged(questions(name)[question].tests, scope) == []


@pytest.mark.parametrize("seed", [1, 20, 123456])
@pytest.mark.parametrize(("name", "question"), [q for q in QUESTIONS if q[0] < "4"])
def test_solution_gets_full_points_in_other_versions(
    name: str, question: str, seed: int
) -> None:
    torch.set_default_dtype(torch.float64)
    tests = questions(name, seed)[question].tests
    assert judged(tests, dict(solved(name, question, seed))) == []


@pytest.mark.parametrize(("name", "question"), QUESTIONS)
def test_no_answer_fails_every_test(name: str, question: str) -> None:
    """The public ones too: a student sees that there is something to do."""
    wanted = questions(name)[question]
    scope = scope_for(name, question)
    left = {key: value for key, value in scope.items() if key not in made_by(wanted)}
    for test in wanted.tests:
        assert judged([test], left), test


def made_by(question: Question) -> set[str]:
    """The names that an answer defines or assigns."""
    trees = [ast.parse(cell) for cell in question.solution]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    functions = {node.name for node in nodes if isinstance(node, ast.FunctionDef)}
    return functions | {
        node.id
        for node in nodes
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }


@pytest.mark.parametrize("answer", WRONG, ids=str)
def test_wrong_answer_loses_its_points(answer: Answer) -> None:
    assert judge(answer)


@pytest.mark.parametrize("answer", RIGHT, ids=str)
def test_right_answer_gets_its_points(answer: Answer) -> None:
    assert judge(answer) == []


def test_every_question_has_wrong_answers() -> None:
    count = Counter((answer.assignment, answer.question) for answer in WRONG)
    assert set(count) == set(QUESTIONS)
    assert min(count.values()) >= 3
    assert {(a.assignment, a.question) for a in RIGHT} == set(QUESTIONS)
    assert len(RIGHT) >= 20
    everything = [*WRONG, *RIGHT]
    assert len({str(answer) for answer in everything}) == len(everything)
    assert len({answer.code for answer in everything}) == len(everything)
