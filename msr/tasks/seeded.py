"""Numbered, seeded tasks, computed when asked for; and synthetic ones."""

import hashlib
from collections.abc import Sequence
from functools import cache
from typing import Literal, cast, get_args

import torch
from jaxtyping import Float, Int
from numpy.random import SeedSequence
from torch import Tensor

from .._utils.arguments import shown
from .._utils.checks import check_at_least, check_integer, check_size
from .batch import TaskBatch
from .distribution import Split, check_indices, known_split

Stream = Literal["problem", "train", "test", "noise", "val"]
STREAMS = get_args(Stream)  # in this order for ever: it decides the seeds


def own_split(split: str) -> Literal["train", "test"]:
    """The name of a split of tasks without validation.

    Raises:
        TypeError, ValueError: it is none.
    """
    if known_split(split) == "val":
        raise ValueError(
            f'expected split "train" or "test", got {shown(split)}: these tasks have no '
            f"others"
        )
    return cast(Literal["train", "test"], split)


class NumberedTasks:
    """What the package's task distributions have in common: numbers, and seeds of tasks."""

    seed: int

    def num_tasks(self, split: Split) -> int:
        """The number of tasks in a split."""
        raise NotImplementedError

    def _generator(self, index: int, *streams: Stream) -> torch.Generator:
        seed = sum(_first_seed(self.seed, stream) for stream in streams) + index
        return torch.Generator().manual_seed(seed % 2**32)

    def _checked(self, split: Split, indices: Sequence[int] | Tensor) -> list[int]:
        tasks = self.num_tasks(split)
        check_indices(indices)
        numbers = indices.tolist() if isinstance(indices, Tensor) else list(indices)
        for i in (min(numbers), max(numbers)):
            if not 0 <= i < tasks:
                raise ValueError(f"expected {split} tasks 0..{tasks - 1}, got {shown(i)}")
        return numbers


