"""python -m msr identify: the group in a checkpoint, the same as in its learner."""

from pathlib import Path

import pytest
import torch
from torch import nn

import msr
from helpers import tiny_tasks
from msr.__main__ import main
from msr.meta.checkpoint import load, serialize

EARLY = Path(__file__).parents[1] / "fixtures" / "checkpoint_of_the_flat_package.pt"
C6 = msr.cyclic(6)


def model_with(*parts: nn.Module) -> nn.Module:
    model = nn.Sequential(*parts)
    msr.reparameterize(model, filters=6, seed=0)
    with torch.no_grad():
        model[0].parametrizations.weight[0].U.copy_(msr.group_convolution_matrix(C6))
    return model


def trained(model: nn.Module, file: Path, steps: int = 0, **settings) -> msr.MetaLearner:
    learner = msr.MetaLearner(model, msr.GradientDescent(steps=1, lr=0.01))
    tasks = tiny_tasks(input_size=6, kernel_size=1)
    msr.meta_train(
        learner, tasks, steps, 4, lr=0.001, checkpoint=file, progress=False, **settings
    )
    return learner


def said(capsys: pytest.CaptureFixture, *arguments: object) -> str:
    assert main(["identify", *map(str, arguments)]) == 0
    return capsys.readouterr().out


def refused(capsys: pytest.CaptureFixture, *arguments: object) -> str:
    assert main(["identify", *map(str, arguments)]) == 2
    captured = capsys.readouterr()
    assert not captured.out
    assert captured.err.startswith("error: ")
    assert len(captured.err.splitlines()) == 1
    return captured.err


def test_the_same_as_of_the_learner(tmp_path: Path, capsys) -> None:
    file = tmp_path / "run.pt"
    learner = trained(model_with(nn.Linear(6, 6, bias=False)), file, steps=3)
    found = msr.identify(learner)
    assert said(capsys, file) == f"{found}\n"
    assert (found.status, found.name) == ("found", "C6")
    assert said(capsys, file, "--shape", 6, 6) == said(capsys, file, "--layer", "0")
    assert "expected weight_shape (6, 6)" in refused(capsys, file, "--shape", 4, 9)


def test_one_of_several_layers(tmp_path: Path, capsys) -> None:
    file = tmp_path / "run.pt"
    model = model_with(nn.Linear(6, 6), nn.Linear(6, 5), nn.Conv1d(5, 5, 1))
    learner = msr.MetaLearner(model)
    file.write_bytes(serialize(state_of(learner)))
    assert "got 3 ('0.weight', '1.weight', '2.weight')" in refused(capsys, file)
    assert said(capsys, file, "--layer", "0").startswith("found: C6, order 6\n")
    for name in ("1", "2.weight"):
        assert said(capsys, file, "--layer", name) == f"{msr.identify(model, layer=name)}\n"
    assert "expected layer to match a name, got '7'" in refused(
        capsys, file, "--layer", "7"
    )


def state_of(learner: msr.MetaLearner) -> dict:
    """What a checkpoint holds of it, without a run."""
    symmetries = {
        name: (type(symmetry).__name__, list(symmetry.weight_shape))
        for name, symmetry in msr.symmetry_matrices(learner)
    }
    return {
        "learner": learner.state_dict(),
        "symmetries": symmetries,
        "config": {"model": repr(learner.model)},
    }


def test_the_best_validation_counts(tmp_path: Path, capsys) -> None:
    file = tmp_path / "run.pt"

    def spoil(step: int, learner: msr.MetaLearner, loss: float) -> None:
        if step == 1:
            with torch.no_grad():
                learner.model[0].parametrizations.weight[0].U.normal_()

    trained(
        model_with(nn.Linear(6, 6, bias=False)),
        file,
        steps=2,
        validate_every=1,
        callback=spoil,
    )
    state = load(file)
    assert state["validation"]["best_step"] == 1
    assert said(capsys, file).startswith("found: C6")
    file.write_bytes(serialize(state | {"validation": None}))
    assert not said(capsys, file).startswith("found")


def test_kronecker_factors(tmp_path: Path, capsys) -> None:
    model = nn.Sequential(nn.Linear(6, 6, bias=False))
    msr.reparameterize(model, factorization="kronecker")
    trained(model, tmp_path / "small.pt")
    assert said(capsys, tmp_path / "small.pt").startswith("none")
    large = nn.Linear(33, 32)
    msr.reparameterize(large, factorization="kronecker")
    state = state_of(msr.MetaLearner(large))
    (tmp_path / "large.pt").write_bytes(serialize(state))
    assert "'weight' of 1056" in refused(capsys, tmp_path / "large.pt")


def test_an_early_file_needs_a_shape(tmp_path: Path, capsys) -> None:
    assert "expected weight_shape (m, n) of '0.weight'" in refused(capsys, EARLY)
    U = load(EARLY)["learner"]["model.0.parametrizations.weight.0.U"]
    found = msr.identify(U, (6, 8))
    assert said(capsys, EARLY, "--shape", 6, 8) == f"{found}\n"
    assert "a row per entry" in refused(capsys, EARLY, "--shape", 6, 9)
    file = tmp_path / "run.pt"
    model = nn.Sequential(nn.Linear(6, 6, bias=False))
    msr.reparameterize(model, factorization="kronecker")
    trained(model, file)
    state = load(file)
    del state["symmetries"]
    file.write_bytes(serialize(state))
    assert said(capsys, file).startswith("none")


class Own(msr.DenseSymmetry):
    """Has a parameter U that is not its matrix."""

    def matrix(self) -> torch.Tensor:
        return self.U.exp()


def test_a_class_of_ones_own_is_refused(tmp_path: Path, capsys) -> None:
    layer = nn.Linear(6, 6)
    msr.reparameterize(layer, filters=6, factorization=Own)
    state = state_of(msr.MetaLearner(layer))
    file = tmp_path / "run.pt"
    file.write_bytes(serialize(state))
    assert "expected a DenseSymmetry or KroneckerSymmetry" in refused(capsys, file)
    del state["symmetries"]
    file.write_bytes(serialize(state))
    assert "msr.identify(learner)" in refused(capsys, file, "--shape", 6, 6)


def test_files_that_are_no_checkpoint(tmp_path: Path, capsys) -> None:
    assert "No such file" in refused(capsys, tmp_path / "nowhere.pt")
    text = tmp_path / "notes.txt"
    text.write_text("a symmetry")
    before = text.read_bytes()
    message = refused(capsys, text)
    assert "expected a checkpoint in" in message
    assert "delete" not in message
    assert text.read_bytes() == before
    cut = tmp_path / "cut.pt"
    cut.write_bytes(EARLY.read_bytes()[:-10])
    assert "a damaged or truncated one" in refused(capsys, cut)
    torch.save(nn.Linear(2, 2).state_dict(), tmp_path / "plain.pt")
    assert "got another file" in refused(capsys, tmp_path / "plain.pt")
    plain = tmp_path / "maml.pt"
    trained(nn.Linear(6, 6), plain)
    assert "a single symmetry matrix, got 0" in refused(capsys, plain)
