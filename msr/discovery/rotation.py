"""Coordinates in which the data of a linear layer are independent, for a space of weights.

With the prior covariance ``t^2 S`` of vec(W) and the design Phi of all weights, the data
have the covariance ``s^2 I + t^2 Phi S Phi^T``: its eigenvectors are the coordinates.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from .problem import Block, Problem
from .type_two import Maximum, Spectrum

Basis = Float[np.ndarray, "mn _"]


@dataclass(frozen=True)
class Rotation:
    """The coordinates of one block.

    Attributes:
        sizes: square roots of the eigenvalues of ``Phi S Phi^T``; shape (k,).
        turn: their eigenvectors, shape (r m, k); None for the identity.
    """

    sizes: Float[np.ndarray, " k"]
    turn: Float[np.ndarray, "rm k"] | None

    def turned(
        self, targets: Float[np.ndarray, "rm *more"]
    ) -> Float[np.ndarray, "k *more"]:
        """The data in these coordinates."""
        return targets if self.turn is None else np.tensordot(self.turn.T, targets, 1)

    def back(self, values: Float[np.ndarray, "k *more"]) -> Float[np.ndarray, "rm *more"]:
        """The other way."""
        return values if self.turn is None else np.tensordot(self.turn, values, 1)


def rotations(
    problem: Problem, basis: Basis | None, softness: float = 0.0
) -> tuple[Rotation, ...]:
    """The coordinates of every block.

    Args:
        problem: the data.
        basis: orthonormal, Q; None for all weights.
        softness: c, of the prior covariance ``(1 - c) Q Q^T + c I``.
    """
    return tuple(
        _rotation(block, basis, softness, problem.shape) for block in problem.blocks
    )


def _rotation(
    block: Block, basis: Basis | None, softness: float, shape: tuple[int, int]
) -> Rotation:
    m, n = shape
    free = np.repeat(block.sizes, m)
    if basis is None or softness == 1:
        return Rotation(free, None)
    design = np.tensordot(
        block.sizes[:, None] * block.inputs, basis.reshape(m, n, -1), (1, 1)
    ).reshape(len(free), -1)
    if softness == 0:
        turn, sizes, _ = np.linalg.svd(design, full_matrices=False)
        return Rotation(sizes, turn)
    covariance = (1 - softness) * design @ design.T
    covariance[np.diag_indices(len(free))] += softness * free**2
    squares, turn = np.linalg.eigh(covariance)
    return Rotation(np.sqrt(np.maximum(squares, 0)), turn)


def spectrum(
    problem: Problem,
    turns: tuple[Rotation, ...],
    targets: list[Float[np.ndarray, "r m channels sets"]],
    rest: Float[np.ndarray, " sets"],
    least_noise: Float[np.ndarray, " sets"],
) -> Spectrum:
    """Data sets with the inputs of a problem, in its coordinates.

    Args:
        problem: the inputs, and the number of examples.
        turns: coordinates, by block.
        targets: ``A^T y``, by block, for every data set.
        rest: sums of squares outside the columns of A.
        least_noise: standard deviations that are rounding.
    """
    outside = rest.copy()
    squares = []
    for turn, block in zip(turns, targets):
        flat = block.reshape(-1, *block.shape[2:])
        turned = turn.turned(flat)
        squares.append(np.square(turned).sum(1))
        if turn.turn is not None and turn.turn.shape[1] < len(flat):
            left = flat - turn.back(turned)
            outside += np.square(left).sum((0, 1))
    return Spectrum(
        sizes=np.concatenate([turn.sizes for turn in turns]),
        multiplicity=np.concatenate(
            [
                np.full(len(turn.sizes), float(block.shape[2]))
                for turn, block in zip(turns, targets)
            ]
        ),
        squares=np.concatenate(squares).T,
        rest=outside,
        count=problem.count,
        least_noise=least_noise,
    )


def own_spectrum(problem: Problem, turns: tuple[Rotation, ...]) -> Spectrum:
    """The data of a problem, as a single data set."""
    return spectrum(
        problem,
        turns,
        [block.targets[..., None] for block in problem.blocks],
        np.array([sum(block.rest for block in problem.blocks)]),
        np.array([problem.least_noise]),
    )


def posterior_mean(
    problem: Problem,
    turns: tuple[Rotation, ...],
    basis: Basis | None,
    softness: float,
    best: Maximum,
) -> Float[np.ndarray, "channels m n"]:
    """The mean of every channel's weight, given the data: ``t^2 S Phi^T cov^-1 y``."""
    ratio = float(best.ratio[0])
    found = []
    for turn, block in zip(turns, problem.blocks):
        r, m, channels = block.targets.shape
        flat = block.targets.reshape(r * m, channels)
        turned = turn.turned(flat)
        whitened = turn.back(ratio / (1 + ratio * turn.sizes[:, None] ** 2) * turned)
        weights = np.einsum(
            "rmc,r,rn->cmn", whitened.reshape(r, m, channels), block.sizes, block.inputs
        )
        found.append(weights)
    weight = np.concatenate(found)
    if basis is not None:
        rows = weight.reshape(len(weight), -1)
        shared = (rows @ basis @ basis.T).reshape(weight.shape)
        weight = (1 - softness) * shared + softness * weight
    return problem.mean + weight
