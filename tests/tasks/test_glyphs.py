"""Drawn letters: which look alike, and how they are kept."""

import os
import sys

import numpy as np
import pytest

from msr.tasks import glyphs as drawing

SPLITS = ("train", "val", "test")


@pytest.fixture
def few(monkeypatch, tmp_path):
    """Quickly drawn letters, in a cache of their own."""
    images = np.arange(2 * 9 * 9, dtype=np.uint8).reshape(2, 9, 9)
    found = {
        "train": {"b": images, "a": images + 1},
        "val": {"c": images},
        "test": {"d": images},
    }
    draws = []
    monkeypatch.setattr(drawing, "_drawn", lambda size: draws.append(size) or found)
    monkeypatch.setenv("MSR_CACHE", str(tmp_path / "cache"))
    drawing.glyphs.cache_clear()
    yield found, draws, tmp_path / "cache"
    drawing.glyphs.cache_clear()


def same(found, expected) -> bool:
    return all(
        [*found[split]] == [*expected[split]]
        and all(np.array_equal(found[split][k], expected[split][k]) for k in found[split])
        for split in SPLITS
    )


def test_the_cache_is_read_and_made_again_when_damaged(few, caplog) -> None:
    expected, draws, folder = few
    assert same(drawing.glyphs(9), expected)
    drawing.glyphs.cache_clear()
    assert same(drawing.glyphs(9), expected)
    assert draws == [9]
    (file,) = folder.iterdir()
    content = file.read_bytes()
    for damage in (content[:100], b"", b"PK nothing"):
        file.write_bytes(damage)
        drawing.glyphs.cache_clear()
        assert same(drawing.glyphs(9), expected)
        assert "is damaged and is made again" in caplog.text
        assert file.read_bytes() == content
        caplog.clear()
    assert draws == [9] * 4
    drawing.glyphs(11)
    assert len([*folder.iterdir()]) == 2


def test_without_a_place_for_the_cache_letters_are_drawn(few, caplog) -> None:
    expected, draws, folder = few
    folder.write_text("a file in the folder's place")
    assert same(drawing.glyphs(9), expected)
    assert "drawn anew each time" in caplog.text
    assert draws == [9]


def test_the_cache_is_where_the_system_keeps_such(monkeypatch, tmp_path) -> None:
    from msr._utils.cache import cache_folder

    assert cache_folder() == type(tmp_path)(os.environ["MSR_CACHE"])
    monkeypatch.setenv("MSR_CACHE", "")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    assert cache_folder() == tmp_path / ".cache" / "msr"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "x"))
    assert cache_folder() == tmp_path / "x" / "msr"
    monkeypatch.setattr(sys, "platform", "darwin")
    assert cache_folder() == tmp_path / "Library" / "Caches" / "msr"
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "local"))
    assert cache_folder() == tmp_path / "local" / "msr"


def test_likeness_is_the_largest_correlation_over_turns_and_flips() -> None:
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (7, 3, 9, 9)).astype(np.uint8)
    drawn = np.ones((7, 3), bool)
    images[4] = np.rot90(images[0, :, :, ::-1], 3, (1, 2))  # mirrored and turned
    images[5, 1] = images[1, 1]  # of the fonts that have both
    drawn[5, [0, 2]] = False
    images[5, [0, 2]] = 0
    images[6] = images[2]  # in the same split as 4
    found = drawing._likeness(images, drawn, 3)
    for i in range(3, 7):
        for j in range(7):
            fonts = [f for f in range(3) if drawn[i, f] and drawn[j, f]]
            each = []
            for k in range(4):
                for step in (1, -1):
                    moved = [np.rot90(images[j, f], k)[:, ::step].ravel() for f in fonts]
                    pairs = zip(fonts, moved)
                    each.append(
                        np.mean(
                            [np.corrcoef(images[i, f].ravel(), m)[0, 1] for f, m in pairs]
                        )
                    )
            assert found[i - 3, j] == pytest.approx(max(each), abs=1e-5)
    split_of = np.array([0, 0, 0, 1, 1, 2, 1])
    assert drawing._distinct(images, drawn, split_of) == [0, 1, 2, 3]
    assert drawing._distinct(images, drawn, np.array([1, 1, 1, 0, 0, 0, 0])) == [3, 4, 5, 6]
