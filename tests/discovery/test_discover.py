"""Sharing pattern and group from one data set, with nothing given; and the parts of it."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from linear import design, log_density

import msr
from msr.discovery import one_data_set
from msr.discovery.annealing import annealed, clustered
from msr.discovery.closure import numbered, orbits_of
from msr.discovery.moments import Moments, fit_of
from msr.discovery.pattern_search import Search, left_out
from msr.discovery.proposals import proposed
from msr.discovery.sparse import sparse_ridge


def ring_weights(
    n: int, channels: int, taps: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Convolutions on a ring in a secret order: labels of entries, weights (m, n, C)."""
    draw = np.random.default_rng(seed)
    order = draw.permutation(n)
    labels = ((np.arange(n) - np.arange(n)[:, None]) % n)[np.ix_(order, order)]
    values = np.zeros((n, channels))
    values[:taps] = draw.normal(size=(taps, channels))
    return labels, values[labels]


def data(
    weights: np.ndarray, examples: int, seed: int, noise: float = 0.1
) -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(seed)
    x = draw.normal(size=(examples, weights.shape[1]))
    y = np.einsum("ijc,ej->cei", weights, x)
    return x, y + noise * draw.normal(size=y.shape)


@pytest.fixture(scope="module")
def searched() -> tuple:
    """Data with C6, and what a search finds in them."""
    _, weights = ring_weights(6, 6, 6, seed=1)
    x, y = data(weights, 5, seed=2)
    moments = Moments.of(x, y, 1e-6)
    return x, y, one_data_set._searched(moments, np.random.default_rng(0))


def found_in(x: np.ndarray, y: np.ndarray, **settings) -> msr.Discovery:
    return msr.discover(torch.tensor(x), torch.tensor(y), **settings)


def same_partition(a: np.ndarray, b: np.ndarray) -> bool:
    return np.array_equal(numbered(a), numbered(b))


@pytest.mark.parametrize(
    ("n", "channels", "taps", "examples"), [(6, 6, 6, 5), (8, 6, 3, 5)]
)
def test_a_ring_is_found_from_fewer_examples_than_inputs(
    n: int, channels: int, taps: int, examples: int
) -> None:
    labels, weights = ring_weights(n, channels, taps, seed=1)
    found = found_in(*data(weights, examples, seed=2), restarts=2)
    assert found.status == "found"
    assert found.identification.name == f"C{n}"
    assert same_partition(found.identification.orbits.numpy(), labels)
    expected = np.eye(n)[labels][..., :taps].reshape(n * n, taps) / n**0.5
    span = found.U.numpy() @ found.U.numpy().T
    np.testing.assert_allclose(span, expected @ expected.T, atol=1e-12)
    error = np.square(found.weight.numpy().transpose(1, 2, 0) - weights).sum()
    assert error < 0.01 * np.square(weights).sum()
    assert found.noise == pytest.approx(0.1, rel=0.2)
    assert found.agreement > 0.5
    assert found.lead > 30
    assert found.left_out < 0.05
    assert str(found).startswith(f"found: C{n}, order {n}\n{taps} orbits")


def test_the_evidence_of_a_group_is_the_exact_one() -> None:
    """Scores are the dense Gaussian's log density, less the costs, at the best noise."""
    labels, weights = ring_weights(6, 2, 6, seed=3)
    x, y = data(weights, 4, seed=4, noise=0.3)
    search = Search(Moments.of(x, y, 1e-6), np.random.default_rng(0))
    group = search.of_group(labels)
    assert group.group.order == 6
    U = torch.tensor(np.eye(6)[labels].reshape(36, 6))
    exact = msr.evidence(U, torch.tensor(x), torch.tensor(y))
    cost = 2 * math.lgamma(7) - math.log(6) + math.log(6)
    assert len(group.zero) == 0
    assert group.score == pytest.approx(exact.log_evidence - cost, abs=1e-6)
    np.testing.assert_allclose(
        group.weights.transpose(2, 0, 1), exact.weight.numpy(), atol=1e-5
    )
    free = search.free()
    exact = msr.evidence(None, torch.tensor(x), torch.tensor(y))
    assert free.score == pytest.approx(exact.log_evidence, abs=1e-6)
    np.testing.assert_allclose(
        free.weights.transpose(2, 0, 1), exact.weight.numpy(), atol=1e-5
    )


