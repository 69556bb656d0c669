"""Comparing symmetries: planted ones, none, too few data, and what is reported."""

import math
from collections import Counter

import numpy as np
import pytest
import torch
from linear import drawn, ring
from scipy.stats import ks_2samp

import msr
from msr.discovery.evidence import fitted
from msr.discovery.margin import leads_by_chance
from msr.discovery.problem import checked_problem
from msr.discovery.rotation import rotations
from msr.discovery.spaces import checked_basis

D4 = ring(4)
CHANNELS = 4


def matrices(
    candidates: dict[str, tuple | None], shape: tuple[int, int]
) -> dict[str, torch.Tensor | None]:
    found = {}
    for name, symmetry in candidates.items():
        basis = checked_basis(name, symmetry, shape)
        found[name] = None if basis is None else torch.from_numpy(basis)
    return found


ON_THE_RING = msr.subgroup_candidates(D4, D4)
SPANS = matrices(ON_THE_RING, (4, 4))


def test_candidates_are_all_subgroups_by_name() -> None:
    assert list(ON_THE_RING) == [
        "none",
        "D4",
        "C4",
        "C2 x C2 of r^2, s",
        "C2 x C2 of r^2, r s",
        "C2 of r^2",
        "C2 of s",
        "C2 of r s",
        "C2 of r^2 s",
        "C2 of r^3 s",
    ]
    for name, pair in ON_THE_RING.items():
        if pair is None:
            continue
        assert name.split(" of ")[0] == msr.name_of(pair[0].group)
        for rho in pair:
            msr.Representation(rho.group, rho.matrices)
            names = [D4.group.names.index(own) for own in rho.group.names]
            assert torch.equal(rho.matrices, D4.matrices[names])


@pytest.mark.parametrize("name", ON_THE_RING)
def test_a_planted_subgroup_is_the_verdict(name: str) -> None:
    generator = torch.Generator().manual_seed(0)
    x, y, _ = drawn(SPANS[name], (CHANNELS, 12, 4, 4), generator)
    found = msr.compare_symmetries(ON_THE_RING, x, y, simulations=50)
    assert found.verdict == found.best == name
    assert found.probabilities[name] > 0.95
    for other, symmetry in ON_THE_RING.items():
        alone = msr.evidence(symmetry, x, y).log_evidence
        assert found.log_evidence[other] == pytest.approx(alone, abs=1e-6)


def test_probabilities_are_those_of_bayes() -> None:
    x, y, _ = drawn(SPANS["D4"], (1, 2, 4, 4), torch.Generator().manual_seed(1), 1.0)
    found = msr.compare_symmetries(ON_THE_RING, x, y, simulations=0)
    values = np.array(list(found.log_evidence.values()))
    expected = np.exp(values - values.max())
    expected /= expected.sum()
    np.testing.assert_allclose(list(found.probabilities.values()), expected)
    assert found.best == list(found.log_evidence)[int(values.argmax())]
    assert found.lead == pytest.approx(values.max() - found.log_evidence["none"])
    assert found.margin == pytest.approx(math.log(100))


def test_without_a_symmetry_none_is_claimed() -> None:
    """However few the data; with enough, "none" is the verdict."""
    some = {name: SPANS[name] for name in ("none", "D4", "C4", "C2 of r s")}
    verdicts, invented = Counter[tuple[int, str]](), 0
    for N in (1, 2, 3, 12):
        for seed in range(15):
            generator = torch.Generator().manual_seed(seed)
            x, y, _ = drawn(None, (1, N, 4, 4), generator)
            found = msr.compare_symmetries(some, x, y, simulations=60)
            verdicts[N, found.verdict] += 1
            invented += found.best != "none"
    claims = [k for k in verdicts.elements() if k[1] not in ("none", "cannot tell yet")]
    assert len(claims) <= 1
    assert verdicts[12, "none"] >= 13
    assert invented >= 15  # the likeliest alone is wrong so often


