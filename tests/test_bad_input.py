"""Wrong input gets an error that says what was expected and what came."""

from pathlib import Path

import pytest
import torch
from torch import nn
from torch.nn import functional as F

import msr
from helpers import tiny_learner, tiny_tasks
from msr import plotting

pytestmark = pytest.mark.bad_input

X = torch.ones(2, 3, 4)
Y = torch.ones(2, 3, 5)
NAN = X.clone()
NAN[1, 2, 0] = torch.nan
# a loop with an identity and inverses that is not associative
LOOP = [
    [0, 1, 2, 3, 4],
    [1, 0, 3, 4, 2],
    [2, 4, 0, 1, 3],
    [3, 2, 4, 0, 1],
    [4, 3, 1, 2, 0],
]


@pytest.mark.parametrize(
    ("table", "error", "message"),
    [
        (
            [[0, 1], [1, 2]],
            ValueError,
            r"closure fails: 1 \* 1 = 2, expected .* 0\.\.1",
        ),
        ([[0, -1], [1, 0]], ValueError, r"closure fails: 0 \* 1 = -1"),
        ([[1, 0], [0, 0]], ValueError, r"identity axiom fails: expected .* got none"),
        ([[0, 1], [1, 1]], ValueError, r"inverse axiom fails: .* a = 1 \(element 1\)"),
        (LOOP, ValueError, r"associativity fails for a, b, c = .*\(a b\) c = \d"),
        ([[0, 1, 2], [1, 2, 0]], ValueError, r"square table, got shape \(2, 3\)"),
        (torch.zeros(0, 0, dtype=torch.long), ValueError, r"non-empty square table"),
        (torch.zeros(1, 1), TypeError, r"table of integers, got dtype torch.float32"),
    ],
)
def test_no_group(table, error, message) -> None:
    with pytest.raises(error, match=message):
        msr.FiniteGroup(table)


def test_group_arguments() -> None:
    with pytest.raises(ValueError, match=r"expected 2 names, .* got 3"):
        msr.FiniteGroup([[0, 1], [1, 0]], names=("a", "b", "c"))
    with pytest.raises(ValueError, match=r"expected n >= 1, got 0"):
        msr.cyclic(0)
    with pytest.raises(ValueError, match=r"permutation of 0\.\.2, got \[0, 0, 1\]"):
        msr.cyclic(3).relabel([0, 0, 1])
    with pytest.raises(ValueError, match=r"permutations of 0\.\.1, got \(0, 0\)"):
        msr.permutation_group([(0, 1), (0, 0)])
    with pytest.raises(ValueError, match=r"closure fails: \(1, 2, 0\)"):
        msr.permutation_group([(0, 1, 2), (1, 2, 0)])


def test_no_representation() -> None:
    group = msr.cyclic(2)
    eye = torch.eye(2)
    with pytest.raises(ValueError, match=r"not a homomorphism: .* a = r, b = r"):
        msr.Representation(group, torch.stack([eye, 2 * eye]))
    with pytest.raises(ValueError, match=r"rho\(e\) to be the identity"):
        msr.Representation(group, torch.stack([-eye, eye]))
    with pytest.raises(ValueError, match=r"shape \(2, d, d\).* got \(3, 2, 2\)"):
        msr.Representation(group, eye.expand(3, 2, 2))
    with pytest.raises(ValueError, match=r"finite matrices"):
        msr.Representation(group, torch.full((2, 1, 1), torch.nan))
    with pytest.raises(TypeError, match=r"floating-point matrices, got torch.int64"):
        msr.Representation(group, torch.ones(2, 1, 1, dtype=torch.long))
    with pytest.raises(ValueError, match=r"not a homomorphism"):
        msr.permutation_representation(msr.cyclic(3), [[0, 1], [1, 0], [1, 0]])
    with pytest.raises(ValueError, match=r"one permutation of 0\.\.p-1 per group element"):
        msr.permutation_representation(group, [[0, 1], [1, 1]])


