"""Figures of the book. matplotlib is imported when a function is called, not before."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import torch
from jaxtyping import Float
from torch import Tensor

from .player import Slideshow, png_and_width

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito's palette, which readers of every colour vision can tell apart.
PALETTE = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00")
DIVERGING = "RdBu_r"

Item = TypeVar("Item")


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
    """
    values = matrix.detach().cpu()
    limit = limit or float(values.abs().max()) or 1.0
    ax.imshow(
        values.numpy(), cmap=DIVERGING, vmin=-limit, vmax=limit, interpolation="nearest"
    )
    ax.set(title=title, xticks=[], yticks=[])


def plot_factorization(
    U: Float[Tensor, "mn k"], v: Float[Tensor, " k"], shape: tuple[int, int]
) -> "Figure":
    """Draw ``U v = vec(W)`` and W with a colour for each filter value.

    Meant for sharing patterns: every row of U has at most one nonzero entry, so every
    weight takes its value from one filter value. The weight's cells show the colour
    of that value.

    Raises:
        ValueError: a row of U has more than one nonzero entry, or there are more filter
            values than colours.
    """
    import matplotlib.pyplot as plt

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
        ("weight $W$", source.reshape(shape), (U @ v).reshape(shape)),
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


def plot_matrices(
    matrices: Sequence[Float[Tensor, "rows columns"]],
    titles: Sequence[str],
    *,
    columns: int | None = None,
    size: float = 2.2,
    shared_limit: bool = True,
) -> "Figure":
    """Draw matrices side by side, by default with one colour scale for all.

    Raises:
        ValueError: the numbers of matrices and titles differ, or are zero.
    """
    import matplotlib.pyplot as plt

    if not matrices or len(matrices) != len(titles):
        raise ValueError(
            f"expected one title per matrix, got {len(matrices)} matrices "
            f"and {len(titles)} titles"
        )
    columns = columns or len(matrices)
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
        plot_matrix(ax, matrix, title, limit)
        ax.title.set_fontsize(10)
    for ax in axes.flat[len(matrices) :]:
        ax.set_axis_off()
    return figure


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
        ValueError: there are no items, or ``start`` is not among them.
    """
    rendered = [png_and_width(draw(item)) for item in items]
    return Slideshow(
        title=title,
        labels=[label(item) for item in items],
        alts=[alt(item) for item in items],
        frames=[png for png, _ in rendered],
        width=rendered[0][1] if rendered else 0,
        start=start,
        interval=interval,
    )


def smooth(values: Sequence[float], window: int) -> Tensor:
    """The running mean over the last ``window`` values (fewer at the start), on the CPU."""
    with torch.device("cpu"):
        sums = torch.tensor(values, dtype=torch.float64).cumsum(0)
        zeros = torch.zeros(min(window, len(sums)))
        shifted = torch.cat([zeros, sums[:-window]])[: len(sums)]
        counts = torch.arange(1, len(sums) + 1).clamp(max=window)
    return (sums - shifted) / counts


def _entries(values: Tensor) -> list[tuple[tuple[int, int], Any]]:
    """((row, column), value) of every entry of a matrix."""
    return [
        ((row, column), value)
        for row, line in enumerate(values.tolist())
        for column, value in enumerate(line)
    ]
