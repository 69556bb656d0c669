"""Is what a learner computes what it should? Its way against the plain loop."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple, cast

import torch
from torch import Tensor

from .._utils.arguments import checked
from .._utils.checks import check_not_negative
from .._utils.random_state import isolated_random_state
from .._utils.substitution import call_with, other_names
from ..tasks.batch import TaskBatch
from ..vectorization.trial import nothing_drawn
from .learner import MetaLearner
from .learner_checks import check_has_gradient
from .program import Program
from .ways import Way

# Gradients this much smaller than the largest one are judged against that.
SMALL = 1e-3


class Deviation(NamedTuple):
    """How far one parameter's gradient is off.

    Attributes:
        parameter: its name in ``learner.named_parameters()``.
        error: the largest difference of an entry, relative to the largest entry.
    """

    parameter: str
    error: float

    def __str__(self) -> str:
        return f"{self.parameter}: {self.error:.1e}"


@dataclass(frozen=True)
class GradcheckReport:
    """What `msr.gradcheck` found; ``print`` it.

    Attributes:
        way: how the learner computes, in words.
        losses: the largest difference of a query loss, relative to the largest loss.
        gradients: by parameter, the largest difference of an entry of its
            meta-gradient, relative to the gradient's largest entry.
        tolerance: the largest of these numbers that is allowed.
    """

    way: str
    losses: float
    gradients: Mapping[str, float]
    tolerance: float

    @property
    def worst(self) -> Deviation:
        """The parameter whose meta-gradient is farthest off."""
        return Deviation(*max(self.gradients.items(), key=lambda item: item[1]))

    @property
    def ok(self) -> bool:
        """Whether losses and meta-gradients are those of the plain loop."""
        return max(self.losses, self.worst.error) <= self.tolerance

    def __bool__(self) -> bool:
        return self.ok

    def __str__(self) -> str:
        verdict = "equal to the plain loop" if self.ok else "NOT equal to the plain loop"
        width = max(map(len, self.gradients))
        rows = sorted(self.gradients.items(), key=lambda item: -item[1])
        return "\n".join(
            [
                f"{verdict} (tolerance {self.tolerance:.0e}, double precision)",
                f"tasks run {self.way}",
                f"{'query losses':{width}}  {self.losses:.1e}",
                *(f"{name:{width}}  {error:.1e}" for name, error in rows),
            ]
        )


@checked
def gradcheck(
    learner: MetaLearner, batch: TaskBatch, *, tolerance: float = 1e-8
) -> GradcheckReport:
    """Compare a learner's losses and meta-gradients with the plain loop over tasks.

    Both are computed in double precision, at the learner's present parameters, for the
    given tasks; a few are enough. The learner itself is unchanged, running statistics
    included. Dropout is switched off for the comparison, that within attention and
    recurrent layers too.

    Use it once on a model of your own. The plain loop is the definition of what
    `msr.MetaLearner` computes; a learner that says that its tasks run one by one runs
    this very loop.

    Args:
        learner: any learner.
        batch: tasks of the kind that it is for, on any device and in any precision.
        tolerance: the largest relative difference that counts as rounding.

    Returns:
        a report: ``.ok``, ``.worst`` (parameter and error), ``.way``, and a text.

    Raises:
        TypeError: an argument is of another kind.
        ValueError: ``tolerance`` is negative or not finite; the model draws random
            numbers other than by torch's dropout layers, so that no two runs compare; no
            parameter of the learner requires a gradient; or the model is refused, as by
            the learner itself.
    """
    check_not_negative(tolerance=tolerance)
    wanted = [name for name, p in learner.named_parameters() if p.requires_grad]
    if not wanted:
        raise ValueError("expected a learner with parameters that are learned, got none")
    with nothing_drawn(learner.model):
        way = learner.way(batch.to(learner.device, learner.dtype))
        tasks = batch.to(learner.device, torch.float64)
        chosen, loop, again = (
            _losses_and_gradients(learner, tasks, wanted, by_loop=by_loop, seed=seed)
            for by_loop, seed in ((False, 0), (True, 0), (True, 1))
        )
    if any(not torch.allclose(a, b, rtol=1e-6) for a, b in zip(loop, again)):
        raise ValueError(
            f"expected a model that gives the same outputs twice, got "
            f"{type(learner.model).__name__}, which draws random numbers or keeps "
            f"something from call to call: compare it in evaluation mode"
        )
    largest = max(float(g.abs().max()) for g in loop[1:])
    errors = [
        _relative(found, expected, SMALL * largest)
        for found, expected in zip(chosen[1:], loop[1:])
    ]
    gradients = dict(zip(wanted, errors))
    return GradcheckReport(way, _relative(chosen[0], loop[0], 0.0), gradients, tolerance)


def _losses_and_gradients(
    learner: MetaLearner, tasks: TaskBatch, wanted: list[str], *, by_loop: bool, seed: int
) -> list[Tensor]:
    """The losses, and the gradients of a sum in which no two tasks count alike."""
    run = learner.forward
    if by_loop:
        run = partial(learner._losses_by, Way(False, "it is the definition"))
    program = Program(learner, run)
    values = {
        name: tensor.detach().clone().double()
        if tensor.is_floating_point()
        else tensor.clone()
        for name, tensor in program.tensors()
    }
    leaves = [values[f"learner.{name}"].requires_grad_() for name in wanted]
    with torch.enable_grad(), isolated_random_state(learner.device, seed):
        losses = cast(Tensor, call_with(program, values, other_names(program), tasks))
        check_has_gradient(losses)
        weights = torch.linspace(1, 2, len(losses)).to(losses)
        gradients = torch.autograd.grad(
            (weights * losses).sum(), leaves, materialize_grads=True
        )
    return [losses.detach(), *(g.to_dense() for g in gradients)]


def _relative(found: Tensor, expected: Tensor, least: float) -> float:
    """The largest difference over the largest entry; infinite where it is no number."""
    if not expected.numel():
        return 0.0
    difference = float((found - expected).abs().max())
    if difference != difference:
        return float("inf")
    size = max(float(expected.abs().max()), least)
    return difference / size if size else difference
