"""The benchmark of `msr.identify`: what it plants, counts and keeps."""

import json
from collections import Counter

import numpy as np
import pytest
from scipy.stats import binomtest

import msr
from msr.__main__ import main
from msr.discovery.closure import closure, numbered
from msr.experiments import identifying
from msr.experiments.identifying import planted
from msr.experiments.identifying.actions import cosets, patterns
from msr.experiments.identifying.benchmark import interval
from msr.experiments.identifying.brute_force import all_symmetries, can_be_tried


def test_an_action_on_cosets_is_one_and_moves_them_to_one_another() -> None:
    group = msr.dihedral(4)
    for generators, points in (((), 8), ((4,), 4), ((1,), 2), ((1, 4), 1)):
        action = cosets(group, *generators)
        assert len(action[0]) == points
        for a in range(8):
            for b in range(8):
                product = action[a][action[b]]
                np.testing.assert_array_equal(product, action[group.multiply(a, b)])
        assert {int(images[0]) for images in action} == set(range(points))


def test_there_are_256_patterns_and_those_of_regular_actions_are_known() -> None:
    found = patterns()
    assert len(found) == 256
    for name in ("C12", "Q8", "S4"):
        labels = found[f"{name} regular"]
        assert (np.bincount(labels.reshape(-1)) == len(labels)).all()
        assert closure(labels).order == len(labels)


def test_trying_all_permutations_agrees_with_the_search() -> None:
    """Two ways that share no code."""
    generator = np.random.default_rng(0)
    for size in [(2, 2), (3, 5), (5, 3), (4, 4), (6, 6)] * 8:
        labels = numbered(generator.integers(0, generator.integers(1, 5), size))
        order, orbits = all_symmetries(labels)
        group = closure(labels)
        assert order == group.order
        np.testing.assert_array_equal(numbered(orbits), group.orbits)
    assert not can_be_tried(np.zeros((9, 9), dtype=int))
    with pytest.raises(ValueError, match="at most 8"):
        all_symmetries(np.zeros((9, 9), dtype=int))


def test_noise_is_as_large_as_it_says() -> None:
    generator = np.random.default_rng(1)
    labels = patterns()["D4 regular"]
    basis = np.eye(8)[labels.reshape(-1)] / 8**0.5
    U = np.linalg.qr(planted.at_an_angle(labels, generator, degrees=25))[0]
    cosines = np.linalg.svd(basis.T @ U, compute_uv=False)
    np.testing.assert_allclose(np.rad2deg(np.arccos(cosines)), 25)
    U = planted.outside(labels, generator, share=0.3)
    inside = np.linalg.norm(basis.T @ U)
    assert np.linalg.norm(U - basis @ (basis.T @ U)) / inside == pytest.approx(0.3)
    U = planted.exceptional(labels, generator, number=5)
    distinct = Counter(row.tobytes() for row in U)
    assert sorted(distinct.values())[:5] == [1] * 5
    assert len(distinct) == 13


def test_cases_say_what_is_right() -> None:
    exact = list(planted.planted(planted.at_an_angle, seed=0, fewest=36, most=36))
    assert all(case.shape[0] * case.shape[1] == 36 for case in exact)
    for case in exact[:4]:
        assert case.right(case.identify())
    assert not exact[0].right(exact[5].identify())
    for case in (*planted.at_random(0, 4), *planted.group_free(0, 4)):
        assert case.order == 1
        assert case.right(case.identify())


@pytest.mark.parametrize(("successes", "trials"), [(0, 500), (95, 100), (7, 7), (1, 3)])
def test_intervals_are_wilsons(successes: int, trials: int) -> None:
    expected = binomtest(successes, trials).proportion_ci(method="wilson")
    assert interval(successes, trials) == pytest.approx([expected.low, expected.high])


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two quick cells: three of four cases right, and none of which anything is found."""

    def cases(seed: int) -> list[planted.Case]:
        exact = list(planted.planted(planted.at_an_angle, seed, fewest=36, most=36))[:4]
        wrong = planted.Case("wrong", (6, 6), exact[0].identify, 7, exact[0].orbits)
        return [*exact[:3], wrong]

    cells = {
        "planted": identifying.benchmark.Cell("some", cases),
        "nothing": identifying.benchmark.Cell(
            "none", lambda seed: planted.at_random(seed, 3), ("not sure wrong", "none")
        ),
    }
    monkeypatch.setattr(identifying.benchmark, "CELLS", cells)


def test_outcomes_are_counted_and_kept(few, tmp_path, capsys) -> None:
    file = tmp_path / "found.json"
    arguments = ["reproduce", "identify", "--jobs", "1", "--quiet", "--out", str(file)]
    assert main([*arguments, "--columns", "planted"]) == 0
    assert "planted: 75.0% right" in capsys.readouterr().out
    first = json.loads(file.read_text())
    cell = first["cells"]["planted"]
    assert cell["outcomes"] == {"found right": 3, "found wrong": 1}
    assert (cell["cases"], cell["right"]) == (4, 0.75)
    assert cell["missed"][0].startswith("wrong: found wrong, order ")
    assert main(arguments) == 0
    second = json.loads(file.read_text())
    assert second["cells"]["planted"] == cell
    assert second["cells"]["nothing"]["right"] == 1
    assert len(second["runs"]) == 2
    assert second["runs"][0]["command"].endswith("--columns planted")


@pytest.mark.bad_input
def test_what_the_command_refuses(few, tmp_path, capsys) -> None:
    file = tmp_path / "found.json"
    for arguments, message in (
        (["--steps", "3"], "no --steps with identify"),
        (["--device", "cuda"], "device cpu"),
        (["--columns", "planetd"], "planted"),
        (["--seeds", "0"], "seeds"),
        (["--jobs", "0"], "jobs"),
    ):
        assert main(["reproduce", "identify", "--quiet", *arguments]) == 2
        assert message in capsys.readouterr().err
    for content, message in (("{}", "damaged"), ("[]", "damaged")):
        file.write_text(content)
        assert main(["reproduce", "identify", "--quiet", "--out", str(file)]) == 2
        assert message in capsys.readouterr().err
        assert file.read_text() == content
    file.write_text(
        json.dumps({"format": "msr benchmarks 1", "seeds": 2, "runs": [], "cells": {}})
    )
    assert main(["reproduce", "identify", "--quiet", "--out", str(file)]) == 2
    assert "1 seeds" in capsys.readouterr().err