def test_representations_of_different_groups() -> None:
    a, b = (
        msr.regular(msr.cyclic(4)),
        msr.regular(msr.direct_product(msr.cyclic(2), msr.cyclic(2))),
    )
    for function in (
        lambda: msr.intertwiner_basis(a, b),
        lambda: msr.intertwiner_dimension(a, b),
        lambda: msr.reynolds(a, b, torch.eye(4)),
        lambda: msr.direct_sum(a, b),
        lambda: msr.equivariance_error(lambda x: x, a, b, torch.ones(1, 4)),
    ):
        with pytest.raises(ValueError, match=r"representations of one group, got"):
            function()
    with pytest.raises(ValueError, match=r"at least one representation"):
        msr.direct_sum()


def test_shapes_in_representation_theory() -> None:
    rho = msr.regular(msr.cyclic(3))
    with pytest.raises(ValueError, match=r"shape \(3, 3\), got \(2, 3\)"):
        msr.reynolds(rho, rho, torch.ones(2, 3))
    with pytest.raises(
        ValueError, match=r"expected x of shape \(batch, 3\).* got \(1, 2\)"
    ):
        msr.equivariance_error(lambda x: x, rho, rho, torch.ones(1, 2))
    with pytest.raises(ValueError, match=r"expected f\(x\) of shape .* got \(1, 2\)"):
        msr.equivariance_error(lambda x: x[:, :2], rho, rho, torch.ones(1, 3))


def test_subspaces() -> None:
    with pytest.raises(ValueError, match=r"same rows, got \(4, 4\) and \(3, 1\)"):
        msr.principal_angles(torch.eye(4), torch.ones(3, 1))
    with pytest.raises(ValueError, match=r"2 columns of rank 1 in U"):
        msr.principal_angles(torch.ones(4, 2), torch.eye(4))
    with pytest.raises(ValueError, match=r"finite V, got NaN or infinity"):
        msr.principal_angles(torch.eye(2), torch.full((2, 1), torch.nan))
    with pytest.raises(ValueError, match=r"kernel_size <= input_size = 4, got 5"):
        msr.conv1d_matrix(4, 5)


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"filters": 0}, ValueError, r"1 <= filters <= 6, .* '0', got 0"),
        ({"filters": -2}, ValueError, r"got -2"),
        ({"filters": 7}, ValueError, r"1 <= filters <= 6, .* got 7"),
        ({"filters": 2.0}, TypeError, r"filters to be an integer or None, got 2\.0"),
        ({"filters": True}, TypeError, r"filters to be an integer or None, got True"),
        ({}, TypeError, r"expected filters, .* got None"),
        (
            {"factorization": "kronecker", "filters": 2},
            TypeError,
            r"no filters .* filters=2",
        ),
        (
            {"factorization": "lowrank"},
            ValueError,
            r'"dense", "kronecker" or a SymmetryMatrix class, got \'lowrank\'',
        ),
    ],
)
def test_reparameterize_arguments(settings, error, message) -> None:
    model = nn.Sequential(nn.Linear(2, 3))
    before = model[0].weight
    with pytest.raises(error, match=message):
        msr.reparameterize(model, **settings)
    assert model[0].weight is before


@pytest.mark.parametrize("settings", [{"filters": 1}, {"factorization": "kronecker"}])
def test_nothing_to_reparameterize(settings) -> None:
    for module in (nn.ReLU(), nn.Sequential(nn.LayerNorm(3), nn.Embedding(3, 2))):
        with pytest.raises(ValueError, match=r"nothing to reparameterize: .* Linear"):
            msr.reparameterize(module, **settings)


def test_layers_that_cannot_be_reparameterized() -> None:
    twice = msr.reparameterize(nn.Linear(2, 3), filters=2)
    with pytest.raises(ValueError, match=r"got 'ParametrizedLinear', .* already"):
        msr.reparameterize(twice, filters=2)
    with pytest.raises(ValueError, match=r"initialized layers, got lazy '0'"):
        msr.reparameterize(nn.Sequential(nn.LazyLinear(3, device="cpu")), filters=2)
    tied = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    tied[1].weight = tied[0].weight
    with pytest.raises(ValueError, match=r"one weight shared as '0.weight' and '1.weight'"):
        msr.reparameterize(tied, filters=2)


