"""Figures of the book. matplotlib is imported when a function is called, not before."""

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import torch
from jaxtyping import Float
from torch import Tensor

from .._utils.arguments import checked, shown
from .._utils.checks import (
    check_between,
    check_positive,
    check_takes,
)
from .palette import DIVERGING, PALETTE
from .picture import figure_of, text_of
from .player import MOST_FRAMES, MOST_MILLISECONDS, Slideshow, png_and_width

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_WRITTEN = 10_000  # entries of a figure that writes each of them
MOST_PICTURES = 1000
LARGEST_PICTURE = 100.0  # inches

Item = TypeVar("Item")


@checked(by_hand=["matrix"])
def plot_matrix(
    ax: "Axes",
    matrix: Float[Tensor, "rows columns"],
    title: str = "",
    limit: float | None = None,
) -> None:
    """Draw a matrix as coloured cells: red is positive, blue negative, white zero.

    Args:
        ax: where to draw.
        matrix: what to draw.
        title: heading.
        limit: the absolute value of the darkest colours. Default: the largest entry.

    Raises:
        TypeError: ``ax`` is no axes, ``matrix`` no tensor of real numbers, or another
            argument of the wrong type.
        ValueError: the matrix has not two axes, no entry, NaN or infinity, or ``limit``
            is not positive.
    """
    from matplotlib.axes import Axes

    if not isinstance(ax, Axes):
        raise TypeError(f"expected ax to be a matplotlib Axes, got {shown(ax)}")
    _check_matrix("matrix", matrix)
    if limit is not None:
        check_positive(limit=limit)
    values = matrix.detach().cpu()
    limit = limit or float(values.abs().max()) or 1.0
    ax.imshow(
        values.numpy(), cmap=DIVERGING, vmin=-limit, vmax=limit, interpolation="nearest"
    )
    ax.set(title=title, xticks=[], yticks=[])


@checked
def plot_factorization(
    U: Float[Tensor, "mn k"], v: Float[Tensor, " k"], shape: Sequence[int]
) -> "Figure":
    """Draw ``U v = vec(W)`` and W with a colour for each filter value.

    Meant for sharing patterns: every row of U has at most one nonzero entry, so every
    weight takes its value from one filter value. The weight's cells show the colour
    of that value.

    Raises:
        TypeError: an argument is of the wrong type.
        ValueError: a row of U has more than one nonzero entry, there are more filter
            values than colours, sizes do not match, a number is NaN or infinite, or there
            are too many entries to write into a figure.
    """
    import matplotlib.pyplot as plt

    _check_matrix("U", U)
    if v.shape != U.shape[1:]:
        raise ValueError(
            f"expected a filter of {U.shape[1]} values for U of shape {tuple(U.shape)}, "
            f"got {len(v)}"
        )
    _check_matrix("v", v[:, None])
    if len(shape) != 2 or min(shape) < 1 or math.prod(shape) != len(U):
        raise ValueError(
            f"expected the shape of a weight with {len(U)} entries, a row of U each, got "
            f"{shown(shape)}"
        )
    if U.numel() > MOST_WRITTEN:
        raise ValueError(
            f"expected at most {MOST_WRITTEN} entries of U, which a figure has room for, "
            f"got {U.numel()}"
        )
    U, v = U.detach().cpu(), v.detach().cpu()
    if int((U != 0).sum(1).max()) > 1:
        raise ValueError("expected at most one nonzero entry in each row of U, got more")
    if U.shape[1] > len(PALETTE):
        raise ValueError(
            f"expected at most {len(PALETTE)} filter values, one colour each, "
            f"got {U.shape[1]}"
        )
    source = torch.where((U != 0).any(1), U.abs().argmax(1) + 1, 0)
    k = U.shape[1]
    numbers = torch.arange(1, k + 1, device="cpu")
    panels = [
        ("symmetry matrix $U$", (U != 0) * numbers, U),
        ("filter $v$", numbers[:, None], v[:, None]),
        (r"$\mathrm{vec}(W) = U v$", source[:, None], (U @ v)[:, None]),
        ("weight $W$", source.reshape(*shape), (U @ v).reshape(*shape)),
    ]
    widths = [max(k, 2), 2, 2, max(shape[1], 2)]
    figure, axes = plt.subplots(
        1,
        4,
        figsize=(7, 2.6),
        gridspec_kw={"width_ratios": widths},
        layout="constrained",
    )
    for ax, (title, colours, values) in zip(axes, panels):
        _draw_coloured_cells(ax, title, colours, values)
    return figure


def _draw_coloured_cells(ax: "Axes", title: str, colours: Tensor, values: Tensor) -> None:
    from matplotlib.colors import ListedColormap

    palette = ListedColormap(["white", *PALETTE])
    ax.imshow(colours.numpy(), cmap=palette, vmin=-0.5, vmax=len(PALETTE) + 0.5)
    ax.set_title(title, fontsize=10)
    ax.set(
        xticks=[i - 0.5 for i in range(colours.shape[1] + 1)],
        yticks=[i - 0.5 for i in range(colours.shape[0] + 1)],
        xticklabels=[],
        yticklabels=[],
    )
    ax.grid(color="0.4", linewidth=0.8)
    ax.tick_params(length=0)
    for (row, column), value in _entries(values):
        ax.text(column, row, f"{value:.2g}", ha="center", va="center", color="black")


