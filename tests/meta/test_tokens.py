"""Integer inputs: tokens that an embedding looks up."""

import copy

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

import msr

pytestmark = pytest.mark.usefixtures("float64")
WORDS = 7


class Bag(nn.Module):
    """The mean of the embeddings of a sentence, then a linear layer."""

    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(WORDS, 4)
        self.head = nn.Linear(4, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.words(x).mean(1))


class Recurrent(nn.Module):
    """The last state of a GRU over the embeddings."""

    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(WORDS, 4, padding_idx=0)
        self.rnn = nn.GRU(4, 5, batch_first=True)
        self.head = nn.Linear(5, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.rnn(self.words(x))[1][0])


def sentences(generator: torch.Generator, tasks: int = 3) -> msr.TaskBatch:
    def draw(examples: int, shape: tuple[int, ...], most: int) -> Tensor:
        return torch.randint(most, (tasks, examples, *shape), generator=generator)

    return msr.TaskBatch(
        draw(4, (6,), WORDS), draw(4, (), 3), draw(5, (6,), WORDS), draw(5, (), 3)
    )


def by_hand(model: nn.Module, batch: msr.TaskBatch, lr: float, steps: int) -> Tensor:
    losses = []
    for i in range(len(batch)):
        values = dict(model.named_parameters())
        for _ in range(steps):
            output = torch.func.functional_call(model, values, (batch.x_support[i],))
            loss = F.cross_entropy(output, batch.y_support[i])
            gradients = torch.autograd.grad(loss, list(values.values()), create_graph=True)
            values = {n: v - lr * g for (n, v), g in zip(values.items(), gradients)}
        output = torch.func.functional_call(model, values, (batch.x_query[i],))
        losses.append(F.cross_entropy(output, batch.y_query[i]))
    return torch.stack(losses)


@pytest.mark.parametrize("model", [Bag, Recurrent])
@pytest.mark.parametrize("way", [{}, {"vectorize": False}, {"chunk_size": 2}], ids=str)
def test_meta_gradients_are_those_of_a_loop(model, way, generator) -> None:
    torch.manual_seed(0)
    net, batch = model(), sentences(generator)
    reference = copy.deepcopy(net)
    learner = msr.MetaLearner(net, msr.GradientDescent(2, 0.5), F.cross_entropy, **way)
    expected = by_hand(reference, batch, 0.5, 2)
    expected.sum().backward()
    losses = learner(batch)
    losses.sum().backward()
    torch.testing.assert_close(losses, expected)
    for name, p in reference.named_parameters():
        torch.testing.assert_close(net.get_parameter(name).grad, p.grad)
    adapted = learner.adapt(batch.x_support, batch.y_support)
    again = learner.losses(adapted, batch.x_query, batch.y_query)
    torch.testing.assert_close(again, expected)
    assert learner.predict(adapted, batch.x_query).shape == (3, 5, 3)
    assert msr.gradcheck(learner, batch).ok


class Sentences:
    """Class 1 if the word 1 occurs: numbered, as training needs them."""

    def num_tasks(self, split: str) -> int:
        return {"train": 20, "test": 8}[split]

    def batch(self, split: str, indices) -> msr.TaskBatch:
        g = [torch.Generator().manual_seed(int(i)) for i in indices]
        x = torch.stack([torch.randint(WORDS, (12, 6), generator=h) for h in g])
        y = (x == 1).any(-1).long()
        return msr.TaskBatch(x[:, :6], y[:, :6], x[:, 6:], y[:, 6:])


def test_training_on_tokens_learns() -> None:
    torch.set_default_dtype(torch.float32)
    torch.manual_seed(0)
    learner = msr.MetaLearner(Bag(), msr.GradientDescent(3, 0.5), F.cross_entropy)
    metrics = {"accuracy": msr.accuracy}
    msr.meta_train(learner, Sentences(), 150, 10, lr=3e-2, progress=False)
    result = msr.meta_test(learner, Sentences(), metrics=metrics, progress=False)
    assert result.metrics["accuracy"].mean() > 0.9


def test_moves_leave_tokens_whole(generator) -> None:
    batch = sentences(generator).to(dtype=torch.float32)
    assert batch.x_support.dtype == torch.int64


@pytest.mark.bad_input
def test_tokens_that_do_not_fit(generator) -> None:
    batch = sentences(generator)
    beyond = msr.TaskBatch(
        batch.x_support + 5, batch.y_support, batch.x_query, batch.y_query
    )
    for way in ({}, {"vectorize": False}):
        learner = msr.MetaLearner(Bag(), loss=F.cross_entropy, **way)
        with pytest.raises(ValueError, match=r"expected inputs that Bag takes.*range"):
            learner(beyond)
    floats = msr.MetaLearner(nn.Linear(6, 3), loss=F.cross_entropy)
    with pytest.raises(ValueError, match="expected inputs that Linear takes"):
        floats(batch)
    learner = msr.MetaLearner(nn.Linear(6, 3))
    targets = torch.zeros(3, 4, 3), torch.zeros(3, 5, 3)
    with pytest.raises(ValueError, match="expected inputs that Linear takes"):
        learner(msr.TaskBatch(batch.x_support, targets[0], batch.x_query, targets[1]))
    with pytest.raises(TypeError, match=r"floating point or int64, got torch\.int32"):
        msr.TaskBatch(
            batch.x_support.int(), batch.y_support, batch.x_query.int(), batch.y_query
        )
