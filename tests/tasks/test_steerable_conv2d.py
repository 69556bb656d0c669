"""The two-dimensional tasks: escnn's space, and equivariance of the true layers."""

import tracemalloc

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

import msr

pytestmark = pytest.mark.usefixtures("float64")


def small(**given) -> msr.SteerableConv2d:
    return msr.SteerableConv2d(**({"size": 6, "train_tasks": 40, "test_tasks": 9} | given))


@pytest.mark.parametrize(("name", "flip"), [("C8", False), ("D8", True)])
def test_true_space_is_that_of_escnn(name: str, flip: bool) -> None:
    recorded = msr.escnn_kernel_basis()[name].flatten(0, 3)
    tasks = msr.SteerableConv2d(flip=flip)
    U = tasks.symmetry_matrix().cpu()
    assert U.shape == recorded.shape
    assert msr.principal_angles(U, recorded).max() < 1e-6
    kernels = tasks.kernels("train", range(18)).flatten(1).T
    assert msr.principal_angles(kernels, recorded).max() < 1e-6  # 18 tasks span it
    # the scales are escnn's as well: squares of a column sum to 1 or 2
    ours, theirs = (m.square().sum(0).sort().values for m in (U, recorded))
    torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=0)


@pytest.mark.parametrize("flip", [False, True])
def test_targets_are_convolutions_with_the_true_kernels(flip: bool) -> None:
    tasks = small(flip=flip, fields=2, train_examples=4, test_examples=4, support=2)
    batch = tasks.batch("train", [3, 5])
    kernels = tasks.kernels("train", [3, 5])
    assert batch.x_support.shape == (2, 2, 1, 6, 6)
    assert batch.y_query.shape == (2, 2, 16 * (1 + flip), 4, 4)
    for i in range(2):
        torch.testing.assert_close(batch.y_query[i], F.conv2d(batch.x_query[i], kernels[i]))
        torch.testing.assert_close(
            batch.y_support[i], F.conv2d(batch.x_support[i], kernels[i])
        )
    assert not torch.allclose(batch.y_query[0], F.conv2d(batch.x_query[0], kernels[1]))


@pytest.mark.parametrize("move", ["turn", "flip"])
def test_true_layers_are_equivariant(move: str, generator) -> None:
    """Turning the image a quarter turns the outputs and permutes the channels."""
    tasks = small(n=4, flip=True, fields=2)
    group = msr.dihedral(4)
    (kernel,) = tasks.kernels("test", [0])
    u = 1 if move == "turn" else 4

    def moved(image):
        return torch.rot90(image, 1, (-2, -1)) if move == "turn" else image.flip(-1)

    x = torch.randn(3, 1, 6, 6, generator=generator)
    y, y_moved = F.conv2d(x, kernel), F.conv2d(moved(x), kernel)
    fields = y.unflatten(1, (2, 8)), y_moved.unflatten(1, (2, 8))
    for g in range(8):  # channel u g of the moved image is the moved channel g
        target = group.table[u][g]
        torch.testing.assert_close(fields[1][:, :, target], moved(fields[0][:, :, g]))
    assert not torch.allclose(y_moved, moved(y))


def test_variance_of_the_targets() -> None:
    """Squares of all basis functions times variances, shared by the channels."""
    for flip, expected in ((False, 5 / 8), (True, 9 / 16)):
        tasks = msr.SteerableConv2d(flip=flip)
        squares = tasks.kernels("train", range(3000)).square().sum((2, 3, 4))
        assert abs(float(squares.mean()) - expected) < 0.02


def test_noise_is_on_support_targets_only() -> None:
    clean, noisy = small().batch("train", [0, 1]), small(noise=0.5).batch("train", [0, 1])
    assert torch.equal(clean.x_support, noisy.x_support)
    assert torch.equal(clean.y_query, noisy.y_query)
    difference = (noisy.y_support - clean.y_support) / 0.5
    assert abs(float(difference.std()) - 1) < 0.1
    assert not torch.allclose(difference[0], difference[1])
    again = small(noise=0.5).batch("train", [1])
    torch.testing.assert_close(again.y_support[0], noisy.y_support[1])


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(0, 39), min_size=1, max_size=5))
def test_a_task_is_the_same_in_every_batch(indices: list[int]) -> None:
    batch = small(seed=3).batch("train", indices)
    for position, i in enumerate(indices):
        alone = small(seed=3).batch("train", torch.tensor([i]))
        assert torch.equal(alone.x_query[0], batch.x_query[position])
        torch.testing.assert_close(alone.y_support[0], batch.y_support[position])


def test_seeds_and_splits_differ() -> None:
    kernels = [
        small().kernels("train", [0]),
        small().kernels("test", [0]),
        small(seed=1).kernels("train", [0]),
    ]
    assert not torch.allclose(kernels[0], kernels[1])
    assert not torch.allclose(kernels[0], kernels[2])


def test_nothing_is_stored_and_the_global_state_is_left_alone() -> None:
    state = torch.get_rng_state()
    tracemalloc.start()
    tasks = small(train_tasks=10**9)
    batch = tasks.batch("train", [0, 10**9 - 1])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2**20
    assert len(batch) == 2
    assert torch.equal(state, torch.get_rng_state())
    assert isinstance(tasks, msr.TaskDistribution)


@pytest.mark.bad_input
@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"n": 0}, ValueError, "expected n >= 1, got 0"),
        ({"size": 2}, ValueError, "expected size >= 3, got 2"),
        ({"fields": 0}, ValueError, "expected fields >= 1"),
        ({"flip": 1}, TypeError, "flip to be True or False, got 1"),
        ({"n": 8.0}, TypeError, "expected n to be an integer, got 8.0"),
        ({"noise": -1.0}, ValueError, "finite noise >= 0, got -1.0"),
        ({"noise": float("nan")}, ValueError, "finite noise >= 0"),
        ({"support": 2}, ValueError, "expected 1 <= support < examples"),
        ({"train_tasks": 0}, ValueError, "at least one task in each split"),
        ({"seed": -1}, ValueError, "seed >= 0"),
    ],
)
def test_wrong_settings(given: dict, error, message: str) -> None:
    with pytest.raises(error, match=message):
        msr.SteerableConv2d(**given)


@pytest.mark.bad_input
def test_wrong_requests() -> None:
    with pytest.raises(ValueError, match=r"expected train tasks 0\.\.39, got 40"):
        small().batch("train", [40])
    with pytest.raises(ValueError, match="at most 2 together"):
        small().batch("train", [0], support=2)
    with pytest.raises(ValueError, match='"train", "val" or "test"'):
        small().batch("validation", [0])
