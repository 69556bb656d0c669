"""The mechanism that compares arguments with signatures: what it takes, and its words."""

import pickle
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar, runtime_checkable

import numpy as np
import pytest
import torch
from jaxtyping import Bool, Float, Int, Shaped
from torch import Tensor, nn

from msr._utils.arguments import checked, shown

if TYPE_CHECKING:
    from nowhere import Nothing

pytestmark = pytest.mark.bad_input

Text = TypeVar("Text", bound=str)


@runtime_checkable
class Closes(Protocol):
    def close(self) -> None: ...


class Door:
    def close(self) -> None: ...


def takes(hint: Any) -> Callable[[Any], Any]:
    """A checked function whose one argument x has this annotation."""

    def function(x):
        return x

    function.__annotations__ = {"x": hint}
    return checked(function)


X = torch.ones(2, 3)

TAKEN = [
    (int, [0, -3, 10**30]),
    (float, [1, 1.5, float("nan"), np.float64(2.0)]),
    (bool, [True, False]),
    (str, ["", "a"]),
    (type(None), [None]),
    (Any, [3, None, "x", X]),
    (object, [3, None]),
    (Literal["a", "b"], ["a", "b"]),
    (Literal["a", 1], ["a", 1]),
    (int | None, [3, None]),
    (str | Path, ["a", Path("a")]),
    (Tensor, [X, nn.Parameter(X)]),
    (nn.Module, [nn.Linear(1, 1)]),
    (Closes, [Door()]),
    (Callable, [len, str, nn.ReLU(), lambda: None]),
    (Callable[[int], int], [len]),
    (Sequence[int], [[], [1, 2], (1,), range(3), range(10**12), torch.Size([2])]),
    (Sequence[Sequence[int]], [[[1], [2]], [(1, 2)]]),
    (Sequence[str], [["a"], ()]),
    (list[float], [[1, 2.0]]),
    (Sequence, [[1, "a"]]),
    (tuple[int, ...], [(), (1, 2, 3)]),
    (tuple[int, str], [(1, "a")]),
    (Mapping[str, int], [{}, {"a": 1}]),
    (dict[str, Tensor], [{"a": X}]),
    (Iterable[int], [iter([1]), [1], {1}]),
    (Float[Tensor, "n m"], [X, X.double(), X[:0]]),
    (Float[Tensor, "*n m"], [X, X[0], X[None]]),
    (Float[Tensor, "..."], [X, X[0, 0]]),
    (Float[Tensor, ""], [X[0, 0]]),
    (Int[Tensor, " n"], [torch.arange(3), torch.arange(3, dtype=torch.uint8)]),
    (Bool[Tensor, " n"], [X[0] > 0]),
    (Shaped[Tensor, "n m"], [X, X.long(), X > 0]),
    (Text, ["a"]),
    (TypeVar("T"), [1, "a"]),
    (type[int], [int, "whatever"]),
]


@pytest.mark.parametrize(("hint", "values"), TAKEN, ids=[str(i) for i in range(len(TAKEN))])
def test_what_fits_is_taken_as_it_is(hint: Any, values: list[Any]) -> None:
    for value in values:
        assert takes(hint)(value) is value
        assert takes(hint)(x=value) is value


