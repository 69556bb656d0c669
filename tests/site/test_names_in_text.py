"""What pages and docstrings call by name is there."""

import pydoc
import re
from pathlib import Path

import pytest

from helpers_project import ROOT

NAME = re.compile(r"`(msr(?:\.\w+)+)(?:\([^`]*)?`")
TEXTS = [
    *(ROOT / "book").glob("*.md"),
    *(ROOT / "book").glob("*.ipynb"),
    *(ROOT / "msr").rglob("*.py"),
    *(ROOT / "msr").rglob("*.md"),
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
]


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_names_of_msr_lead_somewhere(path: Path) -> None:
    for name in NAME.findall(path.read_text(encoding="utf-8")):
        assert pydoc.locate(name) is not None, name


def test_the_search_finds_names_and_misses() -> None:
    found = NAME.findall("see `msr.meta_train(learner)`, `msr.tasks.SeededTasks` and `msr`")
    assert found == ["msr.meta_train", "msr.tasks.SeededTasks"]
    assert pydoc.locate("msr.meta_gradient") is None
