"""Sharing patterns of actions, and all symmetries of a pattern by brute force."""

import itertools

import numpy as np
import torch
from torch import Tensor

from msr.experiments.identifying.actions import Action, cosets, fixed, pattern, together
from msr.experiments.identifying.planted import at_an_angle

__all__ = ["Action", "cosets", "fixed", "pattern", "together"]


def shuffled(labels: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    m, n = labels.shape
    return labels[np.ix_(generator.permutation(m), generator.permutation(n))]


def symmetries(labels: np.ndarray, classes_stay: bool = True) -> list[tuple]:
    """All pairs of permutations that keep the labels, or the partition that they make."""
    m, n = labels.shape
    columns = np.array(list(itertools.permutations(range(n))))
    found = []
    for rows in itertools.permutations(range(m)):
        moved = labels[list(rows)][:, columns].transpose(1, 0, 2)
        if classes_stay:
            keep = (moved == labels).all((1, 2))
        else:
            codes = (labels * (labels.max() + 1) + moved).reshape(len(columns), -1)
            number = len(np.unique(labels))
            keep = np.array([len(np.unique(code)) == number for code in codes])
        found += [(rows, tuple(q)) for q in columns[keep]]
    return found


def orbits(pairs: list[tuple], m: int, n: int) -> np.ndarray:
    """Orbits of entries under a whole group, numbered by their first entries."""
    return pattern([np.array(p) for p, _ in pairs], [np.array(q) for _, q in pairs])


def spanning(
    labels: np.ndarray, generator: np.random.Generator, degrees: float = 0, surplus: int = 0
) -> Tensor:
    """A symmetry matrix whose span is off by an angle, in a random basis."""
    return torch.tensor(at_an_angle(labels, generator, degrees, surplus))
