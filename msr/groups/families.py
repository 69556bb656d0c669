"""Families of groups that are told by a presentation: their relations, and their order."""

import math
from collections.abc import Callable

import numpy as np
from jaxtyping import Bool, Int

from .cayley import CayleyTable


def family_name(group: CayleyTable) -> str | None:
    """The name of a group with a cyclic half, or of a symmetric or alternating one."""
    return _with_cyclic_half(group) or _symmetric(group) or _alternating(group)


def _with_cyclic_half(group: CayleyTable) -> str | None:
    """D_n, dicyclic, and for powers of 2 semidihedral and modular groups.

    They have a rotation r of order m, half the group's, and another element s with
    ``s r s^-1 = r^k``, which with s^2 decides.
    """
    m = group.order // 2
    rotations = np.flatnonzero(group.orders == m)
    if group.order % 2 or m < 3 or not len(rotations):
        return None
    powers = [0]
    for _ in range(m - 1):
        powers.append(int(group.products[powers[-1], rotations[0]]))
    s = next(a for a in range(group.order) if a not in powers)
    turned = group.products[group.products[s, rotations[0]], group.inverse[s]]
    k = powers.index(int(turned))
    is_2_group = m & (m - 1) == 0
    if k == m - 1:
        if group.orders[s] == 2:
            return f"D{m}"
        return f"Q{2 * m}" if is_2_group else f"Dic{m // 2}"
    if is_2_group and m >= 8 and k in (m // 2 - 1, m // 2 + 1):
        return f"{'SD' if k < m // 2 else 'M'}{2 * m}"
    return None


def _symmetric(group: CayleyTable) -> str | None:
    """S_5 to S_7, of transpositions t_1, t_2, ... of neighbours (Coxeter, Moore).

    ``t_i^2 = (t_i t_(i+1))^3 = (t_i t_j)^2 = e`` present S_n.
    """

    def fits(products: Int[np.ndarray, "known candidates"]) -> Bool[np.ndarray, " c"]:
        orders = group.orders[products]
        return (orders[-1] == 3) & (orders[:-1] == 2).all(0)

    for n in (5, 6, 7):
        if group.order == math.factorial(n):
            size = n * (n - 1) // 2
            return f"S{n}" if _presented(group, 2, size, n - 1, fits) else None
    return None


def _alternating(group: CayleyTable) -> str | None:
    """A_5 to A_7, of the cycles x_k = (1 2 k) for k = 3 to n (Carmichael).

    ``x_k^3 = (x_k x_l)^2 = e`` present A_n.
    """

    def fits(products: Int[np.ndarray, "known candidates"]) -> Bool[np.ndarray, " c"]:
        return (group.orders[products] == 2).all(0)

    for n in (5, 6, 7):
        if 2 * group.order == math.factorial(n):
            size = n * (n - 1) * (n - 2) // 3
            return f"A{n}" if _presented(group, 3, size, n - 2, fits) else None
    return None


def _presented(
    group: CayleyTable,
    order: int,
    size: int,
    number: int,
    fits: Callable[[Int[np.ndarray, "known candidates"]], Bool[np.ndarray, " candidates"]],
) -> bool:
    """Whether a class has elements, each fitting those before, that generate the group.

    The first that fits will do: in S_n and A_n every such chain can be continued.

    Args:
        group: the group.
        order: of the class's elements.
        size: of the class.
        number: of elements.
        fits: says of products of those known and of candidates which candidates fit.
    """
    for elements in group.classes:
        if len(elements) != size or group.orders[elements[0]] != order:
            continue
        chain = [int(elements[0])]
        while len(chain) < number:
            left = elements[fits(group.products[np.ix_(np.array(chain), elements)])]
            if not len(left):
                break
            chain.append(int(left[0]))
        if len(chain) == number and group.generated(chain).all():
            return True
    return False
