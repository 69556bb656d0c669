"""The group of a symmetry matrix: exact, noisy, with surplus columns, and where none is."""

import itertools
import math

import numpy as np
import pytest
import torch
from actions import cosets, fixed, orbits, pattern, shuffled, spanning, symmetries, together

import msr
from msr.discovery.closure import closure, numbered
from msr.groups.names import name_of

S3, D4, Q8, A4 = msr.symmetric(3), msr.dihedral(4), msr.quaternion(), msr.alternating(4)


def on_points(n: int) -> list[np.ndarray]:
    """All permutations of n points."""
    return [np.array(p) for p in itertools.permutations(range(n))]


REGULAR = {
    group.name: (cosets(group), cosets(group))
    for group in [*msr.small_groups().values(), msr.dihedral(5), A4, msr.cyclic(16)]
    if group.order > 2 and group.name not in ("C6", "C7")
}
OTHERS = {
    "D4 on corners": (cosets(D4, 4), cosets(D4, 4)),
    "D4 from corners": (cosets(D4), cosets(D4, 4)),
    "D4 to corners": (cosets(D4, 4), cosets(D4)),
    "S3 from points": (cosets(S3), cosets(S3, 1)),
    "S3 and fixed points": (together(cosets(S3), fixed(cosets(S3), 2)),) * 2,
    "D4 on corners and more": (together(cosets(D4, 4), cosets(D4)),) * 2,
    "Q8 and fixed points": (together(cosets(Q8), fixed(cosets(Q8), 1)),) * 2,
    "S4 on 4 points": (on_points(4), on_points(4)),
    "C6 to C2 and C3": (together(cosets(msr.cyclic(6), 2), cosets(msr.cyclic(6), 3)),) * 2,
}
SMALL = {
    "C3": REGULAR["C3"],
    "C4": REGULAR["C4"],
    "C2xC2": REGULAR["C2xC2"],
    "C5": REGULAR["C5"],
    **{
        name: OTHERS[name]
        for name in ("D4 on corners", "S4 on 4 points", "C6 to C2 and C3")
    },
}


def check_found(found: msr.Identification, labels: np.ndarray) -> None:
    group = closure(numbered(labels))
    assert found.status == "found"
    assert found.order == group.order
    np.testing.assert_array_equal(found.orbits.numpy(), group.orbits)


@pytest.mark.parametrize("name", SMALL)
def test_against_all_pairs_of_permutations(name: str) -> None:
    generator = np.random.default_rng(0)
    labels = shuffled(pattern(*SMALL[name]), generator)
    m, n = labels.shape
    found = msr.identify(spanning(labels, generator), (m, n))
    pairs = symmetries(labels)
    assert found.order == len(pairs)
    np.testing.assert_array_equal(found.orbits.numpy(), orbits(pairs, m, n))
    assert set(found.generators) <= set(pairs)
    assert found.normalizer_order == len(symmetries(labels, classes_stay=False))


@pytest.mark.parametrize("name", REGULAR)
def test_convolutions(name: str) -> None:
    """Nothing but the group itself keeps its convolutions: order and name are known."""
    generator = np.random.default_rng(0)
    labels = shuffled(pattern(*REGULAR[name]), generator)
    found = msr.identify(spanning(labels, generator), labels.shape)
    check_found(found, labels)
    assert found.order == len(labels)
    assert found.name == name_of({**msr.small_groups(), **KNOWN}[name])


KNOWN = {"D5": msr.dihedral(5), "A4": A4, "C16": msr.cyclic(16)}


@pytest.mark.parametrize(
    ("name", "degrees"),
    # few entries say too little at the larger angle
    [(name, 5) for name in OTHERS]
    + [
        (name, 20)
        for name, (a, b) in (REGULAR | OTHERS).items()
        if len(a[0]) * len(b[0]) > 24
    ],
)
def test_a_span_that_is_off(name: str, degrees: int) -> None:
    generator = np.random.default_rng(2)
    labels = shuffled(pattern(*(REGULAR | OTHERS)[name]), generator)
    found = msr.identify(spanning(labels, generator, degrees), labels.shape)
    group = closure(numbered(labels))
    assert found.order == group.order
    np.testing.assert_array_equal(found.orbits.numpy(), group.orbits)


