"""Where the pixels lie: a grid from a learned symmetry matrix.

A filter on a grid ties an output to the inputs around it. So which inputs matter for which
outputs, whatever the task, says which pixels are neighbours; and who is whose neighbour
says where everybody is, up to turning and flipping the whole grid.
"""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from .._utils.arguments import checked, shown
from .._utils.blocks import blocks_of, image_of
from .._utils.checks import check_at_least, check_values
from .inputs import checked_matrix, checked_span

Grid = tuple[int, int]

MOST_CELLS = 1024
TURNS = 18  # of the drawing in the plane, by 5 degrees each


@checked(by_hand=["U"])
def coupling(
    U: Float[Tensor, "mn k"] | nn.Module, weight_shape: Sequence[int] | None = None
) -> Float[Tensor, "m n"]:
    """How much of the span of U lies on each entry of the weight.

    With an orthonormal basis Q of the columns of U, entry (i, j) is the sum of the squares
    of row (i, j) of Q. It is between 0 (the entry is 0 in every weight of the span) and 1
    (it is independent of the others), whatever basis the columns of U are.

    Args:
        U: a symmetry matrix, or a module that has a single one.
        weight_shape: (m, n), outputs and inputs; a module knows it.

    Raises:
        TypeError: U is neither, or not floating point.
        ValueError: it has another shape, NaN or infinity, only zeros or too many entries;
            or the module has no symmetry matrix or several.
    """
    matrix, shape = checked_matrix(U, weight_shape)
    basis = torch.from_numpy(checked_span(matrix).basis)
    return basis.square().sum(1).reshape(shape).to(matrix.device, matrix.dtype)


@checked(by_hand=["similarity"])
def arrange_on_grid(
    similarity: Float[Tensor, "pixels pixels"], shape: Grid
) -> Int[Tensor, " pixels"]:
    """Put pixels on a grid such that similar ones are neighbours, diagonal ones included.

    The most similar pairs, as many as a grid has neighbours, make a graph; the lengths of
    its shortest paths are drawn in the plane by classical scaling (Tenenbaum, de Silva,
    Langford 2000); the drawing, turned and flipped, is moved to the nearest cells (linear
    assignment); pixels change places, two at a time, while that raises the similarity of
    neighbours.

    Args:
        similarity: of pixels; (i, j) and (j, i) are averaged, the diagonal is not used.
        shape: height and width of the grid.

    Returns:
        the cell of each pixel, numbered row by row. Turned and flipped grids are as good,
        as `turns` lists them; with two rows or columns, swaps within a pair are as well.

    Raises:
        TypeError: ``similarity`` is no tensor of floating-point numbers.
        ValueError: it is not square or not finite, or the grid has another number of cells
            or too many.
    """
    check_values("similarity", similarity)
    cells = _cells(shape)
    if tuple(similarity.shape) != (len(cells), len(cells)):
        raise ValueError(
            f"expected similarity of shape ({len(cells)}, {len(cells)}), a row for each "
            f"cell of a grid of {shape[0]} x {shape[1]}, got {tuple(similarity.shape)}"
        )
    A = similarity.detach().cpu().double().numpy()
    A = (A + A.T) / 2
    np.fill_diagonal(A, 0.0)
    wanted = _neighbours(cells)
    drawing = _drawing(A, wanted)
    places = max(
        (_nearest(drawing, cells, turn * np.pi / 2 / TURNS) for turn in range(TURNS)),
        key=lambda places: (A * wanted[np.ix_(places, places)]).sum(),
    )
    return torch.from_numpy(_swapped(A, wanted, places)).to(similarity.device)


@checked(by_hand=["image"])
def unscramble(
    image: Float[Tensor, "height width"], places: Int[Tensor, " pixels"], shape: Grid
) -> Float[Tensor, "height width"]:
    """An image whose blocks all have their pixels in one wrong order, put right.

    The turns that an arrangement leaves open are settled by the seams between blocks: of
    the whole images that they give, it is the one with the least difference across
    seams.

    Args:
        image: sides are multiples of a block's.
        places: the cell of each pixel of a block, as from `arrange_on_grid`.
        shape: height and width of a block.

    Raises:
        TypeError: ``image`` is no tensor of floating-point numbers.
        ValueError: it is not finite, its sides are no multiples, or ``places`` does not
            have each cell of a block once.
    """
    check_values("image", image)
    _check_places(places, shape)
    blocks = blocks_of(image, shape)
    images = []
    for cells in turns(places, shape):
        restored = torch.empty_like(blocks)
        restored[:, cells.to(blocks.device)] = blocks
        images.append(image_of(restored, shape, image.shape))
    return min(images, key=lambda image: _difference_across_seams(image, shape))


