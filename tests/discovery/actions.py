"""Actions of groups, the sharing patterns they make, and all symmetries by brute force."""

import itertools

import numpy as np
import torch
from torch import Tensor

import msr

Action = list[np.ndarray]


def cosets(group: msr.FiniteGroup, *generators: int) -> Action:
    """The action on left cosets of the subgroup that elements generate."""
    subgroup = {group.identity, *generators}
    while True:
        products = {group.multiply(a, b) for a in subgroup for b in subgroup}
        if products == subgroup:
            break
        subgroup = products
    sets: list[frozenset[int]] = []
    for a in range(group.order):
        coset = frozenset(group.multiply(a, h) for h in subgroup)
        if coset not in sets:
            sets.append(coset)
    return [
        np.array([sets.index(frozenset(group.multiply(g, a) for a in s)) for s in sets])
        for g in range(group.order)
    ]


def together(first: Action, second: Action) -> Action:
    """The action on two sets of points at once."""
    return [np.concatenate([a, len(a) + b]) for a, b in zip(first, second)]


def fixed(action: Action, points: int) -> Action:
    return [np.arange(points) for _ in action]


def pattern(out: Action, into: Action) -> np.ndarray:
    """Labels of the orbits of entries, by a search from each."""
    m, n = len(out[0]), len(into[0])
    labels = -np.ones((m, n), dtype=int)
    for i, j in itertools.product(range(m), range(n)):
        if labels[i, j] < 0:
            number = labels.max() + 1
            for a, b in zip(out, into):
                labels[a[i], b[j]] = number
    return labels


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
    """A symmetry matrix whose span is off by an angle, in a random basis.

    Surplus columns are small and random.
    """
    entries, number = labels.size, labels.max() + 1
    basis = np.eye(number)[labels.reshape(-1)]
    basis /= np.linalg.norm(basis, axis=0)
    if degrees:
        away = generator.normal(size=basis.shape)
        away -= basis @ (basis.T @ away)
        away = np.linalg.qr(away)[0]
        angle = np.deg2rad(degrees)
        basis = np.cos(angle) * basis + np.sin(angle) * away
    turn = np.linalg.qr(generator.normal(size=(number, number)))[0]
    U = basis @ turn * generator.uniform(0.5, 2, number)
    noise = 0.05 * generator.normal(size=(entries, surplus)) / entries**0.5
    return torch.tensor(np.concatenate([U, noise], 1))
