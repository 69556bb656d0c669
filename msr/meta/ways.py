"""Which way over tasks a learner takes: side by side where that is exact, else the loop."""

import logging
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from torch import nn
from torch.nn.utils import parametrize

from .._utils.transforms import under_torch_func
from ..inner_loops.base import InnerLoop, Loss
from ..inner_loops.gradient_descent import GradientDescent
from ..inner_loops.ridge import Ridge
from ..vectorization.inspection import is_altered
from ..vectorization.kinds import Known, look_up
from ..vectorization.trial import Trial

logger = logging.getLogger(__name__)

Vectorize = Literal["auto"] | bool


class Way(NamedTuple):
    """How the tasks of a batch are run.

    Attributes:
        side_by_side: all at once by ``torch.func.vmap``; else one by one.
        reason: why, to follow "because".
        rules: whether kernels that are right under ``vmap`` are needed.
    """

    side_by_side: bool
    reason: str
    rules: bool = True

    def __str__(self) -> str:
        how = "side by side" if self.side_by_side else "one by one"
        return f"{how}, because {self.reason}"


@dataclass
class Ways:
    """Chooses a way, and remembers what was tried."""

    tried: dict[Hashable, Trial] = field(default_factory=dict)
    told: set[str] = field(default_factory=set)

    def choose(
        self,
        vectorize: Vectorize,
        model: nn.Module,
        inner: InnerLoop,
        loss: Loss,
        situation: Hashable,
        attempt: Callable[[], Trial] | None,
    ) -> Way:
        """The way for a model, which may have changed since the last call.

        Args:
            vectorize: the learner's.
            model: the learner's.
            inner: its inner loop.
            loss: its loss.
            situation: what else the outcome of a trial depends on.
            attempt: tries both ways once; None where that is not possible.

        Raises:
            ValueError: neither way is exact, or ``vectorize=True`` and side by side is
                not.
        """
        known = look_up(model, loss)
        if type(inner) not in (GradientDescent, Ridge) and known.unknown is None:
            known = known._replace(unknown=f"the inner loop {type(inner).__name__}")
        if vectorize is False:
            way = Way(False, "vectorize=False")
        elif known.unknown is None:
            way = _by_table(known)
        else:
            key = (situation, _fingerprint(model), id(loss), type(inner))
            way = self._by_trial(known, key, attempt)
        if vectorize is True and not way.side_by_side:
            raise ValueError(
                f"expected a model that is exact side by side with vectorize=True, got one "
                f"that has to run task by task, because {way.reason}: use vectorize='auto'"
            )
        if str(way) not in self.told:
            self.told.add(str(way))
            logger.info("tasks run %s", way)
        return way

    def failed(self, way: Way, error: Exception) -> Way:
        """The loop, after side by side has failed where it was not expected to."""
        reason = f"torch.func.vmap fails: {type(error).__name__}"
        logger.info("tasks run one by one, because %s", reason)
        return way._replace(side_by_side=False, reason=reason)

    def _by_trial(
        self, known: Known, key: Hashable, attempt: Callable[[], Trial] | None
    ) -> Way:
        trial = self.tried.get(key)
        if trial is None and attempt is not None and not under_torch_func():
            trial = self.tried[key] = attempt()
        if trial is None:
            return Way(False, f"{known.unknown} is not known, and was not tried")
        if trial.refused:
            where = known.suspect or known.unknown
            raise ValueError(trial.refused.replace("got", f"got {where}", 1))
        if known.one_by_one:
            return Way(False, known.one_by_one)
        return Way(trial.exact, f"{known.unknown} is not in the table: {trial.reason}")


def _by_table(known: Known) -> Way:
    if known.one_by_one:
        return Way(False, known.one_by_one)
    return Way(True, "all modules are known to be exact", known.rules)


def _fingerprint(model: nn.Module) -> tuple[Any, ...]:
    """What decides how a model runs, as far as it can be seen."""
    return tuple(
        (id(m), parametrize.type_before_parametrizations(m), m.training, is_altered(m))
        for m in model.modules()
    )
