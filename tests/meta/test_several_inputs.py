"""Inputs of several tensors: tuples are positional arguments, dicts those by name."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

import msr
from helpers import randomize

pytestmark = pytest.mark.usefixtures("float64")
TASKS, WORDS, LONGEST = 5, 7, 4


class Tagger(nn.Module):
    """A sequence of tokens that are as many as its mask says, beside some numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(WORDS, 4)
        self.head = nn.Linear(6, 3)

    def forward(self, tokens: Tensor, keep: Tensor, numbers: Tensor) -> Tensor:
        words = self.words(tokens) * keep[..., None]
        mean = words.sum(1) / keep.sum(1, keepdim=True)
        return self.head(torch.cat([mean, numbers], dim=1))


class LastState(nn.Module):
    """The state of a GRU after as many steps as the sequence has."""

    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(WORDS, 4)
        self.rnn = nn.GRU(4, 5, batch_first=True)
        self.head = nn.Linear(5, 3)

    def forward(self, tokens: Tensor, keep: Tensor, numbers: Tensor) -> Tensor:
        states, _ = self.rnn(self.words(tokens))
        last = keep.sum(1) - 1
        return self.head(states[torch.arange(len(states)), last]) + numbers.sum()


def draw(examples: int, generator: torch.Generator) -> dict[str, Tensor]:
    shape = TASKS, examples
    lengths = torch.randint(1, LONGEST + 1, (*shape, 1), generator=generator)
    return {
        "tokens": torch.randint(WORDS, (*shape, LONGEST), generator=generator),
        "keep": torch.arange(LONGEST) < lengths,
        "numbers": torch.randn(*shape, 2, generator=generator),
    }


def by_hand(learner: msr.MetaLearner, batch: msr.TaskBatch) -> Tensor:
    """A loop over tasks, in which the model is called by name."""

    def call(values: dict[str, Tensor], inputs: dict[str, Tensor], i: int) -> Tensor:
        of_task = {name: tensor[i] for name, tensor in inputs.items()}
        return torch.func.functional_call(learner.model, values, (), of_task)

    losses = []
    for i in range(TASKS):
        adapted = dict(learner.model.named_parameters())
        for _ in range(2):
            loss = F.cross_entropy(call(adapted, batch.x_support, i), batch.y_support[i])
            gradients = torch.autograd.grad(loss, list(adapted.values()), create_graph=True)
            adapted = {k: v - 0.3 * g for (k, v), g in zip(adapted.items(), gradients)}
        losses.append(F.cross_entropy(call(adapted, batch.x_query, i), batch.y_query[i]))
    return torch.stack(losses)


@pytest.mark.parametrize("chunk_size", [None, 2])
@pytest.mark.parametrize("kind", [dict, tuple])
@pytest.mark.parametrize("model", [Tagger, LastState])
def test_losses_and_meta_gradients(model, kind, chunk_size, generator) -> None:
    model = model()
    randomize(model, generator)
    x, x_query = draw(3, generator), draw(4, generator)
    y, y_query = (torch.randint(3, (TASKS, n), generator=generator) for n in (3, 4))
    inner = msr.GradientDescent(2, lr=0.3, learn_lr=False)
    learner = msr.MetaLearner(model, inner, F.cross_entropy, chunk_size=chunk_size)
    expected = by_hand(learner, msr.TaskBatch(x, y, x_query, y_query))
    if kind is tuple:
        x, x_query = tuple(x.values()), tuple(x_query.values())
    batch = msr.TaskBatch(x, y, x_query, y_query)
    losses = learner(batch)
    torch.testing.assert_close(losses, expected)
    pair = [
        torch.autograd.grad((found * torch.arange(TASKS)).sum(), list(model.parameters()))
        for found in (losses, expected)
    ]
    torch.testing.assert_close(*pair)
    adapted = learner.adapt(x, y)
    assert learner.predict(adapted, x_query).shape == (TASKS, 4, 3)
    torch.testing.assert_close(learner.losses(adapted, x_query, y_query), expected)


def test_the_order_of_names_does_not_matter(generator) -> None:
    model = Tagger()
    x = draw(3, generator)
    y = torch.randint(3, (TASKS, 3), generator=generator)
    learner = msr.MetaLearner(model, loss=F.cross_entropy)
    turned = dict(reversed(x.items()))
    batch = msr.TaskBatch(x, y, turned, y)
    torch.testing.assert_close(learner(batch), learner(msr.TaskBatch(x, y, x, y)))
    inputs, _ = batch.examples()
    assert torch.equal(inputs["tokens"], x["tokens"].repeat(1, 2, 1))


def test_tasks_of_different_sizes(generator) -> None:
    model = LastState()
    randomize(model, generator)
    x, y = draw(3, generator), torch.randint(3, (TASKS, 3), generator=generator)
    mask = torch.arange(3) < torch.tensor([1, 3, 2, 3, 1])[:, None]
    learner = msr.MetaLearner(model, loss=F.cross_entropy)
    losses = learner(msr.TaskBatch(x, y, x, y, mask, mask))
    for i, row in enumerate(mask):
        some = {name: tensor[i : i + 1, row] for name, tensor in x.items()}
        alone = msr.TaskBatch(some, y[i : i + 1, row], some, y[i : i + 1, row])
        torch.testing.assert_close(losses[i : i + 1], learner(alone))


def test_moving_leaves_tokens_and_masks_what_they_are(generator) -> None:
    x, y = draw(3, generator), torch.zeros(TASKS, 3, dtype=torch.long)
    batch = msr.TaskBatch(x, y, x, y)
    moved = batch.to(dtype=torch.float32)
    kinds = {name: tensor.dtype for name, tensor in moved.x_query.items()}
    assert kinds == {"tokens": torch.int64, "keep": torch.bool, "numbers": torch.float32}
    assert batch.to("cpu") is batch


def test_a_single_layer_by_its_argument_names(generator) -> None:
    x, y = (torch.randn(3, 4, n, generator=generator) for n in (5, 2))
    learner = msr.MetaLearner(nn.Linear(5, 2), msr.GradientDescent(2))
    named = msr.TaskBatch({"input": x}, y, {"input": x}, y)
    torch.testing.assert_close(learner(named), learner(msr.TaskBatch(x, y, x, y)))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"numbers": None}, r"inputs that Tagger takes, .*missing .*'numbers'"),
        (
            {"more": torch.zeros(TASKS, 3).double()},
            r"got an unexpected keyword argument 'more'",
        ),
        ({"tokens": torch.zeros(TASKS, 3, 2).long()}, r"inputs that Tagger takes, got"),
    ],
)
def test_inputs_that_the_model_does_not_take(change, message, generator) -> None:
    x = {name: t for name, t in (draw(3, generator) | change).items() if t is not None}
    y = torch.zeros(TASKS, 3, dtype=torch.long)
    learner = msr.MetaLearner(Tagger(), loss=F.cross_entropy)
    with pytest.raises(ValueError, match=message):
        learner(msr.TaskBatch(x, y, x, y))
