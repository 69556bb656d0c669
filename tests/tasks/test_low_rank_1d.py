"""LowRank1d: the protocol of the paper's first experiment."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

import msr


def test_defaults_are_the_papers() -> None:
    tasks = msr.LowRank1d()
    assert (tasks.input_size, tasks.kernel_size, tasks.output_size) == (70, 3, 68)
    assert (tasks.num_tasks("train"), tasks.num_tasks("test")) == (8000, 2000)
    batch = tasks.batch("train", [0, 5])
    assert batch.x_support.shape == (2, 1, 70)
    assert batch.y_support.shape == (2, 1, 68)
    assert batch.x_query.shape == (2, 19, 70)
    assert batch.y_query.shape == (2, 19, 68)
    small = msr.LowRank1d(train_examples=2)
    assert small.batch("train", [3]).x_query.shape == (1, 1, 70)
    assert small.batch("test", [3]).x_query.shape == (1, 19, 70)


@pytest.mark.parametrize("rank", [1, 2, 5])
def test_outputs_are_those_of_the_true_weights(rank: int) -> None:
    tasks = msr.LowRank1d(rank=rank, seed=3)
    indices = [0, 1, 7]
    batch, B = tasks.batch("test", indices), tasks.filters("test", indices)
    W = (B.flatten(1) @ tasks.symmetry_matrix().T).reshape(3, 68, 70)
    for x, y in ((batch.x_support, batch.y_support), (batch.x_query, batch.y_query)):
        torch.testing.assert_close(x @ W.mT, y)
    band = torch.ones(68, 70).triu().tril(2).bool()
    assert torch.equal(W != 0, band.expand_as(W))
    assert int(torch.linalg.matrix_rank(tasks.symmetry_matrix())) == 3 * rank


def test_rank_one_is_convolution() -> None:
    tasks = msr.LowRank1d(rank=1, seed=2)
    assert torch.equal(tasks.symmetry_matrix(), msr.conv1d_matrix(70, 3))
    batch, B = tasks.batch("train", [4]), tasks.filters("train", [4])
    expected = F.conv1d(batch.x_query[0][:, None], B)[:, 0]
    torch.testing.assert_close(batch.y_query[0], expected)


def test_numbers_are_standard_normal() -> None:
    tasks = msr.LowRank1d(rank=2)
    B = tasks.filters("train", range(4000))
    x = tasks.batch("train", range(500)).x_query
    for sample in (B, x):
        assert sample.mean().abs() < 4 / sample.numel() ** 0.5
        assert sample.var().item() == pytest.approx(1.0, abs=0.05)
    assert tasks.sharing.sum(1).sub(1).abs().max() < 1e-6


def test_tasks_seeds_and_splits_differ() -> None:
    """Also beyond 2^32, which torch's CPU generator would fold together."""
    draws = [
        msr.LowRank1d(seed=seed).batch(split, [i]).x_query.flatten()
        for seed in (0, 1, 2**32)
        for split in ("train", "test")
        for i in (0, 1)
    ]
    together = torch.stack(draws)
    correlation = torch.corrcoef(together) - torch.eye(len(draws))
    assert correlation.abs().max() < 0.15
    first, second = (msr.LowRank1d(rank=2, seed=seed).sharing for seed in (0, 1))
    assert not torch.allclose(first, second)


@given(
    indices=st.lists(st.integers(0, 29), min_size=1, max_size=6),
    support=st.integers(1, 3),
    query=st.integers(1, 2),
)
@settings(deadline=None, max_examples=30)
def test_a_task_is_the_same_in_every_batch(indices, support, query) -> None:
    tasks = msr.LowRank1d(rank=2, input_size=8, train_tasks=30, train_examples=5)
    batch = tasks.batch("train", indices, support, query)
    for row, i in enumerate(indices):
        alone = tasks.batch("train", torch.tensor([i]))
        x = torch.cat([alone.x_support, alone.x_query], 1)[0]
        torch.testing.assert_close(batch.x_support[row], x[:support])
        torch.testing.assert_close(batch.x_query[row], x[support : support + query])


def test_default_dtype_is_respected(float64) -> None:
    batch = msr.LowRank1d().batch("train", [0])
    assert batch.x_support.dtype == batch.y_query.dtype == torch.float64


def test_drawing_leaves_the_global_state_alone() -> None:
    state = torch.get_rng_state()
    msr.LowRank1d(rank=2).batch("test", [0, 1])
    assert torch.equal(torch.get_rng_state(), state)


def test_is_a_task_distribution() -> None:
    assert isinstance(msr.LowRank1d(), msr.TaskDistribution)
