"""The multi-step loss: query losses after each inner step, weighted."""

import pytest
import torch
from torch import Tensor, nn

import msr
from helpers import random_batch, randomize, tiny_learner, tiny_tasks, two_layer_msr

pytestmark = pytest.mark.usefixtures("float64")
WEIGHTS = [0.5, 0.0, 2.0]
LR = 0.2


def by_hand(learner: msr.MetaLearner, batch: msr.TaskBatch) -> Tensor:
    losses = []
    names = list(learner.adapted)
    for i in range(len(batch)):
        adapted = {n: p for n, p in learner.model.named_parameters() if n in names}
        total = 0.0
        for weight in WEIGHTS:
            output = torch.func.functional_call(
                learner.model, adapted, (batch.x_support[i],)
            )
            loss = (output - batch.y_support[i]).square().mean()
            gradients = torch.autograd.grad(loss, list(adapted.values()), create_graph=True)
            adapted = {k: v - LR * g for (k, v), g in zip(adapted.items(), gradients)}
            output = torch.func.functional_call(learner.model, adapted, (batch.x_query[i],))
            total = total + weight * (output - batch.y_query[i]).square().mean()
        losses.append(total)
    return torch.stack(losses)


MODELS = {
    "single layer": lambda: nn.Sequential(nn.Linear(4, 2, bias=False)),
    "with U": two_layer_msr,
    "running statistics": lambda: nn.Sequential(nn.Linear(4, 2), nn.BatchNorm1d(2)),
}


@pytest.mark.parametrize("chunk_size", [None, 2])
@pytest.mark.parametrize("name", MODELS)
def test_losses_and_meta_gradients(name, chunk_size, generator) -> None:
    model = MODELS[name]()
    randomize(model, generator)
    inner = msr.GradientDescent(3, lr=LR, learn_lr=False)
    learner = msr.MetaLearner(model, inner, step_weights=WEIGHTS, chunk_size=chunk_size)
    batch = random_batch(3, (4,), (2,), generator)
    losses, expected = learner(batch), by_hand(learner, batch)
    torch.testing.assert_close(losses, expected)
    wanted = list(model.parameters())
    pair = [torch.autograd.grad(found.sum(), wanted) for found in (losses, expected)]
    torch.testing.assert_close(*pair)


def test_the_last_weight_alone_is_the_usual_loss(generator) -> None:
    batch = random_batch(3, (4,), (2,), generator)
    model = two_layer_msr()
    inner = msr.GradientDescent(3, lr=LR)
    weighted = msr.MetaLearner(model, inner, step_weights=[0.0, 0.0, 1.0])
    torch.testing.assert_close(weighted(batch), msr.MetaLearner(model, inner)(batch))


def test_with_bounded_steps(generator) -> None:
    """The bound belongs to the first step, and holds for all of them."""
    batch = random_batch(3, (4,), (2,), generator)
    model = two_layer_msr()
    inner = msr.GradientDescent(3, lr=5.0, max_curvature=1.0)
    weighted = msr.MetaLearner(model, inner, step_weights=[0.0, 0.0, 1.0])
    torch.testing.assert_close(weighted(batch), msr.MetaLearner(model, inner)(batch))
    assert msr.gradcheck(weighted, batch).ok


def test_testing_and_validation_judge_the_last_step() -> None:
    tasks, quiet = tiny_tasks(), {"progress": False}
    learner = tiny_learner()
    before = msr.meta_test(learner, tasks, **quiet).losses
    learner.step_weights = [1.0] * learner.inner.steps
    torch.testing.assert_close(msr.meta_test(learner, tasks, **quiet).losses, before)


def test_weights_can_move_while_training() -> None:
    learner = msr.MetaLearner(nn.Linear(8, 6), msr.GradientDescent(2))
    learner.step_weights = [0.5, 0.5]
    seen = []

    def anneal(step: int, learner: msr.MetaLearner, loss: float) -> None:
        learner.step_weights = [0.5 - 0.1 * step, 0.5 + 0.1 * step]
        seen.append(learner.step_weights)

    history = msr.meta_train(learner, tiny_tasks(), 5, 4, callback=anneal, progress=False)
    assert len(history) == 5
    assert seen[-1] == [0.0, 1.0]


def test_a_checkpoint_is_of_one_weighting(tmp_path) -> None:
    def run(**settings) -> None:
        learner = msr.MetaLearner(nn.Linear(8, 6), msr.GradientDescent(2), **settings)
        file = tmp_path / "run.pt"
        msr.meta_train(learner, tiny_tasks(), 2, 4, checkpoint=file, progress=False)

    run(step_weights=[0.5, 0.5])
    run(step_weights=[0.5, 0.5])
    with pytest.raises(msr.CheckpointError, match="step_weights"):
        run()


def test_a_new_inner_loop_needs_as_many_weights() -> None:
    learner = msr.MetaLearner(
        nn.Linear(8, 6), msr.GradientDescent(2), step_weights=[0.5, 0.5]
    )
    with pytest.raises(ValueError, match=r"each of 3 inner steps, got \[0.5, 0.5\]"):
        learner.inner = msr.GradientDescent(3)
    with pytest.raises(ValueError, match=r"each of 2 inner steps, got \[1.0\]"):
        learner.step_weights = [1.0]
