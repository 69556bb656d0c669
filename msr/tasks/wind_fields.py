"""The winds of `msr.RingWinds`: where they are taken, and what is seen of them."""

from functools import cache
from importlib import resources
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

LONGITUDES = 24
MONTHS, YEARS_SEEN = 132, 6
SEEN = 12 * YEARS_SEEN  # months that are trained on
FIRST_ROW, BLOCK_ROWS, BLOCKS, FOLDS = 8, 6, 9, 3
YEARS = {
    "alternate": (0, 2, 4, 6, 8, 10, 1, 3, 5, 7, 9),
    "later": tuple(range(11)),
}


class Kind(NamedTuple):
    """What a task predicts from what.

    Attributes:
        given: the component of the wind that is the input, "u" (eastward) or "v".
        wanted: the component that is the output.
        north: how many rows of 2.5 degrees the output lies north of the input.
    """

    given: str
    wanted: str
    north: int


KINDS = (
    Kind("u", "v", 0),
    Kind("v", "u", 0),
    Kind("u", "u", 4),
    Kind("u", "u", -4),
    Kind("v", "v", 2),
    Kind("v", "v", -2),
)


class Place(NamedTuple):
    """A kind of task on a row of latitude.

    Attributes:
        kind: which components, and how far apart.
        row: the row of the input, of the 73 from south to north.
    """

    kind: Kind
    row: int

    @property
    def block(self) -> int:
        """The block of six rows, 0 to 8, that the input's row lies in."""
        return (self.row - FIRST_ROW) // BLOCK_ROWS


@cache
def anomalies(name: str, years: str) -> Float[Tensor, "months rows longitudes"]:
    """Departures from the calendar month's mean, in the row's standard deviations."""
    file = resources.files("msr") / "data" / "winds.npz"
    with file.open("rb") as stream, np.load(stream) as data:
        wind = torch.from_numpy(data[name]).double()
    by_year = wind.unflatten(0, (-1, 12))[list(YEARS[years])]
    departures = (by_year - by_year[:YEARS_SEEN].mean(0)).flatten(0, 1)
    return departures / departures[:SEEN].std((0, 2), keepdim=True)


def whitener(
    field: Float[Tensor, "months rows longitudes"],
) -> Float[Tensor, "longitudes longitudes"]:
    """The symmetric inverse square root of the longitudes' covariance."""
    values = field.flatten(0, 1)
    variances, axes = torch.linalg.eigh(values.T @ values / len(values))
    return axes @ torch.diag(variances.rsqrt()) @ axes.T
