"""The emulated device has the rules of a GPU; on both, seeded draws are those of the CPU."""

import numpy as np
import pytest
import torch
from torch import Tensor

from tools.gpu.draws import DrawOnCpu


def test_the_rules_of_a_gpu(device: torch.device) -> None:
    """What the emulated device must share with a real one for these tests to mean much."""
    x = torch.arange(6.0, device="cpu").reshape(2, 3).to(device)
    assert x.device == device
    assert (x + torch.tensor(1.0)).tolist() == [[1, 2, 3], [4, 5, 6]]
    assert f"{x.sum():.1f}" == "15.0"
    assert torch.equal(x[torch.tensor([1])].cpu(), torch.tensor([[3.0, 4.0, 5.0]]))
    for mixed in (lambda: x + torch.ones(3), lambda: torch.ones(1, 2) @ x):
        with pytest.raises(RuntimeError, match="same device"):
            mixed()
    with pytest.raises(RuntimeError, match=r"same device|should be either on cpu"):
        torch.ones(3)[torch.tensor([1], device=device)]
    with pytest.raises(RuntimeError, match="device type for generator"):
        torch.randn(3, device=device, generator=torch.Generator())
    for read in (x.numpy, lambda: np.asarray(x)):
        with pytest.raises(TypeError, match=r"Use Tensor.cpu\(\)"):
            read()


def test_seeded_draws_on_a_default_device_are_those_of_the_cpu(device) -> None:
    def draw() -> tuple[Tensor, Tensor]:
        g = torch.Generator().manual_seed(3)
        first = torch.randn(2, 3, generator=g, requires_grad=True)
        return first, torch.randint(9, (4,), generator=g)

    with torch.device(device), DrawOnCpu():
        found = draw()
        assert torch.ones(1).device == device
    assert found[0].is_leaf
    assert found[0].requires_grad
    for ours, expected in zip(found, draw(), strict=True):
        assert ours.device == device
        assert torch.equal(ours.cpu(), expected)