REFUSED = [
    (int, True, TypeError, "an integer, got True"),
    (int, 1.0, TypeError, "an integer, got 1.0"),
    (int, "4", TypeError, "an integer, got '4'"),
    (int, None, TypeError, "an integer, got None"),
    (int, np.float64(1.0), TypeError, "an integer, got "),
    (float, True, TypeError, "a number, got True"),
    (float, 1j, TypeError, "a number, got 1j"),
    (float, torch.tensor(1.0), TypeError, "a number, got a tensor of torch.float32 and sh"),
    (bool, 1, TypeError, "True or False, got 1"),
    (str, b"a", TypeError, "a text, got b'a'"),
    (str, str, TypeError, "a text, got the class str"),
    (Literal["a", "b"], "c", ValueError, '"a" or "b", got \'c\''),
    (Literal["a", "b"], 1, TypeError, '"a" or "b", got 1'),
    (Literal["a", "b"], [], TypeError, '"a" or "b", got []'),
    (int | None, "a", TypeError, "an integer or None, got 'a'"),
    (Float[Tensor, "a b"] | None, X[0], ValueError, "tensor of shape (a, b) or None, got"),
    (Tensor, [1.0], TypeError, "a tensor, got [1.0]"),
    (nn.Module, nn.Linear, TypeError, "a torch.nn.Module, got the class Linear"),
    (torch.device, "cpu", TypeError, "a torch.device, got 'cpu'"),
    (Closes, Door, TypeError, "a Closes, got the class Door"),
    (Closes, 3, TypeError, "a Closes, got 3"),
    (Callable, 3, TypeError, "a function, got 3"),
    (Sequence[int], "12", TypeError, "a list, each an integer, got '12'"),
    (Sequence[int], [1, True], TypeError, "a list, each an integer, got [1, True]"),
    (Sequence[int], [1, "a"], TypeError, "a list, each an integer, got [1, 'a']"),
    (Sequence[int], {1: 2}, TypeError, "a list, each an integer, got {1: 2}"),
    (Sequence[int], 3, TypeError, "a list, each an integer, got 3"),
    (Sequence[Sequence[int]], [[1], ["a"]], TypeError, "a list, each an integer, got"),
    (Sequence[Float[Tensor, "a b"]], [X, X[0]], ValueError, "of shape (a, b), got"),
    (Sequence[str], range(10**12), TypeError, "each a text, got range(0, 1000000000000)"),
    (Sequence, "ab", TypeError, "a list, got 'ab'"),
    (list[int], (1,), TypeError, "a list, each an integer, got (1,)"),
    (tuple[int, ...], [1], TypeError, "a tuple, each an integer, got [1]"),
    (tuple[int, str], (1, 2), TypeError, "a tuple (an integer, a text), got (1, 2)"),
    (tuple[int, str], (1,), ValueError, "a tuple (an integer, a text), got (1,)"),
    (tuple[int, str], [1, "a"], TypeError, "a tuple (an integer, a text), got [1, 'a']"),
    (Mapping[str, int], [], TypeError, "a dict of values, each an integer, got []"),
    (Mapping[str, int], {"a": "b"}, TypeError, "a dict of values, each an integer, got"),
    (Mapping[str, int], {1: 1}, TypeError, "a dict of values, each an integer, got"),
    (Mapping[str, Any], 3, TypeError, "a dict, got 3"),
    (Iterable[int], 3, TypeError, "a collection, got 3"),
    (Iterable[int], "ab", TypeError, "a collection, got 'ab'"),
    (
        Float[Tensor, "a b"],
        X.long(),
        TypeError,
        "floating-point tensor of shape (a, b), got",
    ),
    (Float[Tensor, "a b"], X[0], ValueError, "and shape (3,)"),
    (Float[Tensor, "a b"], X.to_sparse(), ValueError, "got a sparse_coo tensor of torch.f"),
    (Float[Tensor, "*a b"], X[0, 0], ValueError, "tensor of shape (...a, b), got"),
    (Float[Tensor, " a"], X, ValueError, "tensor of shape (a,), got"),
    (Float[Tensor, ""], X, ValueError, "tensor of shape (), got"),
    (Float[Tensor, "a b"], np.ones((2, 3)), TypeError, "shape (a, b), got array("),
    (Int[Tensor, " n"], X[0], TypeError, "an integer tensor of shape (n,), got"),
    (Int[Tensor, " n"], X[0] > 0, TypeError, "an integer tensor of shape (n,), got"),
    (Int[Tensor, " n"], X[0] * 1j, TypeError, "an integer tensor of shape (n,), got"),
    (Bool[Tensor, " n"], X[0], TypeError, "a boolean tensor of shape (n,), got"),
    (Shaped[Tensor, "n m"], X[0], ValueError, "a tensor of shape (n, m), got"),
    (Text, 3, TypeError, "a text, got 3"),
]


@pytest.mark.parametrize(("hint", "value", "error", "words"), REFUSED)
def test_what_does_not_fit_is_refused_in_a_line(hint, value, error, words) -> None:
    for call in (lambda: takes(hint)(value), lambda: takes(hint)(x=value)):
        with pytest.raises(error) as caught:
            call()
        assert str(caught.value).startswith("expected x to be ")
        assert words in str(caught.value)
        assert len(str(caught.value).splitlines()) == 1


