"""A sparse Bayesian ridge: every entry of the weight has a prior variance of its own.

Automatic relevance determination (MacKay 1994; Tipping 2001), with the variances shared by
channels: entries that the data do not ask for shrink to zero.
"""

import numpy as np
from jaxtyping import Float

ITERATIONS = 200
SMALLEST, LARGEST = 1e-9, 1e4  # prior variances, relative to the mean square of y


def sparse_ridge(
    x: Float[np.ndarray, "examples n"], y: Float[np.ndarray, "channels examples m"]
) -> Float[np.ndarray, "m n channels"]:
    """The mean of the weights of every channel."""
    scale = float(np.mean(y * y))
    outputs = y.transpose(2, 1, 0)  # m, examples, channels
    m, examples, channels = outputs.shape
    variances = np.full((m, x.shape[1]), scale)
    noise = 0.1 * scale
    means = np.zeros((m, x.shape[1], channels))
    for _ in range(ITERATIONS):
        covariance = np.matmul(x * variances[:, None], x.T) + noise * np.eye(examples)
        solved = np.linalg.solve(covariance, np.broadcast_to(x, (m, *x.shape)))
        means = variances[..., None] * np.matmul(solved.transpose(0, 2, 1), outputs)
        known = variances * np.einsum("ea,iea->ia", x, solved)  # 1 - posterior / prior
        rest = outputs - np.matmul(x, means)
        left = max(m * examples - float(known.sum()), 0.1 * m * examples)
        noise = max(float((rest * rest).sum()) / channels / left, 1e-6 * scale)
        variances = np.square(means).mean(2) / np.maximum(known, 1e-9)
        variances = np.clip(variances, SMALLEST * scale, LARGEST * scale)
    return means
