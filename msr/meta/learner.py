"""The meta-learner: adapt to each task, judge on its query set, for all tasks at once."""

from collections.abc import Callable

import torch
from jaxtyping import Float, Shaped
from torch import Tensor, nn
from torch.func import functional_call, vmap

from ..fast_paths.choice import FastPaths
from ..inner_loops.base import InnerLoop, Loss, SupportLoss, Tensors
from ..inner_loops.gradient_descent import GradientDescent
from ..inner_loops.losses import mean_squared_error
from ..symmetry.reparameterization import adapted_parameters
from ..tasks.batch import TaskBatch, check_examples
from .chunking import recompute, rows
from .learner_checks import check_data, check_model, check_one_device, check_parts


class MetaLearner(nn.Module):
    """A model with an inner loop; calling it on tasks gives one query loss per task.

    ``loss_i = L(U, v_i', D_i^query)`` with ``v_i' = inner loop(v, D_i^support)``.
    The result is differentiable in everything that is shared by the tasks: the
    symmetry matrices U, the initial filters v and the step sizes, through the inner
    loop's own gradients (second order). All are in ``learner.parameters()``.

    On a plain model every parameter adapts (MAML). On a model treated with
    `msr.reparameterize` filters and biases adapt (MSR). Parameters with
    ``requires_grad=False`` stay as they are.

    Args:
        model: any module that ``torch.func.functional_call`` and ``torch.func.vmap``
            can run. Batch normalization in training mode must not track running
            statistics.
        inner: the inner loop.
        loss: maps (prediction, target) of one task's examples to a scalar.
        first_order: drop second derivatives (first-order MAML).
        chunk_size: process at most this many tasks at a time. The graph of a chunk
            is rebuilt in the backward pass, so that peak memory is that of one chunk,
            at the cost of one more forward pass. Losses then have first derivatives
            only. Default: all tasks together.
        shortcuts: with `msr.GradientDescent`, compute the same losses, up to rounding,
            in quicker ways where there are: by formulas for a model of one layer with
            the mean squared error, and in the space of weights for other reparameterized
            networks of torch's modules (``msr/fast_paths/README.md``).

    Raises:
        TypeError: the model is no module, the inner loop none, or the loss no function.
        ValueError: no parameter of the model adapts, the model's parameters lie on
            several devices, it tracks running statistics, or ``chunk_size`` < 1.
    """

    def __init__(
        self,
        model: nn.Module,
        inner: InnerLoop | None = None,
        loss: Loss = mean_squared_error,
        *,
        first_order: bool = False,
        chunk_size: int | None = None,
        shortcuts: bool = True,
    ) -> None:
        super().__init__()
        check_model(model)
        check_parts(inner, loss, chunk_size)
        adapted = adapted_parameters(model)
        if not adapted:
            raise ValueError(
                f"expected a model with parameters that adapt, got "
                f"{type(model).__name__} with none: all are frozen or shared"
            )
        self.model = model
        self._adapted_names = tuple(adapted)
        self.inner = GradientDescent() if inner is None else inner
        self.shortcuts = shortcuts
        self.loss = loss
        self.first_order = first_order
        self.chunk_size = chunk_size
        self.meta_parameters = self.inner.init(adapted)
        self._inner_loop_checked = False
        check_one_device(model)

    @property
    def adapted(self) -> Tensors:
        """The initial values of the tensors that adapt, by name in the model."""
        paths = ((name, *name.rpartition(".")) for name in self._adapted_names)
        return {
            name: getattr(self.model.get_submodule(owner), attribute)
            for name, owner, _, attribute in paths
        }

    @property
    def shared(self) -> Tensors:
        """The other parameters, by name. They are symmetry matrices, and what is frozen."""
        named = self.model.named_parameters()
        return {name: p for name, p in named if name not in self._adapted_names}

    @property
    def step_sizes(self) -> dict[str, float]:
        """The current inner step size of each adapted tensor (gradient descent)."""
        return {
            name: lr.item()
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
            ValueError: the batch and the model are on different devices.
            TypeError: ``batch`` is no `TaskBatch`, their dtypes differ, or the loss
                does not take the targets.
        """
        if not isinstance(batch, TaskBatch):
            raise TypeError(f"expected a msr.TaskBatch, got {type(batch).__name__}")
        tensors = batch.x_support, batch.y_support, batch.x_query, batch.y_query
        adapted = self.adapted
        self._check_data(*tensors, like=next(iter(adapted.values())))
        self._check_inner_loop(batch.x_support, batch.y_support)
        size = self.chunk_size or len(batch)
        if len(batch) <= size:
            return self._query_losses(adapted, *tensors)
        starts = range(0, len(batch), size)
        return torch.cat(
            [self._recomputed_chunk(*rows(tensors, i, i + size)) for i in starts]
        )

    def adapt(
        self,
        x_support: Float[Tensor, "tasks support *x"],
        y_support: Shaped[Tensor, "tasks support *y"],
    ) -> Tensors:
        """Adapt to the support set of each task.

        Returns:
            the adapted tensors by name, each with a first axis over tasks.

        Raises:
            TypeError, ValueError: as for `msr.TaskBatch` and `forward`.
        """
        check_examples("support", x_support, y_support)
        self._check_data(x_support, y_support)
        self._check_inner_loop(x_support, y_support)
        if self.shortcuts and self.chunk_size is None:
            shared = self.adapted, self.meta_parameters, self.first_order
            found = self._fast_paths.adapt(*shared, x_support, y_support)
            if found is not None:
                return found
        chunks = self._in_chunks(self._adapt_to_one, x_support, y_support)
        return {name: torch.cat([c[name] for c in chunks]) for name in chunks[0]}

    def predict(
        self, adapted: Tensors, x_query: Float[Tensor, "tasks query *x"]
    ) -> Float[Tensor, "tasks query *y"]:
        """The adapted models' outputs, each on its own task's inputs.

        Raises:
            ValueError: the names or the number of tasks are not those of `adapt`.
        """
        self._check_adapted(adapted, x_query)
        self._check_data(x_query)
        return torch.cat(self._in_chunks(self._predict_one, adapted, x_query))

    def losses(
        self,
        adapted: Tensors,
        x: Float[Tensor, "tasks examples *x"],
        y: Shaped[Tensor, "tasks examples *y"],
    ) -> Float[Tensor, " tasks"]:
        """The adapted models' losses, each on its own task's examples.

        Raises:
            TypeError, ValueError: as for `msr.TaskBatch`, `forward` and `predict`.
        """
        check_examples("query", x, y)
        self._check_adapted(adapted, x)
        self._check_data(x, y)
        found = self._fast_paths.losses(adapted, x, y) if self.shortcuts else None
        if found is not None:
            return found
        return vmap(self.loss)(self.predict(adapted, x), y)

    def _query_losses(self, adapted: Tensors, *tensors: Tensor) -> Float[Tensor, " tasks"]:
        """The query loss of each task; all tasks at once."""
        if self.shortcuts:
            shared = adapted, self.meta_parameters, self.first_order
            losses = self._fast_paths.query_losses(*shared, *tensors)
            if losses is not None:
                return losses
        return vmap(self._query_loss, randomness="different")(*tensors)

    @property
    def _fast_paths(self) -> FastPaths:
        return FastPaths(self.model, self._adapted_names, self.inner, self.loss)

    def _predict_one(self, adapted: Tensors, x: Tensor) -> Tensor:
        return functional_call(self.model, adapted, (x,))

    def _loss_on(self, x: Tensor, y: Tensor) -> SupportLoss:
        return SupportLoss(lambda adapted: self._predict_one(adapted, x), y, self.loss)

    def _adapt_to_one(self, x: Tensor, y: Tensor) -> Tensors:
        return self.inner.adapt(
            self._loss_on(x, y), self.adapted, self.meta_parameters, self.first_order
        )

    def _query_loss(self, x: Tensor, y: Tensor, x_query: Tensor, y_query: Tensor) -> Tensor:
        return self._loss_on(x_query, y_query)(self._adapt_to_one(x, y))

    def _in_chunks(self, function: Callable, *args: Tensor | Tensors) -> list:
        """Vmap a function of one task over all tasks, a chunk at a time."""
        batched = vmap(function, randomness="different")
        tasks = len(args[-1])
        size = self.chunk_size or tasks
        return [batched(*rows(args, i, i + size)) for i in range(0, tasks, size)]

    def _recomputed_chunk(self, *batch: Tensor) -> Tensor:
        """The losses of a chunk, without its graph; see `msr.meta.chunking`."""
        names, parameters = zip(*self.named_parameters())

        def losses(*tensors: Tensor) -> Tensor:
            values = dict(zip(names, tensors[: len(names)]))
            return functional_call(self, values, (TaskBatch(*tensors[len(names) :]),))

        return recompute(losses, *parameters, *batch)

    def _check_inner_loop(self, x: Tensor, y: Tensor) -> None:
        """Let the inner loop refuse the model, once, on the first task."""
        if self._inner_loop_checked:
            return
        check = getattr(self.inner, "check", None)
        if check is not None:
            with torch.no_grad():
                check(self._loss_on(x[0], y[0]), self.adapted)
        self._inner_loop_checked = True

    def _check_adapted(self, adapted: Tensors, x: Tensor) -> None:
        if set(adapted) != set(self._adapted_names):
            raise ValueError(
                f"expected adapted tensors {sorted(self._adapted_names)}, got "
                f"{sorted(adapted)}"
            )
        for name, tensor in adapted.items():
            if len(tensor) != len(x):
                raise ValueError(
                    f"expected inputs of the {len(tensor)} tasks that {name!r} was "
                    f"adapted to, got {len(x)} tasks"
                )
        self._check_data(*adapted.values())

    def _check_data(self, *data: Tensor, like: Tensor | None = None) -> None:
        like = next(iter(self.adapted.values())) if like is None else like
        check_data(data, like, self.meta_parameters)


def check_learner(learner: MetaLearner) -> None:
    """Raise unless the object is a `MetaLearner`."""
    if not isinstance(learner, MetaLearner):
        raise TypeError(
            f"expected a msr.MetaLearner, got {type(learner).__name__}: wrap a model in "
            f"msr.MetaLearner(model)"
        )
