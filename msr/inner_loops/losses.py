"""The default loss."""

from jaxtyping import Float, Shaped
from torch import Tensor

from .._utils.arguments import checked, shown


@checked
def mean_squared_error(
    prediction: Float[Tensor, "*y"], target: Shaped[Tensor, "*targets"]
) -> Float[Tensor, ""]:
    """The mean of the squared differences, over all examples and outputs.

    The value of ``torch.nn.functional.mse_loss``, from operations whose second
    derivatives are cheaper under ``torch.func``; and shapes must agree, without
    broadcasting.

    Raises:
        TypeError: the target is not floating point.
        ValueError: the shapes or devices differ, or there are no numbers.
    """
    if not target.is_floating_point():
        raise TypeError(
            f"expected floating-point targets for the mean squared error, got "
            f"{target.dtype}: for class labels pass "
            f"loss=torch.nn.functional.cross_entropy"
        )
    if not prediction.numel():
        raise ValueError(f"expected at least one prediction, got {shown(prediction)}")
    if prediction.shape != target.shape:
        raise ValueError(
            f"expected predictions of the targets' shape, (examples, ...) = "
            f"{tuple(target.shape)}, got {tuple(prediction.shape)}"
        )
    if prediction.device != target.device:
        raise ValueError(
            f"expected predictions and targets on one device, got {prediction.device} and "
            f"{target.device}"
        )
    return (prediction - target).square().mean()
