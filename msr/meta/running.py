"""How a learner computes: it chooses a way, and runs the tasks in it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any, cast

import torch
from jaxtyping import Float
from torch import Tensor, nn

from .._utils.arguments import shown
from .._utils.substitution import Names, call_with, other_names, without_cached_weights
from ..fast_paths.choice import FastPaths
from ..inner_loops.base import InnerLoop, Loss, Tensors
from ..inner_loops.gradient_descent import GradientDescent
from ..inner_loops.targets import check_prediction, first_line, highest_label
from ..tasks.batch import TaskBatch
from ..vectorization.plain_loop import PlainLoop
from ..vectorization.side_by_side import SideBySide
from ..vectorization.trial import Trial, try_once
from .chunking import recompute, rows
from .learner_checks import (
    check_data,
)
from .locks import lock_of
from .program import Program
from .ways import Vectorize, Way, Ways


class Running(nn.Module):
    """What `msr.MetaLearner` does behind its public methods."""

    model: nn.Module
    inner: InnerLoop
    loss: Loss
    first_order: bool
    chunk_size: int | None
    shortcuts: bool
    vectorize: Vectorize
    meta_parameters: nn.ParameterList
    _adapted_names: tuple[str, ...]
    _ways: Ways
    _inner_loop_checked: bool

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
        """The adapted tensors, if they are of these tasks.

        Args:
            adapted: to be checked.
            x: has a first axis over the tasks.
        """
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
