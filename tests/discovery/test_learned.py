"""The group of a learner: what its tasks use of the symmetry matrix."""

import copy

import numpy as np
import pytest
import torch
from actions import cosets, pattern
from torch import Tensor, nn

import msr
from msr.discovery.layers import chosen_layer
from msr.discovery.use import weights_in_use

C6, D4 = msr.cyclic(6), msr.dihedral(4)


def labels_of(group: msr.FiniteGroup) -> Tensor:
    return torch.tensor(pattern(cosets(group), cosets(group)), device="cpu")


class Shared:
    """Linear tasks whose weights share values along a pattern, in double precision.

    Args:
        labels: the pattern; shape (m, n).
        count: of tasks.
        examples: in each support set.
        uneven: whether half of the support set of every other task is padding.
        huge: the targets of this task are 1e6 times as large.
    """

    def __init__(
        self,
        labels: Tensor,
        count: int = 40,
        examples: int = 12,
        uneven: bool = False,
        huge: int | None = None,
    ) -> None:
        self.labels, self.count, self.examples = labels, count, examples
        self.uneven, self.huge = uneven, huge

    def num_tasks(self, split: str) -> int:
        return self.count

    def task(self, i: int) -> tuple[Tensor, Tensor]:
        draws = np.random.default_rng(int(i))
        W = torch.tensor(draws.normal(size=int(self.labels.max()) + 1))[self.labels]
        x = torch.tensor(draws.normal(size=(self.examples, W.shape[1])))
        return x, x @ W.T * (1e6 if i == self.huge else 1)

    def batch(self, split: str, indices) -> msr.TaskBatch:
        x, y = (torch.stack(t) for t in zip(*map(self.task, indices)))
        real = torch.ones(x.shape[:2], dtype=torch.bool)
        if self.uneven:
            real[1::2, self.examples // 2 :] = False
            x[~real] = torch.nan
            return msr.TaskBatch(x, y, x, y, real, real)
        return msr.TaskBatch(x, y, x, y)


def learner_with(U: Tensor, n: int, inner: msr.InnerLoop | None = None) -> msr.MetaLearner:
    layer = nn.Linear(n, len(U) // n, bias=False).double()
    msr.reparameterize(layer, filters=U.shape[1])
    with torch.no_grad():
        layer.parametrizations.weight[0].U.copy_(U)
    return msr.MetaLearner(layer, inner or msr.Ridge(ridge=1e-9))


def with_surplus(group: msr.FiniteGroup) -> Tensor:
    """A symmetry matrix with as many columns again that convolutions do not need."""
    draws = np.random.default_rng(0)
    U = msr.group_convolution_matrix(group).cpu().double()
    return torch.cat([U, torch.tensor(draws.normal(size=U.shape))], 1)


@pytest.mark.parametrize("group", [C6, D4], ids=lambda g: g.name)
def test_columns_that_no_task_uses_hide_nothing(group: msr.FiniteGroup) -> None:
    learner = learner_with(with_surplus(group), group.order)
    tasks = Shared(labels_of(group))
    assert msr.identify(learner).status == "none"
    found = msr.identify(learner, tasks)
    assert (found.status, found.name) == ("found", group.name)
    assert torch.equal(found.orbits, msr.identify(learner, tasks=tasks).orbits)


def test_meta_trained_without_knowing_the_number_of_filters() -> None:
    """Twice the columns that are needed, an inner loop of three steps."""
    layer = nn.Linear(8, 8, bias=False).double()
    msr.reparameterize(layer, filters=16, seed=0)
    learner = msr.MetaLearner(layer, msr.GradientDescent(steps=3, lr=0.1))
    tasks = Shared(labels_of(D4), count=1000)
    msr.meta_train(learner, tasks, steps=150, lr=1e-2, progress=False)
    found = msr.identify(learner, tasks)
    assert (found.status, found.name, found.order) == ("found", "D4", 8)


def test_the_weights_are_those_of_a_loop_over_tasks() -> None:
    U = with_surplus(C6)
    learner = learner_with(U, 6, msr.GradientDescent(steps=2, lr=0.3))
    tasks = Shared(labels_of(C6), count=9, huge=4)
    v0 = learner.model.parametrizations.weight.original.detach()
    columns = []
    for i in range(9):
        x, y = tasks.task(i)
        v = v0.clone().requires_grad_()
        for _ in range(2):
            loss = ((x @ (U @ v).reshape(6, 6).T - y) ** 2).mean()
            v = v - 0.3 * torch.autograd.grad(loss, v)[0]
        columns.append((U @ v).detach())
    lengths = sorted(float(c.norm()) for c in columns)
    expected = torch.stack([c * min(1, lengths[4] / float(c.norm())) for c in columns], 1)
    torch.testing.assert_close(used(learner, tasks), expected)


def used(
    learner: msr.MetaLearner, tasks: Shared, number: int = 400, seed: int = 0
) -> Tensor:
    layer = chosen_layer(learner.model, None)
    return weights_in_use(
        learner, layer, tasks, number, torch.Generator().manual_seed(seed), seed
    )


def test_one_task_that_explodes_does_not_count_for_many() -> None:
    noise = torch.tensor(np.random.default_rng(1).normal(size=(36, 400))) / 50
    learner = learner_with(msr.group_convolution_matrix(C6).cpu().double(), 6)
    tasks = Shared(labels_of(C6), huge=3)
    weights = used(learner, tasks) + noise[:, :40]
    assert msr.identify(weights, (6, 6)).name == "C6"


def test_tasks_are_drawn_by_the_seed_or_all_taken() -> None:
    learner = learner_with(with_surplus(C6), 6)
    tasks = Shared(labels_of(C6), count=30)
    everything = used(learner, tasks, 30)
    assert everything.shape == (36, 30)
    assert torch.equal(everything, used(learner, tasks, 31))
    some = used(learner, tasks, 20)
    assert some.shape == (36, 20)
    assert torch.equal(some, used(learner, tasks, 20))
    assert not torch.equal(some, used(learner, tasks, 20, seed=1))
    generator = torch.Generator().manual_seed(5)
    first = msr.identify(learner, tasks, number_of_tasks=20, seed=generator)
    assert first.name == "C6"
    assert not torch.equal(
        generator.get_state(), torch.Generator().manual_seed(5).get_state()
    )


def test_tasks_of_different_sizes() -> None:
    learner = learner_with(with_surplus(C6), 6)
    found = msr.identify(learner, Shared(labels_of(C6), examples=24, uneven=True))
    assert (found.status, found.name) == ("found", "C6")


def test_the_learner_is_as_it_was() -> None:
    class Counts(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("calls", torch.zeros(()))
            self.register_buffer("examples", torch.zeros(()))

        def forward(self, x: Tensor) -> Tensor:
            assert not self.training
            self.calls = self.calls + 1
            self.examples += len(x)
            return x + 0 * torch.rand_like(x)

    model = nn.Sequential(nn.Linear(6, 6), nn.Dropout(0.5), nn.BatchNorm1d(6), Counts())
    model.double()
    msr.reparameterize(model[0], filters=6)
    learner = msr.MetaLearner(model, msr.GradientDescent(steps=1, lr=0.01))
    model[1].eval()
    for p in learner.parameters():
        p.grad = torch.ones_like(p)
    tensors = [*learner.parameters(), *learner.buffers()]
    before = copy.deepcopy(learner.state_dict())
    modes = [module.training for module in learner.modules()]
    random_state = torch.get_rng_state()
    tasks = Shared(labels_of(C6), count=4)
    first = msr.identify(learner, tasks)
    assert [module.training for module in learner.modules()] == modes
    assert all(a is b for a, b in zip(tensors, [*learner.parameters(), *learner.buffers()]))
    for name, tensor in learner.state_dict().items():
        assert torch.equal(tensor, before[name]), name
    assert all(torch.equal(p.grad, torch.ones_like(p)) for p in learner.parameters())
    assert torch.equal(torch.get_rng_state(), random_state)
    assert first.confidence == msr.identify(learner, tasks).confidence


def two_layers() -> nn.Module:
    draws = np.random.default_rng(2)
    model = nn.Sequential(nn.Linear(6, 6), nn.Tanh(), nn.Conv1d(4, 2, 3)).double()
    msr.reparameterize(model, filters=6)
    with torch.no_grad():
        model[0].parametrizations.weight[0].U.copy_(msr.group_convolution_matrix(C6))
        model[2].parametrizations.weight[0].U.copy_(
            torch.tensor(draws.normal(size=(24, 6)))
        )
    return model


def test_one_of_several_layers() -> None:
    model = two_layers()
    for name in ("0", "0.weight"):
        assert msr.identify(model, layer=name).name == "C6"
    found = msr.identify(msr.MetaLearner(model), layer="2")
    assert found.status == "none"
    assert found.orbits.shape == (2, 12)
    with pytest.raises(ValueError, match=r"got 2 \('0.weight', '2.weight'\): choose"):
        msr.identify(model)
    with pytest.raises(ValueError, match=r"a single '\*', got 2"):
        msr.identify(model, layer="*")
    with pytest.raises(ValueError, match="expected layer to match a name, got '1'"):
        msr.identify(model, layer="1")


def test_factors_of_a_kronecker_product() -> None:
    """Alone their span is every weight; the weights that tasks make say more."""
    layer = nn.Linear(6, 6, bias=False).double()
    msr.reparameterize(layer, factorization="kronecker", std=0.1)
    assert msr.identify(layer).status == "none"
    learner = msr.MetaLearner(layer, msr.Ridge(ridge=1e-9))
    found = msr.identify(learner, Shared(labels_of(C6)))
    assert (found.status, found.name) == ("found", "C6")
    large = nn.Linear(33, 32)
    msr.reparameterize(large, factorization="kronecker")
    with pytest.raises(ValueError, match=r"tasks along with Kronecker.*'weight' of 1056"):
        msr.identify(large)


class LowRank(msr.SymmetryMatrix):
    """A class of one's own, whose methods take no axis over tasks."""

    def __init__(self, U: Tensor, weight_shape: torch.Size) -> None:
        super().__init__()
        self.U, self.weight_shape = nn.Parameter(U), weight_shape

    @classmethod
    def initial(cls, weight, filters, std, generator):
        U = msr.group_convolution_matrix(C6).to(weight)
        return cls(U, weight.shape), torch.ones(filters, dtype=weight.dtype)

    def matrix(self) -> Tensor:
        return self.U

    def forward(self, v: Tensor) -> Tensor:
        return torch.mv(self.U, v).reshape(self.weight_shape)

    def right_inverse(self, weight: Tensor) -> Tensor:
        return self.U.T @ weight.flatten() / 6


def test_a_symmetry_matrix_of_ones_own() -> None:
    layer = nn.Linear(6, 6).double()
    msr.reparameterize(layer, filters=6, factorization=LowRank)
    learner = msr.MetaLearner(layer, msr.GradientDescent(steps=5, lr=0.3))
    found = msr.identify(learner, Shared(labels_of(C6)))
    assert (found.status, found.name) == ("found", "C6")


@pytest.mark.bad_input
def test_wrong_input() -> None:
    tasks = Shared(labels_of(C6))
    learner = learner_with(with_surplus(C6), 6)
    with pytest.raises(TypeError, match=r"expected a msr.MetaLearner, got Par"):
        msr.identify(learner.model, tasks)
    with pytest.raises(TypeError, match="a module along with tasks or a layer's name"):
        msr.identify(torch.eye(36), (6, 6), tasks=tasks)
    with pytest.raises(TypeError, match="a module along with tasks or a layer's name"):
        msr.identify(torch.eye(36), (6, 6), layer="0")
    with pytest.raises(TypeError, match="expected tasks once"):
        msr.identify(learner, tasks, tasks=tasks)
    with pytest.raises(ValueError, match=r"expected weight_shape \(6, 6\) or None"):
        msr.identify(learner, (4, 9), tasks=tasks)
    with pytest.raises(ValueError, match="expected number_of_tasks >= 1"):
        msr.identify(learner, tasks, number_of_tasks=0)
    with pytest.raises(ValueError, match="expected at least one train task"):
        msr.identify(learner, Shared(labels_of(C6), count=0))
    model = two_layers()
    head = msr.MetaLearner(model, adapt="2")
    with pytest.raises(ValueError, match=r"whose filter adapts, got '0.weight'"):
        msr.identify(head, tasks, layer="0")
    explodes = learner_with(with_surplus(C6), 6, msr.GradientDescent(steps=300, lr=1e3))
    with pytest.raises(msr.Diverged, match=r"training task 0 \(40 of 40 tasks\)"):
        msr.identify(explodes, tasks)
