"""Letters: which classes, drawn how, kept where, and what a task shows of them."""

import hashlib
import os
import subprocess
import sys
import unicodedata
from collections import Counter

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

import msr
from helpers_project import ROOT
from msr.tasks import glyphs as drawing

SPLITS = ("train", "val", "test")
LETTERS = msr.Letters(train_tasks=200, val_tasks=50, test_tasks=400)


def digest(tasks: msr.Letters) -> str:
    """Of all classes and of some tasks."""
    found = hashlib.sha256()
    for split in SPLITS:
        for name in tasks.class_names(split):
            found.update(name.encode() + tasks._images(split)[name].numpy().tobytes())
        batch = tasks.batch(split, [0, 7])
        found.update(batch.x_support.numpy().tobytes())
        found.update(batch.x_query.numpy().tobytes())
    return found.hexdigest()


def correlation(a: np.ndarray, b: np.ndarray) -> float:
    """The mean, over styles, of the correlation of pixels."""
    a, b = (x.reshape(len(x), -1).astype(float) for x in (a, b))
    a, b = (x - x.mean(1, keepdims=True) for x in (a, b))
    return float(((a * b).sum(1) / np.sqrt((a**2).sum(1) * (b**2).sum(1))).mean())


def test_splits_share_no_script_and_no_letter() -> None:
    scripts, names = {}, []
    for split in SPLITS:
        letters = LETTERS.class_names(split)
        scripts[split] = {unicodedata.name(letter).split()[0] for letter in letters}
        names += letters
        for letter, images in LETTERS._images(split).items():
            assert len(images) >= 6, letter
    assert scripts == {
        "train": {"LATIN", "CYRILLIC"},
        "val": {"GREEK"},
        "test": {"ARMENIAN", "GEORGIAN", "LAO"},
    }
    assert len(names) == len({*names})
    assert len(LETTERS.class_names("train")) > 1000
    assert len(LETTERS.class_names("val")) > 100
    assert len(LETTERS.class_names("test")) > 150


def test_what_is_tested_looks_like_nothing_else_turned_or_flipped() -> None:
    others = {
        (split, name): images.numpy()
        for split in SPLITS
        for name, images in LETTERS._images(split).items()
    }
    largest = 0.0
    for name in ("Ա", "ღ", "Ⴔ"):
        mine = others["test", name]
        for (_, other), images in others.items():
            # as many styles: the same fonts
            if other != name and len(images) == len(mine):
                for turn in range(4):
                    moved = np.rot90(mine, turn, (1, 2))
                    for x in (moved, moved[:, :, ::-1]):
                        largest = max(largest, correlation(x, images))
    assert 0.6 < largest < 0.9
    kept = LETTERS.class_names("test")
    assert "Օ" not in kept  # looks like O
    assert ("Յ" in kept) + ("Ց" in kept) == 1  # a half turn apart
    assert {"b", "d", "p", "q"} <= {*LETTERS.class_names("train")}


def test_letters_fill_the_square_within_the_margin() -> None:
    for split in SPLITS:
        for images in LETTERS._images(split).values():
            assert images.shape[1:] == (17, 17)
            inner = images[:, 2:-2, 2:-2]
            assert inner.sum() == images.sum()
            touches = [inner[:, 0], inner[:, -1], inner[:, :, 0], inner[:, :, -1]]
            up, down, left, right = ((edge > 0).any(1) for edge in touches)
            assert bool(((up & down) | (left & right)).all())
    # DejaVu Sans draws it as a bar from top to bottom
    bars = LETTERS._images("train")["I"].numpy()
    inner = bars[:, 4:-4]  # without the ends, which may cover a pixel in part
    uprights = [x[0] for x in inner if (x == x[0]).all()]
    assert len(uprights) >= 2
    for row in uprights:
        assert abs((row * np.arange(17.0)).sum() / row.sum() - 8) < 0.5


def test_a_task_shows_styles_of_its_classes_by_label() -> None:
    tasks = msr.Letters(ways=4, shots=2, queries=3, test_tasks=60)
    batch = tasks.batch("test", range(60))
    assert batch.x_support.shape == (60, 8, 1, 17, 17)
    assert batch.x_query.shape == (60, 12, 1, 17, 17)
    assert batch.y_support.tolist() == [[0, 0, 1, 1, 2, 2, 3, 3]] * 60
    assert batch.y_query.tolist() == [[0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3]] * 60
    names, drawn = tasks.class_names("test"), tasks.classes("test", range(60))
    seen = Counter()
    for i in range(60):
        assert len({*drawn[i].tolist()}) == 4
        for label in range(4):
            name = names[drawn[i, label]]
            styles = [s.tobytes() for s in tasks._images("test")[name].numpy()]
            sets = (
                (batch.x_support[i], batch.y_support[i]),
                (batch.x_query[i], batch.y_query[i]),
            )
            mine = [x[0] for xs, ys in sets for x, y in zip(xs, ys) if y == label]
            found = [
                styles.index((255 * x).round().to(torch.uint8).numpy().tobytes())
                for x in mine
            ]
            # fonts may draw a letter alike
            assert len({*found}) == 5 or len({*styles}) < len(styles)
            seen[name] += 1
    assert len(seen) > 100