@checked(by_hand=["matrices"])
def plot_matrices(
    matrices: Sequence[Float[Tensor, "rows columns"]],
    titles: Sequence[str],
    *,
    columns: int | None = None,
    size: float = 2.2,
    shared_limit: bool = True,
) -> "Figure":
    """Draw matrices side by side, by default with one colour scale for all.

    Args:
        matrices: what to draw.
        titles: a heading for each.
        columns: pictures in a row; default: all.
        size: of a picture, in inches.
        shared_limit: whether one colour means the same in all pictures.

    Raises:
        TypeError: an argument is of the wrong type.
        ValueError: the numbers of matrices and titles differ, are zero or very large, a
            matrix has not two axes, no entry, NaN or infinity, or there is no room.
    """
    import matplotlib.pyplot as plt

    if isinstance(matrices, str) or not isinstance(matrices, Sequence):
        raise TypeError(f"expected matrices to be a list of tensors, got {shown(matrices)}")
    if not matrices or len(matrices) != len(titles):
        raise ValueError(
            f"expected one title per matrix, got {len(matrices)} matrices "
            f"and {len(titles)} titles"
        )
    check_between(1, MOST_PICTURES, number_of_matrices=len(matrices))
    for i, matrix in enumerate(matrices):
        _check_matrix(f"matrices[{i}]", matrix)
    columns = len(matrices) if columns is None else columns
    check_between(1, MOST_PICTURES, columns=columns)
    check_positive(size=size)
    if size > LARGEST_PICTURE:
        raise ValueError(f"expected size <= {LARGEST_PICTURE:g} inches, got {shown(size)}")
    rows = -(-len(matrices) // columns)
    figure, axes = plt.subplots(
        rows,
        columns,
        figsize=(size * columns, (size + 0.25) * rows),
        layout="constrained",
        squeeze=False,
    )
    limit = max(float(m.detach().abs().max()) for m in matrices) if shared_limit else None
    for ax, matrix, title in zip(axes.flat, matrices, titles):
        plot_matrix(ax, matrix, title, limit or None)
        ax.title.set_fontsize(10)
    for ax in axes.flat[len(matrices) :]:
        ax.set_axis_off()
    return figure


@checked
def slideshow(
    draw: "Callable[[Item], Figure]",
    items: Sequence[Item],
    *,
    title: str,
    label: Callable[[Item], str],
    alt: Callable[[Item], str],
    start: int = 0,
    interval: int = 700,
) -> Slideshow:
    """Draw one frame per item and put them behind a slider and a play button.

    The result displays in Jupyter, on Colab and in static pages, with neither kernel
    nor network: the frames are drawn now. The slider takes the arrow keys.

    Args:
        draw: makes the figure of an item; it is closed afterwards.
        items: what the slider walks through.
        title: what the slider changes, such as "rotation"; screen readers say it.
        label: the short text of an item, shown beside the slider.
        alt: the alternative text of an item's frame.
        start: the frame shown first, and where scripts do not run.
        interval: milliseconds a frame while playing.

    Raises:
        TypeError: an argument is of the wrong type, ``draw`` makes no figure, or a label or
            alternative text is no text.
        ValueError: there are no items or very many, ``start`` is not among them, or
            ``interval`` is not positive.
    """
    for name, function in (("draw", draw), ("label", label), ("alt", alt)):
        check_takes(name, function, "item")
    check_between(1, MOST_MILLISECONDS, interval=interval)
    if items:
        check_between(1, MOST_FRAMES, number_of_items=len(items))
        check_between(0, len(items) - 1, start=start)
    labels = [text_of("label", label(item)) for item in items]
    alts = [text_of("alt", alt(item)) for item in items]
    rendered = [png_and_width(figure_of(draw(item))) for item in items]
    return Slideshow(
        title=title,
        labels=labels,
        alts=alts,
        frames=[png for png, _ in rendered],
        width=rendered[0][1] if rendered else 0,
        start=start,
        interval=interval,
    )


def _check_matrix(name: str, matrix: Tensor) -> None:
    """Raise unless this is a matrix of finite real numbers that a figure can show."""
    if not isinstance(matrix, Tensor) or matrix.is_complex():
        raise TypeError(f"expected {name} to be a tensor of numbers, got {shown(matrix)}")
    dense = matrix.layout == torch.strided and not matrix.is_meta
    if matrix.ndim != 2 or not matrix.numel() or not dense:
        raise ValueError(
            f"expected {name} of shape (rows, columns) with at least one entry, got "
            f"{shown(matrix)}"
        )
    if not torch.isfinite(matrix).all():
        raise ValueError(f"expected finite {name}, got NaN or infinity")


def _entries(values: Tensor) -> list[tuple[tuple[int, int], Any]]:
    """((row, column), value) of every entry of a matrix."""
    return [
        ((row, column), value)
        for row, line in enumerate(values.tolist())
        for column, value in enumerate(line)
    ]
