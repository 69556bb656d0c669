"""Which normal subgroups of a group split off: as a direct factor, or with a complement."""

from collections.abc import Callable, Iterator

import numpy as np
from jaxtyping import Bool, Int

from .abelian import cyclic_basis, in_span
from .cayley import CayleyTable, NormalSubgroup

# So many normal subgroups are looked at, at most. Limits count what relabelling leaves
# alone, so that what is found does not depend on labels.
MOST_PAIRS = 50_000
MOST_PRODUCTS = 500

Pairs = tuple[Int[np.ndarray, " pairs"], Int[np.ndarray, " pairs"]]


def direct_factors(group: CayleyTable) -> list[CayleyTable]:
    """Groups whose direct product is this one; none is a product, as far as is looked.

    A normal subgroup H is a factor if ``G = H C`` for its centralizer C and if H's centre
    is a factor of C. Looked at are the H that one or two elements generate as normal
    subgroups. Factors that are no products are unique up to isomorphism (Krull, Schmidt).
    """
    for normal in _normal_subgroups(group, _may_be_factors):
        rest = _direct_complement(group, normal)
        if rest is not None:
            return [
                *direct_factors(group.subgroup(normal.mask)),
                *direct_factors(group.subgroup(rest)),
            ]
    return [group]


def abelian_kernels(
    group: CayleyTable,
) -> Iterator[tuple[tuple[bool, int, int], NormalSubgroup]]:
    """Normal subgroups that are powers of a cyclic group and have a complement.

    Such as the translations of a square torus. Looked at are those that one or two
    elements generate as normal subgroups.

    Yields:
        the rank, and the subgroup, the lowest rank first: whether other elements than its
        own commute with all of it (so that the complement does not act faithfully), the
        number of cyclic groups, minus the order of each.
    """
    candidates = []
    for normal in _normal_subgroups(group, _are_abelian):
        if (normal.mask & ~normal.centralizer).any():
            continue
        _, orders, _ = cyclic_basis(group.subgroup(normal.mask))
        if len(set(orders)) == 1:
            unfaithful = bool((normal.centralizer & ~normal.mask).any())
            candidates.append(((unfaithful, len(orders), -orders[0]), normal))
    candidates.sort(key=lambda candidate: candidate[0])
    for rank, normal in candidates:
        if has_complement(group, normal.mask):
            yield rank, normal


def _normal_subgroups(
    group: CayleyTable, wanted: Callable[[CayleyTable, Pairs], Bool[np.ndarray, " pairs"]]
) -> list[NormalSubgroup]:
    """The normal closures of elements other than G, then those wanted of pairs."""
    closures = group.normal_closures
    found = {n.mask.tobytes(): n for n in closures if not n.mask.all()}
    pairs = np.triu_indices(len(closures), 1)
    if len(pairs[0]) <= MOST_PAIRS:
        chosen = np.flatnonzero(wanted(group, pairs))
        if len(chosen) <= MOST_PRODUCTS:
            for i, j in zip(pairs[0][chosen], pairs[1][chosen]):
                mask = np.zeros(group.order, dtype=bool)
                both = np.ix_(closures[i].mask, closures[j].mask)
                mask[group.products[both]] = True
                centralizer = closures[i].centralizer & closures[j].centralizer
                found.setdefault(mask.tobytes(), NormalSubgroup(mask, centralizer))
    return list(found.values())


def _may_be_factors(group: CayleyTable, pairs: Pairs) -> Bool[np.ndarray, " pairs"]:
    """``|H| |C| = |G| |Z(H)|`` for a factor ``H = N_i N_j``.

    An abelian factor has been found before, as a closure, so that neither the factor nor
    its complement is abelian: both have at least 6 elements, and ``|Z(H)| <= |H| / 4``.
    """
    sizes, centralizers, _ = _counts(group, pairs)
    centre, rest = np.divmod(sizes * centralizers, group.order)
    return (rest == 0) & (centre > 0) & (4 * centre <= sizes) & (6 * sizes <= group.order)


def _are_abelian(group: CayleyTable, pairs: Pairs) -> Bool[np.ndarray, " pairs"]:
    return _counts(group, pairs)[2]


