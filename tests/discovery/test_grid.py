"""The grid of pixels: from a symmetry matrix, or from any similarity of pixels."""

import itertools

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

import msr
from msr.discovery import turns


def filters(height: int, width: int, order: Tensor, generator: torch.Generator) -> Tensor:
    """U of 3 x 3 filters on a grid whose pixels are in this order, in a random basis."""
    n = height * width
    W = torch.zeros(9, height, width, height, width, dtype=torch.float64)
    for i, j in itertools.product(range(height), range(width)):
        for a, b in itertools.product((-1, 0, 1), repeat=2):
            if 0 <= i + a < height and 0 <= j + b < width:
                W[3 * a + b + 4, i, j, i + a, j + b] = 1
    W = W.reshape(9, n, n)[:, order][:, :, order]
    mix = torch.randn(9, 9, generator=generator, dtype=torch.float64)
    return W.reshape(9, -1).T @ mix


def is_right(places: Tensor, order: Tensor, shape: tuple[int, int]) -> bool:
    return any(torch.equal(turned, order) for turned in turns(places, shape))


@given(
    shape=st.sampled_from([(8, 8), (5, 7), (3, 9), (4, 4), (3, 4)]),
    seed=st.integers(0, 10**6),
    noise=st.sampled_from([0.0, 0.003]),
)
@settings(max_examples=25, deadline=None)
def test_the_grid_of_shuffled_filters(shape, seed: int, noise: float) -> None:
    generator = torch.Generator().manual_seed(seed)
    n = shape[0] * shape[1]
    order = torch.randperm(n, generator=generator)
    U = filters(*shape, order, generator)
    U = U + noise * U.std() * torch.randn(U.shape, generator=generator, dtype=U.dtype)
    places = msr.arrange_on_grid(msr.coupling(U, (n, n)), shape)
    assert is_right(places, order, shape)


def test_a_chain_is_a_grid_too(generator) -> None:
    order = torch.randperm(7, generator=generator)
    places = msr.arrange_on_grid(
        msr.coupling(filters(1, 7, order, generator), (7, 7)), (1, 7)
    )
    assert is_right(places, order, (1, 7))


def test_coupling_is_the_diagonal_of_the_projection(generator) -> None:
    U = torch.randn(12, 4, generator=generator, dtype=torch.float64)
    U[:, 3] = U[:, 0] + U[:, 1]  # columns need not be independent
    first = U[:, :3]
    projection = first @ torch.linalg.inv(first.T @ first) @ first.T
    torch.testing.assert_close(msr.coupling(U, (3, 4)), projection.diagonal().reshape(3, 4))
    layer = torch.nn.Linear(4, 3)
    msr.reparameterize(layer, filters=2, seed=0)
    of_layer = layer.parametrizations.weight[0].U.detach()
    assert torch.equal(msr.coupling(layer), msr.coupling(of_layer, (3, 4)))
    single = msr.coupling(U.float(), (3, 4))
    assert single.dtype == torch.float32
    torch.testing.assert_close(single.double(), msr.coupling(U, (3, 4)), atol=1e-5, rtol=0)


def test_a_small_grid_is_the_best_of_all_arrangements(generator) -> None:
    """Whatever the similarity, none that differs by one swap is better."""
    shape, cells = (2, 3), list(itertools.product(range(2), range(3)))
    for _ in range(5):
        S = torch.rand(6, 6, generator=generator, dtype=torch.float64)

        def total(places: list[int], S: Tensor = S) -> float:
            return sum(
                float(S[a, b])
                for a, b in itertools.permutations(range(6), 2)
                if max(abs(x - y) for x, y in zip(cells[places[a]], cells[places[b]])) == 1
            )

        places = msr.arrange_on_grid(S, shape).tolist()
        for a, b in itertools.combinations(range(6), 2):
            swapped = places.copy()
            swapped[a], swapped[b] = places[b], places[a]
            assert total(swapped) <= total(places) + 1e-9


def test_noise_has_no_grid(generator) -> None:
    """The arrangement is a permutation, and right by chance alone."""
    order = torch.randperm(64, generator=generator)
    S = torch.randn(64, 64, generator=generator)
    places = msr.arrange_on_grid(S, (8, 8))
    assert sorted(places.tolist()) == list(range(64))
    shares = [(turned == order).double().mean() for turned in turns(places, (8, 8))]
    assert max(shares) < 0.2


def test_turns_of_a_square_and_of_a_rectangle() -> None:
    def cell(i: int, j: int, width: int) -> int:
        return i * width + j

    found = {tuple(t.tolist()) for t in turns(torch.arange(9), (3, 3))}
    moves = [
        lambda i, j: (i, j),
        lambda i, j: (j, 2 - i),
        lambda i, j: (2 - i, 2 - j),
        lambda i, j: (2 - j, i),
    ]
    both = moves + [lambda i, j, m=m: m(j, i) for m in moves]
    every = list(itertools.product(range(3), repeat=2))
    assert found == {tuple(cell(*m(i, j), 3) for i, j in every) for m in both}
    found = {tuple(t.tolist()) for t in turns(torch.arange(6), (2, 3))}
    assert found == {
        tuple(cell(i, j, 3) for i, j in itertools.product(rows, columns))
        for rows in ((0, 1), (1, 0))
        for columns in ((0, 1, 2), (2, 1, 0))
    }


@pytest.mark.parametrize("shape", [(4, 4), (3, 5)])
def test_an_image_is_put_right_whichever_turn_was_found(shape, generator) -> None:
    height, width = 6 * shape[0], 5 * shape[1]
    rows, columns = torch.meshgrid(
        torch.arange(height) ** 1.5, torch.arange(width) ** 1.1, indexing="ij"
    )
    image = 3 * rows + columns  # smooth, and different along its sides
    order = torch.randperm(shape[0] * shape[1], generator=generator)
    scrambled = torch.empty_like(image)
    for top in range(0, height, shape[0]):
        for left in range(0, width, shape[1]):
            for number, pixel in enumerate(order.tolist()):
                to, source = divmod(number, shape[1]), divmod(pixel, shape[1])
                scrambled[top + to[0], left + to[1]] = image[
                    top + source[0], left + source[1]
                ]
    for found in turns(order, shape):
        assert torch.equal(msr.unscramble(scrambled, found, shape), image)
    wrong = order.roll(1)
    assert not torch.equal(msr.unscramble(scrambled, wrong, shape), image)


@pytest.mark.bad_input
def test_wrong_input() -> None:
    with pytest.raises(ValueError, match=r"of shape \(6, 6\), a row for each cell"):
        msr.arrange_on_grid(torch.ones(5, 5), (2, 3))
    with pytest.raises(ValueError, match="of 2 to 1024 cells, got"):
        msr.arrange_on_grid(torch.ones(1, 1), (1, 1))
    with pytest.raises(ValueError, match="finite similarity"):
        msr.arrange_on_grid(torch.full((4, 4), torch.nan), (2, 2))
    with pytest.raises(ValueError, match="cells 0 to 3 once"):
        msr.unscramble(torch.ones(2, 2), torch.zeros(4, dtype=torch.long), (2, 2))
    with pytest.raises(ValueError, match="multiples of 2 and 2"):
        msr.unscramble(torch.ones(3, 2), torch.arange(4), (2, 2))
    with pytest.raises(ValueError, match=r"U of shape \(16, k\)"):
        msr.coupling(torch.ones(9, 2), (4, 4))
