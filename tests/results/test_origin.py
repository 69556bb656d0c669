"""Provenance: commit and versions, or none."""

import json
import os
import subprocess
import sys
from pathlib import Path

import torch

import msr


def test_provenance_names_the_commit_and_the_versions() -> None:
    found = msr.provenance("make paper")
    assert found["command"] == "make paper"
    assert found["versions"]["torch"] == torch.__version__
    head = subprocess.run(
        ["git", "-C", str(Path(msr.__file__).parent), "rev-parse", "HEAD"],
        capture_output=True,
        text=True,
    )
    if head.returncode == 0:
        assert found["commit"].rstrip("+") == head.stdout.strip()
    assert str(Path.cwd()) not in json.dumps(found)


def test_outside_a_repository_there_is_no_commit(tmp_path: Path) -> None:
    code = "import msr; print(msr.provenance('x')['commit'])"
    package = tmp_path / "msr"
    package.symlink_to(Path(msr.__file__).parent)
    environment = os.environ | {"PATH": str(tmp_path)}  # no git either
    found = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env=environment,
        cwd=tmp_path,
    )
    assert found.stdout.strip() == "None"
