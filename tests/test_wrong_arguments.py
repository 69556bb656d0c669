"""One wrong argument, whichever and wherever: an error in one line says what was expected.

For every public callable there is one valid call, in which one argument at a time is
replaced. A wrong argument must be refused with a TypeError or ValueError, in no time,
unless a predicate, written beside the valid value, says that it is not wrong at all.
"""

import contextlib
import inspect
import math
import re
import signal
import sys
import types
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

import msr
from helpers import tiny_learner, tiny_tasks
from msr import plotting
from msr._utils.checks import MOST_NUMBERS, MOST_TASKS
from msr.inner_loops.base import SupportLoss

mpl.use("Agg")

from matplotlib.figure import Figure

pytestmark = pytest.mark.bad_input

SECONDS = 5
LARGEST = MOST_NUMBERS
NAN = math.nan
SPEAKS = re.compile("expected|fails|not a homomorphism")

WITHOUT_A_CALL = {
    "Contrast": "a report, which msr makes and users read",
    "CellFailed": "an error, which msr makes and users catch",
    "CheckpointError": "an error, which msr makes and users catch",
    "Diverged": "an error, which msr makes and users catch",
    "CSVLog.on_step": "takes what msr makes",
    "Comparison": "a report, which msr makes and users read",
    "Discovery": "a report, which msr makes and users read",
    "Evidence": "a report, which msr makes and users read",
    "GradcheckReport": "a report, which msr makes and users read",
    "TensorBoardLog": "needs a package that the tests do without",
    "TensorBoardLog.on_step": "takes what msr makes",
    "TrainingState": "a report, which msr makes and users read",
    **{
        f"Omniglot.{method}": "that of Letters, on files of a user"
        for method in ("num_tasks", "class_names", "classes", "batch")
    },
    "ResultsError": "an error, which msr makes and users catch",
    "WorkersLost": "an error, which msr makes and users catch",
    "Identification": "a report, which msr makes and users read",
    "InnerLoop": "a protocol, which users write",
    "plotting.Exploration": "a figure, which msr makes and users steer",
    "plotting.Watched": "a figure, which msr makes and users steer",
    "TaskDistribution": "a protocol, which users write",
    "SymmetryMatrix": "a base class, whose methods subclasses write",
}


class Anything:
    """A class, and objects, that nothing asks for."""


class Repr:
    def __repr__(self) -> str:
        raise RuntimeError("no words")


Accepts = Callable[[Any], bool]


def never(value: object) -> bool:
    return False


def text(value: object) -> bool:
    return isinstance(value, str)


def boolean(value: object) -> bool:
    return isinstance(value, bool)


def path(value: object) -> bool:
    return isinstance(value, str | Path) and str(value) != "" and "\0" not in str(value)


def device(value: object) -> bool:
    return value is None or isinstance(value, torch.device) or one_of("cpu")(value)


def dtype(value: object) -> bool:
    return value is None or (isinstance(value, torch.dtype) and value.is_floating_point)


def dictionary(value: object) -> bool:
    return isinstance(value, dict)


def integer(least: float, most: float = math.inf) -> Accepts:
    return lambda v: isinstance(v, int) and not boolean(v) and least <= v <= most


def number(least: float, most: float = sys.float_info.max) -> Accepts:
    return lambda v: isinstance(v, int | float) and not boolean(v) and least <= v <= most


def sizes(least: float, most: float = math.inf) -> Accepts:
    """One integer, or one for each of two axes."""
    fits = integer(least, most)
    return lambda v: (
        fits(v) or (isinstance(v, list | tuple) and len(v) == 2 and all(map(fits, v)))
    )


def kernel(value: Any) -> bool:
    both = value if isinstance(value, list | tuple) else (value, value)
    return sizes(1)(value) and 2 * math.prod(both) <= LARGEST


def one_of(*values: object) -> Accepts:
    return lambda v: any(type(v) is type(w) and v == w for w in values)


def optional(accepts: Accepts) -> Accepts:
    return lambda v: v is None or accepts(v)


def tensor(*shape: int | None, dtype: torch.dtype = torch.float32) -> Accepts:
    """A finite, dense tensor of this shape, in which None is any size."""

    def accepts(value: object) -> bool:
        return (
            isinstance(value, torch.Tensor)
            and value.dtype == dtype
            and value.layout == torch.strided
            and value.ndim == len(shape)
            and all(n is None or n == m for n, m in zip(shape, value.shape))
            and value.numel() > 0
            and (value.is_meta or bool(torch.isfinite(value).all()))
        )

    return accepts


def blocks(height: int, width: int) -> Accepts:
    """A finite matrix of blocks of this shape, in any precision."""
    kinds = torch.float16, torch.float32, torch.float64
    return lambda v: (
        any(tensor(None, None, dtype=kind)(v) for kind in kinds)
        and not v.is_meta
        and v.shape[0] % height == v.shape[1] % width == 0
    )


def floats(*shape: int | None) -> Accepts:
    """As of `tensor`, but NaN and infinity are numbers too."""
    return lambda v: (
        isinstance(v, torch.Tensor)
        and tensor(*shape)(
            v.nan_to_num() if v.layout == torch.strided and not v.is_meta else v
        )
    )


def split(value: object) -> bool:
    return value in ("train", "test") if text(value) else False


def indices(tasks: int) -> Accepts:
    def accepts(value: object) -> bool:
        if isinstance(value, torch.Tensor):
            return False
        plain = isinstance(value, list | tuple | range) and len(value) in range(1, 100)
        return plain and all(integer(0, tasks - 1)(i) for i in value)

    return accepts


@dataclass
class Call:
    """A valid call.

    Args:
        function: what is called, by keywords.
        arguments: by name, a valid value and what else would be one.
    """

    function: Callable[..., Any]
    arguments: dict[str, tuple[Any, Accepts]] = field(default_factory=dict)

    def __call__(self, **replaced: Any) -> Any:
        valid = {name: value for name, (value, _) in self.arguments.items()}
        return self.function(**(valid | replaced))


def call(function: Callable[..., Any], **arguments: tuple[Any, Accepts]) -> Call:
    return Call(function, arguments)


def _group_calls() -> dict[str, Call]:
    c2, c4 = msr.cyclic(2), msr.cyclic(4)
    rho = msr.regular(c4)
    return {
        "FiniteGroup": call(
            msr.FiniteGroup,
            table=([[0, 1], [1, 0]], never),
            names=(("e", "r"), two_names),
            name=("C2", text),
        ),
        "FiniteGroup.multiply": call(
            c4.multiply, a=(1, integer(0, 3)), b=(2, integer(0, 3))
        ),
        "FiniteGroup.element_order": call(c4.element_order, a=(1, integer(0, 3))),
        "FiniteGroup.relabel": call(c4.relabel, order=([1, 0, 3, 2], never)),
        "Representation": call(
            msr.Representation,
            group=(c2, never),
            matrices=(torch.ones(2, 1, 1), never),
            name=("rho", text),
        ),
        "Representation.__call__": call(rho.__call__, g=(1, integer(0, 3))),
        "Representation.to": call(
            rho.to, device=("cpu", device), dtype=(torch.float64, dtype)
        ),
        "alternating": call(msr.alternating, n=(3, integer(1, 7))),
        "cyclic": call(msr.cyclic, n=(3, integer(1, 8192))),
        "dihedral": call(msr.dihedral, n=(3, integer(1, 4096))),
        "symmetric": call(msr.symmetric, n=(3, integer(1, 7))),
        "direct_product": call(msr.direct_product, g=(c2, never), h=(c4, never)),
        "direct_sum": call(
            lambda first, second: msr.direct_sum(first, second),
            first=(rho, never),
            second=(rho, never),
        ),
        "equivariance_error": call(
            msr.equivariance_error,
            f=(lambda x: x, acts),
            rho_in=(rho, never),
            rho_out=(rho, never),
            x=(torch.ones(2, 4), tensor(None, 4)),
        ),
        "intertwiner_basis": call(
            msr.intertwiner_basis, rho_in=(rho, never), rho_out=(rho, never)
        ),
        "intertwiner_dimension": call(
            msr.intertwiner_dimension, rho_in=(rho, never), rho_out=(rho, never)
        ),
        "reynolds": call(
            msr.reynolds,
            rho_in=(rho, never),
            rho_out=(rho, never),
            weight=(torch.ones(4, 4), tensor(4, 4)),
        ),
        "name_of": call(msr.name_of, group=(c4, never)),
        "permutation_group": call(
            msr.permutation_group,
            permutations=([(0, 1), (1, 0)], one_of([[0]], [[]])),
            name=("G", text),
        ),
        "permutation_representation": call(
            msr.permutation_representation,
            group=(c2, never),
            action=([[0, 1], [1, 0]], never),
            name=("p", text),
        ),
        "quaternion": call(msr.quaternion),
        "regular": call(msr.regular, group=(c4, never)),
        "small_groups": call(msr.small_groups),
        "subgroups": call(msr.subgroups, group=(c4, never)),
        "trivial": call(msr.trivial, group=(c4, never), dim=(2, integer(1, 8192))),
    }


