"""Methods and measures on real data, each against the obvious computation."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn import functional as F

import msr
from msr.experiments import EXPERIMENTS, LETTERS, WINDS, Experiment, winds
from msr.experiments.letters import MovedSupport, Network, measure_letters
from msr.experiments.winds import measure_winds

FEW_WINDS = msr.RingWinds(support=3, query=6, train_tasks=40, draws=1)
FEW_LETTERS = msr.Letters(
    ways=3, shots=2, queries=3, query_moves="D4", train_tasks=40, test_tasks=12
)


def numbers(learner: msr.MetaLearner) -> tuple[int, int]:
    """How many numbers adapt, and how many are learned besides."""
    shared = [p for p in learner.shared.values() if p.requires_grad]
    return tuple(
        sum(p.numel() for p in some) for some in (learner.adapted.values(), shared)
    )


@pytest.mark.parametrize(
    ("name", "adapted", "shared"),
    [
        ("Ridge", 576, 0),
        ("Circulant-Ridge", 24, 0),
        ("Circulant-Prior", 24, 576),
        ("MAML", 576, 0),
        ("MSR-8", 8, 8 * 576),
        ("MSR-24", 24, 24 * 576),
        ("MSR-24-Symmetrised", 24, 24 * 576),
    ],
)
def test_methods_of_winds_by_their_parameters(name, adapted, shared) -> None:
    learner = WINDS[name].learner(FEW_WINDS)
    assert numbers(learner) == (adapted, shared)
    assert learner(FEW_WINDS.batch("train", [0, 1])).shape == (2,)


BODY, HEAD = 16 * 9 + 2 * 16 * 16 * 9, 5 * 16 * 9
FACTORS = 4 * 81 + (16**2 + 1) + 2 * (16**2 + 16**2) + (5**2 + 16**2)


@pytest.mark.parametrize(
    ("name", "adapted", "shared", "steps"),
    [
        ("MAML", BODY + HEAD + 5, 0, 5),
        ("MAML-Affine", BODY + HEAD + 5 + 6 * 16, 0, 11),
        ("Meta-SGD", BODY + HEAD + 5, 0, BODY + HEAD + 5),
        ("MSR", BODY + HEAD + 5, FACTORS, 5),
        ("MSR-Affine", BODY + HEAD + 5 + 6 * 16, FACTORS, 11),
        ("MSR-Positions", BODY + HEAD + 5, 81, 5),
        ("MAML-Moved-Support", BODY + HEAD + 5, 0, 5),
        ("Prototypes", HEAD + 5, BODY, 0),
    ],
)
def test_methods_of_letters_by_their_parameters(name, adapted, shared, steps) -> None:
    tasks = msr.Letters(train_tasks=4)
    learner = LETTERS[name].learner(tasks)
    assert numbers(learner) == (adapted, shared)
    assert sum(p.numel() for p in learner.meta_parameters) == steps
    losses = learner(LETTERS[name].view(tasks).batch("train", [0, 1]))
    assert losses.shape == (2,)
    losses.sum().backward()
    for p in learner.parameters():
        if p.requires_grad and name != "Prototypes":
            assert p.grad is not None


def test_circulants_stay_circulant_in_any_order(monkeypatch) -> None:
    monkeypatch.setattr(winds, "REFIT_STEPS", 2)
    secret = replace(FEW_WINDS, order="secret")
    for name in ("Circulant-Ridge", "Circulant-Prior", "MSR-24-Symmetrised"):
        learner = WINDS[name].fit(secret, steps=2, progress=False)
        ((_, symmetry),) = msr.symmetry_matrices(learner.model)
        U, rho = symmetry.matrix().detach(), secret.rotations()
        projected = msr.symmetrise(U, rho)
        torch.testing.assert_close(projected, U, rtol=1e-4, atol=1e-6)
        assert U.abs().max() > 1e-3
    raw = WINDS["MSR-24"].fit(secret, steps=2, progress=False)
    ((_, symmetry),) = msr.symmetry_matrices(raw.model)
    U = symmetry.matrix().detach()
    assert not torch.allclose(msr.symmetrise(U, rho), U, atol=1e-2)


def test_the_prior_of_circulants_is_learned() -> None:
    before = WINDS["Circulant-Prior"].learner(FEW_WINDS)
    after = WINDS["Circulant-Prior"].fit(FEW_WINDS, steps=3, progress=False)
    (one,), (other,) = (
        [U.matrix().detach() for _, U in msr.symmetry_matrices(x.model)]
        for x in (before, after)
    )
    assert not torch.allclose(one, other)


def test_a_moved_support_shows_each_image_in_all_moves() -> None:
    view = MovedSupport(FEW_LETTERS)
    batch, plain = view.batch("test", [0, 4]), FEW_LETTERS.batch("test", [0, 4])
    assert batch.x_support.shape == (2, 8 * 6, 1, 17, 17)
    assert torch.equal(batch.x_query, plain.x_query)
    for i in range(2):
        for x, y in zip(plain.x_support[i, :, 0], plain.y_support[i]):
            for k in range(4):
                for moved in (torch.rot90(x, k), torch.rot90(x, k).flip(1)):
                    same = (batch.x_support[i, :, 0] == moved).all((1, 2))
                    assert (batch.y_support[i][same] == y).any()
    shifted = MovedSupport(replace(FEW_LETTERS, query_moves="shifts")).batch("test", [0])
    assert shifted.x_support.shape == (1, 9 * 6, 1, 17, 17)
    corner = shifted.x_support[0, :, 0] == F.pad(plain.x_support[0, 0, 0], (3, -3, 3, -3))
    assert corner.all((1, 2)).any()
    as_it_is = MovedSupport(replace(FEW_LETTERS, query_moves="none")).batch("test", [0])
    assert torch.equal(as_it_is.x_support, plain.x_support[:1])
    assert view.num_tasks("test") == 12


@pytest.mark.usefixtures("float64")
def test_the_network_with_symmetric_weights_is_invariant_to_turns_and_flips() -> None:
    model = Network(5)
    with torch.no_grad():
        for p in model.parameters():
            if p.ndim == 4:
                turns = [torch.rot90(p, k, (2, 3)) for k in range(4)]
                p.copy_(sum(t + t.flip(3) for t in turns) / 8)
    x = msr.Letters().batch("test", [0]).x_query[0]
    for moved in (torch.rot90(x, 1, (2, 3)), x.flip(3)):
        torch.testing.assert_close(model(moved), model(x))
    assert not torch.allclose(model(x[:, :, :, [*range(1, 17), 0]]), model(x))


def test_only_positions_of_the_head_are_learned() -> None:
    learner = LETTERS["MSR-Positions"].fit(FEW_LETTERS, steps=2, progress=False)
    ((name, symmetry),) = msr.symmetry_matrices(learner.model)
    assert name.startswith("head")
    A, B, C = symmetry.factors
    assert torch.equal(A, torch.eye(3))
    assert torch.equal(B, torch.eye(16))
    assert not torch.equal(C, torch.eye(9))


def test_winds_are_measured_over_all_blocks() -> None:
    method = WINDS["MSR-8"]
    found = measure_winds(method, FEW_WINDS, steps=2, seed=1)
    top, bottom = np.zeros(9), np.zeros(9)
    for fold in range(3):
        tasks = replace(FEW_WINDS, fold=fold)
        learner = method.fit(tasks, 2, 1, progress=False)
        for i in range(tasks.num_tasks("test")):
            batch = tasks.batch("test", [i])
            (place,) = tasks.places("test", [i])
            y = learner.predict(
                learner.adapt(batch.x_support, batch.y_support), batch.x_query
            )
            top[(place.row - 8) // 6] += float((y.detach() - batch.y_query).square().mean())
            bottom[(place.row - 8) // 6] += float(batch.y_query.square().mean())
    np.testing.assert_allclose(found["units"]["top"], top, rtol=1e-4)
    np.testing.assert_allclose(found["units"]["bottom"], bottom, rtol=1e-4)
    assert found["mse"] == pytest.approx(top.sum() / bottom.sum(), rel=1e-4)
    shares = top / bottom
    assert found["ci95"] == pytest.approx(1.96 * shares.std(ddof=1) / 3, rel=1e-4)


def test_letters_are_measured_by_class() -> None:
    for name in ("MSR", "MAML-Moved-Support"):
        method = LETTERS[name]
        found = measure_letters(method, FEW_LETTERS, steps=1, seed=2)
        learner, view = (
            method.fit(FEW_LETTERS, 1, 2, progress=False),
            method.view(FEW_LETTERS),
        )
        top, bottom = np.zeros(192), np.zeros(192)
        shares, losses = [], []
        for i in range(12):
            batch = view.batch("test", [i])
            (drawn,) = FEW_LETTERS.classes("test", [i]).tolist()
            adapted = learner.adapt(batch.x_support, batch.y_support)
            logits = learner.predict(adapted, batch.x_query)[0]
            wrong = logits.argmax(1) != batch.y_query[0]
            for label, number in enumerate(drawn):
                top[number] += int(wrong[batch.y_query[0] == label].sum())
                bottom[number] += 3
            shares.append(float(wrong.float().mean()))
            losses.append(float(F.cross_entropy(logits.detach(), batch.y_query[0])))
        assert found["units"] == {"top": top.tolist(), "bottom": bottom.tolist()}
        assert found["mse"] == pytest.approx(np.mean(shares))
        assert found["loss"] == pytest.approx(np.mean(losses), rel=1e-4)
        half = 1.96 * np.std(shares, ddof=1) / math.sqrt(12)
        assert found["ci95"] == pytest.approx(half)
        assert (found["positions"] is not None) == (name == "MSR")


def test_reproduce_keeps_units_and_says_what_the_error_is(monkeypatch, tmp_path) -> None:
    whole = EXPERIMENTS["winds"]
    few = Experiment(
        "few",
        {name: whole.methods[name] for name in ("Ridge", "MSR-8")},
        {"2 months": whole.columns["2 months"]},
        lambda **settings: msr.RingWinds(draws=1, train_tasks=40, **settings),
        steps=2,
        measure=whole.measure,
        error=whole.error,
    )
    monkeypatch.setitem(EXPERIMENTS, "winds", few)
    file = tmp_path / "winds.json"
    results = msr.reproduce("winds", seeds=2, jobs=1, out=file, progress=False)
    before = file.read_bytes()
    assert (
        msr.reproduce("winds", seeds=2, jobs=1, out=file, progress=False).runs
        == results.runs
    )
    assert file.read_bytes() == before
    assert "Meta-test MSE over that of predicting zero, mean" in msr.table_text(results)
    difference = {("MSR-8", "2 months"): 1, ("Ridge", "2 months"): -1}
    found = msr.contrast(results, difference, draws=50)
    assert (found.seeds, found.units) == (2, 9)
    means = [results.summary(row, "2 months").mean for row in ("MSR-8", "Ridge")]
    assert found.estimate == pytest.approx(means[0] - means[1], abs=0.01)


def test_columns_of_real_data_mean_what_they_say() -> None:
    columns = EXPERIMENTS["winds"].columns
    assert len(columns) == 12
    later = columns["later, 64 months"].problem
    assert msr.RingWinds(**later) == msr.RingWinds(support=64, query=8, years="later")
    assert msr.RingWinds(**columns["2 months"].problem) == msr.RingWinds(support=2)
    moves = {c.problem["query_moves"] for c in EXPERIMENTS["letters"].columns.values()}
    assert moves == {"none", "D4", "shifts"}
