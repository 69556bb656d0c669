"""Omniglot, where a user has its files."""

import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath

import numpy as np
import torch

from .._utils.arguments import checked
from .._utils.checks import named_path
from .distribution import Split
from .few_shot import FewShot, Images
from .shrinking import shrunk

FOLDER = "omniglot-py"
BACKGROUND, EVALUATION = "images_background", "images_evaluation"
VALIDATION_ALPHABETS = 5


@checked
@dataclass(frozen=True)
class Omniglot(FewShot):
    """A task distribution: few-shot classification of Omniglot's handwritten characters.

    Lake, Salakhutdinov, Tenenbaum (2015): 1,623 characters of 50 alphabets, each drawn by
    20 people. Nothing is downloaded. The files are those of torchvision, which it puts into
    a folder by ``torchvision.datasets.Omniglot(root, download=True)`` and again with
    ``background=False``: ``root/omniglot-py/images_background`` and ``images_evaluation``,
    as folders, or as zip archives of the same names.

    The splits share no alphabet: the test split is the evaluation set, the validation
    split the last five alphabets by name of the background set, and the training split the
    others. Images are made smaller by averages over areas, at first use, within some tens
    of seconds for the whole data set, and stay in memory.

    Args:
        root: the folder in which ``omniglot-py`` lies.
        ways, shots, queries: as for `msr.Letters`, as all further settings.

    Raises:
        TypeError: a setting is of the wrong type.
        ValueError: a number is too small, a kind of moves is unknown, or a tensor would be
            too large. Later: too few classes of a split have ``shots + queries`` examples,
            or Pillow is not installed.
        FileNotFoundError: later: the files are not there.
    """

    root: str | Path

    def __post_init__(self) -> None:
        named_path("root", self.root)
        super().__post_init__()

    def _images(self, split: Split) -> dict[str, Images]:
        part = EVALUATION if split == "test" else BACKGROUND
        found = _characters(str(Path(self.root) / FOLDER), part, self.size)
        if split != "test":
            alphabets = sorted({name.partition("/")[0] for name in found})
            held_out = alphabets[-VALIDATION_ALPHABETS:]
            found = {
                name: images
                for name, images in found.items()
                if (name.partition("/")[0] in held_out) == (split == "val")
            }
        return found


@cache
def _characters(folder: str, part: str, size: int) -> dict[str, Images]:
    """The drawings of each character, "Alphabet/character01", ordered by name."""
    drawings: dict[str, list[tuple[str, Images]]] = {}
    for path, content in _files(Path(folder), part):
        name = "/".join(path.parts[-3:-1])
        image = torch.from_numpy(shrunk(_ink(content), size))
        drawings.setdefault(name, []).append((path.name, image))
    return {
        name: torch.stack([image for _, image in sorted(found, key=lambda pair: pair[0])])
        for name, found in sorted(drawings.items())
    }


def _files(folder: Path, part: str) -> Iterator[tuple[PurePosixPath, bytes]]:
    """The PNG files of a set, by path, from its folder or else its archive."""
    pattern = "*/character*/*.png"
    if files := sorted((folder / part).glob(pattern)):
        for file in files:
            yield PurePosixPath(file.as_posix()), file.read_bytes()
        return
    archive = folder / f"{part}.zip"
    if not archive.is_file():
        raise FileNotFoundError(
            f"expected Omniglot in {folder}, as a folder {part} or {part}.zip, got "
            f"neither. torchvision.datasets.Omniglot(root, "
            f"background={part == BACKGROUND}, download=True) puts it there"
        )
    with zipfile.ZipFile(archive) as opened:
        for name in sorted(opened.namelist()):
            path = PurePosixPath(name)
            if len(path.parts) == 4 and path.match(f"{part}/{pattern}"):
                yield path, opened.read(name)


def _ink(content: bytes) -> np.ndarray:
    """A drawing, 255 where there is ink; files have black ink on white."""
    try:
        from PIL import Image
    except ImportError:
        raise ValueError(
            "expected Pillow, which reads Omniglot's PNG files, got none: pip install "
            "pillow"
        ) from None
    with Image.open(io.BytesIO(content)) as image:
        return 255 - np.asarray(image.convert("L"))
