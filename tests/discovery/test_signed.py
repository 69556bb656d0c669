"""identify(..., signed=True): entries that are equal up to sign."""

import math

import matplotlib as mpl

mpl.use("Agg")

import numpy as np
import pytest
import torch
from actions import spanning
from test_signed_closure import signed_permutations, symmetries
from torch import Tensor, nn

import msr
from msr import plotting
from msr.discovery.closure import numbered
from msr.discovery.scores import cost_of_partition
from msr.discovery.signed_closure import SignedLabels, signed_closure, signed_labels
from msr.discovery.signed_search import _cost_of_partition

Matrices = list[np.ndarray]


def negacyclic(n: int) -> Matrices:
    """The powers of the shift of n points that changes the sign of what comes around."""
    shift = np.roll(np.eye(n), 1, axis=0)
    shift[0] *= -1
    powers = [np.eye(n)]
    for _ in range(2 * n - 1):
        powers.append(shift @ powers[-1])
    return powers


def together(first: Matrices, second: Matrices) -> Matrices:
    return [
        np.block([[a, np.zeros((len(a), len(b)))], [np.zeros((len(b), len(a))), b]])
        for a, b in zip(first, second)
    ]


def quaternions() -> Matrices:
    """Q8 on 4 points: products by 1, i, j, k and their negatives."""
    i = np.array([[0, -1, 0, 0], [1, 0, 0, 0], [0, 0, 0, -1], [0, 0, 1, 0]])
    j = np.array([[0, 0, -1, 0], [0, 0, 0, 1], [1, 0, 0, 0], [0, -1, 0, 0]])
    half = [np.eye(4), i, j, i @ j]
    return [*half, *(-a for a in half)]


FLIP = [np.diag([1, 1, -1, -1, 1]) * s for s in (1, -1)]
ACTIONS = {
    "4 points": (negacyclic(4), negacyclic(4)),
    "6 points": (negacyclic(6), negacyclic(6)),
    "Q8": (quaternions(), quaternions()),
    "8 points, twice": (together(negacyclic(4), negacyclic(4)),) * 2,
}


def disguised(
    out: Matrices, into: Matrices, draws: np.random.Generator
) -> tuple[Matrices, Matrices]:
    """The same, of points in another order and with other signs."""
    pairs = []
    for action in (out, into):
        n = len(action[0])
        S = np.eye(n)[draws.permutation(n)] * draws.choice([-1, 1], n)
        pairs.append([S @ a @ S.T for a in action])
    return pairs[0], pairs[1]


def intertwiners(out: Matrices, into: Matrices) -> np.ndarray:
    """An orthonormal basis of all W with ``P W = W Q``, by averaging over the group."""
    average = sum(np.kron(P, Q) for P, Q in zip(out, into)) / len(out)
    return np.linalg.svd(average)[0][:, : round(float(np.trace(average)))]


def tilted(basis: np.ndarray, degrees: float, draws: np.random.Generator) -> Tensor:
    away = draws.normal(size=basis.shape)
    away = np.linalg.qr(away - basis @ (basis.T @ away))[0]
    angle = math.radians(degrees)
    turn = np.linalg.qr(draws.normal(size=(basis.shape[1],) * 2))[0]
    return torch.tensor((math.cos(angle) * basis + math.sin(angle) * away) @ turn)


def labels_of(basis: np.ndarray, m: int, n: int) -> SignedLabels:
    """Entries whose rows of an exact basis are equal up to sign."""
    rows = basis.round(6) + 0.0
    both = np.unique(np.concatenate([rows, -rows]), axis=0, return_inverse=True)[1]
    return signed_labels(*both.reshape(2, m, n))


@pytest.mark.parametrize("name", ACTIONS)
@pytest.mark.parametrize("degrees", [0, 15])
def test_actions_with_signs(name: str, degrees: float) -> None:
    draws = np.random.default_rng(0)
    out, into = disguised(*ACTIONS[name], draws)
    m, n = len(out[0]), len(into[0])
    basis = intertwiners(out, into)
    labels = labels_of(basis, m, n)
    found = msr.identify(tilted(basis, degrees, draws), (m, n), signed=True)
    expected = signed_closure(labels)
    assert found.status == "found"
    assert found.order == expected.order
    np.testing.assert_array_equal(found.orbits.cpu().numpy(), expected.labels.classes)
    np.testing.assert_array_equal(found.signs.cpu().numpy(), expected.labels.signs)


