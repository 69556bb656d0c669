"""Do predictions, targets and loss go together?

Torch answers late or not at all: a squared error of two shapes is broadcast, a class label
out of range ends in an index error, on a GPU in a dead process.
"""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .._utils.arguments import shown

Loss = Callable[[Tensor, Tensor], Tensor]

_OF_LABELS = (F.cross_entropy, F.nll_loss, F.multi_margin_loss)
_OF_LABELS_MODULES = (nn.CrossEntropyLoss, nn.NLLLoss, nn.MultiMarginLoss)
_OF_NUMBERS = (F.mse_loss, F.l1_loss, F.smooth_l1_loss, F.huber_loss)
_OF_NUMBERS_MODULES = (nn.MSELoss, nn.L1Loss, nn.SmoothL1Loss, nn.HuberLoss)
IGNORED_LABEL = -100  # torch's default


def highest_label(loss: Loss, targets: Iterable[Tensor]) -> int | None:
    """The largest class label among the targets; None if the loss takes no labels.

    Raises:
        ValueError: a label is negative, and not the one that the loss ignores.
    """
    if not _takes_labels(loss):
        return None
    highest = None
    for y in targets:
        if y.dtype != torch.int64 or y.is_meta:
            continue
        labels = y[y != getattr(loss, "ignore_index", IGNORED_LABEL)]
        if not labels.numel():
            continue
        low, high = (int(n) for n in labels.aminmax())
        if low < 0:
            raise ValueError(f"expected class labels from 0, got {low}")
        highest = high if highest is None else max(high, highest)
    return highest


def check_prediction(prediction: object) -> None:
    """Raise a TypeError unless a model returned a tensor."""
    if not isinstance(prediction, Tensor):
        raise TypeError(
            f"expected a model that returns a tensor, got {type(prediction).__name__}: "
            f"wrap it in a module that returns its predictions alone"
        )


def check_goes_with(
    loss: Loss, prediction: Tensor, target: Tensor, highest: int | None = None
) -> None:
    """Raise unless a loss of torch can take these predictions and targets.

    Args:
        loss: any; others than torch's common ones are not judged.
        prediction: of one task's examples.
        target: of the same.
        highest: the largest class label of all tasks, where known.

    Raises:
        TypeError: predictions are no tensor, or the targets' dtype does not suit.
        ValueError: shapes differ, or a label is not below the number of classes.
    """
    check_prediction(prediction)
    if _is_of(loss, _OF_NUMBERS, _OF_NUMBERS_MODULES):
        if not target.is_floating_point():
            raise TypeError(
                f"expected floating-point targets for {_name(loss)}, got {target.dtype}"
            )
        if prediction.shape != target.shape:
            raise ValueError(
                f"expected predictions of the targets' shape, (examples, ...) = "
                f"{tuple(target.shape)}, got {tuple(prediction.shape)}"
            )
    if _takes_labels(loss):
        _check_labels(loss, prediction, target, highest)


def _check_labels(
    loss: Loss, prediction: Tensor, target: Tensor, highest: int | None
) -> None:
    if target.is_floating_point():
        if target.shape != prediction.shape:
            raise TypeError(
                f"expected int64 class labels for {_name(loss)}, or probabilities of the "
                f"predictions' shape {tuple(prediction.shape)}, got {shown(target)}"
            )
        return
    if prediction.ndim < 2 or target.shape != (len(prediction), *prediction.shape[2:]):
        raise ValueError(
            f"expected predictions of shape (examples, classes, ...) and class labels of "
            f"shape (examples, ...), got {tuple(prediction.shape)} and "
            f"{tuple(target.shape)}"
        )
    classes = prediction.shape[1]
    if highest is not None and highest >= classes:
        raise ValueError(
            f"expected class labels below {classes}, the number of classes that the model "
            f"predicts, got {highest}"
        )


def check_scalar(loss: Any) -> None:
    """Raise unless a loss is one real number.

    Raises:
        TypeError: it is no tensor, or not real.
        ValueError: it holds several numbers, or none.
    """
    if not isinstance(loss, Tensor):
        raise TypeError(f"expected a loss that returns a tensor, got {type(loss).__name__}")
    if not loss.is_floating_point():
        raise TypeError(f"expected a loss that returns a real number, got {loss.dtype}")
    if loss.ndim:
        raise ValueError(
            f"expected a loss that returns a scalar, got shape {tuple(loss.shape)}"
        )


def refused_by_loss(
    error: Exception, loss: Loss, prediction: Tensor, target: Tensor
) -> Exception:
    """What to raise for an error within a loss: a sentence, or the error itself.

    A TypeError from deeper inside than the call is the loss's own sentence.
    """
    traceback = error.__traceback__
    inside = traceback is not None and traceback.tb_next is not None
    if isinstance(error, torch.OutOfMemoryError | NotImplementedError):
        return error
    if isinstance(error, TypeError) and inside:
        return error
    return ValueError(
        f"expected a loss that takes predictions and targets, of shapes "
        f"{tuple(prediction.shape)} and {tuple(target.shape)} ({target.dtype}), got from "
        f"{_name(loss)}: {first_line(error)}"
    )


def first_line(error: BaseException) -> str:
    """What an error says, in one line."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def _takes_labels(loss: Loss) -> bool:
    return _is_of(loss, _OF_LABELS, _OF_LABELS_MODULES)


def _is_of(loss: Loss, functions: tuple[Any, ...], modules: tuple[type, ...]) -> bool:
    return any(loss is function for function in functions) or type(loss) in modules


def _name(loss: Loss) -> str:
    return getattr(loss, "__name__", type(loss).__name__)
