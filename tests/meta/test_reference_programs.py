"""Query losses and every gradient agree with the authors' program, to 1e-10."""

import pytest
import torch
from torch import nn

import msr
from helpers import reference

pytestmark = pytest.mark.usefixtures("float64")


def dense_fc() -> tuple[nn.Module, dict[str, nn.Parameter]]:
    model = nn.Sequential(nn.Linear(12, 10, bias=False))
    msr.reparameterize(model, filters=3)
    weight = model[0].parametrizations.weight
    return model, {"0.warp": weight[0].U, "0.latent_params": weight.original}


def plain_conv() -> tuple[nn.Module, dict[str, nn.Parameter]]:
    model = nn.Sequential(nn.Conv1d(1, 1, 3, bias=False))
    return model, {"0.weight": model[0].weight}


def kronecker_conv() -> tuple[nn.Module, dict[str, nn.Parameter]]:
    model = nn.Sequential(nn.Conv2d(1, 6, 3, bias=False))
    msr.reparameterize(model, factorization="kronecker")
    weight = model[0].parametrizations.weight
    names = ["0.A_warp", "0.B_warp", "0.C_warp"]
    return model, {"0.weight": weight.original, **dict(zip(names, weight[0].factors))}


@pytest.mark.parametrize("chunk_size", [None, 1, 3])
@pytest.mark.parametrize(
    ("name", "build"),
    [("msr_fc", dense_fc), ("maml_conv", plain_conv), ("msr_conv", kronecker_conv)],
)
def test_meta_step_equals_the_authors(name, build, chunk_size) -> None:
    data = reference(name)
    model, parameters = build()
    with torch.no_grad():
        for key, parameter in parameters.items():
            parameter.copy_(data[f"param:{key}"])
    inner = msr.GradientDescent(int(data["inner_steps"]), float(data["inner_lr"]))
    learner = msr.MetaLearner(model, inner, chunk_size=chunk_size)
    losses = learner(
        msr.TaskBatch(*(data[k] for k in ("x_support", "y_support", "x_query", "y_query")))
    )
    losses.mean().backward()

    def same(actual: torch.Tensor, key: str) -> None:
        torch.testing.assert_close(actual, data[key], atol=1e-10, rtol=0)

    same(losses.detach(), "query_losses")
    for key, parameter in parameters.items():
        same(parameter.grad, f"grad:{key}")
    (lr_key,) = (key for key in data if key.startswith("lrgrad:"))
    (lr,) = learner.meta_parameters
    same(lr.grad, lr_key)
    assert {id(p) for p in learner.parameters()} == {
        id(p) for p in (*parameters.values(), lr)
    }
