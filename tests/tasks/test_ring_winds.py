"""Winds on a ring: every number from the raw file by hand, folds apart, orders as said."""

from functools import cache

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import msr
from helpers_project import ROOT

with np.load(ROOT / "msr" / "data" / "winds.npz") as file:
    RAW = {name: file[name].astype(float) for name in ("u", "v", "latitude", "longitude")}
SEEN_YEARS = {"alternate": (0, 2, 4, 6, 8, 10), "later": (0, 1, 2, 3, 4, 5)}
UNSEEN_YEARS = {"alternate": (1, 3, 5, 7, 9), "later": (6, 7, 8, 9, 10)}


def anomaly(name: str, years: str, year: int, month: int, row: int) -> np.ndarray:
    """A month's anomaly on a row, in its standard deviations, by plain loops."""
    mean, std = statistics(name, years, row)
    return (RAW[name][12 * year + month, row] - mean[month]) / std


@cache
def statistics(name: str, years: str, row: int) -> tuple[dict[int, np.ndarray], float]:
    mean, squares = {}, []
    for m in range(12):
        mean[m] = sum(RAW[name][12 * y + m, row] for y in SEEN_YEARS[years]) / 6
        for y in SEEN_YEARS[years]:
            squares += list((RAW[name][12 * y + m, row] - mean[m]) ** 2)
    return mean, (sum(squares) / (len(squares) - 1)) ** 0.5  # they sum to zero


def all_months(name: str, years: str, chosen: tuple[int, ...], row: int) -> np.ndarray:
    return np.array([anomaly(name, years, y, m, row) for y in chosen for m in range(12)])


def where(x: np.ndarray, months: np.ndarray) -> list[int]:
    """Which month each example is."""
    found = [np.flatnonzero(np.abs(months - one).max(1) < 1e-4) for one in x]
    assert all(len(f) == 1 for f in found)
    return [int(f[0]) for f in found]


@pytest.mark.parametrize("years", ["alternate", "later"])
@pytest.mark.parametrize("split", ["train", "test"])
def test_examples_are_anomalies_of_the_raw_file(years: str, split: str) -> None:
    tasks = msr.RingWinds(support=5, years=years, fold=1, query=9)
    numbers = [0, 3, 20, 70]
    batch = tasks.batch(split, numbers)
    for i, place in enumerate(tasks.places(split, numbers)):
        (given, wanted, north), row = place
        seen = SEEN_YEARS[years]
        x = all_months(given, years, seen, row)
        y = all_months(wanted, years, seen, row + north)
        months = where(batch.x_support[i].numpy(), x)
        assert len(set(months)) == 5
        np.testing.assert_allclose(batch.y_support[i], y[months], atol=1e-4)
        if split == "train":
            query = where(batch.x_query[i].numpy(), x)
            assert len({*months, *query}) == 5 + 9
            np.testing.assert_allclose(batch.y_query[i], y[query], atol=1e-4)
        else:  # all months of the other years, in their order
            x, y = (
                all_months(name, years, UNSEEN_YEARS[years], r)
                for name, r in ((given, row), (wanted, row + north))
            )
            np.testing.assert_allclose(batch.x_query[i], x, atol=1e-4)
            np.testing.assert_allclose(batch.y_query[i], y, atol=1e-4)