@pytest.mark.parametrize(
    ("tensors", "error", "message"),
    [
        ((X, Y, X[:1], Y[:1]), ValueError, r"of the same tasks, got 2 and 1 tasks"),
        (
            (X, Y[:, :2], X, Y),
            ValueError,
            r"x_support and y_support .* \(2, 3\) and \(2, 2\)",
        ),
        ((X, Y, X[:0], Y[:0]), ValueError, r"x_query of shape .* at least one"),
        (
            (X[:, :0], Y[:, :0], X, Y),
            ValueError,
            r"x_support of shape .* got \(2, 0, 4\)",
        ),
        (
            (X.int(), Y, X, Y),
            TypeError,
            r"x_support to be floating point or int64, got torch.int32",
        ),
        ((X, Y, X, Y.int()), TypeError, r"y_query to be .* got torch.int32"),
        ((X, Y, X, Y.bool()), TypeError, r"y_query to be .* got torch.bool"),
        ((X, Y, NAN, Y), ValueError, r"finite x_query, got nan at \(1, 2, 0\)"),
        (
            (X, Y * torch.inf, X, Y),
            ValueError,
            r"finite y_support, got inf at \(0, 0, 0\)",
        ),
        (
            (X.to("meta"), Y, X, Y),
            ValueError,
            r"on one device, got meta and (cpu|[a-z]+:0)",
        ),
        (
            (X.to("meta"), Y.to("meta"), X, Y),
            ValueError,
            r"one device, got meta and (cpu|[a-z]+:0)",
        ),
        (([1.0], Y, X, Y), TypeError, r"x_support to be a tensor, or .*, got list"),
        ((X[0, 0], Y, X, Y), ValueError, r"\(tasks, examples, \.\.\.\)"),
    ],
)
def test_batches(tensors, error, message) -> None:
    with pytest.raises(error, match=message):
        msr.TaskBatch(*tensors)


def test_examples_of_two_shapes_are_not_all_examples() -> None:
    with pytest.raises(ValueError, match=r"of one shape and dtype, got \(4,\) .* \(3,\)"):
        msr.TaskBatch(X, Y, X[..., :3], Y).examples()


def test_model_and_data_differ() -> None:
    learner = msr.MetaLearner(nn.Linear(4, 5))
    batch = msr.TaskBatch(X, Y, X, Y)
    with pytest.raises(TypeError, match=r"dtype torch.float32, got torch.float64"):
        learner(batch.to(dtype=torch.float64))
    with pytest.raises(ValueError, match=r"model's device \S+, got meta"):
        learner(batch.to("meta"))
    with pytest.raises(TypeError, match=r"dtype torch.float32, got torch.float64"):
        learner.adapt(X.double(), Y.double())
    with pytest.raises(ValueError, match=r"of one shape and dtype, got .* torch.float64"):
        learner(msr.TaskBatch(X, Y, X.double(), Y.double()))
    with pytest.raises(ValueError, match=r"finite x_support, got nan"):
        learner.adapt(NAN, Y)
    labels = torch.zeros(2, 3, dtype=torch.long)
    with pytest.raises(TypeError, match=r"got torch.int64: .*cross_entropy"):
        learner(msr.TaskBatch(X, labels, X, labels))
    with pytest.raises(ValueError, match=r"targets' shape, .*\(3, 1\), got \(3, 5\)"):
        learner(msr.TaskBatch(X, Y[..., :1], X, Y[..., :1]))
    mixed = nn.Sequential(nn.Linear(4, 4, device="cpu"), nn.Linear(4, 5, device="meta"))
    with pytest.raises(ValueError, match=r"on one device, got \['cpu', 'meta'\]"):
        msr.MetaLearner(mixed)


def test_predict_arguments() -> None:
    learner = msr.MetaLearner(nn.Linear(4, 5))
    adapted = learner.adapt(X, Y)
    with pytest.raises(ValueError, match=r"of the 2 tasks .* got 1 tasks"):
        learner.predict(adapted, X[:1])
    with pytest.raises(
        ValueError, match=r"adapted tensors \['bias', 'weight'\], got \['w'\]"
    ):
        learner.predict({"w": X}, X)
    with pytest.raises(TypeError, match=r"got torch.float64"):
        learner.predict(adapted, X.double())


