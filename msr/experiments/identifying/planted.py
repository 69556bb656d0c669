"""Symmetry matrices whose group is known: planted, with noise, or with none."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, partial

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from ...discovery.closure import closure, numbered
from ...discovery.identification import Identification
from ...discovery.learned import identify
from .actions import Labels, patterns
from .brute_force import all_symmetries, can_be_tried

Columns = Float[np.ndarray, "mn k"]


@dataclass(frozen=True)
class Case:
    """Something to identify, and what is right.

    Attributes:
        name: of the group and how it acts, or of what has none.
        shape: of the weight.
        identify: does it.
        order: of the group that is to be found; 1 if there is none.
        orbits: of entries, numbered by their first ones; shape (m, n).
    """

    name: str
    shape: tuple[int, int]
    identify: Callable[[], Identification]
    order: int
    orbits: Int[np.ndarray, "m n"]

    def right(self, found: Identification) -> bool:
        """Whether it is the group; by the orbits of entries too, not the order alone."""
        return found.order == self.order and np.array_equal(
            found.orbits.numpy(), self.orbits
        )


Noise = Callable[[Labels, np.random.Generator], Columns]


def planted(noise: Noise, seed: int, fewest: int = 2, most: int = 10**6) -> Iterator[Case]:
    """Every action whose weight has so many entries, rows and columns shuffled."""
    generator = np.random.default_rng(seed)
    for name, (labels, order, orbits) in _known().items():
        if fewest <= labels.size <= most:
            m, n = labels.shape
            moved = np.ix_(generator.permutation(m), generator.permutation(n))
            U = torch.from_numpy(noise(labels[moved], generator))
            found = partial(identify, U, labels.shape)
            yield Case(name, labels.shape, found, order, numbered(orbits[moved]))


@cache
def _known() -> dict[str, tuple[Labels, int, Labels]]:
    """Patterns, and their groups: by trying all permutations where they are few enough."""
    found = {}
    for name, labels in patterns().items():
        if labels.max() + 1 == labels.size:
            continue
        if can_be_tried(labels):
            order, orbits = all_symmetries(labels)
        else:
            group = closure(labels)
            order, orbits = group.order, group.orbits
        found[name] = (labels, order, orbits)
    return found


def at_an_angle(
    labels: Labels, generator: np.random.Generator, degrees: float = 0, surplus: int = 0
) -> Columns:
    """A span that is off by an angle in every direction, in a random basis.

    So many surplus columns are small and random.
    """
    entries, number = labels.size, int(labels.max()) + 1
    basis = _sharing(labels)
    if degrees:
        away = generator.normal(size=basis.shape)
        away = np.linalg.qr(away - basis @ (basis.T @ away))[0]
        angle = np.deg2rad(degrees)
        basis = np.cos(angle) * basis + np.sin(angle) * away
    turn = np.linalg.qr(generator.normal(size=(number, number)))[0]
    U = basis @ turn * generator.uniform(0.5, 2, number)
    small = 0.05 * generator.normal(size=(entries, surplus)) / entries**0.5
    return np.concatenate([U, small], axis=1)


def twice_the_columns(
    labels: Labels, generator: np.random.Generator, degrees: float
) -> Columns:
    """A span that is off by an angle, and as many surplus columns."""
    return at_an_angle(labels, generator, degrees, surplus=int(labels.max()) + 1)


def outside(labels: Labels, generator: np.random.Generator, share: float) -> Columns:
    """A random matrix with this span, and noise outside it of so much of its norm."""
    basis = _sharing(labels)
    U = basis * np.linalg.norm(_indicators(labels), axis=0)
    U = U @ generator.normal(size=(U.shape[1],) * 2)
    noise = generator.normal(size=U.shape)
    noise -= basis @ (basis.T @ noise)
    return U + share * np.linalg.norm(U) / np.linalg.norm(noise) * noise


def exceptional(labels: Labels, generator: np.random.Generator, number: int) -> Columns:
    """A random matrix with this span, in which so many entries' rows are others."""
    classes = int(labels.max()) + 1
    U = _indicators(labels) @ generator.normal(size=(classes, classes))
    chosen = generator.permutation(labels.size)[:number]
    U[chosen] = U.std() * generator.normal(size=(number, classes))
    return U


def _indicators(labels: Labels) -> Columns:
    return np.eye(int(labels.max()) + 1)[labels.reshape(-1)]


def _sharing(labels: Labels) -> Columns:
    """An orthonormal basis of the weights that share by these labels."""
    basis = _indicators(labels)
    return basis / np.linalg.norm(basis, axis=0)


def c8_with_exceptions(seed: int, draws: int = 3) -> Iterator[Case]:
    """The circulants of 8 x 8, with 3 to 16 of 64 entries that break the pattern."""
    generator = np.random.default_rng(seed)
    i, j = np.indices((8, 8))
    for number in range(3, 17):
        for _ in range(draws):
            rows, columns = generator.permutation(8), generator.permutation(8)
            labels = ((j - i) % 8)[np.ix_(rows, columns)]
            U = torch.from_numpy(exceptional(labels, generator, number))
            name = f"C8, {number} of 64 entries exceptional"
            yield Case(name, (8, 8), partial(identify, U, (8, 8)), 8, numbered(labels))


SHAPES = (
    (3, 3),
    (4, 4),
    (3, 5),
    (2, 8),
    (4, 6),
    (16, 4),
    (6, 6),
    (8, 8),
    (12, 12),
    (16, 16),
)


def at_random(seed: int, number: int = 500) -> Iterator[Case]:
    """Normal entries, of any rank."""
    generator = np.random.default_rng(seed)
    for i in range(number):
        m, n = SHAPES[i % len(SHAPES)]
        rank = int(generator.integers(1, m * n))
        U = torch.from_numpy(generator.normal(size=(m * n, rank)))
        yield _without_group(f"{m} x {n}, rank {rank}", U, (m, n))


def group_free(seed: int, number: int = 500) -> Iterator[Case]:
    """Random sharing that no permutations keep: exact, and 20 degrees off, in turn."""
    generator = np.random.default_rng(seed)
    tried = 0
    while tried < number:
        m, n = (int(size) for size in generator.integers(4, 9, 2))
        classes = int(generator.integers(2, m * n // 2))
        labels = numbered(generator.integers(0, classes, (m, n)))
        if closure(labels).order > 1:
            continue
        degrees = 20 * (tried % 2)
        U = torch.from_numpy(at_an_angle(labels, generator, degrees))
        name = f"{m} x {n}, {labels.max() + 1} classes, {degrees} degrees"
        yield _without_group(name, U, (m, n))
        tried += 1


def _without_group(name: str, U: Tensor, shape: tuple[int, int]) -> Case:
    alone = np.arange(shape[0] * shape[1]).reshape(shape)
    return Case(name, shape, partial(identify, U, shape), 1, alone)
