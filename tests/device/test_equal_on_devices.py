"""The same numbers on every device, and errors that name devices.

Everything runs on the emulated device, as it is and rounding otherwise than the CPU, and on
a GPU where there is one.
"""

import copy
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")

import pytest
import torch
from matplotlib import pyplot as plt
from torch import Tensor, nn
from torch.testing import assert_close

import msr
from cases import NETWORKS, SINGLE_LAYER, Case
from helpers import (
    random_batch,
    randomize,
    tiny_learner,
    tiny_tasks,
)
from msr import plotting
from msr.experiments.methods import SUPPORT, TRANSLATION

CASES: dict[str, tuple[Case, msr.InnerLoop]] = {
    "MSR-FC": (SINGLE_LAYER["MSR-FC"], msr.GradientDescent(2)),
    "MAML-FC": (SINGLE_LAYER["MAML-FC"], msr.GradientDescent(2)),
    "Kronecker": (NETWORKS["a convolution, Kronecker"], msr.GradientDescent()),
    "two layers": (NETWORKS["two layers"], msr.GradientDescent(2)),
    "Ridge": (SINGLE_LAYER["MSR-FC"], msr.Ridge()),
}


def losses_and_gradients(learner: msr.MetaLearner, batch: msr.TaskBatch) -> list[Tensor]:
    losses = learner(batch)
    parameters = list(learner.parameters())
    gradients = torch.autograd.grad(losses.mean(), parameters, materialize_grads=True)
    return [losses.detach(), *gradients]


@pytest.mark.parametrize(
    "settings",
    [{}, {"shortcuts": False}, {"chunk_size": 2}, {"first_order": True}],
    ids=["", "torch.func", "chunks", "first order"],
)
@pytest.mark.parametrize("case", CASES)
def test_losses_and_gradients_are_those_of_the_cpu(
    device: torch.device, case: str, settings: dict, generator: torch.Generator
) -> None:
    (build, x_shape, y_shape), inner = CASES[case]
    learner = msr.MetaLearner(build(), inner, **settings).double()
    randomize(learner.model, generator)
    batch = random_batch(5, x_shape, y_shape, generator).to(dtype=torch.float64)
    expected = losses_and_gradients(learner, batch)
    found = losses_and_gradients(copy.deepcopy(learner).to(device), batch.to(device))
    assert {t.device for t in found} == {device}
    for ours, theirs in zip(found, expected, strict=True):
        assert_close(ours.cpu(), theirs, rtol=1e-9, atol=1e-12)


def test_adapting_and_predicting_are_those_of_the_cpu(device: torch.device) -> None:
    learner, batch = tiny_learner(), tiny_tasks().batch("test", range(4))
    adapted = learner.adapt(batch.x_support, batch.y_support)
    expected = learner.predict(adapted, batch.x_query)
    learner, batch = learner.to(device), batch.to(device)
    adapted = learner.adapt(batch.x_support, batch.y_support)
    found = learner.predict(adapted, batch.x_query)
    assert_close(found.cpu(), expected, rtol=1e-5, atol=1e-6)
    losses = learner.losses(adapted, batch.x_query, batch.y_query)
    assert losses.device == device


@pytest.mark.bad_input
def test_devices_that_differ_are_named(device: torch.device) -> None:
    here, there = tiny_tasks().batch("test", [0, 1]), f"{device}"
    moved, learner = here.to(device), tiny_learner().to(device)
    with pytest.raises(ValueError, match=f"x_support and y_support on one device.*{there}"):
        msr.TaskBatch(moved.x_support, here.y_support, here.x_query, here.y_query)
    with pytest.raises(ValueError, match=f"query sets on one device, got {there} and cpu"):
        msr.TaskBatch(moved.x_support, moved.y_support, here.x_query, here.y_query)
    for wrong in (lambda: learner(here), lambda: learner.adapt(here.x_query, here.y_query)):
        with pytest.raises(ValueError, match=f"model's device {there}, got cpu"):
            wrong()
    adapted = tiny_learner().adapt(here.x_support, here.y_support)
    with pytest.raises(ValueError, match=f"model's device {there}, got cpu"):
        learner.predict(adapted, moved.x_query)
    with pytest.raises(ValueError, match=r"on one device, got \['cpu'"):
        msr.MetaLearner(nn.Sequential(nn.Linear(8, 8), nn.Linear(8, 6, device=device)))
    strayed = tiny_learner()
    strayed.model.to(device)
    with pytest.raises(ValueError, match=r"parameters on the model's device .*learner\.to"):
        strayed(moved)
    rho, x = msr.regular(msr.cyclic(3)), torch.randn(2, 3)
    with pytest.raises(ValueError, match=f"expected x on the device {there}.*got cpu"):
        msr.equivariance_error(lambda x: x, rho.to(device), rho.to(device), x)
    for wrong in (
        lambda: msr.direct_sum(rho, rho.to(device)),
        lambda: msr.reynolds(rho, rho, torch.eye(3, device=device)),
    ):
        with pytest.raises(ValueError, match=f"on the device cpu of .*got {there}"):
            wrong()
    with pytest.raises(ValueError, match=r"device that is available.*77"):
        msr.reproduce("translation", device=f"{device.type}:77", progress=False)