@pytest.mark.parametrize("degrees", [0, 5, 20])
def test_surplus_columns(degrees: int) -> None:
    generator = np.random.default_rng(3)
    for name in ("D4", "C16"):
        labels = shuffled(pattern(*REGULAR[name]), generator)
        U = spanning(labels, generator, degrees, surplus=10)
        check_found(msr.identify(U, labels.shape), labels)


def test_columns_that_no_task_uses() -> None:
    """They hide the group, and have no part in weights of tasks."""
    generator = np.random.default_rng(11)
    i, j = np.indices((16, 16))
    U = spanning((j - i) % 16, generator, degrees=5)
    unused = torch.tensor(generator.normal(size=(256, 48)) / 8)
    both = torch.cat([U, unused], 1)
    filters = torch.tensor(generator.normal(size=(64, 400)))
    filters[16:] *= 0.02
    assert msr.identify(both, (16, 16)).status != "found"
    assert msr.identify(both @ filters, (16, 16)).name == "C16"


def test_weights_that_are_zero() -> None:
    """Filters of three taps on a ring: the other orbits share their value."""
    i, j = np.indices((16, 16))
    taps = (j - i) % 16
    U = torch.tensor(np.eye(16)[taps.reshape(-1)][:, :3])
    found = msr.identify(U, (16, 16))
    assert (found.status, found.name) == ("found", "C16")


def test_random_matrices_have_none() -> None:
    generator = np.random.default_rng(4)
    for m, n in [(3, 3), (4, 4), (3, 5), (6, 6), (8, 8)] * 2:
        k = int(generator.integers(1, m * n))
        found = msr.identify(torch.tensor(generator.normal(size=(m * n, k))), (m, n))
        assert found.status == "none"
        assert (found.order, found.name, found.generators) == (1, "C1", ())
        assert int(found.orbits.max()) + 1 == m * n


