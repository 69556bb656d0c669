"""Linear layers with planted symmetries, and their evidence the long way."""

import numpy as np
import torch
from scipy.stats import multivariate_normal
from torch import Tensor

import msr


def design(x: np.ndarray, m: int) -> np.ndarray:
    """Of the outputs of all examples on vec(W): shape (N m, m n)."""
    N, n = x.shape
    rows = np.zeros((N, m, m, n))
    for i in range(m):
        rows[:, i, i] = x
    return rows.reshape(N * m, m * n)


def log_density(
    covariance: np.ndarray, x: Tensor, y: Tensor, noise: float, mean: Tensor | None = None
) -> float:
    """``log p(y)`` with a prior covariance of vec(W), by a dense Gaussian.

    x has shape (N, n) or (C, N, n); y (C, N, m).
    """
    total = 0.0
    for c, targets in enumerate(y.double().numpy()):
        inputs = (x[c] if x.ndim == 3 else x).double().numpy()
        m, n = targets.shape[1], inputs.shape[1]
        Phi = design(inputs, m)
        prior = np.zeros(m * n)
        if mean is not None:
            prior = (mean[c] if mean.ndim == 3 else mean).double().numpy().reshape(-1)
        data = noise**2 * np.eye(len(Phi)) + Phi @ covariance @ Phi.T
        total += multivariate_normal(Phi @ prior, data).logpdf(targets.reshape(-1))
    return float(total)


def projection(U: Tensor | None, entries: int) -> np.ndarray:
    """Onto the span of U."""
    if U is None:
        return np.eye(entries)
    return U.double().numpy() @ np.linalg.pinv(U.double().numpy())


def ring(n: int) -> msr.Representation:
    """The dihedral group on the n points of a ring."""
    turns = [[(g + p) % n for p in range(n)] for g in range(n)]
    flips = [[(g - p) % n for p in range(n)] for g in range(n)]
    return msr.permutation_representation(msr.dihedral(n), turns + flips)


def drawn(
    U: Tensor | None,
    shape: tuple[int, int, int, int],
    generator: torch.Generator,
    noise: float = 0.1,
) -> tuple[Tensor, Tensor, Tensor]:
    """x (N, n), y (C, N, m) and W (C, m, n), in the span of U, entries of size 1."""
    C, N, m, n = shape
    W = torch.randn(C, m * n, generator=generator, dtype=torch.float64)
    if U is not None:
        P = torch.from_numpy(projection(U, m * n))
        W = W @ P / (P.trace() / (m * n)) ** 0.5
    W = W.reshape(C, m, n)
    x = torch.randn(N, n, generator=generator, dtype=torch.float64)
    y = torch.einsum("cij,Nj->cNi", W, x)
    y = y + noise * torch.randn(y.shape, generator=generator, dtype=torch.float64)
    return x, y, W
