"""Abelian groups as sums of cyclic ones, and linear equations over the integers mod m."""

import math
from collections import Counter

import numpy as np
from jaxtyping import Bool, Int

from .cayley import CayleyTable


def cyclic_basis(
    group: CayleyTable,
) -> tuple[list[int], list[int], Int[np.ndarray, "n rank"]]:
    """Elements b_1, b_2, ... for which an abelian group is ``<b_1> x <b_2> x ...``.

    One after the other: of the cosets of the group B so far, one of highest order; in it
    is an element of the same order, which joins the basis.

    Returns:
        the elements; their orders, each a multiple of the next, all above 1; the
        exponents by which every element is a product of them, shape (n, rank).
    """
    basis: list[int] = []
    orders: list[int] = []
    exponents = np.zeros((group.order, 0), dtype=np.int64)
    inside = group.generated([])
    while not inside.all():
        coset_orders = _orders_modulo(group, inside)
        order = int(coset_orders.max())
        b = int(np.flatnonzero((coset_orders == order) & (group.orders == order))[0])
        members = np.flatnonzero(inside)
        extended = np.zeros((group.order, len(basis) + 1), dtype=np.int64)
        shifted = members
        for i in range(order):
            extended[shifted, :-1] = exponents[members]
            extended[shifted, -1] = i
            inside[shifted] = True
            shifted = group.products[shifted, b]
        exponents = extended
        basis.append(b)
        orders.append(order)
    return basis, orders, exponents


def _orders_modulo(
    group: CayleyTable, inside: Bool[np.ndarray, " n"]
) -> Int[np.ndarray, " n"]:
    """The smallest p >= 1 for which ``a^p`` lies inside a subgroup, for every a."""
    orders = np.zeros(group.order, dtype=np.int64)
    left = power = np.arange(group.order)
    exponent = 1
    while len(left):
        arrived = inside[power]
        orders[left[arrived]] = exponent
        left, power = left[~arrived], power[~arrived]
        power = group.products[power, left]
        exponent += 1
    return orders


def invariant_factors(orders: list[int]) -> list[int]:
    """The orders d_1 | d_2 | ... of cyclic groups with the same product as these ones."""
    by_prime: dict[int, list[int]] = {}
    for order in orders:
        for p, k in prime_powers(order):
            by_prime.setdefault(p, []).append(p**k)
    rank = max(map(len, by_prime.values()), default=0)
    columns = [[1] * (rank - len(c)) + sorted(c) for c in by_prime.values()]
    return [math.prod(row) for row in zip(*columns)]


def prime_powers(n: int) -> list[tuple[int, int]]:
    """The pairs (p, k) for which n is the product of the p^k."""
    found: Counter[int] = Counter()
    p = 2
    while n > 1:
        while n % p == 0:
            found[p] += 1
            n //= p
        p += 1
    return sorted(found.items())


def in_span(
    rows: Int[np.ndarray, "rows columns"], target: Int[np.ndarray, " columns"], modulus: int
) -> bool:
    """Whether a vector over the integers mod m is a combination of rows.

    By the Chinese remainder theorem, one prime power of m at a time.
    """
    columns = np.unique(np.vstack([rows, target]) % modulus, axis=1)
    return all(
        _in_span_of_prime_power(columns[:-1], columns[-1], p, k)
        for p, k in prime_powers(modulus)
    )


def _in_span_of_prime_power(
    rows: Int[np.ndarray, "rows columns"],
    target: Int[np.ndarray, " columns"],
    p: int,
    k: int,
) -> bool:
    """The same modulo p^k, by elimination.

    The pivot is an entry that p divides least often, so that it divides all others.
    """
    modulus = p**k
    rows, target = rows % modulus, target % modulus
    for v in range(k):
        while len(pivots := np.argwhere(rows % p ** (v + 1))):
            i, column = pivots[0]
            unit = int(rows[i, column]) // p**v
            row = rows[i] * pow(unit, -1, modulus) % modulus
            if target[column] % p**v:
                return False
            target = (target - target[column] // p**v * row) % modulus
            rows = (rows - (rows[:, column] // p**v)[:, None] * row) % modulus
    return not target.any()