def test_the_evidence_of_classes_with_zeros() -> None:
    """Class 0 is zero; the prior is on each class's value."""
    classes = np.array([[0, 1, 2], [1, 1, 0], [2, 2, 2]])
    member = np.eye(3)[classes].reshape(9, 3)[:, 1:]
    x, y = data(member.reshape(3, 3, 2), 4, seed=0, noise=0.3)
    search = Search(Moments.of(x, y, 1e-6), np.random.default_rng(0))
    found = search._with_classes(classes)
    width = found.noise / found.ridge**0.5
    density = log_density(
        width**2 * member @ member.T, torch.tensor(x), torch.tensor(y), found.noise
    )
    arrangements = math.factorial(9) / (2 * math.factorial(3) * math.factorial(4))
    assert found.score == pytest.approx(density - math.log(arrangements), abs=1e-6)
    assert np.abs(found.weights[classes == 0]).max() == 0


def test_leaving_out_an_example_is_fitting_the_others() -> None:
    labels, weights = ring_weights(5, 2, 3, seed=3)
    x, y = data(weights, 6, seed=4, noise=0.5)
    search = Search(Moments.of(x, y, 1e-6), np.random.default_rng(0))
    found = search.of_group(labels)
    kept = [k for k in range(5) if k not in found.zero]
    member = np.eye(5)[found.classes].reshape(25, 5)[:, kept]
    missed = 0.0
    for out in range(6):
        rest = [e for e in range(6) if e != out]
        Phi = design(x[rest], 5) @ member
        gram = Phi.T @ Phi + found.ridge * np.eye(len(kept))
        for c in range(2):
            values = np.linalg.solve(gram, Phi.T @ y[c, rest].reshape(-1))
            missed += np.square(y[c, out] - design(x[[out]], 5) @ member @ values).sum()
    expected = missed / np.square(y).sum()
    assert left_out(search.moments, found) == pytest.approx(expected)


def test_without_a_group_none_is_found() -> None:
    draw = np.random.default_rng(0)
    dense = draw.normal(size=(6, 6, 3))
    sparse = dense * (draw.random((6, 6, 1)) < 0.3)
    for weights, examples in ((dense, 9), (sparse, 4)):
        found = found_in(*data(weights, examples, 0), restarts=1)
        assert found.status == "none"
        assert (found.identification, found.U) == (None, None)
        assert found.lead < 0
        assert str(found).startswith("none: ")


@pytest.mark.parametrize(
    ("setting", "value"),
    [("LEAST_LEAD", 1e9), ("LEAST_AHEAD", 1e9), ("LARGEST_LEFT_OUT", 0.0)],
)
def test_each_doubt_is_enough(
    setting: str, value: float, monkeypatch: pytest.MonkeyPatch, searched: tuple
) -> None:
    x, y, result = searched
    monkeypatch.setattr(one_data_set, "_searched", lambda *_: result)
    assert found_in(x, y).status == "found"
    monkeypatch.setattr(one_data_set, setting, value)
    found = found_in(x, y)
    assert found.status == "not sure"
    assert str(found).startswith("not sure: C6, order 6, explains the data best")


def test_restarts_that_disagree(monkeypatch: pytest.MonkeyPatch, searched: tuple) -> None:
    x, y, (plain, groups) = searched
    others = plain, groups[1:]
    for results, agreement, status in (
        ([(plain, groups), others, (plain, groups)], 2 / 3, "found"),
        ([(plain, groups), others, (plain, [])], 1 / 3, "not sure"),
    ):
        queue = iter(results)
        monkeypatch.setattr(one_data_set, "_searched", lambda *_, queue=queue: next(queue))
        found = found_in(x, y)
        assert found.agreement == pytest.approx(agreement)
        assert found.status == status
        assert found.lead == pytest.approx(groups[0].score - plain.score)
        assert found.rival == pytest.approx(groups[1].score - plain.score)


