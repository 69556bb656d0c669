"""Objects with a symmetry that depends on the assignment's seed.

Each has a function that makes it. What the symmetry is can be computed from the object,
which is what the assignments ask for.
"""

from collections.abc import Callable

import torch
from jaxtyping import Float
from numpy.random import SeedSequence
from torch import Tensor

from msr import (
    FiniteGroup,
    Representation,
    dihedral,
    group_convolution_matrix,
    permutation_representation,
    small_groups,
)

SIZE = 5  # images of 5 x 5 pixels
# Generators of the subgroups of D4, the trivial group and D4 itself left out.
SUBGROUPS = ((2,), (4,), (5,), (6,), (7,), (1,), (2, 4), (2, 5))
ORDER_8 = ("C8", "C4xC2", "C2xC2xC2", "D4", "Q8")


def seeded(seed: int, purpose: str) -> torch.Generator:
    """A generator for one purpose of one version of an assignment."""
    key = [seed, *purpose.encode()]
    return torch.Generator().manual_seed(int(SeedSequence(key).generate_state(1)[0]))


def turns_and_flips() -> Representation:
    """D4 on images as rows of 25 pixels: element i + 4 j flips j times, turns i times.

    As in chapter 1: a flip exchanges left and right, a turn is counterclockwise.
    """
    pixels = torch.arange(SIZE**2).reshape(SIZE, SIZE)
    moved = [
        torch.rot90(pixels.flip(1) if flip else pixels, turn).flatten()
        for flip in (0, 1)
        for turn in range(4)
    ]
    # entry p of the moved image shows pixel moved[p]: so moved[p] goes to place p
    return permutation_representation(dihedral(4), [m.argsort().tolist() for m in moved])


def mystery_layer(
    seed: int,
) -> Callable[[Float[Tensor, "batch 25"]], Float[Tensor, "batch 25"]]:
    """A nonlinear layer on 5 x 5 images, equivariant to a subgroup of D4 and no more.

    Which of the eight subgroups, apart from the trivial one and the whole, depends on
    the seed. Equivariant to h means ``layer(rho(h) x) = rho(h) layer(x)``.
    """
    generator = seeded(seed, "layer")
    choice = int(torch.randint(len(SUBGROUPS), (), generator=generator))
    rho = turns_and_flips()
    members = _generated(rho.group, SUBGROUPS[choice])
    weight = torch.randn(SIZE**2, SIZE**2, generator=generator, dtype=torch.float64) / SIZE
    bias = torch.randn(SIZE**2, generator=generator, dtype=torch.float64)
    matrices = rho.matrices[list(members)].double()
    weight = (matrices @ weight @ matrices.mT).mean(0)
    bias = (matrices @ bias).mean(0)
    return lambda x: torch.tanh(x @ weight.T.to(x) + bias.to(x))


def _generated(group: FiniteGroup, generators: tuple[int, ...]) -> tuple[int, ...]:
    """The elements of the subgroup that these generate."""
    members = {group.identity}
    while True:
        products = {group.multiply(a, b) for a in members for b in generators} | members
        if products == members:
            return tuple(sorted(members))
        members = products


def mystery_sharing(seed: int) -> Float[Tensor, "64 8"]:
    """The sharing pattern of convolution on one of the five groups of order 8, disguised.

    The columns are random mixtures of those of `msr.group_convolution_matrix`: the
    span is the same. The elements are numbered as in `msr.small_groups`.
    """
    U = group_convolution_matrix(small_groups()[group_of_sharing(seed)]).double()
    generator = seeded(seed, "sharing")
    torch.randint(len(ORDER_8), (), generator=generator)  # the group
    return U @ torch.randn(8, 8, generator=generator, dtype=torch.float64)


def group_of_sharing(seed: int) -> str:
    """The name of the group of `mystery_sharing`."""
    choice = torch.randint(len(ORDER_8), (), generator=seeded(seed, "sharing"))
    return ORDER_8[int(choice)]
