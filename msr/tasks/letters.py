"""Letters of several scripts, from the fonts that Matplotlib ships."""

from dataclasses import dataclass

import torch

from .distribution import Split
from .few_shot import FewShot, Images
from .glyphs import glyphs


@dataclass(frozen=True, kw_only=True)
class Letters(FewShot):
    """A task distribution: few-shot classification of printed letters.

    Real images on any machine with Matplotlib, without a download: the classes are the
    letters that at least six of its DejaVu and STIX General fonts have (upright, oblique
    or italic, bold, serif, sans, mono), and the examples of a class are its styles. Letters
    stand in the middle, as large as two blank pixels on each side allow.

    The splits share no script: Latin and Cyrillic for training, Greek for validation,
    Armenian, Georgian and Lao for the test. Letters for validation and test that look like
    one that was kept before them are left out: whose pixels correlate with it by .9 or more
    in some position of D4, on average over the fonts that have both. So no letter of a test
    was trained on in disguise, nor is one a turned or mirrored copy of another one. Latin
    and Cyrillic letters are all kept, with accents and their turned copies (b, d, p, q).

    The default size 17 keeps D4 in networks of strided convolutions: a kernel of 3 with
    stride 2 and padding 1 takes 17 pixels to 9, 5 and 3, each time with the centre on the
    centre. From 20 pixels it does not.

    Images are drawn at first use, within seconds, and kept in a file that names the
    versions of Matplotlib and FreeType, on which they depend: in the folder ``$MSR_CACHE``,
    or else in the user's folder of caches. Task i of a split is computed from (seed, split,
    i) when asked for.

    Args:
        ways: classes of a task.
        shots: support examples of each.
        queries: query examples of each.
        support_moves: how support images are moved, each by a move of its own: "none",
            "turns" (by quarter turns), "flips" (left to right), "D4" (both), "shifts" (by
            up to 3 pixels along each axis) or "angles" (by any angle).
        query_moves: how query images are moved.
        seed: of all draws.
        size: height and width of an image, >= 9.
        train_tasks, val_tasks, test_tasks: number of tasks in each split.

    Raises:
        TypeError: a setting is of the wrong type.
        ValueError: a number is too small, a kind of moves is unknown, or a tensor would be
            too large. Later: Matplotlib is not installed, or too few classes of a split
            have ``shots + queries`` examples.
    """

    def _images(self, split: Split) -> dict[str, Images]:
        found = glyphs(self.size)[split]
        return {letter: torch.from_numpy(styles) for letter, styles in found.items()}
