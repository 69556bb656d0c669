"""Moves of images, each against plain loops over pixels."""

import math

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from msr.tasks.moves import in_all_moves, moved_as, moved_at_random, sources, turned


def turn(image: np.ndarray) -> np.ndarray:
    """A quarter turn counterclockwise: what was on the right is on top."""
    size = len(image)
    out = np.zeros_like(image)
    for row in range(size):
        for column in range(size):
            out[size - 1 - column, row] = image[row, column]
    return out


def flip(image: np.ndarray) -> np.ndarray:
    return np.array([row[::-1] for row in image])


def shift(image: np.ndarray, down: int, right: int) -> np.ndarray:
    size = len(image)
    out = np.zeros_like(image)
    for row in range(size):
        for column in range(size):
            if 0 <= row + down < size and 0 <= column + right < size:
                out[row + down, column + right] = image[row, column]
    return out


def all_moves(image: np.ndarray, kind: str) -> list[np.ndarray]:
    if kind == "shifts":
        return [shift(image, r, c) for r in range(-3, 4) for c in range(-3, 4)]
    found = [image]
    if kind in ("turns", "D4"):
        for _ in range(3):
            found.append(turn(found[-1]))
    return found + [flip(x) for x in found] if kind in ("flips", "D4") else found


KINDS = [("turns", 4), ("flips", 2), ("D4", 8), ("shifts", 49)]


@pytest.mark.parametrize(("kind", "number"), KINDS)
def test_finite_moves_are_those_of_plain_loops(kind: str, number: int, generator) -> None:
    image = torch.rand(9, 9, generator=generator)
    rows = sources(kind, 9)
    assert len(rows) == number
    found = {moved_as(image, row).numpy().tobytes() for row in rows}
    assert found == {move.tobytes() for move in all_moves(image.numpy(), kind)}
    assert len(found) == number
    assert torch.equal(moved_as(image, rows[0]), image)


@pytest.mark.parametrize(("kind", "number"), KINDS)
def test_each_image_has_a_move_of_its_own_and_all_are_as_likely(
    kind: str, number: int, generator
) -> None:
    images = torch.rand(3, 9, 9, generator=generator).repeat(200 * number, 1, 1)
    moved = moved_at_random(images, kind, generator)
    for first in range(3):
        known = [m.tobytes() for m in all_moves(images[first].numpy(), kind)]
        found = [known.index(m.numpy().tobytes()) for m in moved[first::3]]
        counts = np.bincount(found, minlength=number)
        assert abs(counts - 200).max() < 5 * 200**0.5
    assert torch.equal(moved_at_random(images, "none", generator), images)


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("angle", [0.3, 1.9, -2.5])
def test_turns_by_any_angle_are_bilinear(angle: float, generator) -> None:
    image = torch.rand(9, 9, generator=generator).numpy()
    expected = np.zeros((9, 9))
    for row in range(9):
        for column in range(9):
            x, y = column - 4, 4 - row  # to the right, and up
            # counterclockwise by the angle: what comes here was turned back from here
            u = x * math.cos(angle) + y * math.sin(angle)
            v = -x * math.sin(angle) + y * math.cos(angle)
            r, c = 4 - v, 4 + u
            for i in (math.floor(r), math.floor(r) + 1):
                for j in (math.floor(c), math.floor(c) + 1):
                    if 0 <= i < 9 and 0 <= j < 9:
                        weight = (1 - abs(r - i)) * (1 - abs(c - j))
                        expected[row, column] += weight * image[i, j]
    found = turned(torch.as_tensor(image)[None], torch.tensor([angle]))[0]
    np.testing.assert_allclose(found, expected, atol=1e-12)


@pytest.mark.usefixtures("float64")
def test_a_turn_by_90_degrees_is_the_quarter_turn(generator) -> None:
    images = torch.rand(2, 9, 9, generator=generator)
    angles = torch.tensor([math.pi / 2, math.pi])
    found = turned(images, angles)
    np.testing.assert_allclose(found[0], turn(images[0].numpy()), atol=1e-12)
    np.testing.assert_allclose(found[1], turn(turn(images[1].numpy())), atol=1e-12)
    many = moved_at_random(images[:1].expand(40, 9, 9), "angles", generator)
    assert len({m.numpy().tobytes() for m in many}) == 40


def test_every_image_in_every_move(generator) -> None:
    images = torch.rand(2, 3, 1, 9, 9, generator=generator)
    found = in_all_moves(images, "D4")
    assert found.shape == (2, 24, 1, 9, 9)
    assert torch.equal(found[:, :3], images)
    for task in range(2):
        for i in range(3):
            moves = {m[0].numpy().tobytes() for m in found[task, i::3]}
            known = all_moves(images[task, i, 0].numpy(), "D4")
            assert moves == {m.tobytes() for m in known}


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize(("size", "keeps"), [(17, True), (20, False)])
def test_strides_keep_turns_and_flips_at_17_pixels(size, keeps, generator) -> None:
    """Of a layer with stride 2 whose kernel has D4's symmetry, and three such layers."""
    kernel = torch.randn(1, 1, 3, 3, generator=generator)
    kernel = in_all_moves(kernel[None], "D4")[0].mean(0, keepdim=True)
    image = torch.rand(1, 1, size, size, generator=generator)

    def layers(x):
        sizes = []
        for _ in range(3):
            x = F.conv2d(x, kernel, stride=2, padding=1)
            sizes.append(x.shape[-1])
        return x, sizes

    out, sizes = layers(image)
    assert sizes == ([9, 5, 3] if keeps else [10, 5, 3])
    for move in (lambda x: torch.rot90(x, 1, (-2, -1)), lambda x: x.flip(-1)):
        assert torch.allclose(layers(move(image))[0], move(out)) == keeps
