"""The meta-learner: adapt to each task, judge on its query set, for all tasks at once."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any, cast

import torch
from jaxtyping import Float, Shaped
from torch import Tensor, nn

from .._utils.arguments import checked, shown
from .._utils.substitution import Names, call_with, other_names, without_cached_weights
from ..fast_paths.choice import FastPaths
from ..inner_loops.base import InnerLoop, Loss, Tensors
from ..inner_loops.gradient_descent import GradientDescent
from ..inner_loops.losses import mean_squared_error
from ..inner_loops.targets import check_prediction, first_line, highest_label
from ..symmetry.reparameterization import adapted_parameters
from ..tasks.batch import TaskBatch, check_examples, check_inputs
from ..vectorization.plain_loop import PlainLoop
from ..vectorization.side_by_side import SideBySide
from ..vectorization.trial import Trial, try_once
from .chunking import recompute, rows
from .learner_checks import (
    check_data,
    check_inner,
    check_meta_parameters,
    check_model,
    check_one_device,
    check_parts,
    check_recomputable,
)
from .locks import lock_of
from .ways import Vectorize, Way, Ways


@checked
class MetaLearner(nn.Module):
    """A model with an inner loop; calling it on tasks gives one query loss per task.

    ``loss_i = L(U, v_i', D_i^query)`` with ``v_i' = inner loop(v, D_i^support)``.
    The result is differentiable in everything that is shared by the tasks: the
    symmetry matrices U, the initial filters v and the step sizes, through the inner
    loop's own gradients (second order). All are in ``learner.parameters()``.

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
            statistics do so at each call, as in a loop.
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
            networks of torch's modules (``msr/fast_paths/README.md``). In float32 and
            float64, without autocast.
        vectorize: "auto" runs tasks side by side, by ``torch.func.vmap``, where that is
            exact, and one by one elsewhere. It knows which from a table of modules and
            losses (`the book's page of modules <modules.html>`__), and tries a model that
            is not in the table once, on the first tasks that it sees. What it takes and
            why goes to the log ``msr.meta.ways``; `way` tells it too. True: side by
            side, or an error. False: one by one.

    Raises:
        TypeError: the model is no module that takes inputs, the inner loop none, the loss
            no function of predictions and targets, or another argument has the wrong type.
        ValueError: no parameter of the model adapts, the model's parameters lie on
            several devices or on "meta", ``chunk_size`` < 1, or ``vectorize`` is none of
            the three.
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
        vectorize: Vectorize = "auto",
    ) -> None:
        super().__init__()
        check_model(model)
        check_parts(loss, chunk_size)
        adapted = adapted_parameters(model)
        if not adapted:
            raise ValueError(
                f"expected a model with parameters that adapt, got "
                f"{type(model).__name__} with none: all are frozen or shared"
            )
        self.model = model
        self._adapted_names = tuple(adapted)
        self.inner = GradientDescent() if inner is None else inner
        check_inner(self.inner)
        self.shortcuts = shortcuts
        self.loss = loss
        self.first_order = first_order
        self.chunk_size = chunk_size
        self.vectorize: Vectorize = vectorize
        self._ways = Ways()
        meta_parameters = self.inner.init(adapted)
        check_meta_parameters(meta_parameters, self.inner)
        self.meta_parameters = meta_parameters
        self._inner_loop_checked = False
        check_one_device(model)

    @property
    def adapted(self) -> Tensors:
        """The initial values of the tensors that adapt, by name in the model.

        Raises:
            ValueError: the model has lost one, such as by being reparameterized since.
        """
        found: Tensors = {}
        for name in self._adapted_names:
            owner, _, attribute = name.rpartition(".")
            try:
                tensor = self.model.get_submodule(owner)._parameters[attribute]
            except (AttributeError, KeyError):
                tensor = None
            if tensor is None:
                raise ValueError(
                    f"expected a model that still has the parameter {name!r}, which the "
                    f"learner adapts, got one without: change a model (msr.reparameterize) "
                    f"before msr.MetaLearner(model), or make a new learner"
                )
            found[name] = tensor
        return found

    @property
    def shared(self) -> Tensors:
        """The other parameters, by name. They are symmetry matrices, and what is frozen."""
        named = self.model.named_parameters()
        return {name: p for name, p in named if name not in self._adapted_names}

    @property
    def step_sizes(self) -> dict[str, float]:
        """The current inner step size of each adapted tensor.

        Empty for inner loops other than gradient descent: they have none.
        """
        if not isinstance(self.inner, GradientDescent):
            return {}
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
            ValueError: the batch and the model are on different devices, a class label is
                out of range, the model cannot take the inputs or the loss the targets, or
                the model cannot be meta-trained exactly in any way.
            TypeError: ``batch`` is no `TaskBatch`, their dtypes differ, or the loss
                does not take the targets.
        """
        tensors = batch.x_support, batch.y_support, batch.x_query, batch.y_query
        with self._alone():
            adapted = self.adapted
            self._check_data(*tensors, like=next(iter(adapted.values())))
            self._check_inner_loop(batch.x_support, batch.y_support)
            size = self.chunk_size or len(batch)
            if len(batch) <= size:
                return self._query_losses(None, adapted, *tensors)
            check_recomputable(self.model)
            way = self._way(*tensors)
            starts = range(0, len(batch), size)
            return torch.cat(
                [self._recomputed_chunk(way, *rows(tensors, i, i + size)) for i in starts]
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
        with self._alone():
            self._check_data(x_support, y_support)
            self._check_inner_loop(x_support, y_support)
            adapted = self.adapted
            paths = self._fast_paths(adapted)
            if paths and self.chunk_size is None:
                shared = adapted, self.meta_parameters, self.first_order
                found = paths.adapt(*shared, x_support, y_support)
                if found is not None:
                    return found
            way = self._way(x_support, y_support, x_support, y_support)
            highest = highest_label(self.loss, [y_support])
            chunks = self._in_chunks("adapt", way, highest, x_support, y_support)
            return {name: torch.cat([c[name] for c in chunks]) for name in chunks[0]}

    def predict(
        self,
        adapted: Mapping[str, Float[Tensor, "tasks *v"]],
        x_query: Float[Tensor, "tasks query *x"],
    ) -> Float[Tensor, "tasks query *y"]:
        """The adapted models' outputs, each on its own task's inputs.

        Raises:
            TypeError: ``adapted`` is no dict of floating-point tensors, the inputs are no
                such tensor, dtypes differ, or the model returns something else than a
                tensor.
            ValueError: the names, the shapes or the number of tasks are not those of
                `adapt`, or the inputs are wrong, as for `forward`.
        """
        check_inputs("query", x_query)
        with self._alone():
            adapted = self._check_adapted(adapted, x_query)
            self._check_data(x_query)
            way = self._way(x_query)
            return torch.cat(self._in_chunks("predict", way, None, adapted, x_query))

    def losses(
        self,
        adapted: Mapping[str, Float[Tensor, "tasks *v"]],
        x: Float[Tensor, "tasks examples *x"],
        y: Shaped[Tensor, "tasks examples *y"],
    ) -> Float[Tensor, " tasks"]:
        """The adapted models' losses, each on its own task's examples.

        Raises:
            TypeError, ValueError: as for `msr.TaskBatch`, `forward` and `predict`.
        """
        check_examples("query", x, y)
        with self._alone():
            adapted = self._check_adapted(adapted, x)
            self._check_data(x, y)
            paths = self._fast_paths(self.adapted)
            found = paths.losses(adapted, x, y) if paths else None
            if found is not None:
                return found
            highest = highest_label(self.loss, [y])
            way = self._way(x)
            return torch.cat(self._in_chunks("losses", way, highest, adapted, x, y))

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
            return str(self._way(*tensors))

    def _losses_by(self, way: Way, batch: TaskBatch) -> Float[Tensor, " tasks"]:
        """The query losses in one of the ways, whichever the learner would choose."""
        tensors = batch.x_support, batch.y_support, batch.x_query, batch.y_query
        highest = highest_label(self.loss, [batch.y_support, batch.y_query])
        with self._alone():
            return self._running(way, highest).query_losses(*tensors)

    def _query_losses(
        self, way: Way | None, adapted: Tensors, *tensors: Tensor
    ) -> Float[Tensor, " tasks"]:
        """The query loss of each task; all tasks of the arguments together."""
        losses = self._closed_form_losses(adapted, *tensors)
        if losses is not None:
            return losses
        way = way or self._way(*tensors)
        highest = highest_label(self.loss, [tensors[1], tensors[3]])
        if way.side_by_side:
            try:
                return self._side_by_side(way, highest, *tensors)
            except Exception as error:
                way = self._instead(way, error)
        return self._running(way, highest).query_losses(*tensors)

    def _closed_form_losses(
        self, adapted: Tensors, *tensors: Tensor
    ) -> Float[Tensor, " tasks"] | None:
        paths = self._fast_paths(adapted)
        if paths is None:
            return None
        return paths.query_losses(adapted, self.meta_parameters, self.first_order, *tensors)

    def _side_by_side(
        self, way: Way, highest: int | None, *tensors: Tensor
    ) -> Float[Tensor, " tasks"]:
        running = cast(SideBySide, self._running(way, highest))
        paths = self._fast_paths(running.adapted)
        if paths:
            shared = self.adapted, self.meta_parameters, self.first_order
            with running.kernels():
                losses = paths.query_losses_side_by_side(*shared, *tensors, highest=highest)
            if losses is not None:
                return losses
        return running.query_losses(*tensors)

    def _running(self, way: Way, highest: int | None, **others: Any) -> PlainLoop:
        """The computation, in one of the ways, for the learner as it is now."""
        settings: dict[str, Any] = {
            "model": partial(self._call, other_names(self.model)),
            "inner": self.inner,
            "loss": self.loss,
            "adapted": self.adapted,
            "meta_parameters": self.meta_parameters,
            "first_order": self.first_order,
            "highest": highest,
        } | others
        if way.side_by_side:
            return SideBySide(**settings, rules=way.rules)
        return PlainLoop(**settings)

    def _fast_paths(self, adapted: Tensors) -> FastPaths | None:
        """The fast paths, where numbers have the precision that makes them equal."""
        like = next(iter(adapted.values()))
        precise = like.dtype in (torch.float32, torch.float64)
        if not self.shortcuts or self.vectorize is False or not precise:
            return None
        if torch.is_autocast_enabled(like.device.type):
            return None
        return FastPaths(self.model, self._adapted_names, self.inner, self.loss)

    def _way(self, *tensors: Tensor) -> Way:
        """The way for tasks with these inputs, and perhaps targets, queries, targets."""
        situation = self.first_order, tensors[0].shape[2:], tensors[0].dtype
        complete = len(tensors) == 4
        attempt = partial(self._try_once, *rows(tensors, 0, 2)) if complete else None
        return self._ways.choose(
            self.vectorize, self.model, self.inner, self.loss, situation, attempt
        )

    def _instead(self, way: Way, error: Exception) -> Way:
        """The loop, when side by side has failed; else the error again."""
        if self.vectorize is True or isinstance(error, torch.OutOfMemoryError):
            raise error
        return self._ways.failed(way, error)

    def _try_once(self, *tensors: Tensor) -> Trial:
        """Both ways over these tasks, with one inner step, for a model that is unknown."""
        inner = self.inner
        if type(inner) is GradientDescent:
            inner = replace(inner, steps=min(inner.steps, 1))
        tasks = [t.double() if t.is_floating_point() else t for t in tensors]

        def run(side_by_side: bool, values: Mapping[str, Tensor]) -> Tensor:
            way = Way(side_by_side, "it is tried")
            program = Program(
                self, lambda: self._running(way, None, inner=inner).query_losses(*tasks)
            )
            return cast(Tensor, call_with(program, values, other_names(program)))

        values = dict(Program(self, None).tensors())
        return try_once(partial(run, False), partial(run, True), self.model, values)

    def _call(self, names: Names, values: Tensors, x: Tensor) -> Tensor:
        """The model's outputs, with these values in the place of what adapts."""
        try:
            prediction = call_with(self.model, values, names, x)
        except (RuntimeError, IndexError) as error:
            if isinstance(error, torch.OutOfMemoryError | NotImplementedError):
                raise
            raise ValueError(
                f"expected inputs that {type(self.model).__name__} takes, got those of a "
                f"task, of shape {tuple(x.shape)}: {first_line(error)}"
            ) from error
        check_prediction(prediction)
        return cast(Tensor, prediction)

    def _in_chunks(
        self, name: str, way: Way, highest: int | None, *args: Tensor | Tensors
    ) -> list[Any]:
        """A method of the computation over all tasks, a chunk at a time."""
        tasks = len(args[-1])
        size = self.chunk_size or tasks
        chunks: list[Any] = []
        for i in range(0, tasks, size):
            chunk = rows(args, i, i + size)
            if way.side_by_side:
                try:
                    chunks.append(getattr(self._running(way, highest), name)(*chunk))
                    continue
                except Exception as error:
                    way = self._instead(way, error)
            chunks.append(getattr(self._running(way, highest), name)(*chunk))
        return chunks

    def _recomputed_chunk(self, way: Way, *batch: Tensor) -> Tensor:
        """The losses of a chunk, without its graph; see `msr.meta.chunking`."""
        program = Program(
            self, lambda *tensors: self._query_losses(way, self.adapted, *tensors)
        )
        names, parameters = zip(*program.named_parameters())
        places = other_names(program)
        buffers = {name: b.clone() for name, b in program.named_buffers()}

        def losses(replayed: bool, *tensors: Tensor) -> Tensor:
            values = dict(zip(names, tensors[: len(names)]))
            if replayed:  # what modules keep was kept the first time
                values |= {name: b.clone() for name, b in buffers.items()}
            with self._alone():
                return cast(
                    Tensor, call_with(program, values, places, *tensors[len(names) :])
                )

        return recompute(losses, *parameters, *batch)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """No other thread runs the model, and no weight is older than its parameters."""
        # a weight that autocast or torch's parametrizations keep outlives its parameters
        kept = torch.is_autocast_cache_enabled()
        torch.set_autocast_cache_enabled(False)
        try:
            with lock_of(self.model), without_cached_weights():
                yield
        finally:
            torch.set_autocast_cache_enabled(kept)

    def _check_inner_loop(self, x: Tensor, y: Tensor) -> None:
        """Let the inner loop refuse the model, once, on the first task."""
        if self._inner_loop_checked:
            return
        check = getattr(self.inner, "check", None)
        if check is not None:
            running = self._running(Way(False, "it is checked"), None)
            kept = {name: b.clone() for name, b in self.model.named_buffers()}
            loss = running.loss_on(x[0], y[0])
            predict = loss.predict
            untouched = replace(loss, predict=lambda values: predict(kept | values))
            with torch.no_grad():
                check(untouched, self.adapted)
        self._inner_loop_checked = True

    def _check_adapted(self, adapted: Mapping[str, Tensor], x: Tensor) -> Tensors:
        """The adapted tensors, if they are of these tasks."""
        if set(adapted) != set(self._adapted_names):
            raise ValueError(
                f"expected adapted tensors {shown(sorted(self._adapted_names))}, got "
                f"{shown(sorted(adapted))}"
            )
        for name, initial in self.adapted.items():
            tensor = adapted[name]
            if tensor.shape[1:] != initial.shape:
                raise ValueError(
                    f"expected {name!r} of shape (tasks, "
                    f"{', '.join(map(str, initial.shape))}), got {shown(tensor)}"
                )
            if len(tensor) != len(x):
                raise ValueError(
                    f"expected inputs of the {len(tensor)} tasks that {name!r} was "
                    f"adapted to, got {len(x)} tasks"
                )
        self._check_data(*adapted.values())
        return dict(adapted)

    def _check_data(self, *data: Tensor, like: Tensor | None = None) -> None:
        like = next(iter(self.adapted.values())) if like is None else like
        check_data(data, like, self.meta_parameters)

    def __setattr__(self, name: str, value: Any) -> None:
        """Set an attribute; the model is what the learner was made for, and stays.

        Raises:
            ValueError: another model is set.
        """
        if (
            name == "model"
            and self.__dict__.get("_modules", {}).get(name, value) is not value
        ):
            raise ValueError(
                f"expected the model that the learner was made with, got another "
                f"{type(value).__name__}: make a new msr.MetaLearner(model)"
            )
        super().__setattr__(name, value)


class Program(nn.Module):
    """A computation of a learner as a module, to be called with other tensors."""

    def __init__(self, learner: MetaLearner, run: Callable[..., Tensor] | None) -> None:
        super().__init__()
        self.learner, self.run = learner, run

    def forward(self, *args: Any) -> Tensor:
        """The losses."""
        return cast(Callable[..., Tensor], self.run)(*args)

    def tensors(self) -> Iterator[tuple[str, Tensor]]:
        """Parameters and buffers, by name."""
        yield from self.named_parameters()
        yield from self.named_buffers()


def check_learner(learner: MetaLearner) -> None:
    """Raise unless the object is a `MetaLearner`."""
    if not isinstance(learner, MetaLearner):
        raise TypeError(
            f"expected a msr.MetaLearner, got {type(learner).__name__}: wrap a model in "
            f"msr.MetaLearner(model)"
        )