def _evidence_calls() -> dict[str, Call]:
    rho = msr.regular(msr.cyclic(4))
    positive = lambda v: number(0)(v) and v > 0  # noqa: E731
    data = {
        "x": (torch.eye(4)[:3], tensor(3, None)),
        "y": (torch.eye(4)[:3], lambda v: tensor(3, None)(v) and bool((v != 0).any())),
        "noise": (None, optional(positive)),
        "width": (None, optional(positive)),
        "mean": (None, optional(tensor(4, 4))),
        "soft": (False, boolean),
    }
    return {
        "evidence": call(msr.evidence, U=(torch.eye(4).repeat(4, 1), optional(lambda v: isinstance(v, torch.Tensor) and tensor(16, None)(v))), **data),
        "compare_symmetries": call(
            msr.compare_symmetries,
            candidates=({"C4": (rho, rho)}, one_of({"a": None})),
            **data,
            simulations=(1, integer(0, 100_000)),
            generator=(None, optional(never)),
        ),
        "discover": call(
            msr.discover,
            x=(torch.eye(5)[:, :3], tensor(5, None)),
            y=(torch.eye(5)[:, :2], tensor(5, None)),
            restarts=(1, integer(1, 100)),
            generator=(None, optional(never)),
        ),
        "compare_layer_symmetries": call(
            msr.compare_layer_symmetries,
            candidates=({"C4": (rho, rho)}, one_of({"a": None})),
            model=(nn.Linear(4, 4).eval(), lambda v: isinstance(v, nn.Linear) and not v.training),
            layer=("weight", one_of("weight", "")),
            x=(torch.ones(3, 4), tensor(3, 4)),
            y=(torch.ones(3, 4), tensor(3, 4)),
            likelihood=("gaussian", one_of("gaussian")),
            **{name: data[name] for name in ("noise", "width", "soft")},
            simulations=(1, integer(0, 100_000)),
            generator=(None, optional(never)),
        ),
        "subgroup_candidates": call(
            msr.subgroup_candidates, rho_in=(rho, never), rho_out=(rho, never)
        ),
    }  # fmt: skip


