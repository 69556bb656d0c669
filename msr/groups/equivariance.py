"""How far a map is from being equivariant."""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from .._utils.arguments import checked, shown
from .._utils.checks import check_floating, check_takes
from .representations import (
    Representation,
    check_device,
    check_same_dtype,
    check_same_group,
)


@checked
def equivariance_error(
    f: Callable[[Tensor], Tensor],
    rho_in: Representation,
    rho_out: Representation,
    x: Float[Tensor, "batch n"],
) -> Float[Tensor, " order"]:
    """The relative equivariance error of f, one number per group element.

    ``error(g) = |f(rho_in(g) x) - rho_out(g) f(x)| / |rho_out(g) f(x)|``,
    with norms over the whole batch. It is 0 (to rounding) for an equivariant map and
    of the order of 1 for a map that has nothing to do with the group. Where
    ``f(x) = 0`` for the whole batch the absolute error is returned.

    Args:
        f: maps (batch, n) to (batch, m).
        rho_in: how the group acts on inputs, of dimension n.
        rho_out: how it acts on outputs, of dimension m.
        x: inputs, one a row.

    Returns:
        shape ``(|G|,)``.

    Raises:
        TypeError: an argument is of the wrong type, ``f`` returns no tensor, or dtypes
            differ.
        ValueError: x or f(x) does not have the dimension of its representation, x has no
            rows, NaN or infinity, the representations belong to different groups, or
            devices differ.
    """
    check_takes("f", f, "x")
    check_same_group(rho_in, rho_out)
    _check_rows("x", x, rho_in)
    if not len(x):
        raise ValueError(f"expected at least one row in x, got {tuple(x.shape)}")
    check_floating("x", x)
    y = f(x)
    if not isinstance(y, Tensor):
        raise TypeError(f"expected f to return a tensor, got {shown(y)}")
    _check_rows("f(x)", y, rho_out)
    if len(y) != len(x):
        raise ValueError(f"expected one row of f(x) per row of x, got {len(y)} of {len(x)}")
    errors = []
    for g in range(rho_in.group.order):
        expected = y @ rho_out(g).T
        difference = (f(x @ rho_in(g).T) - expected).norm()
        scale = expected.norm()
        errors.append(torch.where(scale > 0, difference / scale, difference))
    return torch.stack(errors)


def _check_rows(name: str, rows: Tensor, rho: Representation) -> None:
    if rows.ndim != 2 or rows.shape[1] != rho.dim:
        raise ValueError(
            f"expected {name} of shape (batch, {rho.dim}) for {rho}, "
            f"got {tuple(rows.shape)}"
        )
    check_device(name, rows, rho)
    check_same_dtype(name, rows, rho)
