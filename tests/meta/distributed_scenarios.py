"""What two processes do in `test_distributed.py`, and one beside them.

Usage: python distributed_scenarios.py FOLDER RANK PROCESSES
"""

import sys
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn

import msr
from msr._utils.files import sole_writer


class Sines:
    """Regression tasks of a few examples; the task of number 7 may be infinite."""

    def __init__(self, spoiled: bool = False) -> None:
        self.spoiled = spoiled

    def __repr__(self) -> str:
        return f"Sines({self.spoiled})"

    def num_tasks(self, split: str) -> int:
        return 20

    def batch(self, split: str, indices: Any) -> msr.TaskBatch:
        xs, ys = [], []
        for i in torch.as_tensor(indices).tolist():
            generator = torch.Generator().manual_seed(i)
            xs.append(torch.randn(7, 4, generator=generator))
            scale = 1e200 if self.spoiled and i == 7 and split == "train" else 1.0
            ys.append((xs[-1] * (i + 1)).sin()[:, :2] * scale)
        x, y = torch.stack(xs), torch.stack(ys)
        return msr.TaskBatch(x[:, :3], y[:, :3], x[:, 3:], y[:, 3:])


class Network(nn.Module):
    """With running statistics, a frozen parameter and one that plays no part."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.norm = nn.Linear(4, 5), nn.BatchNorm1d(5)
        self.frozen = nn.Parameter(torch.ones(5), requires_grad=False)
        self.unused = nn.Parameter(torch.ones(2))
        self.last = nn.Linear(5, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(torch.tanh(self.norm(self.first(x))) * self.frozen)


def network_learner(**settings: Any) -> msr.MetaLearner:
    torch.manual_seed(3)
    model = Network()
    msr.reparameterize(model.first, filters=4, seed=0)
    return msr.MetaLearner(model, msr.GradientDescent(2, lr=0.2), **settings)


def linear_learner() -> msr.MetaLearner:
    torch.manual_seed(3)
    model = msr.reparameterize(nn.Sequential(nn.Linear(4, 2)), filters=3, seed=0)
    return msr.MetaLearner(model, msr.GradientDescent(1, lr=0.1))


class Branch(nn.Module):
    """A parameter plays a part in some tasks alone."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 2)
        self.shift = nn.Parameter(torch.zeros(2))

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(x) + self.shift if x.sum() > 0 else self.linear(x)


class Scenarios:
    """Each returns what all processes are to agree on."""

    def __init__(self, folder: Path, rank: int, processes: int) -> None:
        self.folder, self.rank, self.processes = folder, rank, processes

    def train(self, learner: msr.MetaLearner, steps: int = 6, **settings: Any) -> Any:
        arguments = {"batch_size": 5, "lr": 1e-2, "progress": True} | settings
        tasks = arguments.pop("tasks", Sines())
        arguments["distributed"] = self.processes > 1
        history = msr.meta_train(learner, tasks, steps, **arguments)
        return {
            "loss": history.loss,
            "validation": history.validation_loss,
            "best": history.best_step,
            "state": learner.state_dict(),
        }

    def plain(self) -> Any:
        return self.train(network_learner().eval(), clip_norm=0.5)

    def in_chunks(self) -> Any:
        return self.train(network_learner(chunk_size=2).eval())

    def by_formula(self) -> Any:
        return self.train(linear_learner(), decay="cosine")

    def statistics(self) -> Any:
        """Equal among the processes alone: each has the statistics of its tasks."""
        found = self.train(network_learner(), validate_every=2)
        return {name: found[name] for name in ("validation", "best", "state")}

    def validated(self) -> Any:
        settings = {"validate_every": 1, "patience": 2, "lr": 0.5}
        metrics = {"largest": lambda prediction, target: (prediction - target).abs().max()}
        return self.train(linear_learner(), 30, **settings, metrics=metrics)

    def resumed(self) -> Any:
        """Three steps by these processes, then three more from the file."""
        settings = {"checkpoint": self.folder / f"{self.processes}.pt"}
        self.train(linear_learner(), 3, **settings)
        return self.train(linear_learner(), 6, **settings)

    def sometimes_unused(self) -> Any:
        """With one task for each process, there is a gradient in one process alone."""
        torch.manual_seed(3)
        learner = msr.MetaLearner(Branch(), msr.GradientDescent(0), vectorize=False)
        return self.train(learner, 12, batch_size=2)

    def written(self) -> Any:
        """The first process alone writes, whatever the others call their files."""
        file = self.folder / f"written-{self.processes}-by-{self.rank}.pt"
        self.train(linear_learner(), 2, checkpoint=file)
        if self.processes > 1:
            dist.barrier()
        return [f.name[-4:] for f in self.folder.glob(f"written-{self.processes}-*")]

    def refused(self) -> Any:
        """The main process may not write: all of them say so, none waits."""
        file = self.folder / f"refused-{self.processes}.pt"
        with ExitStack() as stack:
            if self.rank == 0:
                stack.enter_context(sole_writer(file, RuntimeError))
            with suppress(msr.CheckpointError):
                return self.train(linear_learner(), 2, checkpoint=file)
            return "refused"

    def stopped(self) -> Any:
        """The last process alone wants to stop."""

        def stop(step: int, learner: msr.MetaLearner, loss: float) -> bool:
            return step == 4 and self.rank == self.processes - 1

        return self.train(linear_learner(), 9, callback=stop)

    def logged(self) -> Any:
        path = self.folder / f"log-{self.processes}.csv"
        self.train(linear_learner(), 4, callback=msr.CSVLog(path))
        rows = path.read_text().splitlines()
        return [row.split(",")[:2] for row in rows[1:]]

    def diverged(self) -> Any:
        try:
            self.train(linear_learner(), 60, tasks=Sines(spoiled=True))
        except msr.Diverged as error:
            return str(error)
        return "nothing was wrong"

    def half(self) -> Any:
        torch.set_default_dtype(torch.float32)
        found = self.train(network_learner().eval(), 3, autocast=torch.bfloat16)
        torch.set_default_dtype(torch.float64)
        return found

    def other_seeds(self) -> Any:
        try:
            self.train(linear_learner(), seed=self.rank)
        except ValueError as error:
            return str(error).partition(", got seed")[0]
        return "expected the same run in all processes"  # of one process

    def too_few_tasks(self) -> Any:
        try:
            self.train(linear_learner(), batch_size=1)
        except ValueError as error:
            return str(error)
        return "expected at least a task for each of 2 processes, got batch_size=1"


NAMES = [name for name in vars(Scenarios) if name[0] != "_" and name != "train"]


def main(folder: Path, rank: int, processes: int) -> None:
    torch.set_default_dtype(torch.float64)
    torch.set_num_threads(1)
    if processes > 1:
        meeting = f"file://{folder / 'meeting'}"
        dist.init_process_group(
            "gloo", init_method=meeting, rank=rank, world_size=processes
        )
    scenarios = Scenarios(folder, rank, processes)
    found = {name: getattr(scenarios, name)() for name in NAMES}
    torch.save(found, folder / f"found-{rank}-of-{processes}.pt")
    if processes > 1:
        dist.destroy_process_group()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