def tensors_of(batch: msr.TaskBatch) -> dict[str, Tensor]:
    return {name: t for name, t in vars(batch).items() if isinstance(t, Tensor)}


def created(turns: msr.Representation) -> dict[str, Tensor]:
    """What msr makes from nothing but seeds; and a basis, of which there are many."""
    tasks, images = tiny_tasks(rank=2), msr.SteerableConv2d(fields=1, size=4, noise=0.3)
    rho = msr.regular(msr.cyclic(4))
    photograph = torch.linspace(0, 5, 90, device="cpu").sin().reshape(9, 10)
    patches = msr.ShuffledPatches([photograph], 3, patches=5)
    spanned = msr.SpanTasks(torch.eye(6, 4, device="cpu"), (2, 3), noise=0.1)
    return {
        **{f"batch {k}": t for k, t in tensors_of(tasks.batch("train", [3, 1])).items()},
        **{f"images {k}": t for k, t in tensors_of(images.batch("test", [2])).items()},
        **{f"patches {k}": t for k, t in tensors_of(patches.batch("test", [2])).items()},
        "all patches": patches.inputs(),
        **{f"span {k}": t for k, t in tensors_of(spanned.batch("test", [2])).items()},
        "weights": spanned.weights("test", [2]),
        "filters": tasks.filters("train", [0]),
        "sharing": tasks.sharing,
        "true U": tasks.symmetry_matrix(),
        "true U of images": images.symmetry_matrix(),
        "kernels": images.kernels("test", [2]),
        "model": tiny_learner().model[0].parametrizations.weight[0].U,
        "filter": tiny_learner().model[0].parametrizations.weight.original,
        "group convolution": msr.group_convolution_matrix(msr.symmetric(3)),
        "convolution": msr.conv1d_matrix(5, 2),
        "regular": rho.matrices,
        "basis": msr.intertwiner_basis(turns, msr.direct_sum(turns, turns)),
    }


def test_everything_is_created_on_the_default_device(device: torch.device) -> None:
    a = torch.arange(8) * (torch.pi / 4)
    matrices = torch.stack([a.cos(), -a.sin(), a.sin(), a.cos()], -1).reshape(8, 2, 2)
    turns = msr.Representation(msr.cyclic(8), matrices)
    expected = created(turns)
    with torch.device(device):
        found = created(turns.to(device))
    for name, tensor in found.items():
        assert tensor.device == device, name
        assert torch.equal(tensor.cpu(), expected[name]), name


@pytest.mark.parametrize("name", ["MSR-FC", "MSR-Joint-FC", "multi-task"])
def test_same_seed_same_training(device: torch.device, name: str) -> None:
    tasks = tiny_tasks()

    def fit(place: torch.device | str) -> msr.MetaLearner:
        if name != "multi-task":
            return TRANSLATION[name].fit(tasks, 20, 1, device=place, progress=False)
        learner = TRANSLATION["MSR-FC"].learner(tasks).to(place)
        msr.multitask_train(learner, tasks, 20, progress=False)
        return learner

    states = torch.get_rng_state(), torch.get_device_module(device).get_rng_state()
    learners = [fit("cpu"), fit(device), fit(device)]
    on_cpu, found, again = [[p.cpu() for p in L.parameters()] for L in learners]
    for ours, expected in zip(found, on_cpu, strict=True):
        assert_close(ours, expected, rtol=1e-3, atol=1e-4)
    assert all(map(torch.equal, found, again))  # bit for bit on one device
    tests = [msr.meta_test(L, tasks, progress=False) for L in learners[:2]]
    assert tests[1].losses.device == device
    assert tests[1].mse == pytest.approx(tests[0].mse, rel=1e-3)
    assert torch.equal(torch.get_rng_state(), states[0])
    assert torch.equal(torch.get_device_module(device).get_rng_state(), states[1])


@pytest.mark.parametrize("name", ["MSR-Conv", "MSR-Conv-Ridge"])
def test_same_seed_same_history(device: torch.device, name: str) -> None:
    images = msr.SteerableConv2d(fields=1, size=5)
    histories = []
    for place in ("cpu", device):
        learner = SUPPORT[name].learner(images).to(place)
        histories.append(msr.meta_train(learner, images, 5, batch_size=4, progress=False))
    assert histories[1].loss == pytest.approx(histories[0].loss, rel=1e-4)


def test_training_on_the_default_device(device: torch.device) -> None:
    def train() -> list[float]:
        losses = []
        for inner in (None, msr.Ridge()):
            learner = tiny_learner(inner=inner, chunk_size=3)
            losses += msr.meta_train(learner, tiny_tasks(), 2, 4, progress=False).loss
            losses += msr.multitask_train(learner, tiny_tasks(), 2, progress=False).loss
            losses.append(msr.meta_test(learner, tiny_tasks(), progress=False).mse)
        assert learner.device == torch.get_default_device()
        return losses

    expected = train()
    with torch.device(device):
        assert train() == pytest.approx(expected, rel=1e-3)


