"""Batches of tasks on other devices and in other dtypes."""

import torch

import msr


def test_moving_a_batch() -> None:
    batch = msr.LowRank1d().batch("train", [0]).to(dtype=torch.float64)
    assert batch.y_query.dtype == torch.float64
    assert len(batch) == 1


def test_moving_keeps_class_labels_integers() -> None:
    x, labels = torch.ones(1, 2, 3), torch.zeros(1, 2, dtype=torch.long)
    batch = msr.TaskBatch(x, labels, x, labels).to(dtype=torch.float64)
    assert batch.x_query.dtype == torch.float64
    assert batch.y_query.dtype == torch.int64
