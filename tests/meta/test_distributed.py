"""Two processes on one machine train what one process trains."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from meta.distributed_scenarios import NAMES

import msr
from helpers import tiny_learner, tiny_tasks

pytestmark = pytest.mark.skipif(
    not torch.distributed.is_available(), reason="torch was built without distributed"
)
SCRIPT = Path(__file__).with_name("distributed_scenarios.py")


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """What each of two processes found, and one alone; and what they wrote."""
    folder = tmp_path_factory.mktemp("distributed")
    # gloo would ask the network for the name of the machine
    environment = os.environ | {
        "GLOO_SOCKET_IFNAME": "lo",
        "OMP_NUM_THREADS": "1",
        "TQDM_DISABLE": "0",
    }
    if sys.platform == "darwin":
        environment["GLOO_SOCKET_IFNAME"] = "lo0"
    running = [
        subprocess.Popen(
            [sys.executable, SCRIPT, folder, str(rank), str(processes)],
            env=environment,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank, processes in ((0, 2), (1, 2), (0, 1))
    ]
    errors = [process.communicate(timeout=300)[1] for process in running]
    assert [process.returncode for process in running] == [0, 0, 0], "\n".join(errors)
    names = ("0-of-2", "1-of-2", "0-of-1")
    return [torch.load(folder / f"found-{name}.pt") for name in names], errors


def assert_same(one: object, other: object, **tolerance: float) -> None:
    if isinstance(one, dict):
        torch.testing.assert_close(one, other, **tolerance)
    else:
        assert one == other


@pytest.mark.parametrize("name", NAMES)
def test_processes_agree(name, found) -> None:
    (first, second, _), _ = found
    assert_same(first[name], second[name], rtol=0, atol=0)


@pytest.mark.parametrize("name", sorted({*NAMES} - {"statistics", "half", "logged"}))
def test_two_are_equal_to_one(name, found) -> None:
    (first, _, alone), _ = found
    assert_same(first[name], alone[name])


def test_half_precision_is_equal_as_far_as_it_goes(found) -> None:
    (first, _, alone), _ = found
    torch.testing.assert_close(
        first["half"]["state"], alone["half"]["state"], rtol=0, atol=2e-3
    )


def test_what_happened(found) -> None:
    """So that the comparisons above compare something."""
    (first, *_), errors = found
    assert len(first["stopped"]["loss"]) == 4
    assert len(first["resumed"]["loss"]) == 6
    assert len(first["validated"]["loss"]) < 30
    assert "tasks concerned: 1 of 5" in first["diverged"]
    assert first["written"] == ["0.pt"]
    assert first["refused"] == "refused"
    assert [row[0] for row in first["logged"]] == ["1", "2", "3", "4"]
    assert "meta-train" in errors[0]  # the bar
    assert "meta-train" not in errors[1]
    assert [text for text in errors if "Warning" in text] == []


def test_without_a_process_group() -> None:
    with pytest.raises(ValueError, match=r"expected a process group .* torchrun"):
        msr.meta_train(tiny_learner(), tiny_tasks(), 1, 2, distributed=True, progress=False)