@pytest.mark.parametrize("which", ["support", "query"])
def test_only_the_chosen_set_is_moved(which: str) -> None:
    plain = LETTERS.batch("test", range(100))
    moved = msr.Letters(test_tasks=400, **{f"{which}_moves": "D4"}).batch(
        "test", range(100)
    )
    other = "query" if which == "support" else "support"
    assert torch.equal(getattr(plain, f"x_{other}"), getattr(moved, f"x_{other}"))
    before, after = (getattr(b, f"x_{which}").flatten(0, 1)[:, 0] for b in (plain, moved))
    counts = Counter()
    for x, y in zip(before.numpy(), after.numpy()):
        candidates = [np.rot90(z, k) for z in (x, x[:, ::-1]) for k in range(4)]
        fits = [k for k, z in enumerate(candidates) if np.array_equal(z, y)]
        assert fits
        if len(fits) == 1:
            counts[fits[0]] += 1
    assert len(counts) == 8


def test_a_task_is_the_same_in_every_batch_and_seeds_and_splits_differ() -> None:
    tasks = msr.Letters(support_moves="shifts", query_moves="angles", seed=5)
    for split in SPLITS:
        batch = tasks.batch(split, [4, 0, 4])
        alone = tasks.batch(split, torch.tensor([0]))
        assert torch.equal(batch.x_query[1], alone.x_query[0])
        assert torch.equal(batch.x_support[0], batch.x_support[2])
        assert not torch.equal(batch.x_support[0], batch.x_support[1])
    assert not torch.equal(
        tasks.batch("train", [0]).x_support,
        msr.Letters(support_moves="shifts", seed=6).batch("train", [0]).x_support,
    )
    state = torch.get_rng_state()
    tasks.batch("train", [1])
    assert torch.equal(state, torch.get_rng_state())
    assert isinstance(tasks, msr.TaskDistribution)
    assert "query_moves='angles'" in repr(tasks)


def test_another_process_draws_the_same(tmp_path) -> None:
    code = f"""
import sys
sys.path[:0] = [{str(ROOT)!r}, {str(ROOT / "tests")!r}, {str(ROOT / "tests/tasks")!r}]
import msr
from test_letters import LETTERS, digest
print(digest(LETTERS))
"""
    environment = {**os.environ, "MSR_CACHE": str(tmp_path / "new")}
    command = [sys.executable, "-c", code]
    found = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert found.stdout.strip() == digest(LETTERS), found.stderr
    (file,) = (tmp_path / "new").iterdir()
    import matplotlib as mpl

    assert f"matplotlib-{mpl.__version__}-freetype-" in file.name
    assert file.name.endswith("-17.npz")


def test_classification_is_learned_by_the_usual_loss() -> None:
    """Nearest neighbour in pixels is far above chance upright; and MAML takes the batch."""
    batch = LETTERS.batch("test", range(200))
    distance = torch.cdist(batch.x_query.flatten(2), batch.x_support.flatten(2))
    right = (distance.argmin(2) == batch.y_query).float().mean()
    assert 0.75 < right < 0.99
    turned = msr.Letters(query_moves="D4", test_tasks=400).batch("test", range(200))
    distance = torch.cdist(turned.x_query.flatten(2), turned.x_support.flatten(2))
    assert (distance.argmin(2) == turned.y_query).float().mean() < right - 0.2
    model = nn.Sequential(nn.Flatten(), nn.Linear(17 * 17, 5))
    learner = msr.MetaLearner(model, msr.GradientDescent(3, lr=0.5), F.cross_entropy)
    tested = msr.meta_test(
        learner, LETTERS, split="val", metrics={"right": msr.accuracy}, progress=False
    )
    assert tested.metrics["right"].mean() > 0.5


@pytest.mark.usefixtures("float64")
def test_images_are_in_the_default_dtype() -> None:
    assert LETTERS.batch("val", [0]).x_support.dtype == torch.float64


@pytest.mark.bad_input
@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"ways": 1}, ValueError, "ways >= 2, got 1"),
        ({"shots": 0}, ValueError, "shots >= 1"),
        ({"queries": 2.0}, TypeError, "queries to be an integer, got 2.0"),
        (
            {"query_moves": "d4"},
            ValueError,
            "query_moves among none, .* .did you mean 'D4'",
        ),
        ({"support_moves": None}, TypeError, "support_moves among none, turns"),
        ({"size": 8}, ValueError, "size >= 9"),
        ({"val_tasks": 0}, ValueError, "val_tasks >= 1"),
        ({"seed": -1}, ValueError, "seed >= 0"),
        ({"size": 10**6}, ValueError, "expected a task of at most"),
    ],
)
def test_wrong_settings(given: dict, error, message: str) -> None:
    with pytest.raises(error, match=message):
        msr.Letters(**given)


@pytest.mark.bad_input
def test_wrong_requests(monkeypatch) -> None:
    with pytest.raises(ValueError, match=r"expected test tasks 0\.\.399, got 400"):
        LETTERS.batch("test", [400])
    with pytest.raises(ValueError, match="at least ways=5 classes of the test split with "):
        msr.Letters(queries=30).batch("test", [0])
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    drawing.glyphs.cache_clear()
    with pytest.raises(ValueError, match=r"expected Matplotlib, .* pip install matplotlib"):
        msr.Letters().batch("test", [0])
