"""Omniglot from torchvision's files: a tiny archive of the same layout."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import msr

ALPHABETS = ["Balinese", "Early_Aramaic", "Greek", "Hebrew", "Korean", "Latin", "Tagalog"]
SETTINGS = {"ways": 2, "shots": 1, "queries": 2, "train_tasks": 8, "test_tasks": 8}


def drawing(alphabet: int, character: int, drawer: int) -> np.ndarray:
    """Black on white, 34 x 34."""
    rng = np.random.default_rng([alphabet, character, drawer])
    return np.where(rng.random((34, 34)) < 0.3, 0, 255).astype(np.uint8)


def files(alphabets: list[str], part: str, drawers: int = 3) -> dict[str, bytes]:
    found = {}
    for a, alphabet in enumerate(alphabets):
        for c in (1, 2, 3):
            for d in range(1, drawers + 1):
                stream = io.BytesIO()
                image = Image.fromarray(drawing(a, c, d))
                (image.convert("1") if d == 1 else image).save(stream, "png")
                name = f"{part}/{alphabet}/character{c:02}/{a}{c:03}_{d:02}.png"
                found[name] = stream.getvalue()
    return found


@pytest.fixture(params=["folders", "archives"])
def root(request, tmp_path: Path) -> Path:
    folder = tmp_path / "omniglot-py"
    folder.mkdir()
    for part, alphabets in (
        ("images_background", ALPHABETS),
        ("images_evaluation", ["Atlantean"]),
    ):
        found = files(alphabets, part)
        if request.param == "archives":
            with zipfile.ZipFile(folder / f"{part}.zip", "w") as archive:
                for name, content in reversed(found.items()):
                    archive.writestr(name, content)
                archive.writestr("__MACOSX/images_background/x/character01/a.png", b"")
        else:
            for name, content in found.items():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                (folder / name).write_bytes(content)
    return tmp_path


def test_splits_are_alphabets_and_images_are_area_means(root: Path) -> None:
    tasks = msr.Omniglot(root, **SETTINGS)
    assert tasks == msr.Omniglot(root=root, **SETTINGS)
    names = {split: tasks.class_names(split) for split in ("train", "val", "test")}
    expected = {"train": ALPHABETS[:2], "val": ALPHABETS[2:], "test": ["Atlantean"]}
    for split, alphabets in expected.items():
        assert names[split] == [
            f"{a}/character{c:02}" for a in alphabets for c in (1, 2, 3)
        ]
        batch = tasks.batch(split, [0, 1, 5])
        assert batch.x_query.shape == (3, 4, 1, 17, 17)
        for i, drawn in enumerate(tasks.classes(split, [0, 1, 5])):
            for label, number in enumerate(drawn.tolist()):
                alphabet, character = names[split][number].split("/")
                a = (["Atlantean"] if split == "test" else ALPHABETS).index(alphabet)
                ink = [
                    255.0 - drawing(a, int(character[-2:]), d).astype(float)
                    for d in (1, 2, 3)
                ]
                blocks = [x.reshape(17, 2, 17, 2).mean((1, 3)) / 255 for x in ink]
                shown = [
                    x[0]
                    for xs, ys in (
                        (batch.x_support[i], batch.y_support[i]),
                        (batch.x_query[i], batch.y_query[i]),
                    )
                    for x, y in zip(xs, ys)
                    if y == label
                ]
                distances = np.array(
                    [[np.abs(x.numpy() - b).max() for b in blocks] for x in shown]
                )
                assert sorted(distances.argmin(1).tolist()) == [0, 1, 2]
                assert distances.min(1).max() < 0.5 / 255 + 1e-6


def test_it_has_the_interface_of_letters(root: Path) -> None:
    tasks = msr.Omniglot(str(root), query_moves="D4", **SETTINGS)
    assert isinstance(tasks, msr.TaskDistribution)
    assert tasks.num_tasks("val") == 200
    batch = tasks.batch("train", torch.tensor([3]))
    assert torch.equal(batch.x_query, tasks.batch("train", [0, 3]).x_query[1:])
    with pytest.raises(ValueError, match=r"at least ways=5 classes .* 3 examples, got 3"):
        msr.Omniglot(root, queries=2, ways=5).batch("test", [0])


@pytest.mark.bad_input
def test_where_there_are_no_files(tmp_path: Path) -> None:
    tasks = msr.Omniglot(tmp_path)
    with pytest.raises(
        FileNotFoundError,
        match=r"omniglot-py, as a folder images_background or images_background\.zip, got "
        r"neither\. torchvision\.datasets\.Omniglot\(root, background=True, download=True\)",
    ):
        tasks.batch("train", [0])
    for wrong, error in ((3, TypeError), ("", ValueError), (None, TypeError)):
        with pytest.raises(error, match="expected root"):
            msr.Omniglot(wrong)