def test_learner_and_inner_loop_arguments() -> None:
    with pytest.raises(ValueError, match=r"steps >= 0, got -1"):
        msr.GradientDescent(steps=-1)
    with pytest.raises(TypeError, match=r"steps to be an integer, got 1.5"):
        msr.GradientDescent(steps=1.5)
    for lr in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(ValueError, match=r"positive, finite lr"):
            msr.GradientDescent(lr=lr)
    with pytest.raises(ValueError, match=r"chunk_size >= 1, got 0"):
        msr.MetaLearner(nn.Linear(1, 1), chunk_size=0)
    with pytest.raises(ValueError, match=r"parameters that adapt, got ReLU with none"):
        msr.MetaLearner(nn.ReLU())


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"rank": 0}, r"rank >= 1, got 0"),
        ({"rank": -3}, r"rank >= 1, got -3"),
        ({"seed": -1}, r"seed >= 0, got -1"),
        ({"kernel_size": 71}, r"kernel_size <= input_size = 70, got 71"),
        ({"train_tasks": 0}, r"got 0 training and 2000 test tasks"),
        ({"support": 20}, r"support < examples of a task, got support=20 of 20"),
        ({"support": 0}, r"got support=0"),
        ({"train_examples": 1}, r"of 1 \(train\)"),
    ],
)
def test_task_settings(settings, message) -> None:
    with pytest.raises(ValueError, match=message):
        msr.LowRank1d(**settings)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("train", [0], 1, 20),
            r"at most 20 together, .* train task holds, got 1 \+ 20",
        ),
        (("train", [0], 20, None), r"got 20 \+ 0"),
        (("train", [0], 0, 5), r"at least 1 support"),
        (("train", []), r"at least one task, got no indices"),
        (("train", [0, 8000]), r"train tasks 0\.\.7999, got 8000"),
        (("test", [-1]), r"test tasks 0\.\.1999, got -1"),
        (("val", [0]), r"\"train\" or \"test\", got 'val'"),
    ],
)
def test_drawing_tasks(arguments, message) -> None:
    with pytest.raises(ValueError, match=message):
        msr.LowRank1d().batch(*arguments)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"steps": -1}, r"steps >= 0, got -1"),
        ({"batch_size": 0}, r"batch_size >= 1, got 0"),
        ({"checkpoint_every": 0}, r"checkpoint_every >= 1, got 0"),
    ],
)
def test_training_settings(settings, message) -> None:
    with pytest.raises(ValueError, match=message):
        msr.meta_train(tiny_learner(), tiny_tasks(), **settings)


def test_testing_settings() -> None:
    with pytest.raises(ValueError, match=r"batch_size >= 1, got 0"):
        msr.meta_test(tiny_learner(), tiny_tasks(), batch_size=0)


def run(learner: msr.MetaLearner, file: Path, **settings) -> None:
    defaults = dict(tasks=tiny_tasks(), steps=3, batch_size=2, progress=False)
    msr.meta_train(learner, checkpoint=file, **(defaults | settings))


@pytest.mark.parametrize(
    ("learner", "settings", "message"),
    [
        ({}, {"seed": 1}, r"seed: this run has 1, the file 0"),
        ({}, {"lr": 0.5}, r"optimizer: .*0\.5"),
        ({}, {"batch_size": 3}, r"batch_size: this run has 3, the file 2"),
        ({}, {"tasks": tiny_tasks(rank=2)}, r"tasks: .*rank=2.*rank=1"),
        ({"inner": msr.GradientDescent(1)}, {}, r"inner: .*steps=1.*steps=2"),
        ({"first_order": True}, {}, r"first_order"),
        ({"loss": F.l1_loss}, {}, r"loss: .*l1_loss.*mean_squared_error"),
    ],
)
def test_checkpoint_of_another_run(tmp_path: Path, learner, settings, message) -> None:
    file = tmp_path / "run.pt"
    run(tiny_learner(), file)
    before = file.read_bytes()
    other = tiny_learner(seed=3, **learner)
    state = {name: t.clone() for name, t in other.state_dict().items()}
    with pytest.raises(msr.CheckpointError, match=message):
        run(other, file, **settings)
    assert file.read_bytes() == before
    assert all(torch.equal(t, state[name]) for name, t in other.state_dict().items())
    assert issubclass(msr.CheckpointError, ValueError)