def test_kinds_and_blocks_are_the_stated_ones() -> None:
    np.testing.assert_allclose(RAW["latitude"][[8, 61]], [-70, 62.5])
    np.testing.assert_allclose(np.diff(RAW["longitude"]), 15)
    found = set()
    for fold in range(3):
        tasks = msr.RingWinds(fold=fold, draws=2)
        number = tasks.num_tasks("test") // 2
        places = tasks.places("test", range(2 * number))
        assert places[:number] == places[number:]
        assert len({*places}) == number == 3 * (6 + 6 + 2 + 2 + 4 + 4)
        assert {place.block for place in places} == {fold, fold + 3, fold + 6}
        for place in places:
            rows = {place.row, place.row + place.kind.north}
            assert {(row - 8) // 6 for row in rows} == {place.block}
        found |= {*places}
    assert len(found) == 216
    kinds = {(*place.kind,) for place in found}
    assert kinds == {
        ("u", "v", 0),
        ("v", "u", 0),
        ("u", "u", 4),
        ("u", "u", -4),
        ("v", "v", 2),
        ("v", "v", -2),
    }


@pytest.mark.parametrize("fold", [0, 1, 2])
def test_no_row_of_the_test_nor_one_beside_it_is_trained_on(fold: int) -> None:
    tasks = msr.RingWinds(fold=fold)

    def rows(split: str) -> set[int]:
        places = tasks.places(split, range(min(3000, tasks.num_tasks(split))))
        return {row for p in places for row in (p.row, p.row + p.kind.north)}

    train, test = rows("train"), rows("test")
    assert len(test) == 18
    assert min(abs(a - b) for a in train for b in test) == 2
    assert train | test <= set(range(8, 62))
    # every row that is left is used
    assert train == {r for r in range(8, 62) if min(abs(r - b) for b in test) >= 2}


def test_a_secret_order_is_one_for_all_and_an_own_one_is_not() -> None:
    plain = msr.RingWinds(seed=3)
    secret = msr.RingWinds(seed=3, order="secret")
    own = msr.RingWinds(seed=3, order="own")
    order = secret.longitudes()
    assert sorted(order.tolist()) == list(range(24))
    assert order.tolist() != list(range(24))
    assert plain.longitudes().tolist() == list(range(24))
    assert msr.RingWinds(seed=4, order="secret").longitudes().tolist() != order.tolist()
    numbers = list(range(40))
    for split in ("train", "test"):
        a, b, c = (t.batch(split, numbers) for t in (plain, secret, own))
        for name in ("x_support", "y_support", "x_query", "y_query"):
            assert torch.equal(getattr(a, name)[..., order], getattr(b, name))
        found = {}
        for i, place in enumerate(own.places(split, numbers)):
            first = a.x_query[i, 0].tolist()
            found.setdefault(place, []).append([first.index(v) for v in c.x_query[i, 0]])
            same = a.y_support[i][:, found[place][0]]
            assert torch.equal(c.y_support[i], same)
        orders = {tuple(o) for several in found.values() for o in several}
        assert len(orders) == len(found)  # one each, the same at every draw
    for method in (own.longitudes, own.rotations, own.symmetry_matrix):
        with pytest.raises(ValueError, match="each place has another"):
            method()


@pytest.mark.parametrize("order", ["ring", "secret"])
def test_the_true_space_is_that_of_circular_convolutions(order: str, generator) -> None:
    tasks = msr.RingWinds(order=order, seed=1)
    sector = tasks.longitudes().tolist()
    v = torch.randn(24, generator=generator)
    W = torch.zeros(24, 24)
    for i in range(24):
        for j in range(24):
            W[i, j] = v[(sector[j] - sector[i]) % 24]
    U = tasks.symmetry_matrix()
    torch.testing.assert_close(U.T @ U, torch.eye(24))
    torch.testing.assert_close((U @ v).reshape(24, 24) * 24**0.5, W)
    rho = tasks.rotations()
    for g in (1, 5):
        torch.testing.assert_close(rho(g) @ W, W @ rho(g))
    # a step to the east moves what stands at a sector to the next one
    field = torch.arange(24.0)[sector]
    assert ((rho(1) @ field)[torch.tensor(sector).argsort()]).tolist() == [
        (sector - 1) % 24 for sector in range(24)
    ]


def test_whitened_longitudes_are_uncorrelated_where_it_is_trained() -> None:
    tasks = msr.RingWinds(support=1, query=71, whiten=True, fold=2)
    rows = {
        row
        for p in tasks.places("train", range(3000))
        for row in (p.row, p.row + p.kind.north)
    }
    seen = SEEN_YEARS["alternate"]
    for name in ("u", "v"):
        raw = np.concatenate([all_months(name, "alternate", seen, r) for r in sorted(rows)])
        variances, axes = np.linalg.eigh(raw.T @ raw / len(raw))
        root = axes @ np.diag(variances**-0.5) @ axes.T
        numbers = range(60)
        batch = tasks.batch("train", numbers)
        for i, place in enumerate(tasks.places("train", numbers)):
            if place.kind.given == name:
                expected = all_months(name, "alternate", seen, place.row) @ root
                where(batch.x_query[i].numpy(), expected)
            if place.kind.wanted == name:
                row = place.row + place.kind.north
                expected = all_months(name, "alternate", seen, row) @ root
                where(batch.y_query[i].numpy(), expected)


@settings(max_examples=15, deadline=None)
@given(
    st.lists(st.integers(0, 287), min_size=1, max_size=5),
    st.sampled_from(["train", "test"]),
)
def test_a_task_is_the_same_in_every_batch(indices: list[int], split: str) -> None:
    tasks = msr.RingWinds(seed=3, order="own")
    batch = tasks.batch(split, indices)
    for position, i in enumerate(indices):
        alone = tasks.batch(split, torch.tensor([i]))
        assert torch.equal(alone.x_support[0], batch.x_support[position])
        assert torch.equal(alone.y_query[0], batch.y_query[position])
        fewer = tasks.batch(split, [i], support=2, query=3)
        assert torch.equal(fewer.x_support[0], alone.x_support[0, :2])


def test_seeds_splits_draws_and_the_global_state() -> None:
    state = torch.get_rng_state()
    a, b = msr.RingWinds(seed=0), msr.RingWinds(seed=1)
    places = a.num_tasks("test") // 4
    first = a.batch("test", [0, places]).x_support
    assert not torch.equal(first[0], first[1])
    assert not torch.equal(first, b.batch("test", [0, places]).x_support)
    assert a.places("train", range(50)) != b.places("train", range(50))
    assert torch.equal(state, torch.get_rng_state())
    assert isinstance(a, msr.TaskDistribution)
    assert a == msr.RingWinds()
    assert "order='ring'" in repr(a)


@pytest.mark.usefixtures("float64")
def test_the_default_dtype_is_that_of_the_tasks() -> None:
    batch = msr.RingWinds().batch("test", [0])
    assert batch.x_query.dtype == torch.float64
    place = msr.RingWinds().places("test", [0])[0]
    x = all_months(place.kind.given, "alternate", UNSEEN_YEARS["alternate"], place.row)
    np.testing.assert_allclose(batch.x_query[0], x, rtol=1e-12)


@pytest.mark.bad_input
@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"years": "odd"}, ValueError, "choice of years among alternate, later, got 'odd'"),
        ({"order": "rings"}, ValueError, "did you mean 'ring'"),
        ({"fold": 3}, ValueError, "expected fold 0, 1 or 2, got 3"),
        ({"support": 60}, ValueError, r"at most 72 months together .* got 60 \+ 24"),
        ({"support": 0}, ValueError, "support >= 1, got 0"),
        ({"whiten": 1}, TypeError, "whiten to be True or False, got 1"),
        ({"draws": 0}, ValueError, "draws >= 1"),
        ({"train_tasks": 2.0}, TypeError, "train_tasks to be an integer"),
        ({"seed": -1}, ValueError, "seed >= 0"),
    ],
)
def test_wrong_settings(given: dict, error, message: str) -> None:
    with pytest.raises(error, match=message):
        msr.RingWinds(**given)


@pytest.mark.bad_input
def test_wrong_requests() -> None:
    tasks = msr.RingWinds()
    with pytest.raises(ValueError, match=r"expected test tasks 0\.\.287, got 288"):
        tasks.batch("test", [288])
    with pytest.raises(
        ValueError, match="query <= 60 months for a test task, got 4 and 61"
    ):
        tasks.batch("test", [0], query=61)
    with pytest.raises(ValueError, match='"train" or "test", got \'val\''):
        tasks.num_tasks("val")
