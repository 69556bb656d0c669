"""How a learner computes: it chooses a way, and runs tasks of equal size in it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, cast

import torch
from jaxtyping import Float
from torch import Tensor, nn

from .._utils.inputs import (
    Inputs,
    arguments_of,
    mapped,
    shown_inputs,
    structure_of,
    tensors_of,
)
from .._utils.substitution import Names, call_with, other_names
from ..fast_paths.choice import FastPaths
from ..inner_loops.base import InnerLoop, Loss, Tensors
from ..inner_loops.gradient_descent import GradientDescent
from ..inner_loops.targets import check_prediction, first_line, highest_label
from ..vectorization.plain_loop import PlainLoop
from ..vectorization.side_by_side import SideBySide
from ..vectorization.trial import Trial, try_once
from .chunking import rows
from .learner_checks import not_taken
from .program import Program
from .ways import Vectorize, Way, Ways


class Running(nn.Module):
    """What `msr.MetaLearner` does behind its public methods, with tasks of equal size."""

    model: nn.Module
    inner: InnerLoop
    loss: Loss
    first_order: bool
    chunk_size: int | None
    shortcuts: bool
    vectorize: Vectorize
    step_weights: Sequence[float] | None
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

    def _query_losses(
        self, way: Way | None, adapted: Tensors, *tensors: Inputs
    ) -> Float[Tensor, " tasks"]:
        """The query loss of each task; all tasks of the arguments together."""
        losses = self._closed_form_losses(adapted, *tensors)
        if losses is not None:
            return losses
        way = way or self._way(*tensors)
        highest = highest_label(self.loss, cast(Sequence[Tensor], tensors[1::2]))
        if way.side_by_side:
            try:
                return self._side_by_side(way, highest, *tensors)
            except Exception as error:
                way = self._instead(way, error)
        return self._running(way, highest).query_losses(*cast(Any, tensors))

    def _closed_form_losses(
        self, adapted: Tensors, *tensors: Inputs
    ) -> Float[Tensor, " tasks"] | None:
        paths = self._fast_paths(adapted, *tensors)
        if paths is None or self.step_weights is not None:
            return None
        shared = adapted, self.meta_parameters, self.first_order
        return paths.query_losses(*shared, *cast(Sequence[Tensor], tensors))

    def _side_by_side(
        self, way: Way, highest: int | None, *tensors: Inputs
    ) -> Float[Tensor, " tasks"]:
        running = cast(SideBySide, self._running(way, highest))
        paths = self._fast_paths(running.adapted, *tensors)
        if paths and self.step_weights is None:
            shared = self.adapted, self.meta_parameters, self.first_order
            plain = cast(Sequence[Tensor], tensors)
            with running.kernels():
                losses = paths.query_losses_side_by_side(*shared, *plain, highest=highest)
            if losses is not None:
                return losses
        return running.query_losses(*cast(Any, tensors))

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
            "step_weights": self.step_weights,
        } | others
        if way.side_by_side:
            return SideBySide(**settings, rules=way.rules)
        return PlainLoop(**settings)

    def _fast_paths(self, adapted: Tensors, *data: Inputs) -> FastPaths | None:
        """The fast paths, where numbers have the precision that makes them equal."""
        if not all(isinstance(x, Tensor) for x in data):
            return None
        like = next(iter(adapted.values()))
        precise = like.dtype in (torch.float32, torch.float64)
        if not self.shortcuts or self.vectorize is False or not precise:
            return None
        if torch.is_autocast_enabled(like.device.type):
            return None
        return FastPaths(self.model, self._adapted_names, self.inner, self.loss)

    def _way(self, *tensors: Inputs) -> Way:
        """The way for tasks with these inputs, and perhaps targets, queries, targets."""
        kinds = [(t.shape[2:], t.dtype) for t in tensors_of(tensors[0])]
        situation = self.first_order, structure_of(tensors[0]), *kinds
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

    def _try_once(self, *tensors: Inputs) -> Trial:
        """Both ways over these tasks, with one inner step, for a model that is unknown."""
        inner = self.inner
        if type(inner) is GradientDescent:
            inner = replace(inner, steps=min(inner.steps, 1))
        tasks = [
            mapped(lambda t: t.double() if t.is_floating_point() else t, x) for x in tensors
        ]
        settings: dict[str, Any] = {"inner": inner, "step_weights": None}

        def run(side_by_side: bool, values: Mapping[str, Tensor]) -> Tensor:
            way = Way(side_by_side, "it is tried")
            program = Program(
                self, lambda: self._running(way, None, **settings).query_losses(*tasks)
            )
            return cast(Tensor, call_with(program, values, other_names(program)))

        values = dict(Program(self, None).tensors())
        return try_once(partial(run, False), partial(run, True), self.model, values)

    def _call(self, names: Names, values: Tensors, x: Inputs) -> Tensor:
        """The model's outputs, with these values in the place of what adapts."""
        positional, by_name = arguments_of(x)
        try:
            prediction = call_with(self.model, values, names, *positional, **by_name)
        except TypeError as error:
            if (reason := not_taken(self.model, positional, by_name)) is None:
                raise
            raise ValueError(
                f"expected inputs that {type(self.model).__name__} takes, got those of a "
                f"task, of {shown_inputs(x)}: {reason}"
            ) from error
        except (RuntimeError, IndexError) as error:
            if isinstance(error, torch.OutOfMemoryError | NotImplementedError):
                raise
            raise ValueError(
                f"expected inputs that {type(self.model).__name__} takes, got those of a "
                f"task, of {shown_inputs(x)}: {first_line(error)}"
            ) from error
        check_prediction(prediction)
        return cast(Tensor, prediction)
