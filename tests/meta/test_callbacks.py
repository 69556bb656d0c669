"""Callbacks: what they are told, and the logs that come with the package."""

import csv
import sys
import types
from pathlib import Path

import pytest
import torch

import msr
from helpers import tiny_learner, tiny_tasks


def train(steps: int, callback, **settings) -> msr.History:
    learner = settings.pop("learner", None) or tiny_learner()
    return msr.meta_train(
        learner, tiny_tasks(), steps, 4, callback=callback, progress=False, **settings
    )


class Listening:
    def __init__(self, last: int = 99) -> None:
        self.heard: list[msr.TrainingState] = []
        self.last = last

    def on_step(self, state: msr.TrainingState) -> bool:
        self.heard.append(state)
        return state.step == self.last


def largest(prediction, target):
    return (prediction - target).abs().max()


def test_an_object_is_told_everything() -> None:
    listening = Listening()
    history = train(4, listening, lr=1e-2, validate_every=2, metrics={"largest": largest})
    assert [s.step for s in listening.heard] == [1, 2, 3, 4]
    assert [s.loss for s in listening.heard] == history.loss
    for state in listening.heard:
        assert state.losses.shape == (4,)
        assert not state.losses.requires_grad
        assert float(state.losses.mean()) == pytest.approx(state.loss)
        assert state.lr == pytest.approx(1e-2)
        assert isinstance(state.learner, msr.MetaLearner)
    validated = [s.validation_loss for s in listening.heard]
    assert validated == [None, history.validation_loss[0], None, history.validation_loss[1]]
    assert listening.heard[1].metrics == {
        "largest": history.validation_metrics["largest"][0]
    }
    assert listening.heard[0].metrics == {}


def test_any_of_several_stops_and_all_are_told() -> None:
    first, second, steps = Listening(last=3), Listening(), []
    history = train(9, [first, lambda step, learner, loss: steps.append(step), second])
    assert len(history) == 3
    assert steps == [1, 2, 3]
    assert len(second.heard) == 3


def test_what_is_told_does_not_change_the_run() -> None:
    quiet, told = tiny_learner(), tiny_learner()
    train(3, None, learner=quiet)
    train(3, Listening(), learner=told)
    torch.testing.assert_close(told.state_dict(), quiet.state_dict(), rtol=0, atol=0)


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_rows_of_numbers(tmp_path) -> None:
    path = tmp_path / "run.csv"
    columns = "validation_loss", "validation_largest"
    history = train(
        4, msr.CSVLog(path, columns), validate_every=2, metrics={"largest": largest}
    )
    found = rows(path)
    assert list(found[0]) == ["step", "loss", "lr", "seconds", *columns]
    assert [int(r["step"]) for r in found] == [1, 2, 3, 4]
    assert [float(r["loss"]) for r in found] == history.loss
    assert [r["validation_loss"] for r in found[::2]] == ["", ""]
    assert [float(r["validation_loss"]) for r in found[1::2]] == history.validation_loss
    assert float(found[1]["validation_largest"]) == pytest.approx(
        history.validation_metrics["largest"][0]
    )


def test_a_resumed_run_has_each_row_once(tmp_path) -> None:
    """Killed at step 5, resumed from step 4: that step is taken, and written, again."""

    class Killed(Exception):
        pass

    def kill(step: int, learner: msr.MetaLearner, loss: float) -> None:
        if step == 6:
            raise Killed

    path, settings = tmp_path / "run.csv", {"checkpoint": tmp_path / "run.pt"}
    with pytest.raises(Killed):
        train(8, [msr.CSVLog(path), kill], checkpoint_every=3, **settings)
    assert len(rows(path)) == 6
    history = train(8, msr.CSVLog(path), checkpoint_every=3, **settings)
    found = rows(path)
    assert [int(r["step"]) for r in found] == list(range(1, 9))
    assert [float(r["loss"]) for r in found] == history.loss


def test_tensorboard_gets_every_number(tmp_path, monkeypatch) -> None:
    written = []

    class SummaryWriter:
        def __init__(self, folder: str) -> None:
            self.folder = folder

        def add_scalar(self, name: str, value: float, step: int) -> None:
            written.append((self.folder, name, value, step))

        def flush(self) -> None:
            pass

    module = types.ModuleType("torch.utils.tensorboard")
    module.SummaryWriter = SummaryWriter
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", module)
    history = train(2, msr.TensorBoardLog(tmp_path / "runs"), validate_every=2)
    losses = [(v, step) for _, name, v, step in written if name == "loss"]
    assert losses == list(zip(history.loss, (1, 2)))
    (validation,) = [(v, s) for _, name, v, s in written if name == "validation_loss"]
    assert validation == (history.validation_loss[0], 2)
    assert {folder for folder, *_ in written} == {str(tmp_path / "runs")}


def test_tensorboard_is_asked_for_when_it_is_missing(tmp_path, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(ModuleNotFoundError, match="pip install tensorboard"):
        msr.TensorBoardLog(tmp_path)


@pytest.mark.bad_input
def test_what_cannot_listen(tmp_path) -> None:
    for callback in (3, [3], "print", lambda step: None, Listening):
        with pytest.raises(TypeError, match="expected callback"):
            train(1, callback)
    path = tmp_path / "other.csv"
    path.write_text("a,b\r\n1,2\r\n")
    with pytest.raises(ValueError, match="expected a file with the columns step,loss"):
        train(1, msr.CSVLog(path))
    assert path.read_text() == "a,b\n1,2\n"
