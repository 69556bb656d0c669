"""The MAML of the page on other libraries: every way to write it is the same."""

import importlib.util
import re
import warnings

import nbformat
import pytest
import torch
from torch import Tensor, nn

import msr
from benchmarks.same_maml import libraries
from benchmarks.same_maml.__main__ import differences, relative_difference
from benchmarks.same_maml.problem import LR, NORMS, STEPS, TASKS, network, sines
from helpers_project import ROOT

PAGE = ROOT / "book" / "from-other-libraries.ipynb"
FOLDER = ROOT / "benchmarks" / "same_maml"


def loaded(name: str) -> libraries.MetaGradient:
    package = libraries.LIBRARIES[name].package
    if package and importlib.util.find_spec(package) is None:
        pytest.skip(f"{package} is not installed")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of old libraries, at import
        return libraries.meta_gradient(name)


def by_differences(step: float = 1e-6) -> tuple[Tensor, list[float]]:
    """Losses, and the meta-gradient in one entry of each tensor, without autograd twice."""

    def losses_of(model: nn.Module) -> Tensor:
        found = []
        for x, y, xq, yq in zip(*sines(torch.float64, 4)):
            own = network(torch.float64)
            own.load_state_dict(model.state_dict())
            sgd = torch.optim.SGD(own.parameters(), lr=LR)
            for _ in range(STEPS):
                sgd.zero_grad()
                nn.functional.mse_loss(own(x), y).backward()
                sgd.step()
            found.append(nn.functional.mse_loss(own(xq), yq).detach())
        return torch.stack(found)

    slopes = []
    for i in range(len(list(network(torch.float64).parameters()))):
        values = []
        for sign in (1, -1):
            model = network(torch.float64)
            with torch.no_grad():
                list(model.parameters())[i].view(-1)[0] += sign * step
            values.append(losses_of(model).mean().item())
        slopes.append((values[0] - values[1]) / (2 * step))
    return losses_of(network(torch.float64)), slopes


def test_the_plain_loop_is_that_of_torchs_optimizer_and_finite_differences() -> None:
    losses, slopes = by_differences()
    function = libraries.meta_gradient("autograd")
    found, gradients = function(network(torch.float64), *sines(torch.float64, 4), LR, STEPS)
    torch.testing.assert_close(found, losses, rtol=1e-12, atol=0)
    entries = [g.view(-1)[0].item() for g in gradients]
    assert entries == pytest.approx(slopes, rel=1e-6)


@pytest.mark.parametrize("norm", [None, *NORMS])
@pytest.mark.parametrize("name", libraries.LIBRARIES)
def test_equals_the_plain_loop(name: str, norm: str | None) -> None:
    apart = differences(loaded(name), norm)
    assert apart["losses"] <= 1e-13
    if name == "torchopt_functional" and norm:
        # what the page tells: torch.func's second derivatives of affine norms
        assert apart["gradients"] > 1e-4
    else:
        assert apart["gradients"] <= 1e-11


@pytest.mark.parametrize("name", libraries.LIBRARIES)
def test_leaves_the_model_as_it_was(name: str) -> None:
    model = network(torch.float64)
    parameters = list(model.parameters())
    loaded(name)(model, *sines(torch.float64, 2), LR, STEPS)
    for p, q, r in zip(model.parameters(), parameters, network(torch.float64).parameters()):
        assert p is q
        assert p.grad is None
        assert torch.equal(p, r)


def test_the_comparison_can_fail() -> None:
    def first_order(*arguments: object) -> tuple[Tensor, list[Tensor]]:
        model, *batch, lr, steps = arguments
        inner = msr.GradientDescent(steps=steps, lr=lr, learn_lr=False)
        losses = msr.MetaLearner(model, inner, first_order=True)(msr.TaskBatch(*batch))
        return losses, list(torch.autograd.grad(losses.mean(), list(model.parameters())))

    apart = differences(first_order)
    assert apart["losses"] <= 1e-13
    assert apart["gradients"] > 1e-3
    assert relative_difference(torch.tensor([1.0, 4.0]), torch.tensor([2.0, 4.0])) == 0.25


