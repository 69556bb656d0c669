"""One run in several processes, by ``torch.distributed``: each has a share of the tasks.

All processes draw the same numbers of tasks and step by the same gradients, so that they
stay equal. They meet three times a step: to join the losses, so that all see the same ones
and stop together; to add up the gradients; and to agree on whether to go on.

``DistributedDataParallel`` does the second alone. It has to know beforehand whether some
parameter may play no part in a step, and warns at every run if none does (torch 2.13).
"""

from itertools import chain
from typing import Any

import torch
import torch.distributed as dist
from jaxtyping import Float, Int
from torch import Tensor

from .learner import MetaLearner


class Alone:
    """A run in one process."""

    rank, number = 0, 1

    def __init__(self, learner: MetaLearner) -> None:
        self.learner = learner

    @property
    def main(self) -> bool:
        """Whether this process is the one that writes files and shows progress."""
        return self.rank == 0

    def share(self, tasks: Int[Tensor, " batch"]) -> Int[Tensor, " share"]:
        """Those of the tasks that are this process's."""
        return tasks[self.rank :: self.number]

    def part_of_mean(
        self, losses: Float[Tensor, " share"], batch_size: int
    ) -> Float[Tensor, ""]:
        """What these losses add to the mean over all tasks."""
        return losses.mean()

    def joined(
        self, losses: Float[Tensor, " share"], batch_size: int
    ) -> Float[Tensor, " batch"]:
        """The losses of all tasks, in their order."""
        return losses.detach()

    def agreed(self, stop: bool) -> bool:
        """Whether any process is to stop."""
        return stop

    def told_by_main(self, value: Any) -> Any:
        """What the main process has in this place."""
        return value

    def equal_buffers(self) -> None:
        """Give all processes the running statistics of the main one."""

    def wait(self) -> None:
        """Until all processes are here."""

    def add_gradients(self) -> None:
        """Let every process have the sum of all gradients.

        Raises:
            ValueError: one is sparse.
        """


class Together(Alone):
    """A run that this process shares with the others of the default process group.

    Args:
        learner: gets the main process's parameters and buffers.
    """

    def __init__(self, learner: MetaLearner) -> None:
        super().__init__(learner)
        self.rank, self.number = dist.get_rank(), dist.get_world_size()
        for tensor in chain(learner.parameters(), learner.buffers()):
            dist.broadcast(tensor.detach(), 0)

    def part_of_mean(
        self, losses: Float[Tensor, " share"], batch_size: int
    ) -> Float[Tensor, ""]:
        """What these losses add to the mean over all tasks."""
        return losses.sum() / batch_size

    def joined(
        self, losses: Float[Tensor, " share"], batch_size: int
    ) -> Float[Tensor, " batch"]:
        """The losses of all tasks, in their order."""
        everything = losses.new_zeros(batch_size)
        everything[self.rank :: self.number] = losses.detach()
        dist.all_reduce(everything)
        return everything

    def agreed(self, stop: bool) -> bool:
        """Whether any process is to stop."""
        wishes = torch.tensor(float(stop), device=self.learner.device)
        dist.all_reduce(wishes, dist.ReduceOp.MAX)
        return bool(wishes)

    def told_by_main(self, value: Any) -> Any:
        """What the main process has in this place."""
        values = [value]
        dist.broadcast_object_list(values, device=self.learner.device)
        return values[0]

    def equal_buffers(self) -> None:
        """Give all processes the running statistics of the main one."""
        for buffer in self.learner.buffers():
            dist.broadcast(buffer, 0)

    def wait(self) -> None:
        """Until all processes are here."""
        dist.barrier()

    def add_gradients(self) -> None:
        """Let every process have the sum of all gradients.

        Raises:
            ValueError: one is sparse.
        """
        parameters = [p for p in self.learner.parameters() if p.requires_grad]
        for p in parameters:
            if p.grad is not None and p.grad.is_sparse:
                raise ValueError(
                    "expected dense gradients with distributed=True, got a sparse one: use "
                    "nn.Embedding(..., sparse=False)"
                )
        # a parameter may play no part in the tasks of one process
        found = [float(p.grad is not None) for p in parameters]
        used = torch.tensor(found, device=self.learner.device)
        dist.all_reduce(used, dist.ReduceOp.MAX)
        sums = []
        for p, counts in zip(parameters, used.tolist()):
            if counts:
                p.grad = torch.zeros_like(p) if p.grad is None else p.grad
                sums.append(dist.all_reduce(p.grad, async_op=True))
        for one in sums:
            one.wait()


def processes_of(
    distributed: bool, learner: MetaLearner, batch_size: int, config: dict[str, Any]
) -> Alone:
    """The processes that train a learner.

    Args:
        distributed: whether there are several.
        learner: to be trained.
        batch_size: tasks of a step, in all processes together.
        config: of the run, which has to be the same in all.

    Raises:
        ValueError: there is no process group, it has more processes than a step has tasks,
            or the runs of the processes differ.
    """
    if not distributed:
        return Alone(learner)
    if not (dist.is_available() and dist.is_initialized()):
        raise ValueError(
            "expected a process group with distributed=True, got none: start the program "
            "with torchrun and call torch.distributed.init_process_group() first"
        )
    number = dist.get_world_size()
    if batch_size < number:
        raise ValueError(
            f"expected at least a task for each of {number} processes, got batch_size="
            f"{batch_size}"
        )
    configs: list[Any] = [None] * number
    dist.all_gather_object(configs, config)
    for rank, other in enumerate(configs):
        for key in sorted(config.keys() | other.keys()):
            if config.get(key) != other.get(key):
                raise ValueError(
                    f"expected the same run in all processes, got {key}={config.get(key)} "
                    f"in process {dist.get_rank()} and {other.get(key)} in process {rank}"
                )
    return Together(learner)