def test_checkpoint_of_another_dtype(tmp_path: Path) -> None:
    file = tmp_path / "run.pt"
    run(tiny_learner().double(), file)
    with pytest.raises(msr.CheckpointError, match=r"dtype: .*float32.*float64"):
        run(tiny_learner(), file)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ("half", "a damaged or truncated one"),
        ("flipped", "a damaged or truncated one"),
        ("empty", "another file"),
        ("text", "another file"),
        ("other", "another file"),
    ],
)
def test_damaged_checkpoint(tmp_path: Path, content: str, what: str) -> None:
    file = tmp_path / "run.pt"
    run(tiny_learner(), file)
    whole = file.read_bytes()
    middle = len(whole) // 2
    if content == "other":
        torch.save({"weights": torch.ones(2)}, file)
    else:
        flipped = bytes([whole[middle] ^ 1])
        damaged = {
            "half": whole[:middle],
            "empty": b"",
            "text": b"hello world\n",
            "flipped": whole[:middle] + flipped + whole[middle + 1 :],
        }
        file.write_bytes(damaged[content])
    before = file.read_bytes()
    learner = tiny_learner(seed=3)
    state = {name: t.clone() for name, t in learner.state_dict().items()}
    with pytest.raises(msr.CheckpointError, match=rf"a checkpoint .*run\.pt, got {what}\."):
        run(learner, file, steps=5)
    assert file.read_bytes() == before
    assert all(torch.equal(t, state[name]) for name, t in learner.state_dict().items())


def test_checkpoint_of_another_architecture(tmp_path: Path) -> None:
    file = tmp_path / "run.pt"
    run(tiny_learner(), file)
    other = tiny_learner()
    other.model.append(nn.Tanh())
    with pytest.raises(msr.CheckpointError, match=r"model: .*Tanh"):
        run(other, file)


def test_checkpoint_with_more_steps_than_asked_for(tmp_path: Path) -> None:
    file = tmp_path / "run.pt"
    run(tiny_learner(), file, steps=3)
    with pytest.raises(ValueError, match=r"steps >= 3, .* got 1"):
        run(tiny_learner(), file, steps=1)


def test_an_unreadable_checkpoint_is_not_called_damaged(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError):
        run(tiny_learner(), tmp_path)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(FileExistsError, match=r"/file'"):
        run(tiny_learner(), tmp_path / "file" / "run.pt")


def test_a_folder_that_cannot_be_written_is_reported_by_the_files_name(
    tmp_path: Path, monkeypatch
) -> None:
    def read_only(path: str, *_) -> None:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr("os.open", read_only)  # root may write anywhere
    with pytest.raises(PermissionError, match=r"Permission denied: '.*/run\.pt'"):
        run(tiny_learner(), tmp_path / "run.pt")


def test_more_arguments() -> None:
    with pytest.raises(TypeError, match=r"steps to be an integer, got 1\.5"):
        msr.meta_train(tiny_learner(), tiny_tasks(), steps=1.5)
    with pytest.raises(ValueError, match=r"finite std >= 0, got nan"):
        msr.reparameterize(nn.Linear(2, 2), filters=1, std=float("nan"))
    with pytest.raises(ValueError, match=r"at least one permutation .* got 0"):
        msr.permutation_group([])
    with pytest.raises(ValueError, match=r"none twice, got 2 of which 1"):
        msr.permutation_group([(0, 1), (0, 1)])
    with pytest.raises(ValueError, match=r"got \(\) and \(2, 2\)"):
        msr.principal_angles(torch.tensor(1.0), torch.eye(2))
    with pytest.raises(ValueError, match=r"one permutation of"):
        msr.permutation_representation(msr.cyclic(1), torch.tensor(0))
    with pytest.raises(ValueError, match=r"identity axiom fails"):
        msr.FiniteGroup([[0, 1], [0, 1]])
    with pytest.raises(ValueError, match=r"n >= 1 rotations, got 0"):
        msr.steerable_kernels(0)


def test_a_weight_tied_to_another_kind_of_module() -> None:
    model = nn.ModuleDict({"read": nn.Embedding(5, 3), "write": nn.Linear(3, 5)})
    model["write"].weight = model["read"].weight
    with pytest.raises(ValueError, match=r"shared as 'read.weight' and 'write.weight'"):
        msr.reparameterize(model, filters=2)


def test_an_error_leaves_the_module_as_it_was() -> None:
    model = nn.Sequential(nn.Linear(4, 4), nn.Linear(1, 2))
    with pytest.raises(ValueError, match=r"1 <= filters <= 2"):
        msr.reparameterize(model, filters=5)
    assert isinstance(model[0].weight, nn.Parameter)