class Speechless:
    def __repr__(self) -> str:
        raise RuntimeError


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (len, "the function len"),
        (lambda: None, "the function <lambda>"),
        (Door, "the class Door"),
        (Door(), "an object of the class Door"),
        (Speechless(), "<Speechless instance at "),
        pytest.param(10**5000, "an integer of 16610 bits", id="a long integer"),
        ({"v": torch.ones(2)}, "{'v': a tensor of torch.float32 and shape (2,)}"),
        ("a\nb", r"'a\nb'"),
        (nn.Sequential(nn.ReLU()), "Sequential( (0): ReLU() )"),
        (torch.ones(2, device="meta"), "a tensor of torch.float32 and shape (2,)"),
    ],
)
def test_values_in_a_few_words(value: object, words: str) -> None:
    assert shown(value).startswith(words)
    assert len(shown(["x" * 10**6] * 10**6)) < 1000


@checked
def mixed(a: int, /, b: str = "b", *rest: float, c: bool = False, **more: int) -> Any:
    """What it does."""
    return a, b, rest, c, more


def test_every_kind_of_parameter() -> None:
    assert mixed(1, "x", 1.0, 2, c=True, d="any") == (1, "x", (1.0, 2), True, {"d": "any"})
    for call, words in (
        (lambda: mixed("1"), "expected a to be an integer"),
        (lambda: mixed(1, 2), "expected b to be a text"),
        (lambda: mixed(1, b=2), "expected b to be a text"),
        (lambda: mixed(1, "x", 1.0, "y"), "expected a number, got 'y'"),
        (lambda: mixed(1, c=1), "expected c to be True or False"),
    ):
        with pytest.raises(TypeError, match=words):
            call()
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'a'"):
        mixed()


def test_a_checked_function_is_known_by_its_name_and_docstring() -> None:
    assert (mixed.__name__, mixed.__doc__) == ("mixed", "What it does.")
    assert pickle.loads(pickle.dumps(mixed)) is mixed


@checked
@dataclass(frozen=True)
class Point:
    x: int
    y: int = 0

    def __call__(self, t: float) -> float:
        return self.x * t

    def move(self, by: int) -> "Point":
        return Point(self._sum(self.x, by), self.y)

    def _sum(self, a: int, b: int) -> int:
        return a + b

    @classmethod
    def read(cls, text: str) -> "Point":
        return cls(int(text))

    @staticmethod
    def origin(name: str) -> str:
        return name

    @property
    def double(self) -> int:
        return 2 * self.x


def test_classes() -> None:
    point = Point(1).move(2)
    assert (point.x, point(2.0), Point.read("3").x, Point.origin("o")) == (3, 6.0, 3, "o")
    assert point.double == 6
    for call, words in (
        (lambda: Point("1"), "expected x to be an integer, got '1'"),
        (lambda: Point(1, y=None), "expected y to be an integer, got None"),
        (lambda: point("a"), "expected t to be a number, got 'a'"),
        (lambda: point.move(1.5), "expected by to be an integer, got 1.5"),
        (lambda: Point.read(3), "expected text to be a text, got 3"),
        (lambda: Point.origin(3), "expected name to be a text, got 3"),
    ):
        with pytest.raises(TypeError, match=words):
            call()
    assert point._sum("a", "b") == "ab"  # what is not public is not looked at


def test_parameters_that_are_checked_by_hand() -> None:
    @checked(by_hand=["a"])
    def function(a: int, b: int) -> None:
        raise KeyError(a)

    with pytest.raises(KeyError, match="x"):
        function("x", 1)
    with pytest.raises(TypeError, match="expected b to be an integer"):
        function("x", "y")


def test_nothing_is_done_before_the_arguments_are_looked_at() -> None:
    done = []

    @checked
    def function(first: Any, last: int) -> None:
        done.append(first)

    with pytest.raises(TypeError, match="expected last"):
        function(1, "x")
    assert not done


def test_annotations_for_type_checkers_only_ask_for_nothing() -> None:
    @checked
    def function(a: "Nothing", b: int) -> None: ...

    function(3, 3)
    with pytest.raises(TypeError, match="expected b to be an integer"):
        function(3, "x")


def test_tensors_under_transforms_are_tensors() -> None:
    @checked
    def total(x: Float[Tensor, " n"]) -> Tensor:
        return x.square().sum()

    assert torch.func.vmap(torch.func.grad(total))(X).tolist() == (2 * X).tolist()
