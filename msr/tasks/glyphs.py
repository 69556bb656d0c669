"""The letters of Matplotlib's fonts as small images, drawn once and kept in a cache."""

import io
import logging
import unicodedata
import zipfile
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int, UInt8

from .._utils.cache import cache_folder
from .._utils.files import write_atomically
from .shrinking import cropped, shrunk

logger = logging.getLogger(__name__)

FORMAT = 1  # of the cache's content: raise it with any change of what is drawn
FONTS = ("DejaVu*.ttf", "STIXGeneral*.ttf")
SCRIPTS = {
    "train": ("LATIN", "CYRILLIC"),
    "val": ("GREEK",),
    "test": ("ARMENIAN", "GEORGIAN", "LAO"),
}
CATEGORIES = ("Lu", "Ll", "Lo")
FEWEST_STYLES = 6
POINTS = 60  # at which glyphs are drawn, before they are made smaller
MARGIN = 2
LOOK_ALIKE = 0.9

Glyphs = dict[str, dict[str, UInt8[np.ndarray, "_ size size"]]]
All = UInt8[np.ndarray, "letters fonts size size"]
Drawn = Bool[np.ndarray, "letters fonts"]


@cache
def glyphs(size: int) -> Glyphs:
    """The images of each letter, by split and letter; see `msr.Letters`.

    Raises:
        ValueError: Matplotlib is not installed.
    """
    path = cache_folder() / f"letters-{FORMAT}-{_versions()}-{size}.npz"
    try:
        return _read(path)
    except FileNotFoundError:
        pass
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile) as error:
        logger.warning("%s is damaged and is made again: %s", path, error)
    found = _drawn(size)
    try:
        write_atomically(path, _packed(found))
    except OSError as error:
        logger.warning("letters are drawn anew each time: %s", error)
    return found


def _fonts() -> tuple[Any, list[Path]]:
    """Matplotlib's module of fonts, and the files that are used, by name."""
    try:
        import matplotlib
        from matplotlib import ft2font
    except ImportError:
        raise ValueError(
            "expected Matplotlib, from whose fonts letters are drawn, got none: pip "
            "install matplotlib"
        ) from None
    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    return ft2font, sorted(file for pattern in FONTS for file in folder.glob(pattern))


def _versions() -> str:
    """What the images depend on: Matplotlib's fonts, and FreeType, which draws them."""
    ft2font, _ = _fonts()
    import matplotlib

    return f"matplotlib-{matplotlib.__version__}-freetype-{ft2font.__freetype_version__}"


def _read(path: Path) -> Glyphs:
    with path.open("rb") as file, np.load(file) as data:
        images, found = data["images"], {}
        for split in SCRIPTS:
            ends = zip(data[f"{split}_letters"], data[f"{split}_ends"])
            found[split] = {chr(letter): images[a:b] for letter, (a, b) in ends}
    return found


def _packed(found: Glyphs) -> bytes:
    arrays, images, first = {}, [], 0
    for split, letters in found.items():
        ends = []
        for styles in letters.values():
            images.append(styles)
            ends.append((first, first + len(styles)))
            first += len(styles)
        arrays[f"{split}_letters"] = np.array([ord(letter) for letter in letters])
        arrays[f"{split}_ends"] = np.array(ends)
    file = io.BytesIO()
    arrays["images"] = np.concatenate(images)
    np.savez_compressed(file, **arrays)  # type: ignore[arg-type]
    return file.getvalue()


def _script(code: int) -> str:
    return unicodedata.name(chr(code), "?").split()[0]


def _drawn(size: int) -> Glyphs:
    """All letters, drawn and sorted into splits."""
    ft2font, files = _fonts()
    fonts = [ft2font.FT2Font(str(file)) for file in files]
    for font in fonts:
        font.set_size(POINTS, 72)
    maps = [set(font.get_charmap()) for font in fonts]
    known = {script: split for split, scripts in SCRIPTS.items() for script in scripts}
    codes = [
        code
        for code, number in sorted(Counter(c for m in maps for c in m).items())
        if number >= FEWEST_STYLES
        and unicodedata.category(chr(code)) in CATEGORIES
        and _script(code) in known
    ]
    images = np.zeros((len(codes), len(fonts), size, size), np.uint8)
    for i, code in enumerate(codes):
        for j, font in enumerate(fonts):
            if code in maps[j]:
                images[i, j] = _image(ft2font, font, code, size)
    drawn = np.any(images != 0, axis=(2, 3))
    split_of = np.array([list(SCRIPTS).index(known[_script(code)]) for code in codes])
    found: Glyphs = {}
    for i in _distinct(images, drawn, split_of):
        of_split = found.setdefault(list(SCRIPTS)[split_of[i]], {})
        of_split[chr(codes[i])] = images[i, drawn[i]]
    return found


def _image(ft2font: Any, font: Any, code: int, size: int) -> np.ndarray:
    """A letter in the middle, 255 where there is ink; blank if the font has no ink."""
    font.set_text(chr(code), 0, flags=ft2font.LoadFlags.NO_HINTING)
    font.draw_glyphs_to_bitmap(antialiased=True)
    bitmap = np.asarray(font.get_image())
    image = np.zeros((size, size), np.uint8)
    if bitmap.any():
        inner = slice(MARGIN, size - MARGIN)
        image[inner, inner] = shrunk(cropped(bitmap), size - 2 * MARGIN)
    return image


def _distinct(
    images: All, drawn: Drawn, split_of: Int[np.ndarray, " letters"]
) -> list[int]:
    """The letters to keep: of look-alikes in different splits, or in one of those that
    nothing is trained on, the first; ordered by split.
    """
    order = np.argsort(split_of, kind="stable")
    training = int((split_of == 0).sum())
    likeness = _likeness(images[order], drawn[order], training)
    kept = list(range(training))
    for i in range(training, len(order)):
        if likeness[i - training, kept].max() < LOOK_ALIKE:
            kept.append(i)
    return [int(order[i]) for i in kept]


def _likeness(images: All, drawn: Drawn, first: int) -> Float[np.ndarray, "later letters"]:
    """How alike letters from the first one on are to all: the largest, over the turns and
    flips of D4, of the correlation of their pixels, averaged over the fonts with both.
    """
    values = images.astype(np.float32)
    values -= values.mean((2, 3), keepdims=True)
    norms = np.sqrt((values**2).sum((2, 3), keepdims=True))
    values /= np.where(norms > 0, norms, 1)
    common = np.maximum(drawn[first:].astype(int) @ drawn.astype(int).T, 1)
    flat = values[first:].reshape(len(values) - first, -1)
    best = np.full((len(flat), len(values)), -1.0)
    for turn in range(4):
        turned = np.rot90(values, turn, (2, 3))
        for moved in (turned, turned[..., ::-1]):
            best = np.maximum(best, flat @ moved.reshape(len(values), -1).T / common)
    return best