def the_long_way(
    candidates: dict, x: torch.Tensor, y: torch.Tensor, draws: int, **settings
) -> list[float]:
    """Leads over all weights free, with weights and outputs drawn from that model."""
    free = msr.evidence(None, x, y, **settings)
    generator = torch.Generator().manual_seed(3)
    leads = []
    for _ in range(draws):
        C, _, m = y.shape
        W = torch.randn(C, m, x.shape[1], generator=generator, dtype=torch.float64)
        noise = torch.randn(y.shape, generator=generator, dtype=torch.float64)
        outputs = free.width * torch.einsum("cij,Nj->cNi", W, x) + free.noise * noise
        values = {
            name: msr.evidence(U, x, outputs, **settings).log_evidence
            for name, U in candidates.items()
        }
        base = values.pop("none")
        leads.append(max(values.values()) - base)
    return leads


def leads(candidates: dict, x: torch.Tensor, y: torch.Tensor, **settings) -> np.ndarray:
    problem = checked_problem(x, y)
    others = [rotations(problem, U.numpy()) for U in candidates.values() if U is not None]
    free = fitted(problem, None, **settings)
    generator = torch.Generator().manual_seed(0)
    return leads_by_chance(problem, free, others, 3000, generator, **settings)


ALL_EQUAL = {"none": None, "all equal": torch.ones(4, 1, dtype=torch.float64)}
TWO = {name: SPANS[name] for name in ("none", "C4", "C2 of s")}


@pytest.mark.parametrize(
    ("candidates", "shape", "noise", "settings"),
    [
        (TWO, (2, 3, 4, 4), 0.5, {"noise": 0.5, "width": 1.0}),
        (TWO, (1, 2, 4, 4), 0.5, {}),
        # more examples than inputs: there is noise that no weight explains
        (ALL_EQUAL, (1, 9, 1, 4), 2.0, {}),
    ],
)
def test_leads_by_chance(candidates, shape, noise: float, settings) -> None:
    x, y, _ = drawn(None, shape, torch.Generator().manual_seed(2), noise)
    slow = the_long_way(candidates, x, y, 120, **settings)
    fast = leads(candidates, x, y, **settings)
    assert ks_2samp(slow, fast).pvalue > 0.01
    found = msr.compare_symmetries(candidates, x, y, simulations=3000, **settings)
    quantile = np.sort(fast)[math.ceil(0.99 * 3001) - 1]
    assert found.margin == pytest.approx(max(math.log(100), quantile))


