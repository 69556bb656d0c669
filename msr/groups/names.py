"""Names of finite groups."""

import json
import math
from functools import cache
from importlib import resources

from .._utils.arguments import checked
from .abelian import cyclic_basis, invariant_factors
from .cayley import CayleyTable, Invariants
from .families import family_name
from .finite import FiniteGroup
from .splitting import abelian_kernels, direct_factors

LARGEST_IN_TABLE = 31
LARGEST_SEARCHED = 2048  # for subgroups that split off


@checked
def name_of(group: FiniteGroup) -> str:
    """The name of a group up to isomorphism, such as ``"D4"`` or ``"C2 x S4"``.

    Elements may be numbered in any way, and the group's own label is not looked at.

    - ``Cn``, ``Dn`` (of order 2n), ``Sn``, ``An``: as `msr.cyclic` and others make them;
    - ``Dicn``: dicyclic, of order 4n; ``Qn``: generalized quaternion, of order n; ``SDn``
      and ``Mn``: semidihedral and modular, of order n; ``SL(2,3)``;
    - ``G x H``: a direct product. Abelian groups are products of cyclic ones whose orders
      divide each other;
    - ``A : H``: a semidirect product, A normal; ``C4 o D4``: a central product, with
      centres identified.

    To order 31 every group has a name, and different groups have different ones. Beyond,
    a name says what is true of the group, but only products of cyclic, dihedral, dicyclic,
    symmetric and alternating groups, and those of order at most 31, are certain to be told
    from all others: ``A : H`` leaves open how H acts. What has no name is described:
    ``"a group of order 96 (non-abelian, 10 classes, exponent 12)"``.

    Raises:
        TypeError: ``group`` is no group.

    Example:
        >>> import itertools
        >>> import msr
        >>> msr.name_of(msr.dihedral(3))
        'S3'
        >>> msr.name_of(msr.direct_product(msr.cyclic(4), msr.cyclic(6)))
        'C2 x C12'
        >>> orders = list(itertools.permutations(range(3)))
        >>> msr.name_of(msr.permutation_group(orders))
        'S3'
    """
    table = CayleyTable.of(group)
    return _known(table) or _product(table) or _description(table)


def _known(group: CayleyTable) -> str | None:
    """The name of a group in the table, an abelian one, or one of a family."""
    if group.order <= LARGEST_IN_TABLE:
        return names_by_invariants()[group.invariants]
    if group.is_abelian:
        return _abelian([group])
    return family_name(group)


@cache
def names_by_invariants() -> dict[Invariants, str]:
    """The names of all groups of order at most 31, by the invariants that tell them apart.

    `python -m tools.group_table` writes the file.
    """
    file = resources.files("msr") / "data" / "small_groups.json"
    groups = json.loads(file.read_text())["groups"]
    return {tuple(map(tuple, group["invariants"])): group["name"] for group in groups}


def _abelian(groups: list[CayleyTable]) -> str | None:
    """The product of abelian groups; None if there is none."""
    orders = [order for group in groups for order in cyclic_basis(group)[1]]
    return " x ".join(f"C{order}" for order in invariant_factors(orders)) or None


def _product(group: CayleyTable) -> str | None:
    """A direct product of groups with names, or a semidirect product."""
    if group.order > LARGEST_SEARCHED:
        return None
    factors = direct_factors(group)
    if len(factors) == 1:
        return _semidirect(group)
    abelian = _abelian([factor for factor in factors if factor.is_abelian])
    others = sorted(
        (factor.order, _known(factor) or _semidirect(factor) or "")
        for factor in factors
        if not factor.is_abelian
    )
    names = [_in_brackets(name) for _, name in others]
    return None if "" in names else " x ".join([abelian, *names] if abelian else names)


def _semidirect(group: CayleyTable) -> str | None:
    """A power ``C_n x ... x C_n``, and a complement with a name: a table or family has it.

    Of several, one on which the complement acts faithfully, then that of fewest factors,
    then the largest, then the first by name.
    """
    choices: list[tuple[tuple[int, int, int], str]] = []
    for rank, kernel in abelian_kernels(group):
        if choices and rank > choices[0][0]:
            break
        quotient = _known(group.quotient(kernel.mask)[0])
        if quotient is not None:
            _, number, order = rank
            power = " x ".join([f"C{-order}"] * number)
            choices.append((rank, f"{_in_brackets(power)} : {_in_brackets(quotient)}"))
    return min(choices)[1] if choices else None


def _in_brackets(name: str) -> str:
    return f"({name})" if " " in name else name


def _description(group: CayleyTable) -> str:
    exponent = math.lcm(*group.orders.tolist())
    return (
        f"a group of order {group.order} (non-abelian, {len(group.classes)} classes, "
        f"exponent {exponent})"
    )
