"""All tasks of a call: in groups of equal size, in chunks that memory holds."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, cast

import torch
from jaxtyping import Float, Shaped
from torch import Tensor

from .._utils.arguments import shown
from .._utils.inputs import Flat, Inputs, length_of, mapped, tensors_of
from .._utils.substitution import call_with, other_names, without_cached_weights
from ..inner_loops.base import Tensors
from ..inner_loops.targets import highest_label
from ..tasks.batch import Mask, TaskBatch
from .chunking import recompute, rows
from .learner_checks import check_data, check_recomputable
from .locks import lock_of
from .program import Program
from .running import Running
from .uneven import Part, among_all, in_order, parts_of_one_size, real_examples
from .ways import Way


class InParts(Running):
    """What `msr.MetaLearner` does with tasks of any number and size."""

    def _losses_by(self, way: Way | None, batch: TaskBatch) -> Float[Tensor, " tasks"]:
        """The query losses in one of the ways, or in the one that the learner chooses."""

        def run(part: Part | None, *tensors: Inputs) -> Tensor:
            return self._equal_losses(way, len(batch), *tensors)

        return cast(Tensor, self._by_size(run, *_sets(batch), way))

    def _way_of(self, batch: TaskBatch) -> Way:
        """The way of a batch, by those of its first tasks that have equal sizes."""
        tensors, masks = _sets(batch)
        given = [mask for mask in masks if mask is not None]
        if given:
            part = parts_of_one_size(given, any_order=True)[0]
            tensors = _real(tensors, masks, part)
        return self._way(*tensors)

    def _equal_losses(
        self, way: Way | None, tasks: int, *tensors: Inputs
    ) -> Float[Tensor, " tasks"]:
        """The query losses of tasks of equal size, which are some of so many."""
        if way is not None:
            highest = highest_label(self.loss, cast(Sequence[Tensor], tensors[1::2]))
            return self._running(way, highest).query_losses(*cast(Any, tensors))
        size = self.chunk_size or tasks
        if tasks <= size:
            return self._query_losses(None, self.adapted, *tensors)
        check_recomputable(self.model)
        way = self._way(*tensors)
        starts = range(0, length_of(tensors[0]), size)
        return torch.cat(
            [self._recomputed_chunk(way, *rows(tensors, i, i + size)) for i in starts]
        )

    def _adapt_to(self, x: Inputs, y: Tensor, mask: Mask | None) -> Tensors:
        """The adapted tensors, with a first axis over tasks."""

        def run(part: Part | None, x: Inputs, y: Tensor) -> Tensors:
            adapted = self.adapted
            paths = self._fast_paths(adapted, x)
            if paths and self.chunk_size is None:
                shared = adapted, self.meta_parameters, self.first_order
                found = paths.adapt(*shared, cast(Tensor, x), y)
                if found is not None:
                    return found
            way = self._way(x, y, x, y)
            highest = highest_label(self.loss, [y])
            chunks = self._in_chunks("adapt", way, highest, x, y)
            return {name: torch.cat([c[name] for c in chunks]) for name in chunks[0]}

        found: Tensors = self._by_size(run, (x, y), (mask, mask))
        return found

    def _predictions(
        self, adapted: Tensors, x: Inputs, mask: Mask | None
    ) -> Float[Tensor, "tasks examples *y"]:
        """The outputs, zero at examples that are not real."""
        way = self._way(x)

        def run(part: Part | None, adapted: Tensors, x: Inputs) -> Tensor:
            found = torch.cat(self._in_chunks("predict", way, None, adapted, x))
            if part is None or mask is None:
                return found
            return among_all(found, mask[part])

        return cast(Tensor, self._by_size(run, (adapted, x), (None, mask), way))

    def _losses_at(
        self, adapted: Tensors, x: Inputs, y: Tensor, mask: Mask | None
    ) -> Float[Tensor, " tasks"]:
        """The losses of adapted models."""

        def run(part: Part | None, adapted: Tensors, x: Inputs, y: Tensor) -> Tensor:
            paths = self._fast_paths(self.adapted, x)
            found = paths.losses(adapted, cast(Tensor, x), y) if paths else None
            if found is not None:
                return found
            highest = highest_label(self.loss, [y])
            way = self._way(x)
            return torch.cat(self._in_chunks("losses", way, highest, adapted, x, y))

        way = None if mask is None else self._way(x)
        sets: tuple[Inputs, ...] = adapted, x, y
        return cast(Tensor, self._by_size(run, sets, (None, mask, mask), way))

    def _by_size(
        self,
        run: Callable[..., Any],
        data: Sequence[Inputs],
        masks: Sequence[Mask | None],
        way: Way | None = None,
    ) -> Any:
        """Run tasks with as many real examples together; results in the tasks' order.

        Where tasks run one by one, because the model keeps something from call to call,
        they stay in their order.

        Args:
            run: called with the numbers of some tasks, None for all, and their data.
            data: of all tasks; sets of examples, or what has an axis over tasks alone.
            masks: of each; None if all examples are real.
            way: how tasks run, where it is known.
        """
        given = [mask for mask in masks if mask is not None]
        if not given:
            return run(None, *data)
        parts = parts_of_one_size(given, any_order=True)
        if way is None:
            some = _real(data, masks, parts[0])
            way = self._way(*some, *(some if len(some) == 2 else []))
        if not way.side_by_side:
            parts = parts_of_one_size(given, any_order=False)
        return in_order([run(part, *_real(data, masks, part)) for part in parts], parts)

    def _in_chunks(
        self, name: str, way: Way, highest: int | None, *args: Inputs
    ) -> list[Any]:
        """A method of the computation over all tasks, a chunk at a time."""
        tasks = length_of(args[-1])
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

    def _recomputed_chunk(self, way: Way, *batch: Inputs) -> Tensor:
        """The losses of a chunk, without its graph; see `msr.meta.chunking`."""
        data = Flat(*batch)
        program = Program(
            self,
            lambda *flat: self._query_losses(way, self.adapted, *data.rebuilt(*flat)),
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

        return recompute(losses, *parameters, *data.tensors)

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

    def _check_inner_loop(self, x: Inputs, y: Tensor, mask: Mask | None) -> None:
        """Let the inner loop refuse the model, once, on the first task."""
        if self._inner_loop_checked:
            return
        check = getattr(self.inner, "check", None)
        if check is not None:

            def first(tensor: Tensor) -> Tensor:
                return tensor[0] if mask is None else tensor[0][mask[0]]

            running = self._running(Way(False, "it is checked"), None)
            kept = {name: b.clone() for name, b in self.model.named_buffers()}
            loss = running.loss_on(mapped(first, x), first(y))
            predict = loss.predict
            untouched = replace(loss, predict=lambda values: predict(kept | values))
            with torch.no_grad():
                check(untouched, self.adapted)
        self._inner_loop_checked = True

    def _check_adapted(
        self, adapted: Mapping[str, Shaped[Tensor, "tasks *v"]], x: Inputs
    ) -> Tensors:
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
            if len(tensor) != length_of(x):
                raise ValueError(
                    f"expected inputs of the {len(tensor)} tasks that {name!r} was "
                    f"adapted to, got {length_of(x)} tasks"
                )
        self._check_data(*adapted.values())
        return dict(adapted)

    def _check_data(self, *data: Inputs, like: Tensor | None = None) -> None:
        like = next(iter(self.adapted.values())) if like is None else like
        tensors = (tensor for x in data for tensor in tensors_of(x))
        check_data(tensors, like, self.meta_parameters)


def _sets(batch: TaskBatch) -> tuple[list[Inputs], list[Mask | None]]:
    """The inputs and targets of both sets, with a mask for each."""
    support, query = batch.support_mask, batch.query_mask
    return (
        [batch.x_support, batch.y_support, batch.x_query, batch.y_query],
        [support, support, query, query],
    )


def _real(data: Sequence[Inputs], masks: Sequence[Mask | None], part: Part) -> list[Inputs]:
    """The real examples of some tasks."""
    return [real_examples(x, mask, part) for x, mask in zip(data, masks)]
