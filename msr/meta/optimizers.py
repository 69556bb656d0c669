"""The optimizer of the outer loop: Adam, or what the caller's factory makes."""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import torch
from torch import nn
from torch.optim.lr_scheduler import LRScheduler

from .._utils.annotations import shown
from .._utils.checks import check_takes
from .learner import MetaLearner

Made = TypeVar("Made")
OptimizerFactory = Callable[[Iterable[nn.Parameter]], torch.optim.Optimizer]


def check_resumable(optimizer: torch.optim.Optimizer) -> None:
    """Raise if an optimizer has more state than a checkpoint holds.

    A scheduler that was made for it counts its steps, through a method of the instance or
    through hooks; its count is in no ``state_dict`` of the optimizer.
    """
    attributes = vars(optimizer)
    hooks = ("_optimizer_step_pre_hooks", "_optimizer_step_post_hooks")
    if (
        "step" in attributes
        or any(attributes.get(name) for name in hooks)
        or any(isinstance(value, LRScheduler) for value in attributes.values())
    ):
        raise ValueError(
            f"expected, with a checkpoint, an optimizer that is all in its state_dict, got "
            f"{type(optimizer).__name__} with a scheduler or hooks, which a resumed run "
            f"would start anew: use decay='cosine', or no checkpoint"
        )


def made_by(
    factory: Callable[[Any], Any], argument: object, kind: type[Made], wanted: str
) -> Made:
    """What a factory of the caller's makes from the argument.

    Raises:
        TypeError: it makes something of another kind, or fails. The message begins with
            what was wanted.
    """
    try:
        made = factory(argument)
    except (TypeError, RuntimeError) as error:
        raise TypeError(f"{wanted} {type(error).__name__}: {shown(str(error))}") from error
    if not isinstance(made, kind):
        raise TypeError(f"{wanted} {shown(made)}")
    return made


def made_optimizer(
    learner: MetaLearner, factory: OptimizerFactory | None, lr: float
) -> torch.optim.Optimizer:
    """Adam, or what the factory makes.

    Raises:
        TypeError: the factory makes no optimizer.
        ValueError: there is nothing to train, or the optimizer trains something else.
    """
    parameters = [p for p in learner.parameters() if p.requires_grad]
    if not parameters:
        raise ValueError("expected a learner with parameters to train, got none")
    if factory is None:
        return torch.optim.Adam(parameters, lr=lr, fused=True)
    check_takes("optimizer", factory, "parameters")
    wanted = "expected optimizer to make a torch.optim.Optimizer from parameters, got"
    made = made_by(factory, parameters, torch.optim.Optimizer, wanted)
    if isinstance(made, torch.optim.LBFGS):
        raise ValueError(
            "expected an optimizer that steps by the gradient of one batch, got LBFGS, "
            "which evaluates the loss again: use Adam or SGD"
        )
    trained = {id(p) for group in made.param_groups for p in group["params"]}
    if not any(id(p) in trained for p in parameters):
        raise ValueError(
            f"expected optimizer to use the parameters that it is given, got "
            f"{type(made).__name__} over others, which would leave the learner as it is"
        )
    return made