def _layer_calls() -> dict[str, Call]:
    local, conv = msr.LocallyConnected1d(5, 3), msr.UnfoldConv2d(1, 2, 3)
    dense = msr.DenseSymmetry(torch.ones(8, 2), (2, 4))
    kronecker = msr.KroneckerSymmetry([torch.eye(2), torch.eye(4)], (2, 4))
    weight = torch.ones(2, 4), tensor(2, 4)
    # where NaN goes in, NaN comes out
    many = torch.ones(2, 4), floats(2, 4)
    start = {
        "weight": (torch.ones(2, 3), lambda v: isinstance(v, torch.Tensor)),
        "std": (0.1, number(0)),
        "generator": (torch.Generator(), never),
    }
    calls = {
        "LocallyConnected1d": call(
            msr.LocallyConnected1d,
            input_size=(5, integer(3, LARGEST // 3 + 2)),
            kernel_size=(3, integer(1, 5)),
        ),
        "LocallyConnected1d.forward": call(
            local.forward,
            x=(
                torch.ones(2, 5),
                lambda v: any(floats(*n, 5)(v) for n in ((), (None,), (None, None))),
            ),
        ),
        "UnfoldConv2d": call(
            msr.UnfoldConv2d,
            in_channels=(1, integer(1, LARGEST // 18)),
            out_channels=(2, integer(1, LARGEST // 9)),
            kernel_size=(3, kernel),
            stride=(1, sizes(1)),
            padding=(0, sizes(0)),
            dilation=(1, sizes(1)),
            groups=(1, integer(1, 1)),
            bias=(True, boolean),
            padding_mode=("zeros", one_of("zeros")),
            device=("cpu", device),
            dtype=(torch.float32, dtype),
        ),
        "UnfoldConv2d.forward": call(conv.forward, input=(torch.ones(2, 1, 5, 5), never)),
        "DenseSymmetry": call(
            msr.DenseSymmetry,
            U=(torch.ones(8, 2), tensor(8, None)),
            weight_shape=((2, 4), shape_of(8)),
        ),
        "DenseSymmetry.initial": call(
            msr.DenseSymmetry.initial, **start | {"filters": (2, optional(integer(1, 6)))}
        ),
        "KroneckerSymmetry.initial": call(
            msr.KroneckerSymmetry.initial, **start | {"filters": (None, one_of(None))}
        ),
        "DenseSymmetry.forward": call(dense.forward, v=(torch.ones(2), never)),
        "KroneckerSymmetry": call(
            msr.KroneckerSymmetry,
            factors=([torch.eye(2), torch.eye(4)], never),
            weight_shape=((2, 4), one_of([2, 4], [2, 4, 1])),
        ),
        "KroneckerSymmetry.forward": call(kronecker.forward, v=many),
        "conv1d_matrix": call(
            msr.conv1d_matrix,
            input_size=(5, integer(3, 9460)),
            kernel_size=(3, integer(1, 5)),
        ),
        "escnn_kernel_basis": call(msr.escnn_kernel_basis),
        "group_convolution_matrix": call(
            msr.group_convolution_matrix, group=(msr.cyclic(3), never)
        ),
        "coupling": call(
            msr.coupling,
            U=(torch.eye(4).repeat(4, 1), tensor(16, None)),
            weight_shape=((4, 4), shape_of(16, axes=2)),
        ),
        "arrange_on_grid": call(
            msr.arrange_on_grid,
            similarity=(torch.eye(6), tensor(6, 6)),
            shape=((2, 3), shape_of(6, axes=2)),
        ),
        "unscramble": call(
            msr.unscramble,
            image=(torch.ones(4, 6), blocks(2, 3)),
            places=(torch.arange(6), never),
            shape=((2, 3), shape_of(6, axes=2)),
        ),
        "identify": call(
            msr.identify,
            U=(torch.eye(4).repeat(4, 1), tensor(16, None)),
            weight_shape=((4, 4), shape_of(16, axes=2)),
            tasks=(None, optional(never)),
            layer=(None, optional(never)),
            signed=(False, boolean),
            number_of_tasks=(400, integer(1, MOST_TASKS)),
            seed=(0, integer(0, 2**63 - 1)),
        ),
        "principal_angles": call(
            msr.principal_angles,
            U=(torch.eye(4), never),
            V=(torch.eye(4), never),
        ),
        "symmetrise": call(
            msr.symmetrise,
            U=(torch.ones(9, 2), tensor(9, None)),
            group=(msr.cyclic(3), never),
            rank=(2, optional(integer(1, 2))),
        ),
        "steerable_kernels": call(
            msr.steerable_kernels, n=(4, integer(1, LARGEST // 54)), flip=(False, boolean)
        ),
    }
    for name, symmetry in (("DenseSymmetry", dense), ("KroneckerSymmetry", kronecker)):
        for method in ("transpose_apply", "normal_apply"):
            calls[f"{name}.{method}"] = call(getattr(symmetry, method), weight=many)
        calls[f"{name}.right_inverse"] = call(symmetry.right_inverse, weight=weight)
    return calls


def _task_calls() -> dict[str, Call]:
    line, plane = tiny_tasks(), msr.SteerableConv2d(4, size=5, train_tasks=30)
    joint = msr.Joint(line)
    photographs = [torch.rand(12, 14, generator=torch.Generator().manual_seed(0))]
    spanned = msr.SpanTasks(torch.eye(6), (2, 3), train_tasks=30)
    shuffled = msr.ShuffledPatches(photographs, 4, train_tasks=30, patches=9)
    letters = msr.Letters(train_tasks=30, test_tasks=30)
    shown = {"split": ("train", one_of("train", "val", "test"))}
    some_letters = shown | {"indices": ([0, 1], indices(30))}
    moves = one_of("none", "turns", "flips", "D4", "shifts", "angles")
    few_shot = {
        "ways": (5, integer(2, 10**5)),
        "shots": (1, integer(1, 10**5)),
        "queries": (5, integer(1, 10**5)),
        "support_moves": ("none", moves),
        "query_moves": ("D4", moves),
        "seed": (0, integer(0)),
        "size": (17, integer(9, 2000)),
        "train_tasks": (30, integer(1)),
        "val_tasks": (30, integer(1)),
        "test_tasks": (30, integer(1)),
    }
    winds = msr.RingWinds(train_tasks=30, draws=1)
    months = {
        "support": (1, optional(integer(1, 48))),
        "query": (1, optional(integer(1, 60))),
    }
    batch = line.batch("train", [0, 1])
    train = "train", split
    some = {"split": train, "indices": ([0, 1], indices(30))}
    sets = {"support": (1, optional(integer(1, 4))), "query": (1, optional(integer(1, 4)))}
    numbers = {
        "seed": (0, integer(0)),
        "train_tasks": (30, integer(1)),
        "test_tasks": (30, integer(1)),
        "support": (1, integer(1, 4)),
    }

    def examples(each: int) -> dict[str, Any]:
        most = integer(2, LARGEST // each)
        return {"train_examples": (5, most), "test_examples": (5, most)}

    x, y = torch.ones(2, 3, 4), torch.ones(2, 3, 5)
    plane_sets = {name: (1, optional(integer(1, 1))) for name in sets}
    return {
        "Joint": call(msr.Joint, tasks=(line, never)),
        "Joint.num_tasks": call(joint.num_tasks, split=train),
        "Joint.batch": call(joint.batch, **some),
        "Letters": call(msr.Letters, **few_shot),
        "Letters.num_tasks": call(letters.num_tasks, **shown),
        "Letters.class_names": call(letters.class_names, **shown),
        "Letters.classes": call(letters.classes, **some_letters),
        "Letters.batch": call(letters.batch, **some_letters),
        "Omniglot": call(msr.Omniglot, root=("data", path), **few_shot),
        "LowRank1d": call(
            msr.LowRank1d,
            rank=(1, integer(1, LARGEST // 6)),
            input_size=(8, integer(3, LARGEST // 5)),
            kernel_size=(3, integer(1, 8)),
            **numbers,
            **examples(8),
        ),
        "LowRank1d.num_tasks": call(line.num_tasks, split=train),
        "LowRank1d.num_examples": call(line.num_examples, split=train),
        "LowRank1d.batch": call(line.batch, **some, **sets),
        "LowRank1d.filters": call(line.filters, **some),
        "RingWinds": call(
            msr.RingWinds,
            support=(4, integer(1, 48)),
            fold=(0, integer(0, 2)),
            years=("later", one_of("alternate", "later")),
            seed=(0, integer(0)),
            order=("ring", one_of("ring", "secret", "own")),
            whiten=(False, boolean),
            query=(24, integer(1, 68)),
            train_tasks=(30, integer(1)),
            draws=(1, integer(1)),
        ),
        "RingWinds.num_tasks": call(winds.num_tasks, split=train),
        "RingWinds.places": call(winds.places, **some),
        "RingWinds.batch": call(winds.batch, **some, **months),
        "SteerableConv2d": call(
            msr.SteerableConv2d,
            n=(4, integer(1, LARGEST // 125)),
            flip=(False, boolean),
            fields=(1, integer(1, LARGEST // 500)),
            size=(5, integer(3, math.isqrt(LARGEST // 45))),
            noise=(0.0, number(0)),
            **numbers,
            **examples(9 * 25),
        ),
        "SteerableConv2d.num_tasks": call(plane.num_tasks, split=train),
        "SteerableConv2d.num_examples": call(plane.num_examples, split=train),
        "SteerableConv2d.batch": call(plane.batch, **some, **plane_sets),
        "SteerableConv2d.kernels": call(plane.kernels, **some),
        "SpanTasks": call(
            msr.SpanTasks,
            U=(torch.eye(6), tensor(6, None)),
            weight_shape=((2, 3), shape_of(6, axes=2)),
            noise=(0.1, number(0)),
            **numbers,
            **examples(3),
        ),
        "SpanTasks.num_tasks": call(spanned.num_tasks, split=train),
        "SpanTasks.num_examples": call(spanned.num_examples, split=train),
        "SpanTasks.weights": call(spanned.weights, **some),
        "SpanTasks.batch": call(
            spanned.batch,
            **some,
            support=(1, optional(integer(1, 9))),
            query=(1, optional(integer(1, 9))),
        ),
        "ShuffledPatches": call(
            msr.ShuffledPatches,
            photographs=(photographs, never),
            size=(4, integer(1, 10)),
            kernel_size=(3, lambda v: integer(1, 9)(v) and v % 2 == 1),
            one_order=(True, boolean),
            floor=(1e-6, number(5e-324, 1)),
            noise=(0.1, number(0)),
            patches=(9, integer(2, LARGEST // 36)),
            **numbers,
            **examples(36),
        ),
        "ShuffledPatches.num_tasks": call(shuffled.num_tasks, split=train),
        "ShuffledPatches.num_examples": call(shuffled.num_examples, split=train),
        "ShuffledPatches.batch": call(
            shuffled.batch,
            **some,
            support=(1, optional(integer(1, 7))),
            query=(1, optional(integer(1, 7))),
        ),
        "ShuffledPatches.scramble": call(
            shuffled.scramble, image=(torch.ones(4, 8), blocks(4, 4))
        ),
        "TaskBatch": call(
            msr.TaskBatch,
            x_support=(x, inputs),
            y_support=(y, lambda v: inputs(v) or labels(v)),
            x_query=(x, inputs),
            y_query=(y, lambda v: inputs(v) or labels(v)),
            support_mask=(None, optional(real)),
            query_mask=(torch.ones(2, 3, dtype=torch.bool), optional(real)),
        ),
        "TaskBatch.to": call(
            batch.to, device=("cpu", device), dtype=(torch.float64, dtype)
        ),
    }


def inputs(value: Any) -> bool:
    """Numbers for 2 tasks with 3 examples, floating-point or int64."""
    if not isinstance(value, torch.Tensor):
        return False
    if not (value.is_floating_point() or value.dtype == torch.long):
        return False
    return tensor(2, 3, *value.shape[2:], dtype=value.dtype)(value)


def real(value: Any) -> bool:
    """Which of 3 examples of 2 tasks are real: at least one of each."""
    plain = isinstance(value, torch.Tensor) and value.dtype == torch.bool
    return (
        plain
        and value.shape == (2, 3)
        and value.layout == torch.strided
        and bool(value.any(1).all())
    )


def labels(value: Any) -> bool:
    return (
        isinstance(value, torch.Tensor)
        and value.dtype == torch.long
        and inputs(value.double())
    )


def texts(value: object) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(v, str) for v in value)


def step_size(value: Any) -> bool:
    """A positive number, or some by name."""
    if isinstance(value, dict):
        return bool(value) and all(
            isinstance(name, str) and name and step_size(v) and not isinstance(v, dict)
            for name, v in value.items()
        )
    return number(0)(value) and value > 0


def _training_calls() -> dict[str, Call]:
    learner, tasks, descent = tiny_learner(), tiny_tasks(), msr.GradientDescent()
    adapted = {"v": torch.ones(2)}
    loss = SupportLoss(lambda a: a["v"], torch.zeros(2), F.mse_loss)

    def trajectory(loss: Any, adapted: Any, meta_parameters: Any, first_order: Any) -> Any:
        return list(descent.trajectory(loss, adapted, meta_parameters, first_order))

    training = {
        "learner": (learner, never),
        "tasks": (tasks, never),
        "steps": (1, integer(1, 10**8)),
        "batch_size": (2, integer(1, 100_000)),
        "lr": (0.1, number(0)),
        "seed": (0, integer(0, 2**63 - 1)),
        "progress": (False, boolean),
    }
    return {
        "GradientDescent": call(
            msr.GradientDescent,
            steps=(1, integer(0, 10**6)),
            lr=(0.1, step_size),
            learn_lr=(True, boolean),
            max_curvature=(1.0, optional(lambda v: number(0)(v) and v > 0)),
            per_step=(False, one_of(False)),
        ),
        "GradientDescent.init": call(descent.init, adapted=(adapted, one_of({}))),
        "GradientDescent.adapt": call(
            descent.adapt,
            loss=(loss, never),
            adapted=(adapted, never),
            meta_parameters=(descent.init(adapted), never),
            first_order=(False, boolean),
        ),
        "GradientDescent.trajectory": call(
            trajectory,
            loss=(loss, never),
            adapted=(adapted, never),
            meta_parameters=(descent.init(adapted), never),
            first_order=(False, boolean),
        ),
        "History": call(
            msr.History,
            loss=([1.0], one_number),
            seconds=([1.0], one_number),
            validation_step=([1], lambda v: isinstance(v, list) and len(v) == 1 and integer(-math.inf)(v[0])),
            validation_loss=([1.0], one_number),
            validation_metrics=({}, one_of({})),
            best_step=(None, optional(integer(-math.inf))),
        ),
        "accuracy": call(
            msr.accuracy,
            prediction=(torch.ones(3, 2), lambda v: isinstance(v, torch.Tensor) and v.is_floating_point() and v.ndim == 2 and len(v) == 3),
            target=(torch.ones(3, dtype=torch.long), tensor(3, dtype=torch.long)),
        ),
        "CSVLog": call(
            msr.CSVLog, path=("run.csv", path), validation=(("validation_loss",), texts)
        ),
        "load_weights": call(
            msr.load_weights, learner=(learner, never), checkpoint=("nowhere.pt", path)
        ),
        "MetaTestResult": call(
            msr.MetaTestResult,
            losses=(torch.ones(3), lambda v: tensor(None)(v) or tensor(None, dtype=torch.float64)(v)),
            metrics=({}, one_of({})),
        ),
        "meta_test": call(
            msr.meta_test,
            **{name: training[name] for name in ("learner", "tasks", "batch_size", "progress")},
            split=("test", split),
            metrics=(None, optional(one_of({}))),
        ),
        "meta_train": call(
            msr.meta_train,
            **training | {"steps": (1, integer(0, 10**8))},
            optimizer=(torch.optim.Adam, one_of(None)),
            scheduler=(None, optional(never)),
            clip_norm=(None, optional(lambda v: number(0)(v) and v > 0)),
            validate_every=(1, optional(integer(1))),
            validation_share=(0.1, lambda v: number(0)(v) and 0 < v < 0.97),
            patience=(None, optional(integer(1))),
            metrics=(None, optional(one_of({}))),
            change_lr=(False, boolean),
            autocast=(None, optional(one_of(torch.bfloat16, torch.float16))),
            distributed=(False, one_of(False)),
            decay=("none", one_of("none", "cosine")),
            checkpoint=(None, optional(path)),
            checkpoint_every=(1, integer(1)),
            callback=(lambda step, learner, loss: None, optional(lambda v: isinstance(v, nn.Module) or (isinstance(v, list | tuple) and not v))),
        ),
        "multitask_train": call(msr.multitask_train, **training),
    }  # fmt: skip


def _learner_calls() -> dict[str, Call]:
    x, y = torch.ones(2, 3, 4), torch.ones(2, 3, 2)
    batch = msr.TaskBatch(x, y, x, y)
    learner = msr.MetaLearner(nn.Linear(4, 2))
    adapted = {name: v.detach() for name, v in learner.adapt(x, y).items()}
    fitted = adapted, never
    of_x, of_y = (x, tensor(2, 3, 4)), (y, tensor(2, 3, 2))
    mask = torch.ones(2, 3, dtype=torch.bool), optional(real)
    ridge, v = msr.Ridge(), {"v": torch.ones(2)}
    squares = SupportLoss(lambda a: a["v"], torch.zeros(2), F.mse_loss)
    support = {"loss": (squares, never), "adapted": (v, never)}

    def reparameterize(
        module: Any, filters: Any, factorization: Any, layers: Any, std: Any, seed: Any
    ) -> nn.Module:
        module = deepcopy(module) if isinstance(module, nn.Module) else module
        settings = {"layers": layers, "std": std, "seed": seed}
        return msr.reparameterize(module, filters, factorization, **settings)

    return {
        "MetaLearner": call(
            msr.MetaLearner,
            model=(nn.Linear(4, 2), linear),
            inner=(msr.GradientDescent(), optional(never)),
            loss=(F.mse_loss, never),
            adapt=(None, optional(never)),
            first_order=(False, boolean),
            chunk_size=(1, optional(integer(1))),
            shortcuts=(True, boolean),
            vectorize=("auto", one_of("auto", True, False)),
            step_weights=(None, optional(one_number)),
        ),
        "MetaLearner.forward": call(learner.forward, batch=(batch, never)),
        "MetaLearner.way": call(learner.way, batch=(batch, never)),
        "MetaLearner.adapt": call(learner.adapt, x_support=of_x, y_support=of_y, mask=mask),
        "MetaLearner.predict": call(
            learner.predict, adapted=fitted, x_query=of_x, mask=mask
        ),
        "MetaLearner.losses": call(
            learner.losses, adapted=fitted, x=of_x, y=of_y, mask=mask
        ),
        "Ridge": call(
            msr.Ridge,
            ridge=(0.1, lambda v: number(0)(v) and v > 0),
            learn_ridge=(True, boolean),
        ),
        "Ridge.init": call(ridge.init, adapted=(v, never)),
        "Ridge.check": call(ridge.check, **support),
        "Ridge.adapt": call(
            ridge.adapt,
            **support,
            meta_parameters=(ridge.init(v), never),
            first_order=(False, boolean),
        ),
        "adapted_model": call(
            msr.adapted_model,
            learner=(learner, never),
            adapted=(adapted, never),
            task=(0, integer(0, 1)),
        ),
        "adapted_parameters": call(
            msr.adapted_parameters, module=(nn.Linear(4, 2), is_module)
        ),
        "gradcheck": call(
            msr.gradcheck,
            learner=(learner, never),
            batch=(batch, never),
            tolerance=(1e-8, number(0)),
        ),
        "mean_squared_error": call(
            msr.mean_squared_error,
            prediction=(torch.ones(2, 3), of_any_precision),
            target=(torch.ones(2, 3), of_any_precision),
        ),
        "reparameterize": call(
            reparameterize,
            module=(nn.Linear(4, 2), linear),
            filters=(3, integer(1, 8)),
            factorization=("dense", never),
            layers=(None, optional(never)),
            std=(0.1, number(0, 1e30)),
            seed=(0, optional(integer(0, 2**63 - 1))),
        ),
        "remove_symmetry": call(
            msr.remove_symmetry,
            module=(msr.reparameterize(nn.Linear(4, 2), filters=2), never),
        ),
        "symmetry_matrices": call(
            msr.symmetry_matrices, module=(nn.Linear(4, 2), is_module)
        ),
    }


def linear(value: object) -> bool:
    return isinstance(value, nn.Linear)


def is_module(value: object) -> bool:
    return isinstance(value, nn.Module)


def of_any_precision(value: Any) -> bool:
    """Six floating-point numbers; where NaN goes in, NaN comes out."""
    if not isinstance(value, torch.Tensor) or value.is_meta:
        return False
    return value.is_floating_point() and floats(2, 3)(value.float())


def _experiment_calls() -> dict[str, Call]:
    cell = {"method": "MSR-FC", "column": "large/k=1", "mse": 0.1, "ci95": 0.1, "seed": 0}
    config = {"experiment": "translation", "steps": 5}
    results = msr.Results(config, [], {"a": cell})
    units = {"seed": 0, "units": {"top": [0.3, 0.1], "bottom": [1.0, 1.0]}}
    both = {"method": "a", "column": "c", "mse": 0.2, "ci95": 0.1, **units}
    with_units = msr.Results(config, [], {"b": both})
    where = {
        "device": ("cpu", device),
        "jobs": (1, optional(integer(1, 1024))),
        "scheduler": (None, optional(lambda v: text(v) and v.strip() != "")),
        "command": ("test", text),
        "progress": (False, boolean),
    }
    names = {
        "methods": (["MSR-FC"], optional(never)),
        "columns": (["large/k=1"], optional(never)),
    }
    tables = {"results": (results, never), **names, "recorded": (results, optional(never))}
    plan = msr.Sweep("translation", methods=["MSR-FC"], tasks={"train_tasks": 9})
    steps = 1, optional(integer(1, 10**8))
    return {
        "Results": call(
            msr.Results,
            config=({}, dictionary),
            runs=([], one_of([])),
            cells=({"a": cell}, one_of({})),
        ),
        "Results.summary": call(results.summary, row=("A", text), column=("c", text)),
        "Results.write": call(results.write, path=(Path("file"), path)),
        "Results.read": call(msr.Results.read, path=(Path("file"), path)),
        "Results.resume": call(
            msr.Results.resume, path=(Path("no file"), path), config=({}, dictionary)
        ),
        "Sweep": call(
            msr.Sweep,
            experiment=("translation", never),
            methods=(["MSR-FC"], optional(never)),
            seeds=(1, seeds),
            steps=steps,
            tasks=({"rank": [1, 2]}, one_of({})),
            method=({"filters": [3, 6]}, one_of({})),
        ),
        "Sweep.read": call(msr.Sweep.read, path=(Path("file"), path)),
        "Sweep.cells": call(plan.cells),
        "sweep": call(msr.sweep, plan=(plan, never), out=(Path("folder"), path), **where),
        "reproduce": call(
            msr.reproduce,
            experiment=("translation", never),
            **names,
            seeds=(1, integer(1, 10_000)),
            steps=steps,
            out=(None, optional(path)),
            **where,
        ),
        "table_text": call(msr.table_text, **tables),
        "table_markdown": call(msr.table_markdown, **tables),
        "contrast": call(
            msr.contrast,
            results=(with_units, never),
            weights=({("a", "c"): 1}, never),
            scale=("error", one_of("error", "log-odds")),
            draws=(5, integer(1, 10**6)),
            seed=(0, integer(0, 2**63 - 1)),
        ),
        "paper_table": call(msr.paper_table, experiment=("translation", never)),
        "provenance": call(
            msr.provenance,
            command=("test", text),
            device=("cpu", lambda v: device(v)),
        ),
        "recorded_results": call(msr.recorded_results, name=("translation", text)),
        "recorded_benchmarks": call(
            msr.recorded_benchmarks, name=("performance", never)
        ),
    }  # fmt: skip


def _plotting_calls() -> dict[str, Call]:
    matrix = torch.eye(2), lambda v: isinstance(v, torch.Tensor) and drawable(v)
    return {
        "plotting.plot_matrix": call(
            plotting.plot_matrix,
            ax=(Figure().subplots(), never),
            matrix=matrix,
            title=("t", text),
            limit=(1.0, optional(lambda v: number(0)(v) and v > 0)),
        ),
        "plotting.plot_matrices": call(
            plotting.plot_matrices,
            matrices=([torch.eye(2)], never),
            titles=(["t"], lambda v: isinstance(v, list) and len(v) == 1 and text(v[0])),
            columns=(1, optional(integer(1, 1000))),
            size=(1.0, lambda v: number(0, 100)(v) and v > 0),
            shared_limit=(True, boolean),
        ),
        "plotting.plot_lattice": call(
            plotting.plot_lattice,
            comparison=(
                msr.compare_symmetries({"none": None}, torch.eye(2), torch.eye(2)),
                never,
            ),
            size=(1.0, lambda v: number(0, 10)(v) and v > 0),
        ),
        "plotting.plot_factorization": call(
            plotting.plot_factorization,
            U=(torch.eye(4), never),
            v=(torch.ones(4), never),
            shape=((2, 2), shape_of(4, 2)),
        ),
        "plotting.plot_identification": call(
            plotting.plot_identification, found=(identified(), never)
        ),
        "plotting.describe_identification": call(
            plotting.describe_identification, found=(identified(), never)
        ),
        "plotting.slideshow": call(
            plotting.slideshow,
            draw=(lambda item: plotting.plot_matrices([torch.eye(2)], ["t"]), acts),
            items=([1], lambda v: isinstance(v, list | tuple) and len(v) > 0),
            title=("t", text),
            label=(str, acts),
            alt=(str, acts),
            start=(0, integer(0, 0)),
            interval=(700, integer(1, 3_600_000)),
        ),
        "plotting.Control": call(
            plotting.Control,
            values=([1, 2], choices),
            start=(1, anything),
            label=("n", optional(text)),
            text=(str, optional(callable)),
            kind=("menu", optional(one_of("slider", "menu"))),
        ),
        "plotting.explore": call(
            _explore,
            draw=(lambda n: plotting.plot_matrices([torch.eye(2)], ["t"]), acts),
            title=("t", text),
            alt=("a", lambda v: text(v) or acts(v)),
            frames=("n", lambda v: v is None),
            interval=(700, integer(1, 3_600_000)),
            n=([1, 2], lambda v: boolean(v) or (choices(v) and not callable(v) and len(v))),
        ),
        "plotting.watch": call(
            _watch,
            run=(lambda n: range(3), acts),
            draw=(lambda state: plotting.plot_matrices([torch.eye(2)], ["t"]), acts),
            title=("t", text),
            label=(str, acts),
            alt=(str, acts),
            frames=([0, 2], lambda v: isinstance(v, list | tuple) and len(v) > 0),
            interval=(700, integer(1, 3_600_000)),
            n=([1, 2], lambda v: boolean(v) or (choices(v) and not callable(v) and len(v))),
        ),
        "plotting.smooth": call(
            plotting.smooth,
            values=([1.0, 2.0], numbers),
            window=(1, integer(1, 2**28)),
        ),
    }


def _explore(draw, title, alt, frames, interval, n):
    return plotting.explore(
        draw, title=title, alt=alt, frames=frames, interval=interval, n=n
    )


def _watch(run, draw, title, label, alt, frames, interval, n):
    return plotting.watch(
        run,
        draw,
        title=title,
        label=label,
        alt=alt,
        frames=frames,
        interval=interval,
        n=n,
    )


def anything(value: object) -> bool:
    return True


def choices(value: object) -> bool:
    """What a control chooses from, at first sight."""
    listed = isinstance(value, list | tuple | dict | range) or callable(value)
    return listed or getattr(value, "ndim", None) == 1


@cache
def identified() -> msr.Identification:
    return msr.identify(torch.eye(4).repeat(4, 1), (4, 4))


def drawable(value: torch.Tensor) -> bool:
    plain = value.ndim == 2 and value.numel() > 0 and not value.is_complex()
    dense = value.layout == torch.strided and not value.is_meta
    return plain and dense and (value.is_meta or bool(torch.isfinite(value).all()))


def numbers(value: object) -> bool:
    return isinstance(value, list | tuple | range) and all(
        isinstance(v, int | float) and not boolean(v) for v in value[:9]
    )


def acts(value: object) -> bool:
    """A function of one argument; what it does with it is its own affair."""
    return value is len or isinstance(value, nn.Module)


def two_names(value: object) -> bool:
    if not isinstance(value, list | tuple) or not all(map(text, value)):
        return False
    return len(value) == 0 or len(value) == 2 == len(set(value))


def shape_of(numbers: int, axes: int | None = None) -> Accepts:
    """The shape of a tensor with so many numbers."""
    return lambda v: (
        isinstance(v, list | tuple)
        and 1 <= len(v) <= 10
        and (axes is None or len(v) == axes)
        and all(map(integer(1), v))
        and math.prod(v) == numbers
    )


def seeds(value: object) -> bool:
    if not isinstance(value, list | tuple):
        return integer(1, 10_000)(value)
    return (
        len(value) > 0
        and all(map(integer(0, 2**63 - 1), value))
        and len(set(value)) == len(value)
    )


def one_number(value: object) -> bool:
    return isinstance(value, list) and len(value) == 1 and numbers(value)


@cache
def calls() -> dict[str, Call]:
    return (
        _group_calls()
        | _layer_calls()
        | _task_calls()
        | _training_calls()
        | _learner_calls()
        | _experiment_calls()
        | _plotting_calls()
        | _evidence_calls()
    )


class Gives(msr.GradientDescent):
    """An inner loop that makes or finds something else."""

    def __init__(self, init: Any, adapt: Any = None) -> None:
        super().__init__()
        object.__setattr__(self, "makes", init)
        object.__setattr__(self, "finds", adapt)

    def init(self, adapted: Any) -> Any:
        return self.makes

    def adapt(self, *arguments: Any) -> Any:
        return self.finds


class NoLoop:
    """An inner loop by its names only."""

    def init(self) -> None: ...
    def adapt(self) -> None: ...


class Pair(nn.Linear):
    """A model with two outputs."""

    def forward(self, x: torch.Tensor) -> Any:
        return super().forward(x), x


EXAMPLES: list[Any] = [
    None, "x", "", "a\nb", "x" * 10_000, "\0", b"x", -1, 0, 1, 1.5, -2.5, NAN, math.inf, -math.inf, 1j, True, False,
    10**9, 10**30, 10**5000, -(10**30), [], {}, (), set(), object(), Anything, Anything(), Repr(), lambda: None,
    len, [1], [True], ["a"], [None], [[1.0]], [[0]], [[]], ["a", "a"], {"a": 1}, {1: 2}, {"a": None}, {"a": {}},
    range(10**9), range(1, 10**9), [range(10**9)], (1, 2, 3), [NAN], [-1], [10**9], (10**9, 10**9), iter([1]), np.ones(3), np.float64(-1.0),
    torch.ones(2, 3), torch.ones(2, 3).long(), torch.ones(2, 3).double(), torch.ones(2, 3).half(), torch.ones(2, 3) > 0,
    torch.ones(2, 3).to(torch.complex64), torch.ones(0), torch.ones(0, 4), torch.tensor(1.0), torch.tensor(3),
    torch.full((2, 4), NAN), torch.full((4, 4), NAN), torch.full((2, 3, 4), math.inf), torch.ones(2, 3, 4).to_sparse(),
    torch.eye(4).to_sparse(), torch.ones(2, 3, 5).long() - 2.0, torch.ones(2, 3, device="meta"), torch.float64,
    torch.int64, torch.device("cpu"), "cuda:99", "no device", Path("x"), nn.Linear(2, 2), nn.ParameterList(),
    torch.optim.SGD([nn.Parameter(torch.ones(1))], 0.1), types.SimpleNamespace(),
]  # fmt: skip

WRONG = st.one_of(
    st.sampled_from(EXAMPLES),
    st.integers(),
    st.floats(),
    st.text(),
    st.lists(st.one_of(st.integers(), st.floats(), st.text(), st.none()), max_size=3),
    st.dictionaries(st.text(), st.integers(), max_size=2),
)


@contextlib.contextmanager
def in_time() -> Iterator[None]:
    """Interrupt what takes too long."""

    def late(number: int, frame: object) -> None:
        raise AssertionError(f"still at it after {SECONDS} seconds")

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def check_refused(name: str, parameter: str, value: object) -> None:
    with refused(f"{name} with another {parameter}"):
        calls()[name](**{parameter: value})


@contextlib.contextmanager
def refused(what: str) -> Iterator[None]:
    """Fail unless what is done here is refused well."""
    try:
        with in_time():
            yield
    except (TypeError, ValueError) as error:
        message = str(error)
        assert SPEAKS.search(message), f"{what}: {message}"
        assert len(message.splitlines()) == 1, f"{what}: {message}"
        assert len(message) < 500, f"{what}: {message}"
    else:
        raise AssertionError(f"{what} was taken")


TESTED = sorted(name for name, call in calls().items() if call.arguments)


@pytest.mark.parametrize("name", TESTED)
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_one_wrong_argument(name: str, data: st.DataObject) -> None:
    arguments = calls()[name].arguments
    parameter = data.draw(st.sampled_from(sorted(arguments)))
    value = data.draw(WRONG)
    if not arguments[parameter][1](value):
        check_refused(name, parameter, value)


@pytest.mark.parametrize("name", TESTED)
def test_every_example_of_a_wrong_argument(name: str) -> None:
    for parameter, (_, accepts) in calls()[name].arguments.items():
        for value in EXAMPLES:
            if not accepts(value):
                check_refused(name, parameter, value)


def test_every_public_callable_has_a_call() -> None:
    public = {name: getattr(msr, name) for name in msr.__all__}
    public |= {
        f"plotting.{name}": getattr(plotting, name)
        for name in plotting.__all__
        if callable(getattr(plotting, name))
    }
    names = set(public)
    for name, value in public.items():
        if isinstance(value, type) and name not in WITHOUT_A_CALL:
            names |= {f"{name}.{method}" for method in methods_with_arguments(value)}
    assert names - {"Representation.__call__"} <= calls().keys() | WITHOUT_A_CALL.keys()
    assert calls().keys() <= names | {"Representation.__call__", "Sweep.cells"}


def methods_with_arguments(kind: type) -> Iterator[str]:
    """The public methods that msr itself defines, and that take more than self."""
    for name in dir(kind):
        value = getattr(kind, name)
        function = inspect.unwrap(getattr(value, "__func__", value))
        if name.startswith("_") or not inspect.isfunction(function):
            continue
        if (
            function.__module__.startswith("msr")
            and len(inspect.signature(function).parameters) > 1
        ):
            yield name


def test_every_parameter_has_a_value() -> None:
    for name, call in calls().items():
        parameters = inspect.signature(call.function).parameters.values()
        assert set(call.arguments) == {p.name for p in parameters}, name


SLOW = {
    "load_weights",
    "reproduce",
    "sweep",
    "meta_test",
    "Results.read",
    "Results.write",
    "Sweep.read",
}


@pytest.mark.parametrize("name", sorted(calls().keys() - SLOW))
def test_the_valid_calls_are_valid(name: str) -> None:
    calls()[name]()


EXPRESSIONS = """\
msr.cyclic("4")
msr.Representation(C4, [[1.]])
msr.Representation(None, torch.ones(4, 1, 1))
msr.trivial(None)
msr.permutation_representation(C4, None)
msr.intertwiner_dimension(R4, "R4")
msr.reynolds(R4, R4, None)
msr.equivariance_error(None, R4, R4, torch.ones(2, 4))
msr.equivariance_error(lambda x: x, R4, R4, [[1, 2, 3, 4]])
msr.equivariance_error(lambda x: x, R4, R4, torch.ones(2, 4).double())
msr.conv1d_matrix("3", 2)
msr.principal_angles(None, torch.eye(2))
msr.LocallyConnected1d(5, 3)("x")
msr.DenseSymmetry(torch.ones(5, 2), (2, 4))(torch.ones(2))
msr.DenseSymmetry(torch.ones(8, 2).long(), (2, 4))
msr.DenseSymmetry(torch.full((8, 2), nan), (2, 4)).right_inverse(torch.ones(2, 4))
msr.KroneckerSymmetry([torch.eye(2)], (2, 4))(torch.ones(2, 4))
msr.KroneckerSymmetry([torch.eye(3), torch.eye(4)], (2, 4))(torch.ones(2, 4))
msr.KroneckerSymmetry("ab", (2, 4))
msr.TaskBatch(X, Y, X, Y).to(torch.float64)
msr.GradientDescent(lr=torch.tensor([0.1, 0.2]))
msr.GradientDescent(lr={"weight": "fast"})
msr.GradientDescent(lr={"weight": 0.0})
msr.GradientDescent(lr={})
msr.GradientDescent(per_step=True, max_curvature=1.0)
tr(L(), T(2.5))
tr(L(), T("a"))
tr(L(), T(), seed="a")
tr(L(), T(), seed=None)
tr(L(), T(), checkpoint=3)
tr(L(), T(), optimizer=torch.optim.Adam(L().parameters()))
te(L(), T(), batch_size=1.5)
te(L(), T(), batch_size="a")
tr(L(), msr.Joint(None))
msr.table_text([])
msr.table_markdown("x")
msr.MetaTestResult(None).mse
msr.MetaTestResult([1.0]).mse
msr.FiniteGroup([[0, 1], [1, 0]], names="ab")
msr.FiniteGroup([[0, 1], [1, 0]], names=("a", "a"))
msr.cyclic(True)
msr.steerable_kernels(4, 3)
msr.LowRank1d().batch("train", [True])
msr.KroneckerSymmetry([torch.eye(2), torch.eye(4), torch.eye(3)], (2, 4))(torch.ones(2, 4))
msr.TaskBatch(X.to_sparse(), Y, X, Y)
msr.paper_table("x")
msr.paper_table(None)
msr.Results("x")
msr.History(3)
msr.meta_train(L(), T(), batch_size=10**9)
msr.symmetric(8)
msr.symmetric(10**9)
msr.alternating(12)
msr.cyclic(10**6)
msr.dihedral(10**6)
msr.regular(msr.cyclic(1000))
msr.trivial(C4, 10**6)
msr.direct_product(msr.cyclic(1000), msr.cyclic(1000))
msr.group_convolution_matrix(msr.cyclic(1000))
msr.intertwiner_basis(msr.regular(msr.cyclic(80)), msr.regular(msr.cyclic(80)))
msr.conv1d_matrix(10**6, 3)
msr.steerable_kernels(10**9)
msr.LocallyConnected1d(10**9, 3)
msr.LowRank1d(input_size=10**9)
msr.LowRank1d(input_size=10**5).symmetry_matrix()
msr.SteerableConv2d(size=10**6)
msr.KroneckerSymmetry([torch.eye(300), torch.eye(300)], (300, 300)).matrix()
msr.UnfoldConv2d(10**6, 10**6, 3)
msr.UnfoldConv2d(1, 1, 3, padding=10**9)(torch.ones(1, 1, 5, 5))
te(L(), T(), batch_size=10**9)
msr.multitask_train(L(), T(train_tasks=10**9), steps=1, progress=False)
te(L(), T(test_tasks=10**9))
msr.LowRank1d().batch("train", range(8000), 1, 10**9)
msr.reproduce("translation", seeds=10**9)
msr.reproduce("translation", methods=[])
msr.Sweep("translation", seeds=10**9)
msr.Sweep("translation", tasks={"seed": 3})
msr.GradientDescent(steps=10**9)
msr.table_text(msr.Results({}))
msr.DenseSymmetry(torch.ones(5, 2), (2, 4))
msr.reparameterize(nn.Linear(4, 2), 3, seed="a")
list(msr.symmetry_matrices(None))
L(loss=F.cross_entropy)(msr.TaskBatch(X, torch.full((2, 3), -1), X, torch.full((2, 3), -1)))
msr.MetaLearner(nn.Linear(4, 2), chunk_size=1.5)(B)
msr.MetaLearner(nn.Linear(4, 2), chunk_size="2")
L().predict(L().adapt(X, Y), None)
msr.mean_squared_error(None, None)
msr.MetaLearner(nn.Linear(4, 2), chunk_size=2.5)(B)
msr.MetaLearner(nn.Linear(4, 2), chunk_size=True)(B)
msr.mean_squared_error(torch.ones(0), torch.ones(0))
msr.mean_squared_error(torch.ones(2), torch.ones(2, device="meta"))
L(loss=lambda p, t: 1.0)(B)
L(loss=lambda p, t: p - t)(B)
L(loss=lambda p, t: (p - t).mean(0))(B)
L(loss=lambda p, t: (p - t).sum().to(torch.complex64))(B)
L(loss=lambda p, t: (p - t).sum().long())(B)
L(loss=lambda p, t: p @ t)(B)
L(loss=lambda p, t: p - t, chunk_size=1)(B)
L(loss=lambda p, t, w=torch.eye(3), *, v: p)
L(loss=nn.MSELoss)
L(loss=nn.ParameterList())
L(inner=msr.GradientDescent)
L(inner=NoLoop())
L(inner=Gives(None))
L(inner=Gives([torch.ones(1)]))
L(inner=Gives(nn.ParameterList()))(B)
L(inner=Gives(nn.ParameterList(), {}))(B)
L(inner=msr.Ridge(), loss=F.cross_entropy)(msr.TaskBatch(X, Y[..., 0].long(), X, Y[..., 0].long()))
msr.MetaLearner(nn.Linear)
msr.MetaLearner(nn.ModuleList([nn.Linear(4, 2)]))
msr.MetaLearner(nn.Bilinear(4, 2, 2))(B)
msr.MetaLearner(nn.Bilinear(4, 2, 2))(msr.TaskBatch((X, X, X), Y, (X, X, X), Y))
msr.MetaLearner(nn.Bilinear(4, 2, 2))(msr.TaskBatch({"a": X}, Y, {"a": X}, Y))
msr.TaskBatch((), Y, (), Y)
msr.TaskBatch({}, Y, {}, Y)
msr.TaskBatch({1: X}, Y, {1: X}, Y)
msr.TaskBatch((X, X), Y, X, Y)
msr.TaskBatch((X, X), Y, (X, X[:, :, :2]), Y)
msr.TaskBatch((X, X[:, :2]), Y, (X, X), Y)
msr.TaskBatch({"a": X}, Y, {"b": X}, Y)
msr.TaskBatch((X, X.to("meta")), Y, (X, X), Y)
msr.TaskBatch(X, Y, X, Y, torch.ones(2, 3))
msr.TaskBatch(X, Y, X, Y, torch.ones(2, 2).bool())
msr.TaskBatch(X, Y, X, Y, torch.zeros(2, 3).bool())
L(step_weights=[0.5, 0.5])
L(step_weights=[-1.0])
L(step_weights=[0.0])
L(step_weights=[float("nan")])
L(inner=msr.Ridge(), step_weights=[1.0])
msr.MetaLearner(nn.LazyLinear(2))
msr.MetaLearner(nn.Linear(4, 2, device="meta"))
msr.MetaLearner(nn.Linear(4, 2).requires_grad_(False))
msr.MetaLearner(Pair(4, 2))(B)
msr.MetaLearner(Pair(4, 2)).predict(A, X)
L()(msr.TaskBatch(X[..., 0], Y, X[..., 0], Y))
L()(msr.TaskBatch(Y, Y, Y, Y))
L(chunk_size=1)(msr.TaskBatch(Y, Y, Y, Y))
L(shortcuts=False)(msr.TaskBatch(Y, Y, Y, Y))
L(vectorize=False)(msr.TaskBatch(Y, Y, Y, Y))
L()(B.to(dtype=torch.float64))
L().adapt(X, Y.long())
L(loss=F.cross_entropy).adapt(X, torch.full((2, 3), 7))
L().predict(A | {"c": A["weight"]}, X)
L().predict({"weight": A["weight"]}, X)
L().predict({"x" * 10000: A["weight"]}, X)
L().predict({1: A["weight"]}, X)
L().predict({n: v.tolist() for n, v in A.items()}, X)
L().predict({n: v[:1] for n, v in A.items()}, X)
L().predict({n: v[0] for n, v in A.items()}, X)
L().predict({n: v.sum() for n, v in A.items()}, X)
L().predict({n: v.double() for n, v in A.items()}, X)
L().predict({n: v.long() for n, v in A.items()}, X)
L().predict({n: v.to_sparse() for n, v in A.items()}, X)
L().predict({n: v.to("meta") for n, v in A.items()}, X)
L().predict(A, X[:1])
L().predict(A, X[0])
L().predict(A, Y)
L().losses({n: v.long() for n, v in A.items()}, X, Y)
L().losses({n: v.to(torch.complex64) for n, v in A.items()}, X, Y)
L().losses({n: v.to_sparse() for n, v in A.items()}, X, Y)
L().losses(A, X[:1], Y[:1])
L().losses(A, X, X)
L().losses(A, Y, Y)
msr.gradcheck(L(), msr.TaskBatch(Y, Y, Y, Y))
msr.gradcheck(L().requires_grad_(False), B)
msr.GradientDescent().init({"v": torch.ones(2).long()})
msr.GradientDescent(learn_lr=False).init({"v": torch.ones(2).long()})
msr.GradientDescent().adapt(S, {"v": torch.ones(2).long()}, P)
msr.GradientDescent().adapt(S, {"v": torch.ones(2).to_sparse()}, P)
msr.Ridge().init({"v": torch.ones(2).long()})
msr.Ridge().adapt(S, {"v": torch.ones(2).long()}, P)
msr.Ridge().adapt(S, {"v": torch.ones(3)}, P)
msr.Ridge().adapt(S, {}, P)
msr.Ridge().adapt(S, {"v": torch.ones(2)}, nn.ParameterList([torch.ones(2)]))
msr.Ridge().adapt(S, {"v": torch.ones(2)}, nn.ParameterList())
msr.Ridge().check(S, {"v": torch.ones(3)})
msr.reparameterize(nn.Linear(4, 2), 10**5000)
msr.reparameterize(nn.Linear(4, 2), 10**5000, "kronecker")
msr.reparameterize(nn.Linear(4, 2), 3, std=10**100)
msr.reparameterize(nn.Linear(4, 2, device="meta"), 3)
msr.reparameterize(nn.Linear(4, 2, dtype=torch.complex64), 3)
msr.reparameterize(nn.Linear(10**4, 10**4, device="meta"), 10)
msr.reparameterize(nn.Linear(10**5, 2, device="meta"), None, "kronecker")
"""


def surroundings() -> dict[str, Any]:
    """What the expressions speak of."""
    X, Y = torch.ones(2, 3, 4), torch.ones(2, 3, 2)

    def T(rank: Any = 1, **settings: Any) -> msr.LowRank1d:
        return tiny_tasks(rank=rank, **settings)

    def tr(learner: Any, tasks: Any, **settings: Any) -> msr.History:
        return msr.meta_train(
            learner, tasks, 1, **{"batch_size": 2, "progress": False} | settings
        )

    def te(learner: Any, tasks: Any, **settings: Any) -> msr.MetaTestResult:
        return msr.meta_test(learner, tasks, progress=False, **settings)

    def L(**settings: Any) -> msr.MetaLearner:
        return msr.MetaLearner(nn.Linear(4, 2), **settings)

    linear = nn.Linear(4, 2)
    A = {name: torch.stack([p, p]) for name, p in linear.state_dict().items()}
    S = SupportLoss(lambda adapted: adapted["v"], torch.zeros(2), F.mse_loss)
    P = nn.ParameterList([torch.zeros(())])
    C4 = msr.cyclic(4)
    return {
        **{"msr": msr, "torch": torch, "nn": nn, "F": F, "nan": NAN, "X": X, "Y": Y},
        **{"C4": C4, "R4": msr.regular(C4), "B": msr.TaskBatch(X, Y, X, Y)},
        **{"L": L, "T": T, "tr": tr, "te": te, "A": A, "S": S, "P": P},
        **{"Gives": Gives, "NoLoop": NoLoop, "Pair": Pair},
    }


@pytest.mark.parametrize("expression", EXPRESSIONS.splitlines())
def test_wrong_expressions(expression: str) -> None:
    with refused(expression):
        eval(expression, surroundings())


def test_what_looks_wrong_and_is_not() -> None:
    said = surroundings()
    learner, adapted, X, Y, B = (said[name] for name in ("L", "A", "X", "Y", "B"))
    msr.reparameterize(nn.Linear(4, 2).half(), 3)
    assert msr.reparameterize(nn.Linear(4, 2), 3, std=10**30).weight.shape == (2, 4)
    weight, generator = torch.ones(2, 4), torch.Generator().manual_seed(0)
    U, _ = msr.DenseSymmetry.initial(weight, 3, 10**30 + 1, generator)
    assert torch.isfinite(U.matrix()).all()
    assert len(learner(chunk_size=10**5000)(B)) == 2
    found = learner().predict(types.MappingProxyType(adapted), X)
    assert torch.equal(found, learner(chunk_size=10**5000).predict(adapted, X))
    assert len(learner().losses(types.MappingProxyType(adapted), X, Y)) == 2


def test_a_refused_module_is_left_as_it_was() -> None:
    module = nn.Sequential(nn.Linear(4, 2), nn.Linear(4, 2).half())
    with refused("a std that is no number in the second layer"):
        msr.reparameterize(module, 3, std=10**6)
    assert type(module[0]) is nn.Linear


class OneArgument(Gives):
    def adapt(self, adapted: Any) -> Any:
        return adapted


class ChecksNothing(Gives):
    def check(self) -> None: ...


# Where torch or Python would say "expected" too, of something else.
@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("L(inner=NoLoop())", r"NoLoop\.init to take the arguments \(adapted\), got"),
        ("L(inner=OneArgument(P))", r"OneArgument\.adapt to take the arguments \(loss, "),
        ("L(inner=ChecksNothing(P))", r"ChecksNothing\.check to take the arguments \(loss"),
        ("L(inner=Gives([1.0]))", r"Gives\.init to return a torch\.nn\.ParameterList"),
        (
            "msr.MetaLearner(Pair(4, 2)).predict(A, X)",
            r"a model that returns a tensor, got tuple",
        ),
        (
            "msr.Ridge().adapt(OfLabels, {'v': torch.ones(2)}, P)",
            r"floating-point targets for msr\.Ridge, got torch\.int64",
        ),
        (
            "msr.Ridge().adapt(S, {'v': torch.ones(2)}, nn.ParameterList())",
            r"one number in meta_parameters, from Ridge\.init",
        ),
        (
            "msr.reparameterize(nn.Linear(4, 2, device='meta'), 3)",
            r"weights have values, got 'Linear' on the device meta",
        ),
        (
            "L()(msr.TaskBatch(Y, Y, Y, Y))",
            r"inputs that Linear takes, got those of a task, of shape \(3, 2\)",
        ),
    ],
)
def test_the_words_are_of_the_fault(expression: str, words: str) -> None:
    more = {
        "OneArgument": OneArgument,
        "ChecksNothing": ChecksNothing,
        "OfLabels": SupportLoss(lambda a: a["v"], torch.ones(2).long(), F.mse_loss),
    }
    with pytest.raises((TypeError, ValueError), match=f"^expected .*{words}"):
        eval(expression, surroundings() | more)