def test_what_pip_says_in_one_line(monkeypatch) -> None:
    assert libraries.state_of(libraries.LIBRARIES["msr"]) == {
        "version": None, "pip": None, "pip_error": None
    }  # fmt: skip

    def answer(code: int, text: str) -> None:
        result = libraries.subprocess.CompletedProcess([], code, text, "")
        monkeypatch.setattr(libraries.subprocess, "run", lambda *_, **__: result)

    monkeypatch.setattr(libraries.venv, "create", lambda *_, **__: None)
    answer(0, "Successfully installed")
    assert libraries.pip_error("x") is None
    answer(1, "error: subprocess-exited\n  a.c:2:1: fatal error: no a.h\nERROR: failed")
    assert libraries.pip_error("x") == "a.c:2:1: fatal error: no a.h"
    answer(1, "ERROR: No matching distribution")
    assert libraries.pip_error("x") == "ERROR: No matching distribution"
    answer(1, "")
    assert libraries.pip_error("x") == "pip failed"


def test_the_record_is_complete_and_of_a_known_origin() -> None:
    found = msr.recorded_benchmarks("same-maml")
    (run,) = found["runs"]
    assert re.fullmatch(r"[0-9a-f]{40}", run["commit"])  # no uncommitted change
    assert run["command"] == "python -m benchmarks.same_maml"
    assert {"torch", "higher", "torchopt", "learn2learn"} <= set(run["versions"])
    assert found["problem"] == {"tasks": TASKS, "steps": STEPS, "lr": LR, "rounds": 15}
    assert set(found["libraries"]) == set(libraries.LIBRARIES)
    ours = found["libraries"]["msr"]["apart"]
    assert max(apart["gradients"] for apart in ours.values()) <= 1e-11
    for entry in found["libraries"].values():
        assert entry["error"] is None
        assert set(entry["apart"]) == {"none", *NORMS}
        assert max(apart["losses"] for apart in entry["apart"].values()) <= 1e-13
        assert entry["apart"]["none"]["gradients"] <= 1e-12
        assert entry["milliseconds"]["median"] > 0
        assert (entry["pip"] is False) == bool(entry["pip_error"])
    text = (ROOT / "results" / "same-maml.json").read_text()
    assert not re.search(r"/(?:home|root|tmp|work|Users)/", text)


def body(code: str) -> str:
    return code[code.index("def meta_gradient") :].strip()


def test_the_page_shows_these_files_and_runs_two_of_them() -> None:
    notebook = nbformat.read(PAGE, as_version=4)
    code = [c.source for c in notebook.cells if c.cell_type == "code"]
    text = "\n".join(c.source for c in notebook.cells if c.cell_type == "markdown")
    for name in libraries.LIBRARIES:
        file = FOLDER / f"with_{name}.py"
        if name in ("msr", "autograd"):
            wanted = body(file.read_text()).partition("\n")[2]
            assert any(wanted in cell for cell in code), name
        else:
            assert f"{{literalinclude}} ../benchmarks/same_maml/{file.name}\n" in text
    assert {f.stem for f in FOLDER.glob("with_*")} == {
        f"with_{name}" for name in libraries.LIBRARIES
    }


def test_first_order_is_said_as_the_page_says() -> None:
    """learn2learn's flag, and a callback of higher's that detaches."""
    loaded("higher")
    loaded("learn2learn")
    import higher
    from learn2learn.algorithms import MAML

    x, y, xq, yq = (t[0] for t in sines(torch.float64, 1))
    mse = nn.functional.mse_loss
    model = network(torch.float64)
    parameters = list(model.parameters())
    inner = msr.GradientDescent(steps=1, lr=LR, learn_lr=False)
    learner = msr.MetaLearner(model, inner, first_order=True)
    ours = learner(msr.TaskBatch(x[None], y[None], xq[None], yq[None]))

    clone = MAML(model, lr=LR, first_order=True).clone()
    clone.adapt(mse(clone(x), y))
    losses = [ours.mean(), mse(clone(xq), yq)]
    sgd = torch.optim.SGD(parameters, lr=LR)
    with higher.innerloop_ctx(model, sgd, copy_initial_weights=False) as (net, opt):
        opt.step(mse(net(x), y), grad_callback=lambda g: [t.detach() for t in g])
        losses.append(mse(net(xq), yq))
    wanted, *found = (torch.autograd.grad(loss, parameters) for loss in losses)
    for gradients in found:
        torch.testing.assert_close(gradients, wanted, rtol=1e-12, atol=1e-14)