def _counts(
    group: CayleyTable, pairs: Pairs
) -> tuple[
    Int[np.ndarray, " pairs"], Int[np.ndarray, " pairs"], Bool[np.ndarray, " pairs"]
]:
    """Of products ``N_i N_j``: sizes, those of their centralizers, which are abelian."""
    masks = np.array([n.mask for n in group.normal_closures], dtype=np.float32)
    centralizers = np.array([n.centralizer for n in group.normal_closures], np.float32)
    common = masks @ masks.T  # exact, as all counts are up to 2^24
    sizes = common.diagonal()
    commute = masks @ centralizers.T == sizes[:, None]
    i, j = pairs
    return (
        np.rint(sizes[i] * sizes[j] / common[i, j]).astype(np.int64),
        (centralizers @ centralizers.T)[i, j].astype(np.int64),
        commute[i, j] & commute[i, i] & commute[j, j],
    )


def _direct_complement(
    group: CayleyTable, normal: NormalSubgroup
) -> Bool[np.ndarray, " n"] | None:
    """A normal subgroup K with ``G = H x K``, if there is one for this H.

    It commutes with H, and so is a complement of the centre of H in the centralizer.
    """
    centre = normal.mask & normal.centralizer
    if normal.mask.sum() * normal.centralizer.sum() != group.order * centre.sum():
        return None
    if normal.centralizer.all():
        return central_complement(group, centre)
    inside = central_complement(
        group.subgroup(normal.centralizer), centre[normal.centralizer]
    )
    if inside is None:
        return None
    mask = np.zeros(group.order, dtype=bool)
    mask[np.flatnonzero(normal.centralizer)[inside]] = True
    return mask


def central_complement(
    group: CayleyTable, central: Bool[np.ndarray, " n"]
) -> Bool[np.ndarray, " n"] | None:
    """A normal subgroup K with ``G = Z x K`` for a subgroup Z of the centre, if any.

    There is one if Z meets G' in e alone and its image in the abelian group A = G/G' is a
    factor: if each member of a basis of the quotient of A by it has a member of the same
    order in its coset. These generate the image of K.
    """
    if (central & group.derived).sum() > 1:
        return None
    abelian, coset = group.abelianization
    image = np.zeros(abelian.order, dtype=bool)
    image[coset[central]] = True
    quotient, coset_of_image, _ = abelian.quotient(image)
    basis, orders, _ = cyclic_basis(quotient)
    lifts = []
    for b, order in zip(basis, orders):
        same = np.flatnonzero((coset_of_image == b) & (abelian.orders == order))
        if not len(same):
            return None
        lifts.append(int(same[0]))
    return abelian.generated(lifts)[coset]


def has_complement(group: CayleyTable, kernel: Bool[np.ndarray, " n"]) -> bool:
    """Whether an abelian normal subgroup A has a complement: ``G = A H``, A and H disjoint.

    Lifts g_i of generators of Q = G/A give a lift s(q) of each element, by a tree of
    products. They generate a complement if all remainders ``s(q) g_i s(q g_i)^-1``, which
    lie in A, are e. Replacing g_i by ``a g_i`` changes the remainders by homomorphisms of
    a, so that this is a linear equation in exponents.
    """
    quotient, _, representatives = group.quotient(kernel)
    basis, orders, inside = cyclic_basis(group.subgroup(kernel))
    exponents = np.zeros((group.order, len(basis)), dtype=np.int64)
    exponents[kernel] = inside
    generators = np.array(quotient.generators, dtype=np.int64)
    given = representatives[generators]
    lifts = [given]
    for i in range(len(generators)):
        for b in np.flatnonzero(kernel)[basis]:
            moved = given.copy()
            moved[i] = group.products[b, given[i]]
            lifts.append(moved)
    remainders = exponents[_remainders(group, quotient, generators, np.array(lifts))]
    # the integers mod d are the multiples of m/d in those mod m
    scaled = remainders * (orders[0] // np.array(orders))
    vectors = scaled.reshape(len(lifts), -1)
    return in_span(vectors[1:] - vectors[0], vectors[0], orders[0])


def _remainders(
    group: CayleyTable,
    quotient: CayleyTable,
    generators: Int[np.ndarray, " rank"],
    lifts: Int[np.ndarray, "choices rank"],
) -> Int[np.ndarray, "choices quotient rank"]:
    """The products ``s(q) g_i s(q g_i)^-1`` for several choices of the lifts g_i."""
    lifted = np.zeros((len(lifts), quotient.order), dtype=np.int64)
    seen, queue = {0}, [0]
    for q in queue:
        for i, product in enumerate(quotient.products[q, generators].tolist()):
            if product not in seen:
                lifted[:, product] = group.products[lifted[:, q], lifts[:, i]]
                seen.add(product)
                queue.append(product)
    steps = group.products[lifted[:, :, None], lifts[:, None, :]]
    ends = lifted[:, quotient.products[:, generators]]
    return group.products[steps, group.inverse[ends]]
