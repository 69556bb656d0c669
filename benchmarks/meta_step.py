"""Time one meta-step of MSR-FC against the authors' way, a loop with `higher`.

k = 3 filters, 32 tasks of 1 support and 19 query examples, three inner steps: forward,
backward and Adam, on one thread. Both are first asserted to give the same gradients.
Rounds of both alternate, so that a slow moment of the machine hits both.

Usage: python -m benchmarks.meta_step    (needs the extra `bench`)
"""

import argparse
import statistics
import time
from collections.abc import Callable

import higher
import torch
from torch import Tensor, nn
from torch.nn import functional as F

import msr

STEPS = 3


def new_learner() -> msr.MetaLearner:
    """MSR-FC at its defaults."""
    model = nn.Sequential(nn.Linear(70, 68, bias=False))
    msr.reparameterize(model, filters=3)
    return msr.MetaLearner(model, msr.GradientDescent(steps=STEPS, lr=0.1))


class SharedLinear(nn.Module):
    """The same layer written plainly, for `higher`, which adapts every parameter."""

    def __init__(self, U: Tensor, v: Tensor) -> None:
        super().__init__()
        self.U = U
        self.v = nn.Parameter(v.detach().clone())

    def forward(self, x: Tensor) -> Tensor:  # noqa: D102
        return F.linear(x, (self.U @ self.v).reshape(68, 70))


def loop_with_higher(
    layer: SharedLinear, lr: Tensor, inner: torch.optim.Optimizer, batch: msr.TaskBatch
) -> None:
    """Accumulate the gradients of the mean query loss task by task."""
    for i in range(len(batch)):
        with higher.innerloop_ctx(
            layer, inner, override={"lr": [lr]}, copy_initial_weights=False
        ) as (model, optimizer):
            for _ in range(STEPS):
                loss = F.mse_loss(model(batch.x_support[i]), batch.y_support[i])
                optimizer.step(loss)
            query = F.mse_loss(model(batch.x_query[i]), batch.y_query[i])
            (query / len(batch)).backward()


def gradients(parameters: list[Tensor]) -> list[Tensor]:
    """The gradients of the parameters, all of which must have one."""
    return [p.grad for p in parameters if p.grad is not None]


def step_functions() -> dict[str, Callable[[], list[Tensor]]]:
    """One function per contender: makes a meta-step and returns its gradients."""
    batch = msr.LowRank1d(seed=0).batch("train", range(32))
    learner = new_learner()
    ((_, symmetry),) = msr.symmetry_matrices(learner.model)
    U, (v,) = symmetry.matrix(), learner.adapted.values()
    ours = torch.optim.Adam(learner.parameters(), lr=1e-3)

    layer = SharedLinear(U.detach().clone().requires_grad_(), v)
    lr = torch.tensor(0.1, requires_grad=True)
    inner = torch.optim.SGD(layer.parameters(), lr=0.1)
    theirs = torch.optim.Adam([layer.U, layer.v, lr], lr=1e-3)

    def step_ours() -> list[Tensor]:
        ours.zero_grad()
        learner(batch).mean().backward()
        ours.step()
        return gradients([U, v, learner.meta_parameters[0]])

    def step_higher() -> list[Tensor]:
        theirs.zero_grad()
        loop_with_higher(layer, lr, inner, batch)
        theirs.step()
        return gradients([layer.U, layer.v, lr])

    return {"msr": step_ours, "loop with higher": step_higher}


def main() -> None:
    """Check, measure, report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=200)
    rounds = parser.parse_args().rounds
    torch.set_num_threads(1)
    contenders = step_functions()
    first, second = (step() for step in contenders.values())
    for a, b in zip(first, second, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-7)
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, step in contenders.items():
            started = time.perf_counter()
            step()
            times[name].append(time.perf_counter() - started)
    print(
        f"torch {torch.__version__}, one thread, {rounds} rounds, milliseconds a meta-step"
    )
    for name, seconds in times.items():
        low, *_, high = statistics.quantiles(seconds, n=10)
        print(
            f"{name:18} median {1e3 * statistics.median(seconds):6.2f}   "
            f"10%-90%: {1e3 * low:.2f} to {1e3 * high:.2f}"
        )


if __name__ == "__main__":
    main()