class SeededTasks(NumberedTasks):
    """What synthetic task distributions have in common.

    Nothing is stored: task i of a split is computed from (seed, split, i) when asked
    for, in the default dtype (another one gives other draws): on the CPU, so that the
    numbers are the same on every device, then moved to the default device. Subclasses
    are dataclasses with the fields below; they draw a task's parameters and compute its
    outputs.
    """

    train_tasks: int
    test_tasks: int
    train_examples: int
    test_examples: int
    support: int

    @property
    def input_shape(self) -> tuple[int, ...]:
        """The shape of one input."""
        raise NotImplementedError

    def num_tasks(self, split: Split) -> int:
        """The number of tasks in a split.

        Raises:
            TypeError, ValueError: there is no such split.
        """
        return {"train": self.train_tasks, "test": self.test_tasks}[own_split(split)]

    def num_examples(self, split: Split) -> int:
        """The number of examples that a task of this split holds.

        Raises:
            TypeError, ValueError: there is no such split.
        """
        return {"train": self.train_examples, "test": self.test_examples}[own_split(split)]

    def batch(
        self,
        split: Split,
        indices: Sequence[int] | Int[Tensor, " tasks"],
        support: int | None = None,
        query: int | None = None,
    ) -> TaskBatch:
        """The tasks of these numbers.

        Args:
            split: "train" or "test".
            indices: which tasks; repeats are allowed.
            support: examples in the support set. Default: as configured.
            query: examples in the query set. Default: all that are left.

        Raises:
            TypeError: a number of a task or of examples is no integer.
            ValueError: there are no indices or too many, one is out of range, the split
                is unknown, or more examples are asked for than a task holds.
        """
        support, query = self._sizes(split, support, query)
        numbers = self._checked(split, indices)
        check_size("a batch", len(numbers), *self._task_size(support + query))
        x, y = self._examples(split, numbers, support + query)
        y_support = self._observed(split, numbers, y[:, :support])
        batch = TaskBatch(x[:, :support], y_support, x[:, support:], y[:, support:])
        return batch.to(torch.get_default_device())

    def _examples(
        self, split: Split, numbers: list[int], examples: int
    ) -> tuple[Float[Tensor, "tasks examples *x"], Float[Tensor, "tasks examples *y"]]:
        """The first examples of these tasks, without noise, on the CPU."""
        draws = [self._draw(split, i) for i in numbers]
        parameters, x = (torch.stack(tensors) for tensors in zip(*draws, strict=True))
        x = x[:, :examples]
        return x, self._outputs(parameters, x)

    def _draw_parameters(self, generator: torch.Generator) -> Tensor:
        """What sets a task apart: the free parameters of its true layer."""
        raise NotImplementedError

    def _outputs(
        self,
        parameters: Float[Tensor, "tasks *parameters"],
        x: Float[Tensor, "tasks examples *x"],
    ) -> Float[Tensor, "tasks examples *y"]:
        """The true layers' outputs."""
        raise NotImplementedError

    def _observed(
        self, split: Split, numbers: list[int], y_support: Float[Tensor, "tasks support *y"]
    ) -> Float[Tensor, "tasks support *y"]:
        """The support targets as a learner sees them."""
        return y_support

    def _noisy(
        self,
        noise: float,
        split: Split,
        numbers: list[int],
        y: Float[Tensor, "tasks support *y"],
    ) -> Float[Tensor, "tasks support *y"]:
        """With normal noise of this standard deviation, from a stream of its own."""
        if not noise:
            return y
        generators = [self._generator(i, "noise", own_split(split)) for i in numbers]
        draws = [torch.randn(y.shape[1:], generator=g, device="cpu") for g in generators]
        return y + noise * torch.stack(draws)

    def _parameters(
        self, split: Split, indices: Sequence[int] | Tensor
    ) -> Float[Tensor, "tasks *parameters"]:
        numbers = self._checked(split, indices)
        draws = [self._draw(split, i) for i in numbers]
        return torch.stack([parameters for parameters, _ in draws])

    def _draw(self, split: Split, index: int) -> tuple[Tensor, Tensor]:
        """The parameters and all inputs of one task."""
        generator = self._generator(index, own_split(split))
        parameters = self._draw_parameters(generator)
        shape = self.num_examples(split), *self.input_shape
        return parameters, torch.randn(shape, generator=generator, device="cpu")

    def _check_counts(self) -> None:
        check_at_least(0, seed=self.seed)
        if min(self.train_tasks, self.test_tasks) < 1:
            raise ValueError(
                f"expected at least one task in each split, got "
                f"{shown(self.train_tasks)} training and {shown(self.test_tasks)} test "
                f"tasks"
            )
        if not 1 <= self.support < min(self.train_examples, self.test_examples):
            raise ValueError(
                f"expected 1 <= support < examples of a task, got support="
                f"{shown(self.support)} of {shown(self.train_examples)} (train) and "
                f"{shown(self.test_examples)} (test)"
            )
        most = max(self.train_examples, self.test_examples)
        check_size("a task", *self._task_size(most))

    def _task_size(self, examples: int) -> tuple[int, ...]:
        """The shape of the largest tensor that the examples of one task take."""
        return (examples, *self.input_shape)

    def _sizes(
        self, split: Split, support: int | None, query: int | None
    ) -> tuple[int, int]:
        """The numbers of support and query examples to hand out."""
        examples = self.num_examples(split)
        support = self.support if support is None else support
        check_integer("support", support)
        query = examples - support if query is None else query
        check_integer("query", query)
        if support < 1 or query < 1 or support + query > examples:
            raise ValueError(
                f"expected at least 1 support and 1 query example and at most {examples} "
                f"together, all that a {split} task holds, got {shown(support)} + "
                f"{shown(query)}"
            )
        return support, query


def digest_of(*tensors: Tensor) -> str:
    """A short name of the values of tensors, for the repr of tasks made from them."""
    digest = hashlib.sha256()
    for tensor in tensors:
        values = tensor.detach().cpu().double().contiguous()
        digest.update(str(tuple(values.shape)).encode() + values.numpy().tobytes())
    return digest.hexdigest()[:16]


@cache
def _first_seed(seed: int, stream: Stream) -> int:
    """Where the seeds of a stream start.

    torch's CPU generator uses the low 32 bits of a seed only, so the streams are
    spread over these by numpy's SeedSequence.
    """
    key = [seed, STREAMS.index(stream)]
    return int(SeedSequence(key).generate_state(1)[0])
