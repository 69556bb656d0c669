"""The status page: notes of where a page ran outlive builds that reuse its outputs."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from tools.extensions import execution_status
from tools.extensions.execution_status import record

PAGE = "book/01-equivariance"


@pytest.fixture
def build(tmp_path: Path, monkeypatch):
    """Runs `record` as a build would: seconds and end of each page's execution."""
    commits = iter(["first" * 8, "second" * 7, "third" * 8])

    def run(executed: dict[str, tuple[float, float]]) -> dict:
        here = {"commit": next(commits), "device": "d", "versions": {}, "date": "now"}
        data = {
            page: {"exec_data": {"runtime": seconds, "mtime": ended}}
            for page, (seconds, ended) in executed.items()
        }
        monkeypatch.setattr(execution_status.msr, "provenance", lambda command: here)
        monkeypatch.setattr(
            execution_status.NbMetadataCollector, "get_doc_data", lambda env: data
        )
        app = SimpleNamespace(config=SimpleNamespace(nb_execution_cache_path=str(tmp_path)))
        record(app, None)
        return app.executions

    return run


def test_a_page_out_of_the_cache_keeps_its_note(build) -> None:
    first = build({PAGE: (1.25, 0.0)})
    again = build({PAGE: (1.25, 99.0)})
    assert first == again
    assert first[PAGE]["commit"] == "first" * 8
    assert first[PAGE]["date"] == "1970-01-01T00:00:00+00:00"


def test_a_page_executed_again_gets_a_new_note_and_others_keep_theirs(build) -> None:
    build({PAGE: (1.25, 0.0), "book/other": (2.5, 0.0)})
    again = build({PAGE: (1.2500001, 60.0), "book/other": (2.5, 60.0)})
    assert again[PAGE]["commit"] == "second" * 7
    assert again[PAGE]["date"] == "1970-01-01T00:01:00+00:00"
    assert again["book/other"]["commit"] == "first" * 8


def test_pages_that_are_gone_or_never_ran_are_left_out(build, tmp_path: Path) -> None:
    build({PAGE: (1.0, 0.0)})
    again = build({"book/new": (3.0, 0.0), "book/text": (None, 0.0)})
    assert set(again) == {"book/new"}
    assert json.loads((tmp_path / "provenance.json").read_text()) == again