def with_dropout(device: torch.device | str) -> msr.MetaLearner:
    model = nn.Sequential(nn.Linear(8, 12, bias=False), nn.Dropout(0.5), nn.Linear(12, 6))
    msr.reparameterize(model, filters=4, seed=0)
    nn.init.zeros_(model[2].bias)
    return msr.MetaLearner(model).to(device)


@pytest.mark.parametrize("way", ["to the device", "from the device"])
def test_a_checkpoint_goes_on_elsewhere(device: torch.device, way: str, tmp_path) -> None:
    places = ("cpu", device) if way == "to the device" else (device, "cpu")

    def train(place: torch.device | str, steps: int, file: Path | None) -> msr.History:
        learner = tiny_learner().to(place)
        return msr.meta_train(
            learner, tiny_tasks(), steps, 4, checkpoint=file, progress=False
        )

    train(places[0], 3, tmp_path / "run.pt")
    resumed = train(places[1], 6, tmp_path / "run.pt")
    assert resumed.loss == pytest.approx(train("cpu", 6, None).loss, rel=1e-4)
    assert train("cpu", 3, None).loss[-1] != pytest.approx(resumed.loss[-1], rel=1e-4)


def test_a_resumed_run_draws_the_same_numbers_on_a_device(device, tmp_path: Path) -> None:
    def train(learner: msr.MetaLearner, steps: int, file: Path | None) -> list[float]:
        history = msr.meta_train(
            learner, tiny_tasks(), steps, 4, checkpoint=file, progress=False
        )
        return history.loss

    whole = train(with_dropout(device), 5, None)
    torch.rand(1, device=device)  # the global state is another, and does not matter
    train(with_dropout(device), 3, tmp_path / "run.pt")
    assert train(with_dropout(device), 5, tmp_path / "run.pt") == whole


def test_rebuilt_chunks_draw_the_same_numbers_on_a_device(device) -> None:
    """With targets zero the loss is quadratic in W, so that <W, grad> is twice the loss."""
    linear = nn.Linear(8, 6, bias=False)
    model = nn.Sequential(nn.Dropout(0.5), linear).to(device)
    learner = msr.MetaLearner(model, msr.GradientDescent(steps=0), chunk_size=2)
    x, y = torch.ones(4, 5, 8, device=device), torch.zeros(4, 5, 6, device=device)
    with torch.random.fork_rng([device], device_type=device.type):
        losses = learner(msr.TaskBatch(x, y, x, y))
        losses.sum().backward()
    assert_close((linear.weight * linear.weight.grad).sum(), 2 * losses.sum())
    assert len(set(losses.tolist())) == 4  # the draws differ between tasks


def test_figures_take_tensors_of_a_device(device: torch.device) -> None:
    U = msr.group_convolution_matrix(msr.symmetric(2)).to(device)
    v = torch.tensor([3.0, -1.0], device=device, requires_grad=True)
    _, ax = plt.subplots()
    plotting.plot_matrix(ax, U)
    plotting.plot_matrices([U, U], ["a", "b"])
    with torch.device(device):
        plotting.plot_factorization(U, v, (2, 2))
        assert plotting.smooth([1.0, 2.0, 3.0], 2).numpy().tolist() == [1.0, 1.5, 2.5]
    plt.close("all")


def test_a_weight_is_assigned_by_dependent_columns(device: torch.device) -> None:
    """On a GPU, torch's own least squares would give NaN."""
    learner = tiny_learner().to(device)
    layer = learner.model[0]
    with torch.no_grad():
        layer.parametrizations.weight[0].U[:, 1] = 0
        layer.weight = torch.ones(6, 8, device=device)
    assert torch.isfinite(layer.weight).all()


def test_angles_between_devices(device: torch.device) -> None:
    U, V = msr.conv1d_matrix(6, 2), torch.randn(30, 2, generator=torch.Generator())
    angles = msr.principal_angles(U.to(device), V)
    assert angles.device == device
    assert_close(angles.cpu(), msr.principal_angles(U, V))


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_chunks_bound_the_memory_of_a_gpu() -> None:
    def peak(chunk_size: int | None) -> int:
        model = nn.Sequential(nn.Linear(64, 512), nn.Tanh(), nn.Linear(512, 64))
        msr.reparameterize(model, factorization="kronecker")
        inner = msr.GradientDescent(steps=5)
        learner = msr.MetaLearner(model, inner, chunk_size=chunk_size).to("cuda")
        x = torch.randn(32, 64, 64, device="cuda")
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        learner(msr.TaskBatch(x, x, x, x)).mean().backward()
        return torch.cuda.max_memory_allocated() - before

    assert peak(4) < 0.4 * peak(None)