def test_what_no_group_explains_better(
    monkeypatch: pytest.MonkeyPatch, searched: tuple
) -> None:
    x, y, (plain, groups) = searched
    better = replace(plain, score=groups[0].score + 1)
    monkeypatch.setattr(one_data_set, "_searched", lambda *_: (better, groups))
    found = found_in(x, y)
    assert (found.status, found.lead) == ("none", pytest.approx(-1))
    np.testing.assert_allclose(found.weight.numpy(), plain.weights.transpose(2, 0, 1))
    monkeypatch.setattr(one_data_set, "_searched", lambda *_: (plain, []))
    alone = found_in(x, y)
    assert (alone.status, alone.lead, alone.left_out) == ("none", -math.inf, 1.0)


def test_the_same_seed_the_same_discovery() -> None:
    _, weights = ring_weights(4, 2, 4, seed=1)
    x, y = data(weights, 3, seed=2)
    state = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002

    def run(seed: int) -> str:
        generator = torch.Generator().manual_seed(seed)
        return str(found_in(x, y, restarts=1, generator=generator))

    assert run(0) == run(0)
    assert torch.equal(torch.get_rng_state(), state[0])
    assert np.array_equal(np.random.get_state()[1], state[1])  # noqa: NPY002
    single = msr.discover(torch.tensor(x).float(), torch.tensor(y[0]).float(), restarts=1)
    assert single.weight.shape == (4, 4)
    assert single.weight.dtype == torch.float32


def test_proposals_are_the_symmetries_of_a_weight() -> None:
    """Of a ring with few taps and many zeros: all turns come first."""
    for taps in (3, 12):
        labels, weights = ring_weights(12, 3, taps, seed=0)
        pairs = proposed(weights)
        for pair in pairs[:11]:
            moved = labels[np.ix_(pair[:12], pair[12:] - 12)]
            np.testing.assert_array_equal(moved, labels)
        assert same_partition(orbits_of(pairs[:11], (12, 12)), labels)


def test_annealing_recovers_classes() -> None:
    labels, weights = ring_weights(8, 4, 3, seed=5)
    x, y = data(weights, 12, seed=6)
    moments, draw = Moments.of(x, y, 1e-6), np.random.default_rng(0)
    start = clustered(sparse_ridge(x, y), 3, draw)
    classes = annealed(moments, 3, draw, start)
    assert same_partition(classes, np.minimum(labels, 3))
    assert (classes[labels >= 3] == 0).all()


def test_a_sparse_ridge_finds_the_zeros() -> None:
    _, weights = ring_weights(8, 4, 2, seed=5)
    x, y = data(weights, 6, seed=6, noise=0.05)
    found = sparse_ridge(x, y)
    assert np.square(found - weights).sum() < 0.02 * np.square(weights).sum()
    free = msr.evidence(None, torch.tensor(x), torch.tensor(y)).weight.numpy()
    ridge = np.square(free.transpose(1, 2, 0) - weights).sum()
    assert ridge > 10 * np.square(found - weights).sum()


def test_moments_are_those_of_the_design() -> None:
    classes = np.array([[0, 1, 1], [2, 0, 2]])
    x, y = data(np.ones((2, 3, 2)), 4, seed=0)
    member = np.eye(3)[classes].reshape(6, 3)
    Phi = design(x, 2) @ member
    gram, cross = Moments.of(x, y, 1e-6).of_classes(classes, 3)
    np.testing.assert_allclose(gram, Phi.T @ Phi)
    np.testing.assert_allclose(cross, (y.reshape(2, -1) @ Phi).T)
    fit = fit_of(Moments.of(x, y, 1e-6), gram, cross)
    assert fit.noise > 0


X, Y = torch.ones(3, 4), torch.ones(3, 4)


@pytest.mark.bad_input
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((X, Y[:, :1]), "2 to 64 inputs and outputs, got 4 and 1"),
        ((X[:, :1], Y), "2 to 64 inputs and outputs, got 1 and 4"),
        ((torch.ones(2, 65), Y[:2]), "got 65 and 4"),
        ((X, Y[:2]), "expected y of shape"),
        ((X, Y[:, 0]), r"expected x of shape \(examples, n\)"),
        ((X[None], Y[None]), r"expected x of shape \(examples, n\)"),
        ((X * math.nan, Y), "finite x"),
        ((X, 0 * Y), "got zeros"),
    ],
)
def test_data_that_are_refused(arguments, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        msr.discover(*arguments)
