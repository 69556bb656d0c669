"""What the tests of the coursework have in common: comparing, and saying what is wrong.

The functions raise AssertionError, whose message a student reads.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

import msr

Function = Callable[..., Any]
TOLERANCE = 1e-4  # of an answer in single precision


def as_tensor(answer: Any, what: str = "the result") -> Tensor:
    """An answer as a float64 tensor: tensors, arrays, numbers and nested lists will do.

    Raises:
        AssertionError: it is none of these, or holds NaN or infinity.
    """
    if answer is None or answer is Ellipsis:
        raise AssertionError(
            f"{what} is missing: is it returned, or stored, and was the cell run?"
        )
    try:
        if isinstance(answer, list | tuple):
            answer = torch.stack([as_tensor(part, what) for part in answer])
        tensor = torch.as_tensor(answer).detach().cpu().double()
    except (TypeError, ValueError, RuntimeError):
        raise AssertionError(
            f"{what} should be a tensor of numbers, got {type(answer).__name__}"
        ) from None
    if not torch.isfinite(tensor).all():
        raise AssertionError(f"{what} holds NaN or infinity")
    return tensor


def close(
    answer: Any, expected: Any, hint: str, what: str = "the result", scale: float = 1.0
) -> None:
    """Raise unless the answer has the expected shape and values.

    Args:
        answer: the student's.
        expected: a tensor or number.
        hint: what to think of if the values differ.
        what: how to call the answer.
        scale: the tolerance in units of 1e-4, relative to the largest expected value.

    Raises:
        AssertionError: shape or values differ.
    """
    got, wanted = as_tensor(answer, what), as_tensor(expected)
    if got.shape != wanted.shape:
        raise AssertionError(
            f"{what} should have shape {tuple(wanted.shape)}, got {tuple(got.shape)}"
        )
    largest = max(1.0, float(wanted.abs().max())) if wanted.numel() else 1.0
    if not torch.allclose(got, wanted, rtol=0.0, atol=scale * TOLERANCE * largest):
        raise AssertionError(f"{what} has the right shape but other values. {hint}")


def unchanged(function: Function, *arguments: Any) -> Any:
    """Call a student's function on copies, and raise if it changes what it was given.

    Raises:
        AssertionError: the function is not written yet, or raises an error, or a tensor
            or list that it was given is not as it was, or has a gradient stored with it.
    """
    if function is None or not callable(function):
        raise AssertionError("the function is not defined: run the cell that defines it")
    copies = [_copy(argument) for argument in arguments]
    try:
        result = function(*copies)
    except AssertionError:
        raise
    except Exception as error:
        given = ", ".join(_described(argument) for argument in arguments)
        raise AssertionError(
            f"the function raises {type(error).__name__} when called with {given}: {error}"
        ) from error
    if result is None or result is Ellipsis:
        raise AssertionError("the function returns nothing yet")
    for number, (copy, argument) in enumerate(zip(copies, arguments, strict=True), 1):
        if not _same(copy, argument):
            raise AssertionError(
                f"the function changes its argument number {number}: the caller may still "
                "need it. Work on a copy, or on new tensors"
            )
    return result


def _described(value: Any) -> str:
    if isinstance(value, Tensor):
        return f"shape {tuple(value.shape)}"
    if isinstance(value, list | tuple):
        return f"{type(value).__name__} of {len(value)}"
    return "a function" if callable(value) else repr(value)


def _copy(value: Any) -> Any:
    if isinstance(value, Tensor):
        copy = value.detach().clone().requires_grad_(value.requires_grad)
        copy.grad = None if value.grad is None else value.grad.clone()
        return copy
    if isinstance(value, list | tuple):
        return type(value)(_copy(part) for part in value)
    return value


def _same(value: Any, original: Any) -> bool:
    if isinstance(original, Tensor):
        if not isinstance(value, Tensor) or not torch.equal(value, original):
            return False
        if value.grad is None or original.grad is None:
            return value.grad is original.grad
        return torch.equal(value.grad, original.grad)
    if isinstance(original, list | tuple):
        pairs = zip(value, original, strict=False)
        return len(value) == len(original) and all(_same(a, b) for a, b in pairs)
    return callable(original) or bool(value == original)


def same_span(answer: Any, expected: Tensor, hint: str, what: str = "the basis") -> None:
    """Raise unless the columns of two matrices span the same space.

    Raises:
        AssertionError: rows or columns differ in number, the columns are dependent, or
            the spans differ.
    """
    got, wanted = as_tensor(answer, what), as_tensor(expected)
    if got.ndim != 2 or len(got) != len(wanted):
        raise AssertionError(
            f"{what} should have {len(wanted)} rows and one column per basis element, "
            f"got shape {tuple(got.shape)}"
        )
    if got.shape[1] and int(torch.linalg.matrix_rank(got, rtol=TOLERANCE)) < got.shape[1]:
        raise AssertionError(f"the columns of {what} are linearly dependent")
    if got.shape[1] != wanted.shape[1]:
        raise AssertionError(f"{what} has the wrong number of columns. {hint}")
    if got.shape[1]:
        angle = float(msr.principal_angles(got, wanted).max())
        if angle > 10 * TOLERANCE:
            raise AssertionError(f"{what} spans another space. {hint}")


def as_permutations(answer: Any, size: int = 8) -> list[list[int]]:
    """A list of permutations, sorted, however it is written.

    Raises:
        AssertionError: it is something else.
    """
    expected = f"expected a list of permutations, each a list of {size} integers"
    try:
        found = [[int(i) for i in p] for p in answer]
    except (TypeError, ValueError, RuntimeError):
        raise AssertionError(f"{expected}, got {type(answer).__name__}") from None
    for p in found:
        if sorted(p) != list(range(size)):
            raise AssertionError(f"{expected}, got {p} among them")
    return sorted(found)