def test_figures() -> None:
    with pytest.raises(ValueError, match=r"at most one nonzero entry"):
        plotting.plot_factorization(torch.ones(4, 2), torch.ones(2), (2, 2))
    hole = torch.eye(4)
    hole[0, 0] = torch.nan
    with pytest.raises(ValueError, match=r"expected finite U, got NaN or infinity"):
        plotting.plot_factorization(hole, torch.ones(4), (2, 2))
    with pytest.raises(ValueError, match=r"at most 6 filter values, .* got 7"):
        plotting.plot_factorization(torch.eye(7), torch.ones(7), (7, 1))
    with pytest.raises(ValueError, match=r"one title per matrix, got 1 matrices and 0"):
        plotting.plot_matrices([torch.eye(2)], [])
    with pytest.raises(ValueError, match=r"per frame, got 0 labels, 0 texts and 0 frames"):
        plotting.slideshow(str, [], title="t", label=str, alt=str)


class OnlyCounts:
    def num_tasks(self, split: str) -> int:
        return 3


class NoBatches(OnlyCounts):
    def batch(self, split: str, indices) -> torch.Tensor:
        return torch.ones(3)


class TwoTasks(OnlyCounts):
    def batch(self, split: str, indices) -> msr.TaskBatch:
        return tiny_tasks().batch(split, [0, 1])


def test_objects_of_the_wrong_kind() -> None:
    with pytest.raises(TypeError, match=r"torch.nn.Module, got the function <lambda>"):
        msr.MetaLearner(lambda x: x)
    with pytest.raises(TypeError, match=r"torch.nn.Module, got \[Linear"):
        msr.reparameterize([nn.Linear(2, 2)], filters=1)
    with pytest.raises(TypeError, match=r"inner to be a msr.InnerLoop or None, got 3"):
        msr.MetaLearner(nn.Linear(2, 2), inner=3)
    with pytest.raises(TypeError, match=r"batch to be a msr.TaskBatch, got \("):
        msr.MetaLearner(nn.Linear(4, 5))((X, Y, X, Y))
    with pytest.raises(ValueError, match=r"returns a scalar, got shape \(3, 5\)"):
        msr.MetaLearner(nn.Linear(4, 5), loss=lambda p, y: p - y)(msr.TaskBatch(X, Y, X, Y))
    with pytest.raises(TypeError, match=r"nested lists, got str"):
        msr.FiniteGroup("abc")
    with pytest.raises(TypeError, match=r"rank to be an integer, got 1.5"):
        msr.LowRank1d(rank=1.5)
    for run_it in (
        lambda tasks: msr.meta_train(tiny_learner(), tasks, 1, progress=False),
        lambda tasks: msr.meta_test(tiny_learner(), tasks, progress=False),
    ):
        with pytest.raises(TypeError, match=r"got OnlyCounts without batch"):
            run_it(OnlyCounts())
        with pytest.raises(TypeError, match=r"return a msr.TaskBatch, got \w*Tensor"):
            run_it(NoBatches())
        with pytest.raises(TypeError, match=r"got NoBatches itself, no instance"):
            run_it(NoBatches)
        with pytest.raises(ValueError, match=r"tasks that batch\(\) was asked for, got 2"):
            run_it(TwoTasks())
    with pytest.raises(TypeError, match=r"msr.MetaLearner, got Linear: wrap"):
        msr.meta_train(nn.Linear(2, 2), tiny_tasks(), 1)
    with pytest.raises(TypeError, match=r"msr.MetaLearner, got Linear: wrap"):
        msr.meta_test(nn.Linear(2, 2), tiny_tasks())
    with pytest.raises(ValueError, match=r"got 'val'"):
        msr.meta_test(tiny_learner(), TwoTasks(), split="val")
    with pytest.raises(TypeError, match=r"loss to be a function, got 'mse'"):
        msr.MetaLearner(nn.Linear(2, 2), loss="mse")
    with pytest.raises(TypeError, match=r"msr.InnerLoop or None, got the class Gradient"):
        msr.MetaLearner(nn.Linear(2, 2), inner=msr.GradientDescent)
    with pytest.raises(TypeError, match=r"floating-point U, got torch.int64"):
        msr.principal_angles(torch.ones(2, 1, dtype=torch.long), torch.ones(2, 1))
