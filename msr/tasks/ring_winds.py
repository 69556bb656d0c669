"""Real winds on a ring of longitudes."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property

import torch
from jaxtyping import Float, Int
from torch import Tensor

from .._utils.arguments import shown
from .._utils.checks import check_at_least, check_integer, check_known, check_size
from ..groups.catalogue import cyclic
from ..groups.representations import Representation, permutation_representation
from ..symmetry.known import group_convolution_matrix
from .batch import TaskBatch
from .distribution import Split
from .seeded import NumberedTasks, own_split
from .wind_fields import (
    BLOCK_ROWS,
    BLOCKS,
    FIRST_ROW,
    FOLDS,
    KINDS,
    LONGITUDES,
    MONTHS,
    SEEN,
    YEARS,
    Place,
    anomalies,
    whitener,
)

BUFFER = 1  # rows beside those of the test that nothing is trained on
ORDERS = ("ring", "secret", "own")


@dataclass(frozen=True)
class RingWinds(NumberedTasks):
    """A task distribution: monthly winds around the earth, from one latitude to another.

    Real data: 132 monthly means of the surface wind (1982 to 1992) on rings of 24
    sectors of longitude (``msr/data/winds.md`` names the source). A task has a kind and a
    row of latitude; an example is a month; its input is one component of the wind on the
    ring, its output another component, or the same one 5 or 10 degrees to the north or
    south. A task is nearly a circular convolution, since the earth turns, and not quite,
    since it has continents.

    Of 11 years, six are trained on and five are for the query sets of test tasks. What is
    seen of the wind are anomalies: the mean of the calendar month, for each row and sector,
    is taken away, and each row is divided by the standard deviation of its anomalies. Both
    come from the months of the six years alone.

    Latitudes from 70 S to 62.5 N lie in nine blocks of six rows. Fold f tests on blocks f,
    f + 3 and f + 6. No row of them, and none beside them, occurs in any training task.

    A training task draws a place, and the months of both of its sets among the 72 of the
    six years. Test tasks are all places of the fold, each with ``draws`` draws of support
    months among the 72; the query set is all 60 other months. Test task i is at place
    ``i % places``, so that the first ones cover every place once. Tasks are computed from
    (seed, split, i) when asked for, in the default dtype, and moved to the default device.

    Args:
        support: months in a support set, 1 to 71.
        fold: which blocks are tested on, 0 to 2.
        years: "alternate": every other year is trained on, from 1982; "later": the first
            six years, so that the query months of a test are later than all others.
        seed: of the draws, and of secret orders.
        order: of the longitudes. "ring": from west to east; "secret": shuffled, in the same
            way in all tasks; "own": shuffled anew at each place, so that the tasks have
            no ring in common.
        whiten: decorrelate the longitudes of each component, by the symmetric inverse
            square root of their covariance over the training rows and months. Correlations
            between longitudes of a component then say nothing of the ring. Errors are
            those of whitened outputs.
        query: months in the query set of a training task.
        train_tasks: number of training tasks.
        draws: draws of support months for each place of the test.

    Raises:
        TypeError: a setting is of the wrong type.
        ValueError: a number is out of range, ``support`` and ``query`` need more than 72
            months, or a word is unknown.
    """

    support: int = 4
    fold: int = 0
    years: str = "alternate"
    seed: int = 0
    order: str = "ring"
    whiten: bool = False
    query: int = 24
    train_tasks: int = 8000
    draws: int = 4

    def __post_init__(self) -> None:
        check_known("choice of years", self.years, YEARS)
        check_known("order", self.order, ORDERS)
        if not isinstance(self.whiten, bool):
            raise TypeError(
                f"expected whiten to be True or False, got {shown(self.whiten)}"
            )
        for field in fields(self):
            if field.name not in ("years", "order", "whiten"):
                check_integer(field.name, getattr(self, field.name))
        check_at_least(0, seed=self.seed, fold=self.fold)
        check_at_least(1, train_tasks=self.train_tasks, draws=self.draws)
        if self.fold >= FOLDS:
            raise ValueError(f"expected fold 0, 1 or 2, got {shown(self.fold)}")
        self._check_sets("train", self.support, self.query)

    @property
    def input_shape(self) -> tuple[int, ...]:
        """The shape of one input, ``(24,)``: a ring."""
        return (LONGITUDES,)

    def num_tasks(self, split: Split) -> int:
        """The number of tasks in a split, "train" or "test".

        Raises:
            TypeError, ValueError: there is no such split.
        """
        if own_split(split) == "train":
            return self.train_tasks
        return self.draws * len(self._places["test"])

    def places(self, split: Split, indices: Sequence[int] | Tensor) -> list[Place]:
        """The kind and the row of each task.

        Raises:
            TypeError, ValueError: there is no such split, or no such tasks.
        """
        return [self._draw(split, i)[0] for i in self._checked(split, indices)]

    def batch(
        self,
        split: Split,
        indices: Sequence[int] | Int[Tensor, " tasks"],
        support: int | None = None,
        query: int | None = None,
    ) -> TaskBatch:
        """The tasks of these numbers.

        Args:
            split: "train" or "test".
            indices: which tasks; repeats are allowed.
            support: months in the support set. Default: as configured.
            query: months in the query set. Default: as configured for training tasks, all
                60 for test tasks.

        Raises:
            TypeError: a number of a task or of months is no integer.
            ValueError: there are no indices or too many, one is out of range, the split
                is unknown, or there are not as many months.
        """
        own_split(split)
        support = self.support if support is None else support
        if query is None:
            query = self.query if split == "train" else MONTHS - SEEN
        self._check_sets(split, support, query)
        numbers = self._checked(split, indices)
        check_size("a batch", len(numbers), support + query, LONGITUDES)
        draws = [self._draw(split, i) for i in numbers]
        months = torch.stack([drawn for _, drawn in draws])
        if split == "train":
            months = months[:, : support + query]
        else:
            later = torch.arange(SEEN, SEEN + query, device="cpu").expand(len(draws), -1)
            months = torch.cat([months[:, :support], later], 1)
        places = [place for place, _ in draws]
        x = self._rings([(p.kind.given, p.row) for p in places], months)
        y = self._rings([(p.kind.wanted, p.row + p.kind.north) for p in places], months)
        if self.order != "ring":
            orders = torch.stack([self._order_at(place) for place in places])
            x, y = (t.gather(2, orders[:, None].expand_as(t)) for t in (x, y))
        batch = TaskBatch(x[:, :support], y[:, :support], x[:, support:], y[:, support:])
        return batch.to(torch.get_default_device())

    def longitudes(self) -> Int[Tensor, " 24"]:
        """Which sector, counted eastward, each entry of an input or output belongs to.

        Raises:
            ValueError: every place has an order of its own.
        """
        if self.order == "own":
            raise ValueError(
                'expected tasks with one order of longitudes, got order="own": each '
                "place has another"
            )
        return self._order_at(None).to(torch.get_default_device())

    def rotations(self) -> Representation:
        """The rotations of the ring, as they permute the entries of inputs and outputs.

        Raises:
            ValueError: every place has an order of its own.
        """
        sector = self.longitudes().cpu()
        entry = sector.argsort()
        steps = torch.arange(LONGITUDES, device="cpu")[:, None]
        action = entry[(sector + steps) % LONGITUDES]
        return permutation_representation(cyclic(LONGITUDES), action, "rotations")

    def symmetry_matrix(self) -> Float[Tensor, "mn n"]:
        """The U of what respects every rotation: circular convolutions, in this order.

        Its columns have length 1.

        Returns:
            shape (576, 24), rows in the row-major order of vec(W).

        Raises:
            ValueError: every place has an order of its own.
        """
        sector = self.longitudes()
        U = group_convolution_matrix(cyclic(LONGITUDES))
        blocks = U.reshape(LONGITUDES, LONGITUDES, LONGITUDES)
        return blocks[sector][:, sector].flatten(0, 1) / LONGITUDES**0.5

    def _check_sets(self, split: str, support: int, query: int) -> None:
        check_at_least(1, support=support, query=query)
        unseen = MONTHS - SEEN
        if split == "test" and (support > SEEN or query > unseen):
            raise ValueError(
                f"expected support <= {SEEN} and query <= {unseen} months for a test task, "
                f"got {shown(support)} and {shown(query)}"
            )
        if split == "train" and support + query > SEEN:
            raise ValueError(
                f"expected support and query sets of at most {SEEN} months together for a "
                f"training task, got {shown(support)} + {shown(query)}"
            )

    @cached_property
    def _places(self) -> dict[str, list[Place]]:
        """All places of each split."""
        rows = range(FIRST_ROW, FIRST_ROW + BLOCKS * BLOCK_ROWS)
        tested = [r for r in rows if (r - FIRST_ROW) // BLOCK_ROWS % FOLDS == self.fold]
        near = {r + d for r in tested for d in range(-BUFFER, BUFFER + 1)}
        allowed = {"train": {*rows} - near, "test": {*tested}}
        return {
            split: [
                Place(kind, row)
                for kind in KINDS
                for row in sorted(own)
                if row + kind.north in own
            ]
            for split, own in allowed.items()
        }

    @cached_property
    def _fields(self) -> dict[str, Float[Tensor, "months rows longitudes"]]:
        """What is seen of each component: float64, on the CPU, training months first."""
        found = {name: anomalies(name, self.years) for name in ("u", "v")}
        if not self.whiten:
            return found
        places = self._places["train"]
        rows = sorted({row for p in places for row in (p.row, p.row + p.kind.north)})
        return {name: a @ whitener(a[:SEEN, rows]) for name, a in found.items()}

    def _draw(self, split: Split, index: int) -> tuple[Place, Int[Tensor, " 72"]]:
        """The place of a task, and the months of six years in the order of their use."""
        generator = self._generator(index, own_split(split))
        places = self._places[split]
        if split == "train":
            index = int(torch.randint(len(places), (), generator=generator, device="cpu"))
        months = torch.randperm(SEEN, generator=generator, device="cpu")
        return places[index % len(places)], months

    def _rings(
        self, where: list[tuple[str, int]], months: Int[Tensor, "tasks months"]
    ) -> Float[Tensor, "tasks months 24"]:
        found = [self._fields[name][m, row] for (name, row), m in zip(where, months)]
        return torch.stack(found).to(torch.get_default_dtype())

    def _order_at(self, place: Place | None) -> Int[Tensor, " 24"]:
        if self.order == "ring":
            return torch.arange(LONGITUDES, device="cpu")
        number = 0
        if self.order == "own" and place is not None:
            number = 1 + KINDS.index(place.kind) * 100 + place.row
        generator = self._generator(number, "problem")
        return torch.randperm(LONGITUDES, generator=generator, device="cpu")