@pytest.mark.parametrize("name", ["4 points", "Q8"])
def test_against_all_pairs_of_signed_permutations(name: str) -> None:
    draws = np.random.default_rng(1)
    out, into = disguised(*ACTIONS[name], draws)
    basis = intertwiners(out, into)
    found = msr.identify(tilted(basis, 0, draws), (4, 4), signed=True)
    weights = [(np.round(1e6 * w.reshape(4, 4))).astype(int) for w in basis.T]
    pairs = set.intersection(*(symmetries_up_to_rounding(w) for w in weights))
    assert found.order == len(pairs)
    own = {
        (P.numpy().astype(int).tobytes(), Q.numpy().astype(int).tobytes())
        for P, Q in zip(found.rho_out.matrices.cpu(), found.rho_in.matrices.cpu())
    }
    assert own == pairs


def symmetries_up_to_rounding(W: np.ndarray) -> set[tuple[bytes, bytes]]:
    values = np.unique(np.abs(W))
    steps = np.concatenate([[1], np.diff(values) > 10]).cumsum()
    names = steps[np.searchsorted(values, np.abs(W))] - (values[0] < 10)
    return symmetries(np.sign(W) * names)


def test_small_groups_by_brute_force() -> None:
    """All groups of two signed permutations' powers on three points, exactly."""
    draws = np.random.default_rng(2)
    everything = signed_permutations(3)
    for _ in range(8):
        P, Q = (everything[draws.integers(len(everything))] for _ in range(2))
        out, into = ([np.linalg.matrix_power(a, k) for k in range(12)] for a in (P, Q))
        basis = intertwiners(out, into)
        if not 0 < basis.shape[1] < 9:
            continue
        labels = labels_of(basis, 3, 3)
        found = msr.identify(tilted(basis, 0, draws), (3, 3), signed=True)
        values = (labels.classes + 1) * labels.signs
        if found.status != "none":
            assert found.order == len(symmetries(values))


def test_plain_sharing_gets_the_sign_of_all() -> None:
    U = msr.group_convolution_matrix(msr.symmetric(3))
    found = msr.identify(U, (6, 6), signed=True)
    assert (found.status, found.order, found.name) == ("found", 12, "D6")
    assert (found.signs == 1).all()
    assert torch.equal(found.orbits, msr.identify(U, (6, 6)).orbits)
    assert msr.identify(U, (6, 6)).signs is None


def test_signs_hide_from_permutations() -> None:
    basis = intertwiners(*ACTIONS["6 points"])
    U = torch.tensor(basis)
    assert msr.identify(U, (6, 6)).name != "C12"
    assert msr.identify(U, (6, 6), signed=True).name == "C12"


def test_generators_and_representations() -> None:
    draws = np.random.default_rng(3)
    out, into = disguised(*ACTIONS["Q8"], draws)
    basis = intertwiners(out, into)
    found = msr.identify(torch.tensor(basis), (4, 4), signed=True)
    matrices = list(zip(found.rho_out.matrices, found.rho_in.matrices))
    for W in torch.tensor(basis).T.reshape(-1, 4, 4):
        for P, Q in matrices:
            assert float((P @ W - W @ Q).abs().max()) < 1e-9
    msr.Representation(found.group, found.rho_in.matrices)  # a homomorphism
    for pair in found.generators:
        P, Q = (one_line(images) for images in pair)
        assert any(
            np.array_equal(P, a.cpu().numpy()) and np.array_equal(Q, b.cpu().numpy())
            for a, b in matrices
        )


def one_line(images: tuple[int, ...]) -> np.ndarray:
    """The matrix of a signed permutation in one-line notation."""
    P = np.zeros((len(images),) * 2)
    for i, image in enumerate(images):
        P[abs(image) - 1, i] = math.copysign(1, image)
    return P


