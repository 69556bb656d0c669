"""Steerable kernels: escnn's space, and the rotations and flips that define them."""

import pytest
import torch

import msr

pytestmark = pytest.mark.usefixtures("float64")


def three_fields(kernels: torch.Tensor) -> torch.Tensor:
    block = kernels.flatten(0, 2)
    return torch.block_diag(block, block, block)


@pytest.mark.parametrize(("name", "flip"), [("C8", False), ("D8", True)])
def test_span_is_that_of_escnn(name: str, flip: bool) -> None:
    recorded = msr.escnn_kernel_basis()[name].flatten(0, 3)
    ours = three_fields(msr.steerable_kernels(8, flip))
    assert ours.shape == recorded.shape == (24 * 9 * (1 + flip), 18)
    assert msr.principal_angles(ours, recorded).max() < 1e-6
    for wrong in (
        msr.steerable_kernels(8, flip).flip(0),
        msr.steerable_kernels(8, flip).transpose(1, 2),
    ):
        assert msr.principal_angles(three_fields(wrong), recorded).max() > 0.1


@pytest.mark.parametrize("n", [1, 2, 4, 8, 12])
def test_quarter_turns_and_flips_move_pixels(n: int) -> None:
    kernels = msr.steerable_kernels(n, flip=True)
    assert kernels.shape == (2 * n, 3, 3, 6)
    assert int(torch.linalg.matrix_rank(kernels.flatten(0, 2))) == 6
    torch.testing.assert_close(kernels[:n], msr.steerable_kernels(n))
    group = msr.dihedral(n)
    moves = [(n, lambda K: K.flip(2))]
    if n % 4 == 0:
        moves.append((n // 4, lambda K: torch.rot90(K, 1, (1, 2))))
    for u, move in moves:
        # K_{u g}(x) = K_g(u^-1 x)
        torch.testing.assert_close(kernels[group.table[u]], move(kernels))


def test_default_dtype_is_respected() -> None:
    assert msr.steerable_kernels(4).dtype == torch.float64
    torch.set_default_dtype(torch.float32)
    assert msr.steerable_kernels(4).dtype == torch.float32
