"""A task's adapted model as a module of its own."""

import copy
from collections.abc import Mapping
from typing import cast

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.utils import parametrize

from .._utils.arguments import checked
from .._utils.checks import check_between, check_integer
from ..symmetry.removal import bake
from .learner import MetaLearner, check_learner


@checked(by_hand=["learner"])
def adapted_model(
    learner: MetaLearner, adapted: Mapping[str, Float[Tensor, "tasks *v"]], task: int = 0
) -> nn.Module:
    """The learner's model with the tensors of one adapted task, and nothing of ``msr``.

    A copy: the learner stays as it is. Every parametrization is gone, those of torch (such
    as weight normalization) included, so that the ``state_dict`` loads into a plain model
    of the same architecture, and ``torch.export`` and ONNX take it::

        adapted = learner.adapt(x_support, y_support)
        model = msr.adapted_model(learner, adapted, task=0).eval()
        program = torch.export.export(model, (x_query[0],))

    Buffers, training mode and which parameters are frozen are those of the learner's
    model. (Batch normalization in training mode uses the statistics of what it is given.)

    Args:
        learner: what adapted.
        adapted: what `MetaLearner.adapt` returned.
        task: which of its tasks.

    Raises:
        TypeError: an argument has the wrong type.
        ValueError: the tensors are not those of this learner, or there is no such task.
    """
    check_learner(learner)
    check_integer("task", task)
    if not adapted:
        raise ValueError("expected the tensors that learner.adapt returned, got none")
    tensors = learner._check_adapted(adapted, next(iter(adapted.values())))
    tasks = len(next(iter(tensors.values())))
    check_between(0, tasks - 1, task=task)
    model = copy.deepcopy(learner.model)
    with torch.no_grad():
        for name, tensor in tensors.items():
            model.get_parameter(name).copy_(tensor[task])
    for layer in list(model.modules()):
        if parametrize.is_parametrized(layer):
            for name in list(cast(nn.ModuleDict, layer.parametrizations)):
                bake(layer, name)
    return model
