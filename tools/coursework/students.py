"""A version for each student, so that a copied answer shows."""

import csv
import hashlib
import io
from collections import Counter
from dataclasses import replace
from pathlib import Path

from .gradebook import Row

LARGEST_SEED = 10**9


def with_students(rows: list[Row], students: dict[int, str]) -> list[Row]:
    """The rows with whom their versions were given to, and flags for doubles."""
    count = Counter(row.seed for row in rows if row.seed)
    named = []
    for row in rows:
        student = students.get(int(row.seed), "nobody") if row.seed else ""
        flags = [f for f in row.flags.split("; ") if f and not f.startswith("version ")]
        if student == "nobody":
            flags.append(f"version {row.seed} was given to nobody")
        elif count[row.seed] > 1:
            flags.append(f"version {row.seed} was handed in {count[row.seed]} times")
        named.append(replace(row, student=student, flags="; ".join(flags)))
    return named


def read_students(path: Path) -> dict[int, str]:
    """Whom each version was given to: a CSV file with columns "student" and "seed".

    Raises:
        ValueError: the columns are others, or a seed comes twice or is no number.
    """
    pairs = [(line["student"], line["seed"]) for line in _lines(path, "student", "seed")]
    if len({seed for _, seed in pairs}) < len(pairs):
        raise ValueError(f"expected every seed once in {path}")
    try:
        return {int(seed): student for student, seed in pairs}
    except ValueError:
        raise ValueError(f"expected whole numbers as seeds in {path}") from None


def read_names(path: Path) -> list[str]:
    """The students of a course: a CSV file with a column "student".

    Raises:
        ValueError: there is no such column, nobody in it, or somebody twice.
    """
    names = [line["student"].strip() for line in _lines(path, "student")]
    bad = [n for n in names if not n or "/" in n or "\\" in n or n.startswith(".")]
    if not names or bad or len(set(names)) < len(names):
        raise ValueError(
            f"expected names that can be names of folders in {path}, none twice, "
            f"got {bad or names}"
        )
    return names


def _lines(path: Path, *columns: str) -> list[dict[str, str]]:
    """The lines of a CSV file that has these columns, in capitals or not."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError(
            f"expected text in UTF-8 in {path}: save it as CSV UTF-8"
        ) from None
    header, _, rest = text.partition("\n")
    reader = csv.DictReader(io.StringIO(f"{header.strip().lower()}\n{rest}"))
    if not set(columns) <= set(reader.fieldnames or ()):
        raise ValueError(
            f"expected columns {', '.join(columns)} in {path}, with commas between them, "
            f"got {header.strip()!r}"
        )
    return list(reader)


def draw_seeds(names: list[str], seed: int) -> dict[int, str]:
    """A seed for each student, from the name and the course's seed alone.

    Who joins or leaves does not change the others'.

    Raises:
        ValueError: two names get one seed (once in a million courses).
    """
    seeds = {_seed_of(name, seed): name for name in names}
    if len(seeds) < len(names):
        raise ValueError("two students would get one version: take another SEED")
    return seeds


def _seed_of(name: str, seed: int) -> int:
    digest = hashlib.sha256(f"{seed} {name}".encode()).digest()
    return 1 + int.from_bytes(digest[:8], "big") % LARGEST_SEED


def as_csv(students: dict[int, str]) -> str:
    """The file that `read_students` reads."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["student", "seed"])
    writer.writerows((name, seed) for seed, name in students.items())
    return out.getvalue()
