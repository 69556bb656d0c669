"""SpanTasks: linear layers that share a symmetry matrix."""

import pytest
import torch

import msr


@pytest.fixture
def U(generator) -> torch.Tensor:
    return torch.randn(20, 3, generator=generator)


def test_targets_are_those_of_weights_in_the_span(U) -> None:
    tasks = msr.SpanTasks(U, (4, 5))
    batch, W = tasks.batch("train", [7, 0]), tasks.weights("train", [7, 0])
    assert batch.x_support.shape == (2, 4, 5)
    assert batch.y_query.shape == (2, 6, 4)
    for t in range(2):
        for x, y in (
            (batch.x_support[t], batch.y_support[t]),
            (batch.x_query[t], batch.y_query[t]),
        ):
            for e in range(len(x)):
                by_hand = [sum(W[t, i, j] * x[e, j] for j in range(5)) for i in range(4)]
                torch.testing.assert_close(y[e], torch.stack(by_hand))
        solution = torch.linalg.lstsq(U, W[t].reshape(-1, 1)).solution
        torch.testing.assert_close(U @ solution, W[t].reshape(-1, 1))
    assert not torch.allclose(W[0], W[1])


def test_filters_and_inputs_are_standard_normal() -> None:
    tasks = msr.SpanTasks(torch.eye(6), (2, 3))
    for sample in (
        tasks.weights("test", range(1000)),
        tasks.batch("test", range(500)).x_query,
    ):
        assert sample.mean().abs() < 4 / sample.numel() ** 0.5
        assert float(sample.var()) == pytest.approx(1, abs=0.06)


def test_noise_is_on_support_targets_alone(U) -> None:
    clean, noisy = (msr.SpanTasks(U, (4, 5), noise=noise) for noise in (0.0, 0.5))
    a, b = (tasks.batch("train", range(100)) for tasks in (clean, noisy))
    assert float((b.y_support - a.y_support).std()) == pytest.approx(0.5, rel=0.1)
    for name in ("x_support", "x_query", "y_query"):
        assert torch.equal(getattr(a, name), getattr(b, name))


def test_numbers_and_seeds_and_splits_tell_tasks_apart(U) -> None:
    tasks, again = msr.SpanTasks(U, (4, 5)), msr.SpanTasks(U.clone(), (4, 5))
    x = tasks.batch("train", [0, 1, 0]).x_support
    assert torch.equal(x, again.batch("train", [0, 1, 0]).x_support)
    assert torch.equal(x[0], x[2])
    assert not torch.equal(x[0], x[1])
    assert not torch.equal(x[0], tasks.batch("test", [0]).x_support[0])
    other = msr.SpanTasks(U, (4, 5), seed=1)
    assert not torch.equal(x[0], other.batch("train", [0]).x_support[0])
    assert repr(tasks) == repr(again)
    assert len({repr(tasks), repr(other), repr(msr.SpanTasks(2 * U, (4, 5)))}) == 3
    assert repr(msr.SpanTasks(U, (5, 4))) != repr(tasks)


@pytest.mark.bad_input
def test_wrong_settings(U) -> None:
    with pytest.raises(ValueError, match=r"U of shape \(24, k\).*got \(20, 3\)"):
        msr.SpanTasks(U, (4, 6))
    with pytest.raises(ValueError, match="finite U"):
        msr.SpanTasks(U * torch.nan, (4, 5))
    with pytest.raises(ValueError, match="m >= 1"):
        msr.SpanTasks(U, (0, 5))
    with pytest.raises(ValueError, match="have no others"):
        msr.SpanTasks(U, (4, 5)).batch("val", [0])
