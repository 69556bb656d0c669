"""The symmetry of a layer inside a network."""

from collections.abc import Mapping

import torch
from jaxtyping import Float, Shaped
from torch import Tensor, nn

from .._utils.arguments import checked, shown
from .._utils.checks import check_floating
from ..symmetry.candidates import Weight, weights
from .comparison import Comparison, check_settings, checked_bases, compared
from .curvature import Likelihood, linearized
from .spaces import Symmetry


@checked(by_hand=["candidates", "x", "y"])
def compare_layer_symmetries(
    candidates: Mapping[str, Symmetry],
    model: nn.Module,
    layer: str,
    x: Float[Tensor, "examples *inputs"],
    y: Shaped[Tensor, "examples *outputs"],
    *,
    likelihood: Likelihood = "gaussian",
    noise: float | None = None,
    width: float | None = None,
    soft: bool = False,
    simulations: int = 200,
    generator: torch.Generator | None = None,
) -> Comparison:
    """Which symmetry the weight of one layer of a trained network has, if any.

    As `msr.compare_symmetries`, with all other parameters as they are. The outputs are
    linear in the weight near its trained value w_0,
    ``f(w) = f(w_0) + J (w - w_0)``, and the likelihood is that of these outputs: a Gaussian
    whose curvature H is the generalized Gauss-Newton matrix (Immer and others 2021). The
    evidence of each space of weights is then known in closed form. It is exact where
    outputs are linear in the weight and the likelihood Gaussian. Elsewhere it is as good as
    the quadratic is between w_0 and the candidates' weights: train until the gradient is
    small, and compare ``fits[name].weight`` with the weight.

    A layer of hidden units has its symmetry in whatever order these units came to be, which
    random initial weights decide. So *none* says that it has no candidate's symmetry in
    this order; it may have one in another. It says little for a network that is not
    trained: whether the gradient is small is not checked.

    Args:
        candidates: by name, as for `msr.compare_symmetries`. A weight of a convolution is a
            matrix with all axes but the first as one.
        model: a trained network, in evaluation mode (``model.eval()``).
        layer: the name of a layer in it with a weight, such as ``"0"``, or of a weight,
            such as ``"0.weight"``.
        x: inputs that the network was trained on.
        y: outputs, of the shape of the network's, with ``likelihood="gaussian"``; classes,
            int64 of shape (examples,), with ``"categorical"``.
        likelihood: ``"gaussian"`` noise, or classes with outputs as their ``"categorical"``
            logits.
        noise: the standard deviation of Gaussian noise, if it is known.
        width: the prior standard deviation of weights, if it is known.
        soft: whether weights outside each space may be small, not zero.
        simulations: as for `msr.compare_symmetries`.
        generator: likewise.

    Returns:
        as for `msr.compare_symmetries`. With a categorical likelihood the noise is that of
        the quadratic, 1.

    Raises:
        TypeError: an argument is of the wrong type.
        ValueError: the model is in training mode, or has no such plain weight; shapes do
            not fit; an output depends on several examples; there is NaN or infinity; noise
            is given for classes; or candidates are as `msr.compare_symmetries` refuses
            them.
    """
    check_settings(noise, width, simulations, generator)
    if model.training:
        raise ValueError("expected a model in evaluation mode, got one in training mode")
    if likelihood == "categorical" and noise is not None:
        raise ValueError(f"expected no noise for classes, got {shown(noise)}")
    weight = _weight(model, layer)
    check_floating("x", x)
    if likelihood == "gaussian":
        check_floating("y", y)
    elif not isinstance(y, Tensor) or y.dtype != torch.int64:
        raise TypeError(f"expected y of classes to be an int64 tensor, got {shown(y)}")
    if not x.ndim or not len(x) or y.shape[:1] != x.shape[:1]:
        raise ValueError(
            f"expected x and y of as many examples, at least one, got {tuple(x.shape)} and "
            f"{tuple(y.shape)}"
        )
    rows = len(weight.parameter)
    bases = checked_bases(candidates, (rows, weight.parameter.numel() // rows))
    problem = linearized(model, weight, x, y, likelihood)
    if likelihood == "categorical":
        noise = 1.0
    return compared(problem, bases, noise, width, soft, simulations, generator)


def _weight(model: nn.Module, name: str) -> Weight:
    found = {weight.name: weight for weight in weights(model) if not weight.is_parametrized}
    usual = {weight.path: weight for weight in found.values() if weight.is_usual}
    weight = found.get(name) or usual.get(name)
    if weight is None:
        raise ValueError(
            f"expected layer to name a plain weight among {', '.join(found) or 'none'}, "
            f"got {shown(name)}"
        )
    return weight