def test_random_spans_have_none() -> None:
    draws = np.random.default_rng(4)
    for m, n in [(3, 3), (4, 4), (3, 5), (6, 6)] * 2:
        U = torch.tensor(draws.normal(size=(m * n, int(draws.integers(1, m * n)))))
        found = msr.identify(U, (m, n), signed=True)
        assert found.status == ("not sure" if m * n == 9 and found.order > 2 else "none")
        if found.order > 2:
            continue  # a weight of 3 x 3 has a group by chance now and then
        assert (found.order, found.name) == (2, "C2")
        minus = tuple(tuple(range(-1, -size - 1, -1)) for size in (m, n))
        assert found.generators == (minus,)
        assert "no group of signed permutations" in str(found)


def test_sharing_up_to_sign_without_a_group_is_none() -> None:
    draws = np.random.default_rng(5)
    tried = 0
    while tried < 4:
        m, n = (int(i) for i in draws.integers(4, 6, 2))
        classes = numbered(draws.integers(0, draws.integers(3, m * n // 2), (m, n)))
        values = (classes + 1) * draws.choice([-1, 1], (m, n))
        group = signed_closure(signed_labels(values, -values))
        if not group.labels.trivial:
            continue
        tried += 1
        signs = torch.tensor(np.sign(values).reshape(-1, 1))
        U = spanning(classes, draws, 10 * (tried % 2)) * signs
        assert msr.identify(U, (m, n), signed=True).status == "none"


def test_a_person_can_read_it_and_see_it() -> None:
    found = msr.identify(
        torch.tensor(intertwiners(*ACTIONS["8 points, twice"])), (8, 8), signed=True
    )
    assert "signed permutations, -1 included, with these shared weights (8 outputs" in str(
        found
    )
    assert "orbits of entries up to sign" in str(found)
    U = torch.eye(9)[:, [0, 4, 8]].sum(1, keepdim=True).double()
    found = msr.identify(U, (3, 3), signed=True)
    assert found.orbits.tolist() == [[0, -1, -1], [-1, 0, -1], [-1, -1, 0]]
    weight = plotting.plot_identification(found).axes[0]
    assert [text.get_text() for text in weight.texts] == ["+0", "+0", "+0"]
    assert weight.images[0].get_cmap().get_under().tolist() == [1, 1, 1, 1]


def test_a_layer_and_its_tasks() -> None:
    basis = torch.tensor(intertwiners(*ACTIONS["6 points"]))
    layer = nn.Linear(6, 6, bias=False).double()
    msr.reparameterize(layer, filters=6)
    with torch.no_grad():
        layer.parametrizations.weight[0].U.copy_(basis)
    assert msr.identify(layer, signed=True).name == "C12"


def test_what_a_partition_up_to_sign_costs() -> None:
    """The log of how many there are, counted one by one."""
    values = np.array([1, -1, 2, 0])
    labels = signed_labels(values, -values)
    arrangements = set()
    for P in signed_permutations(4):
        moved = P @ values
        arrangements.add(
            (tuple(moved), tuple(-moved)) if moved[np.abs(moved) == 1][0] > 0 else None
        )
    up_to_sign = {
        tuple(signed_labels(np.array(a[0]), -np.array(a[0])).classes.tolist())
        + tuple(signed_labels(np.array(a[0]), -np.array(a[0])).signs.tolist())
        for a in arrangements - {None}
    }
    # swapping the names of the classes 1 and 2 is another arrangement of sizes 2 and 1
    assert _cost_of_partition(labels) == pytest.approx(math.log(len(up_to_sign)))
    assert cost_of_partition(np.array([0, 0, 1, 2])) == pytest.approx(math.log(12))


@pytest.mark.bad_input
def test_wrong_input() -> None:
    with pytest.raises(ValueError, match=r"at most 3200 entries with signed=True, got"):
        msr.identify(torch.eye(3249)[:, :1], (57, 57), signed=True)
    with pytest.raises(TypeError, match="expected signed to be True or False"):
        msr.identify(torch.eye(4), (2, 2), signed=1)
