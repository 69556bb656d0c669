"""Mixed precision in meta-training."""

import copy

import pytest
import torch
from torch import nn

import msr
from helpers import tiny_tasks


def learner_of(seed: int = 0) -> msr.MetaLearner:
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Linear(8, 16), nn.Tanh(), nn.Linear(16, 6))
    msr.reparameterize(model[0], filters=6, seed=0)
    return msr.MetaLearner(model, msr.GradientDescent(2, lr=0.1))


def train(learner: msr.MetaLearner, steps: int = 3, **settings) -> msr.History:
    arguments = {"batch_size": 4, "lr": 1e-2, "progress": False} | settings
    return msr.meta_train(learner, tiny_tasks(), steps, **arguments)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_steps_are_those_of_a_loop_by_hand(dtype) -> None:
    learner = learner_of()
    byhand = copy.deepcopy(learner)
    history = train(learner, autocast=dtype, clip_norm=0.3)
    optimizer = torch.optim.Adam(byhand.parameters(), lr=1e-2, fused=True)
    scaler = torch.amp.GradScaler("cpu", enabled=dtype == torch.float16)
    generator = torch.Generator().manual_seed(0)
    losses = []
    for _ in range(3):
        numbers = torch.randint(30, (4,), generator=generator)
        batch = tiny_tasks().batch("train", numbers)
        with torch.autocast("cpu", dtype):
            losses_of_tasks = byhand(batch)
        loss = losses_of_tasks.mean()
        losses.append(float(loss.detach()))
        optimizer.zero_grad()
        scaler.scale(loss).backward()
        scaler.unscale_(optimizer)
        nn.utils.clip_grad_norm_(byhand.parameters(), 0.3)
        scaler.step(optimizer)
        scaler.update()
    assert history.loss == losses
    for one, other in zip(learner.parameters(), byhand.parameters(), strict=True):
        assert torch.equal(one, other)
        assert one.dtype == torch.float32


def test_losses_are_in_lower_precision() -> None:
    plain, half = train(learner_of()), train(learner_of(), autocast=torch.bfloat16)
    assert plain.loss != half.loss
    assert half.loss == pytest.approx(plain.loss, rel=0.05)


def test_validation_is_too() -> None:
    losses = [
        train(learner_of(), lr=0.0, validate_every=3, autocast=dtype).validation_loss
        for dtype in (None, torch.bfloat16)
    ]
    assert losses[0] != losses[1]
    assert losses[0] == pytest.approx(losses[1], rel=0.05)


def large_loss(prediction, target):
    """Its gradient times 65,536, the first scale, is beyond float16."""
    return 1e3 * (prediction - target).float().square().mean()


def test_steps_whose_gradients_overflow_are_left_out() -> None:
    learner = learner_of()
    learner.loss = large_loss
    learner.inner = msr.GradientDescent(0)
    before = [p.clone() for p in learner.parameters()]
    seen = []

    def look(step, learner, loss) -> None:
        pairs = zip(learner.parameters(), before, strict=True)
        seen.append(any(not torch.equal(p, old) for p, old in pairs))

    train(learner, 12, autocast=torch.float16, callback=look)
    assert seen[0] is False
    assert seen[-1] is True


class Overflows(torch.autograd.Function):
    """A finite number whose derivative is infinite."""

    @staticmethod
    def forward(ctx, x):
        return x.clone()

    @staticmethod
    def backward(ctx, grad_output):
        return grad_output * float("inf")


def test_gradients_that_stay_infinite_are_an_error() -> None:
    learner = learner_of()
    learner.inner = msr.GradientDescent(0)
    learner.loss = lambda p, t: Overflows.apply((p - t).float().square().mean())
    with pytest.raises(msr.Diverged, match="the gradient is not finite") as error:
        train(learner, 40, autocast=torch.float16)
    assert error.value.step == 17  # when 65,536 has been halved to 1


def test_a_checkpoint_holds_the_scale(tmp_path) -> None:
    whole, parts = learner_of(), learner_of()
    file = tmp_path / "run.pt"
    settings = {"autocast": torch.float16}
    for learner in (whole, parts):
        learner.loss = large_loss
        learner.inner = msr.GradientDescent(0)
    expected = train(whole, 12, **settings)
    train(parts, 5, checkpoint=file, **settings)
    found = train(parts, 12, checkpoint=file, **settings)
    assert found.loss == expected.loss
    for one, other in zip(whole.parameters(), parts.parameters(), strict=True):
        assert torch.equal(one, other)
    with pytest.raises(msr.CheckpointError, match="autocast"):
        train(parts, 12, checkpoint=file)


def test_what_is_refused() -> None:
    with pytest.raises(ValueError, match=r"bfloat16 or torch.float16, got torch.float32"):
        train(learner_of(), autocast=torch.float32)
    with pytest.raises(ValueError, match=r"parameters in torch.float32 .* got .*float64"):
        train(learner_of().double(), autocast=torch.bfloat16)
