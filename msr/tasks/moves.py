"""Moves of square images: turns, flips, shifts, and turns by any angle."""

import math
from functools import cache

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

FURTHEST = 3  # pixels that a shift moves along each axis
NONE, ANGLES = "none", "angles"
MOVES = (NONE, "turns", "flips", "D4", "shifts", ANGLES)


@cache
def sources(kind: str, size: int, step: int = 1) -> Int[Tensor, "moves pixels"]:
    """For each move of a finite kind, which pixel each pixel comes from.

    The number ``size * size`` stands for what lies outside of the image. The first move
    is none. On the CPU. Shifts are by multiples of ``step`` pixels.
    """
    grid = torch.arange(size * size, device="cpu").reshape(size, size)
    if kind == "shifts":
        span = range(-FURTHEST, FURTHEST + 1, step)
        outside = F.pad(grid, [FURTHEST] * 4, value=size * size)
        starts = [(FURTHEST + r, FURTHEST + c) for r in span for c in span]
        starts.sort(key=lambda start: start != (FURTHEST, FURTHEST))
        moved = [outside[r : r + size, c : c + size] for r, c in starts]
    else:
        turns = range(4) if kind in ("turns", "D4") else range(1)
        flips = (False, True) if kind in ("flips", "D4") else (False,)
        turned = [torch.rot90(grid, k) for k in turns]
        moved = [image.flip(1) if flip else image for flip in flips for image in turned]
    return torch.stack(moved).flatten(1)


def moved_as(
    images: Float[Tensor, "*images size size"], rows: Int[Tensor, "*rows pixels"]
) -> Float[Tensor, "*images size size"]:
    """The images with each pixel from where a row of `sources` says."""
    blank = F.pad(images.flatten(-2), (0, 1))
    return blank.gather(-1, rows.expand(*images.shape[:-2], -1)).reshape(images.shape)


def moved_at_random(
    images: Float[Tensor, "images size size"], kind: str, generator: torch.Generator
) -> Float[Tensor, "images size size"]:
    """Each image moved by a move of its own, all moves of the kind being equally likely."""
    if kind == NONE:
        return images
    number, size = len(images), images.shape[-1]
    if kind == ANGLES:
        turns = torch.rand(number, generator=generator, device="cpu")
        return turned(images, 2 * math.pi * turns)
    rows = sources(kind, size)
    which = torch.randint(len(rows), (number,), generator=generator, device="cpu")
    return moved_as(images, rows[which])


def turned(
    images: Float[Tensor, "images size size"], angles: Float[Tensor, " images"]
) -> Float[Tensor, "images size size"]:
    """Images turned counterclockwise about their centres, between pixels bilinearly."""
    cos, sin = angles.cos(), angles.sin()
    zero = torch.zeros_like(cos)
    back = torch.stack([cos, -sin, zero, sin, cos, zero], 1).reshape(-1, 2, 3)
    shape = [len(images), 1, *images.shape[-2:]]
    grid = F.affine_grid(back.to(images), shape, align_corners=False)
    return F.grid_sample(images[:, None], grid, align_corners=False)[:, 0]


def in_all_moves(
    images: Float[Tensor, "tasks images 1 size size"], kind: str
) -> Float[Tensor, "tasks more 1 size size"]:
    """Every image in every move of a finite kind, the images as they are first.

    Of shifts, those that go as far as they may along an axis, or not at all.
    """
    rows = sources(kind, images.shape[-1], FURTHEST).to(images.device)
    copies = [moved_as(images, row) for row in rows]
    return torch.cat(copies, 1)
