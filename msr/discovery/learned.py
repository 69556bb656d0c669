"""Which group did a symmetry matrix, a layer, or a learner learn?"""

from collections.abc import Sequence
from typing import cast

import torch
from jaxtyping import Float
from torch import Tensor, nn

from .._utils.arguments import checked, shown
from .._utils.checks import MOST_TASKS, check_between
from ..meta.learner import MetaLearner, check_learner
from ..meta.settings import generator_of
from ..tasks.distribution import TaskDistribution, check_tasks
from .identification import Identification, identified
from .inputs import as_matrix, check_weight_shape, checked_matrix
from .layers import chosen_layer
from .signed_identification import identified_with_signs
from .use import weights_in_use


@checked(by_hand=["U"])
def identify(
    U: Float[Tensor, "mn k"] | nn.Module,
    weight_shape: Sequence[int] | TaskDistribution | None = None,
    *,
    tasks: TaskDistribution | None = None,
    layer: str | None = None,
    signed: bool = False,
    number_of_tasks: int = 400,
    seed: int | torch.Generator = 0,
) -> Identification:
    """The group of permutations that a symmetry matrix has learned, from its span alone.

    Entries of W that share their value in every ``vec(W) = U v`` have equal rows in an
    orthonormal basis of the columns of U. Candidates are clusters of these rows; the group
    of each is that of all pairs of permutations of rows and columns that keep the classes
    of entries. Where they leave a doubt, groups are grown from pairs of permutations that
    nearly keep the span, found by linear assignment, and a few entries may be exceptional.
    The one with most evidence is compared with no sharing, with sharing without a group,
    and with shuffled entries. No rank and no tolerance is asked for::

        msr.identify(U, (m, n))
        msr.identify(layer)                  # reparameterized
        msr.identify(learner, tasks)         # weighted by use
        msr.identify(learner, tasks, layer="encoder.0")

    This is the *largest* group with these shared weights. It may be larger than the one
    that the tasks had: rotations of a tetrahedron (A4) and all permutations of its corners
    (S4) share the same weights.

    *Weighted by use.* Columns of U that no task uses hide what the others say. So a learner
    is asked together with tasks: it adapts to the support sets of training tasks, and the
    weights ``U v_i`` that it gets there take the place of U. Those longer than their
    median, as of tasks whose inner loop explodes, are shortened to it. A Kronecker U, whose
    span is every weight, says something only so. This is then the symmetry of the weights
    that the learner arrives at: with much data in each task a U that learned nothing
    arrives there as well.

    *With signs.* Where values are shared up to sign, as with ``signed=True``, the group is
    that of all pairs of signed permutations with ``P W = W Q``. It has twice as many
    elements at least, as -1 on all outputs and inputs is always one.

    A small layer cannot convince: however 2 x 2 entries share two values, two and two,
    there is a group, which is then "not sure".

    Args:
        U: a symmetry matrix, a module that has one, or a learner.
        weight_shape: (m, n), outputs and inputs; a module knows it. Weights of
            convolutions are taken as matrices, with all axes but the first as one. With a
            learner, tasks may stand here.
        tasks: what a learner adapts to. It stays as it is: parameters, gradients, buffers,
            training mode.
        layer: which symmetry matrix of a module that has several: the name of the layer,
            or of its weight, such as "encoder.0.weight"; or a pattern that means one.
        signed: let outputs and inputs change sign as they move.
        number_of_tasks: how many training tasks are drawn; all, if there are no more.
        seed: of the draw, or a generator on the CPU to draw from.

    Raises:
        TypeError: U is neither, or not floating point; or tasks come without a learner.
        ValueError: U has another shape, NaN or infinity, only zeros, too many entries;
            the module has no symmetry matrix, or several and no ``layer`` is named, or
            there is no such layer; the layer is large and has Kronecker factors, and
            there are no tasks; or its filter does not adapt, or ``number_of_tasks`` < 1.
        Diverged: the inner loop ends in weights that are not finite. The error names the
            tasks.

    Example:
        >>> import msr
        >>> found = msr.identify(msr.group_convolution_matrix(msr.cyclic(4)), (4, 4))
        >>> found.name, found.order, found.status
        ('C4', 4, 'found')
    """
    if not isinstance(weight_shape, Sequence) and weight_shape is not None:
        if tasks is not None:
            raise TypeError("expected tasks once, got them as weight_shape too")
        weight_shape, tasks = None, weight_shape
    check_between(1, MOST_TASKS, number_of_tasks=number_of_tasks)
    draws = generator_of(seed)
    if not isinstance(U, nn.Module) and (tasks is not None or layer is not None):
        raise TypeError(
            f"expected a module along with tasks or a layer's name, got {shown(U)}"
        )
    found = identified_with_signs if signed else identified
    if tasks is None:
        module = U.model if isinstance(U, MetaLearner) else U
        return found(*checked_matrix(module, weight_shape, layer))
    learner = cast(MetaLearner, U)
    check_learner(learner)
    check_tasks(tasks, "train")
    chosen = chosen_layer(learner.model, layer)
    check_weight_shape(weight_shape, chosen.symmetry.weight_shape)
    shape = as_matrix(chosen.symmetry.weight_shape)
    matrix = weights_in_use(learner, chosen, tasks, number_of_tasks, *draws)
    return found(matrix, shape)