@pytest.mark.parametrize("degrees", [0, 10])
def test_sharing_without_a_group_is_none(degrees: int) -> None:
    generator = np.random.default_rng(5)
    tried = 0
    while tried < 8:
        m, n = generator.integers(4, 8, 2)
        labels = numbered(generator.integers(0, generator.integers(3, m * n // 2), (m, n)))
        if closure(labels).order == 1:
            tried += 1
            found = msr.identify(spanning(labels, generator, degrees), (int(m), int(n)))
            assert found.status == "none"


def test_everything_is_none() -> None:
    found = msr.identify(
        torch.randn(9, 9, generator=torch.Generator("cpu"), device="cpu"), (3, 3)
    )
    assert found.status == "none"
    assert "no group" in str(found)


def test_the_basis_does_not_matter() -> None:
    generator = np.random.default_rng(6)
    labels = shuffled(pattern(*REGULAR["D4"]), generator)
    for degrees in (0, 10):
        U = spanning(labels, generator, degrees)
        R = torch.tensor(generator.normal(size=(U.shape[1],) * 2))
        first, second = (
            msr.identify(U, labels.shape),
            msr.identify(3e5 * U @ R, labels.shape),
        )
        assert first.status == second.status == "found"
        assert first.name == second.name == "D4"
        assert torch.equal(first.orbits, second.orbits)


def test_the_same_twice_without_drawing_from_torch() -> None:
    generator = np.random.default_rng(7)
    labels = pattern(*REGULAR["Q8"])
    U = spanning(labels, generator, 10)
    state = torch.get_rng_state(), np.random.get_state()[1].tolist()  # noqa: NPY002
    first, second = msr.identify(U, (8, 8)), msr.identify(U, (8, 8))
    assert torch.equal(torch.get_rng_state(), state[0])
    assert np.random.get_state()[1].tolist() == state[1]  # noqa: NPY002
    assert first.confidence == second.confidence
    assert first.generators == second.generators


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_representations_commute_with_the_weights(dtype: torch.dtype) -> None:
    generator = np.random.default_rng(8)
    labels = shuffled(pattern(*OTHERS["D4 from corners"]), generator)
    m, n = labels.shape
    U = spanning(labels, generator).to(dtype)
    found = msr.identify(U, (m, n))
    assert found.rho_in.matrices.dtype == found.rho_out.matrices.dtype == dtype
    assert found.rho_in.matrices.device == found.rho_out.matrices.device == U.device
    assert found.group.order == found.order == len(found.rho_in.matrices)
    for W in U.T.reshape(-1, m, n):
        assert error(W, found) < 1e-5
    dense = torch.tensor(generator.normal(size=(m, n)), dtype=dtype)
    assert error(dense, found) > 0.1


def error(W: torch.Tensor, found: msr.Identification) -> float:
    """How far ``P W`` is from ``W Q``, at most."""
    return float((found.rho_out.matrices @ W - W @ found.rho_in.matrices).abs().max())


def test_a_group_too_large_to_list() -> None:
    labels = np.eye(9, dtype=int)
    found = msr.identify(spanning(labels, np.random.default_rng(9)), (9, 9))
    assert (found.status, found.name) == ("found", "S9")
    assert found.order == math.factorial(9)
    assert found.group is found.rho_in is found.rho_out is None


def test_twins_are_told() -> None:
    labels = np.zeros((8, 8), dtype=int)
    i, j = np.indices((4, 4))
    labels[:4, :4] = (j - i) % 4 + 1
    found = msr.identify(spanning(labels, np.random.default_rng(10)), (8, 8))
    assert found.name == "(S4^2) : C4"
    assert (found.twins.name, found.twins.order, found.twins.any) == ("C4", 4, True)
    assert found.twins.rows.tolist() == [0, 1, 2, 3, 4, 4, 4, 4]
    assert "with equal rows and columns as one: C4" in str(found)


def test_a_small_layer_cannot_convince() -> None:
    U = torch.tensor([[1.0, 0], [0, 1], [0, 1], [1, 0]])
    found = msr.identify(U, (2, 2))
    assert (found.status, found.name, found.order) == ("not sure", "C2", 2)


def test_a_person_can_read_it() -> None:
    found = msr.identify(msr.group_convolution_matrix(msr.cyclic(8)), (8, 8))
    assert str(found).startswith("found: C8, order 8\nthe largest group with these shared")
    assert "span to itself: 256" in str(found)
    assert repr(found) == "Identification(found, C8, order=8)"


def test_a_layer_with_a_symmetry_matrix() -> None:
    layer = torch.nn.Linear(6, 6, bias=False)
    msr.reparameterize(layer, filters=6)
    with torch.no_grad():
        layer.parametrizations.weight[0].U.copy_(msr.group_convolution_matrix(S3))
    assert msr.identify(layer).name == "S3"
    assert msr.identify(layer, (6, 6)).name == "S3"


@pytest.mark.bad_input
def test_wrong_input() -> None:
    U = torch.eye(9)
    with pytest.raises(ValueError, match=r"expected U of shape \(6, k\).*got \(9, 9\)"):
        msr.identify(U, (2, 3))
    with pytest.raises(ValueError, match="NaN"):
        msr.identify(U * math.nan, (3, 3))
    with pytest.raises(ValueError, match="only zeros"):
        msr.identify(0 * U, (3, 3))
    with pytest.raises(ValueError, match=r"expected weight_shape \(m, n\)"):
        msr.identify(U, (9,))
    with pytest.raises(ValueError, match="at most 6400 entries"):
        msr.identify(torch.zeros(1, 1).expand(6561, 1), (81, 81))
    with pytest.raises(TypeError, match="along with a matrix"):
        msr.identify(U)
    with pytest.raises(TypeError, match="a tensor, or a module"):
        msr.identify(U.tolist(), (3, 3))
    with pytest.raises(TypeError, match="floating-point"):
        msr.identify(U.long(), (3, 3))
    with pytest.raises(TypeError, match="16, 32 or 64 bits"):
        msr.identify(U.to(torch.float8_e5m2), (3, 3))
    with pytest.raises(ValueError, match="with values"):
        msr.identify(U.to("meta"), (3, 3))
    with pytest.raises(ValueError, match="a single symmetry matrix, got 0"):
        msr.identify(torch.nn.Linear(3, 3))
    layer = torch.nn.Linear(3, 3)
    msr.reparameterize(layer, filters=2)
    with pytest.raises(ValueError, match=r"expected weight_shape \(3, 3\)"):
        msr.identify(layer, (9, 1))
