"""The meta-learner: adapt to each task, judge on its query set, for all tasks at once."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from jaxtyping import Bool, Float, Shaped
from torch import Tensor, nn

from .._utils.arguments import checked
from .._utils.selection import Selection
from ..inner_loops.base import InnerLoop, Loss, Tensors
from ..inner_loops.gradient_descent import GradientDescent
from ..inner_loops.losses import mean_squared_error
from ..tasks.batch import TaskBatch, check_examples, check_inputs
from .chunking import rows
from .in_parts import InParts
from .learner_checks import (
    SETTINGS,
    check_inner,
    check_meta_parameters,
    check_model,
    check_one_device,
    check_parts,
    check_setting,
    check_step_weights,
    chosen_to_adapt,
)
from .ways import Vectorize, Ways


@checked
class MetaLearner(InParts):
    """A model with an inner loop; calling it on tasks gives one query loss per task.

    ``loss_i = L(U, v_i', D_i^query)`` with ``v_i' = inner loop(v, D_i^support)``.
    The result is differentiable in everything that is shared by the tasks: the
    symmetry matrices U, the initial filters v and the step sizes, through the inner
    loop's own gradients (second order). All are in ``learner.parameters()``.

    The learner trains the model itself, no copy: ``model.parameters()`` are among
    ``learner.parameters()``. To make one costs next to nothing.

    On a plain model every parameter adapts (MAML). On a model treated with
    `msr.reparameterize` filters and biases adapt (MSR). Parameters with
    ``requires_grad=False`` stay as they are. A parameter or module that stands in several
    places adapts as one.

    What is computed is defined by a plain loop over tasks
    (``msr/vectorization/plain_loop.py``). Quicker ways give the same numbers up to
    rounding, or are not taken; what no way computes exactly is refused.

    Calls of one model from several threads wait for each other.

    Args:
        model: any module that a loop over tasks can train. Modules that update running
            statistics do so at each call, as in a loop; batch normalization with
            ``track_running_stats=False``, usual in few-shot learning, is much quicker.
        inner: the inner loop.
        loss: maps (prediction, target) of one task's examples to a scalar.
        adapt: which parameters adapt: a name or pattern, such as "head" (a module means
            all parameters in it), several, or a function of name and parameter. The rest
            is shared, and learned by the outer loop unless it is frozen: the head alone is
            ANIL (Raghu et al. 2020). Symmetry matrices are shared always. Default: all
            but those.
        first_order: drop second derivatives (first-order MAML).
        chunk_size: process at most this many tasks at a time. The graph of a chunk
            is rebuilt in the backward pass, so that peak memory is that of one chunk,
            at the cost of one more forward pass. Losses then have first derivatives
            only. Default: all tasks together.
        shortcuts: with `msr.GradientDescent`, compute the same losses, up to rounding,
            in quicker ways where there are: by formulas for a model of one layer with
            the mean squared error, and in the space of weights for other reparameterized
            networks of torch's modules (``msr/fast_paths/README.md``). In float32 and
            float64, without autocast.
        vectorize: "auto" runs tasks side by side, by ``torch.func.vmap``, where that is
            exact, and one by one elsewhere. It knows which from a table of modules and
            losses (`the book's page of modules <modules.html>`__), and tries a model that
            is not in the table once, on the first tasks that it sees. What it takes and
            why goes to the log ``msr.meta.ways``; `way` tells it too. True: side by
            side, or an error. False: one by one.
        step_weights: a weight for the query loss after each inner step, whose weighted sum
            `forward` then returns (the multi-step loss of Antoniou, Edwards, Storkey 2019).
            Set the attribute in a callback to let the weights move to the last step.
            Validation and `msr.meta_test` judge the last step alone. Default: that alone.

    Raises:
        TypeError: the model is no module that takes inputs, the inner loop none, the loss
            no function of predictions and targets, or another argument has the wrong type.
        ValueError: no parameter of the model adapts, or a pattern of ``adapt`` matches
            none, the model's parameters lie on
            several devices or on "meta", ``chunk_size`` < 1, or ``vectorize`` is none of
            the three.
    """

    def __init__(
        self,
        model: nn.Module,
        inner: InnerLoop | None = None,
        loss: Loss = mean_squared_error,
        *,
        adapt: Selection | None = None,
        first_order: bool = False,
        chunk_size: int | None = None,
        shortcuts: bool = True,
        vectorize: Vectorize = "auto",
        step_weights: Sequence[float] | None = None,
    ) -> None:
        super().__init__()
        check_model(model)
        check_parts(loss, chunk_size)
        adapted = chosen_to_adapt(model, adapt)
        self.model = model
        self._adapted_names = tuple(adapted)
        self.inner = GradientDescent() if inner is None else inner
        check_inner(self.inner)
        self.shortcuts = shortcuts
        self.loss = loss
        self.first_order = first_order
        self.chunk_size = chunk_size
        self.vectorize: Vectorize = vectorize
        check_step_weights(step_weights, self.inner)
        self.step_weights = step_weights
        self._ways = Ways()
        meta_parameters = self.inner.init(adapted)
        check_meta_parameters(meta_parameters, self.inner)
        self.meta_parameters = meta_parameters
        self._inner_loop_checked = False
        check_one_device(model)

    @property
    def shared(self) -> Tensors:
        """Whatever does not adapt, by name.

        Symmetry matrices, frozen parameters, and those that ``adapt`` leaves out.
        """
        named = self.model.named_parameters()
        return {name: p for name, p in named if name not in self._adapted_names}

    @property
    def step_sizes(self) -> dict[str, float | list[float]]:
        """The current inner step size of each adapted tensor, or those of its steps.

        Empty for inner loops other than gradient descent: they have none.
        """
        if not isinstance(self.inner, GradientDescent):
            return {}
        return {
            name: lr.tolist()
            for name, lr in zip(self.adapted, self.meta_parameters, strict=True)
        }

    @property
    def device(self) -> torch.device:
        """Where the parameters are."""
        return next(iter(self.adapted.values())).device

    @property
    def dtype(self) -> torch.dtype:
        """The dtype of the adapted parameters."""
        return next(iter(self.adapted.values())).dtype

    def forward(self, batch: TaskBatch) -> Float[Tensor, " tasks"]:
        """The query loss of each task after adapting to its support set.

        Raises:
            ValueError: the batch and the model are on different devices, a class label is
                out of range, the model cannot take the inputs or the loss the targets, or
                the model cannot be meta-trained exactly in any way.
            TypeError: ``batch`` is no `TaskBatch`, their dtypes differ, or the loss
                does not take the targets.
        """
        with self._alone():
            like = next(iter(self.adapted.values()))
            sets = batch.x_support, batch.y_support, batch.x_query, batch.y_query
            self._check_data(*sets, like=like)
            self._check_inner_loop(batch.x_support, batch.y_support, batch.support_mask)
            return self._losses_by(None, batch)

    def adapt(
        self,
        x_support: Shaped[Tensor, "tasks support *x"]
        | tuple[Tensor, ...]
        | dict[str, Tensor],
        y_support: Shaped[Tensor, "tasks support *y"],
        mask: Bool[Tensor, "tasks support"] | None = None,
    ) -> Tensors:
        """Adapt to the support set of each task.

        Args:
            x_support: inputs.
            y_support: their targets.
            mask: True for each example that is real; all are by default.

        Returns:
            the adapted tensors by name, each with a first axis over tasks.

        Raises:
            TypeError, ValueError: as for `msr.TaskBatch` and `forward`.
        """
        check_examples("support", x_support, y_support, mask)
        with self._alone():
            self._check_data(x_support, y_support)
            self._check_inner_loop(x_support, y_support, mask)
            return self._adapt_to(x_support, y_support, mask)

    def predict(
        self,
        adapted: Mapping[str, Float[Tensor, "tasks *v"]],
        x_query: Shaped[Tensor, "tasks query *x"] | tuple[Tensor, ...] | dict[str, Tensor],
        mask: Bool[Tensor, "tasks query"] | None = None,
    ) -> Float[Tensor, "tasks query *y"]:
        """The adapted models' outputs, each on its own task's inputs.

        Args:
            adapted: what `adapt` returned.
            x_query: inputs.
            mask: True for each example that is real; outputs are zero at others.

        Raises:
            TypeError: ``adapted`` is no dict of floating-point tensors, the inputs are no
                such tensor, dtypes differ, or the model returns something else than a
                tensor.
            ValueError: the names, the shapes or the number of tasks are not those of
                `adapt`, or the inputs are wrong, as for `forward`.
        """
        check_inputs("query", x_query, mask)
        with self._alone():
            tensors = self._check_adapted(adapted, x_query)
            self._check_data(x_query)
            return self._predictions(tensors, x_query, mask)

    def losses(
        self,
        adapted: Mapping[str, Float[Tensor, "tasks *v"]],
        x: Shaped[Tensor, "tasks examples *x"] | tuple[Tensor, ...] | dict[str, Tensor],
        y: Shaped[Tensor, "tasks examples *y"],
        mask: Bool[Tensor, "tasks examples"] | None = None,
    ) -> Float[Tensor, " tasks"]:
        """The adapted models' losses, each on its own task's examples.

        Args:
            adapted: what `adapt` returned.
            x: inputs.
            y: their targets.
            mask: True for each example that is real; all are by default.

        Raises:
            TypeError, ValueError: as for `msr.TaskBatch`, `forward` and `predict`.
        """
        check_examples("query", x, y, mask)
        with self._alone():
            tensors = self._check_adapted(adapted, x)
            self._check_data(x, y)
            return self._losses_at(tensors, x, y, mask)

    def way(self, batch: TaskBatch) -> str:
        """How the tasks of such a batch are computed, in words.

        Raises:
            TypeError, ValueError: as for `forward`, save for what shows only when the model
                runs, such as inputs that it cannot take.
        """
        tensors = batch.x_support, batch.y_support, batch.x_query, batch.y_query
        with self._alone(), torch.no_grad():
            self._check_data(*tensors)
            if self._closed_form_losses(self.adapted, *rows(tensors, 0, 1)) is not None:
                return "by formula, because the model has a single layer"
            return str(self._way_of(batch))

    def __setattr__(self, name: str, value: Any) -> None:
        """Set an attribute to what the constructor would take; the model stays.

        An inner loop goes on with the step sizes, or other meta-parameters, that there are.

        Raises:
            TypeError, ValueError: as for the constructor, or the model is another, or the
                inner loop one with other meta-parameters.
        """
        if name in SETTINGS:
            check_setting(self, name, value)
        super().__setattr__(name, value)


def check_learner(learner: MetaLearner) -> None:
    """Raise unless the object is a `MetaLearner`."""
    if not isinstance(learner, MetaLearner):
        raise TypeError(
            f"expected a msr.MetaLearner, got {type(learner).__name__}: wrap a model in "
            f"msr.MetaLearner(model)"
        )