@checked
def turns(places: Int[Tensor, " pixels"], shape: Grid) -> list[Int[Tensor, " pixels"]]:
    """The same arrangement, turned and flipped: eight, or four if the grid is not square.

    Raises:
        ValueError: ``places`` does not have each cell of the grid once.
    """
    _check_places(places, shape)
    cells = torch.arange(len(places), device=places.device).reshape(shape)
    turned = [cells.rot90(k) for k in ((0, 1, 2, 3) if shape[0] == shape[1] else (0, 2))]
    both = [image for one in turned for image in (one, one.flip(1))]
    return [image.flatten()[places] for image in both]


def _check_places(places: Int[Tensor, " pixels"], shape: Grid) -> None:
    cells = len(_cells(shape))
    if places.shape != (cells,) or sorted(places.tolist()) != list(range(cells)):
        raise ValueError(
            f"expected places with each of the cells 0 to {cells - 1} once, got "
            f"{shown(places)}"
        )


def _difference_across_seams(image: Float[Tensor, "height width"], shape: Grid) -> float:
    rows, columns = shape
    down = image[rows::rows] - image[rows - 1 : -1 : rows]
    along = image[:, columns::columns] - image[:, columns - 1 : -1 : columns]
    return float(down.abs().sum() + along.abs().sum())


def _cells(shape: Grid) -> np.ndarray:
    check_at_least(1, height=shape[0], width=shape[1])
    if not 2 <= shape[0] * shape[1] <= MOST_CELLS:
        raise ValueError(f"expected a grid of 2 to {MOST_CELLS} cells, got {shown(shape)}")
    return np.indices(shape).reshape(2, -1).T.astype(float)


def _neighbours(cells: np.ndarray) -> np.ndarray:
    """1 where a king of chess could move, 0 elsewhere."""
    return (np.abs(cells[:, None] - cells).max(-1) == 1).astype(float)


def _drawing(A: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Pixels in the plane, at distances near those along the graph of similar pairs."""
    from scipy.sparse.csgraph import shortest_path  # loads slowly

    upper = np.triu_indices(len(A), 1)
    strongest = np.argsort(-A[upper], kind="stable")[: int(wanted.sum() / 2)]
    graph = np.zeros_like(A)
    graph[upper[0][strongest], upper[1][strongest]] = 1
    graph += graph.T
    if min(wanted.sum(0)) >= 3:  # on such grids neighbours have two neighbours in common
        graph *= graph @ graph >= 2
    paths = shortest_path(graph, unweighted=True)
    finite = np.isfinite(paths)
    paths[~finite] = paths[finite].max() + 1
    centring = np.eye(len(A)) - 1 / len(A)
    sizes, vectors = np.linalg.eigh(-0.5 * centring @ (paths**2) @ centring)
    return vectors[:, -2:] * np.sqrt(sizes[-2:].clip(0))


def _nearest(drawing: np.ndarray, cells: np.ndarray, angle: float) -> np.ndarray:
    """The cells of the drawn pixels, once it is turned and brought to the grid's size."""
    from scipy.optimize import linear_sum_assignment  # loads slowly

    c, s = np.cos(angle), np.sin(angle)
    turned = drawing @ np.array([[c, -s], [s, c]])
    spread = turned.std(0)
    turned = (turned - turned.mean(0)) / np.where(spread > 0, spread, 1) * cells.std(0)
    turned += cells.mean(0)
    return linear_sum_assignment(((turned[:, None] - cells) ** 2).sum(-1))[1]


def _swapped(A: np.ndarray, wanted: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Steepest ascent by swaps of two pixels, to the nearest maximum."""
    places = places.copy()
    least = 1e-12 * np.abs(A).max()
    while True:
        linked = wanted[np.ix_(places, places)]
        moved = A @ linked
        here = moved.diagonal()
        gains = moved + moved.T - here[:, None] - here + 2 * A * linked
        i, j = np.unravel_index(gains.argmax(), gains.shape)
        if gains[i, j] <= least:
            return places
        places[[i, j]] = places[[j, i]]