def test_draws_are_those_of_the_generator(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("msr.discovery.comparison.LEAST_MARGIN", -math.inf)
    x, y, _ = drawn(None, (1, 3, 4, 4), torch.Generator().manual_seed(0))
    state = torch.get_rng_state()

    def margin(**settings: torch.Generator) -> float:
        return msr.compare_symmetries(TWO, x, y, simulations=9, **settings).margin

    def seeded(seed: int) -> float:
        return margin(generator=torch.Generator().manual_seed(seed))

    assert seeded(0) == seeded(0) == margin()
    assert len({seeded(seed) for seed in range(4)}) == 4
    assert torch.equal(torch.get_rng_state(), state)


def test_equal_spaces_are_reported() -> None:
    """A4 and S4 on four points share the same weights."""
    even = msr.alternating(4)
    points = [[int(c) for c in p] for p in even_permutations()]
    a4 = msr.permutation_representation(even, points)
    both = torch.stack([torch.eye(4).flatten(), torch.ones(16)], 1)
    x, y, _ = drawn(both, (2, 6, 4, 4), torch.Generator().manual_seed(0))
    candidates = {"S4": both, "A4": (a4, a4), "all": torch.eye(16), "again": None}
    found = msr.compare_symmetries(candidates, x, y, simulations=20)
    assert found.same == {"A4": "S4", "again": "all"}
    assert found.verdict == "S4"
    assert found.free == "all"
    assert found.probabilities["A4"] == found.probabilities["S4"] == pytest.approx(0.5)
    assert sum(found.probabilities.values()) == pytest.approx(1)
    assert found.log_evidence["A4"] == found.log_evidence["S4"]
    assert found.parents == {"S4": ("all",), "all": ()}
    assert "A4 = S4" in str(found)
    assert "most evidence: S4, probability 1.000" in str(found)


def even_permutations() -> list[tuple[int, ...]]:
    import itertools

    return [
        p
        for p in itertools.permutations(range(4))
        if sum(a > b for a, b in itertools.combinations(p, 2)) % 2 == 0
    ]


def test_parents_are_the_largest_subgroups() -> None:
    x, y, _ = drawn(None, (1, 4, 4, 4), torch.Generator().manual_seed(0))
    found = msr.compare_symmetries(ON_THE_RING, x, y, simulations=0)
    assert set(found.parents["D4"]) == {"C4", "C2 x C2 of r^2, s", "C2 x C2 of r^2, r s"}
    assert set(found.parents["C2 x C2 of r^2, s"]) == {
        "C2 of r^2",
        "C2 of s",
        "C2 of r^2 s",
    }
    assert found.parents["C2 of s"] == ("none",)
    assert found.parents["none"] == ()


def test_all_weights_free_are_always_compared() -> None:
    x, y, _ = drawn(None, (2, 12, 4, 4), torch.Generator().manual_seed(0))
    found = msr.compare_symmetries({"C4": SPANS["C4"]}, x, y, simulations=20)
    assert found.verdict == found.free == "none"
    assert list(found.probabilities) == ["none", "C4"]
    alone = msr.compare_symmetries({"everything": None}, x, y)
    assert (alone.verdict, alone.probabilities) == ("everything", {"everything": 1.0})


def test_a_soft_comparison() -> None:
    """A symmetry that is nearly there: refused as exact, accepted as soft."""
    generator = torch.Generator().manual_seed(1)
    x, y, W = drawn(SPANS["C4"], (4, 40, 4, 4), generator, noise=0.05)
    away = 0.1 * torch.randn(W.shape, generator=generator, dtype=torch.float64)
    y = y + torch.einsum("cij,Nj->cNi", away, x)
    some = {name: SPANS[name] for name in ("none", "C4", "C2 of s")}
    exact = msr.compare_symmetries(some, x, y, simulations=20)
    soft = msr.compare_symmetries(some, x, y, simulations=20, soft=True)
    assert exact.verdict == "none"
    assert soft.verdict == "C4"
    assert 0.003 < soft.fits["C4"].softness < 0.03


def test_what_is_printed() -> None:
    x, y, _ = drawn(SPANS["C4"], (2, 9, 4, 4), torch.Generator().manual_seed(0))
    found = msr.compare_symmetries(SPANS, x, y, simulations=20)
    lines = str(found).splitlines()
    assert lines[0] == "C4 (9 examples, 4 inputs, 4 outputs, 2 channels)"
    assert lines[1].startswith("most evidence: C4, probability ")
    assert lines[2].startswith("log evidence over none: ")
    assert lines[5].split()[:2] == ["C4", "4"]
    assert len({len(line) for line in lines[4:]}) == 1
    assert repr(found).startswith("Comparison(C4, best=C4, lead=")
    few = msr.compare_symmetries(SPANS, x[:1], y[:, :1], simulations=20)
    assert str(few).startswith("cannot tell yet (1 example, ")


X = torch.ones(3, 4)


@pytest.mark.bad_input
@pytest.mark.parametrize(
    ("candidates", "words"),
    [
        ({}, "expected 1 to 2000 candidates, got 0"),
        ({"": None}, "another name, got ''"),
        ({"cannot tell yet": None}, "another name"),
        ({"none": torch.ones(16, 2)}, "'none' to have all weights free.* 1 of 16"),
        ({"C4": torch.ones(9, 2)}, r"candidate 'C4': expected U of shape \(16, k\)"),
    ],
)
def test_candidates_that_are_refused(candidates, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        msr.compare_symmetries(candidates, X, X)


@pytest.mark.bad_input
@pytest.mark.parametrize(
    ("candidates", "words"),
    [
        ([None], "expected candidates to be a dict"),
        ({1: None}, "names of candidates to be texts, got 1"),
        ({"C4": "C4"}, "candidate 'C4': expected a symmetry matrix"),
    ],
)
def test_candidates_of_the_wrong_type(candidates, words: str) -> None:
    with pytest.raises(TypeError, match=words):
        msr.compare_symmetries(candidates, X, X)


@pytest.mark.bad_input
def test_representations_of_two_groups() -> None:
    with pytest.raises(ValueError, match="two representations of one group"):
        msr.subgroup_candidates(D4, msr.regular(msr.cyclic(4)))
