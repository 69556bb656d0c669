"""A version for each student, so that a copied answer shows."""

import csv
import io
import random
from collections import Counter
from dataclasses import replace
from pathlib import Path

from .gradebook import Row

LARGEST_SEED = 10**6


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
    with path.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.DictReader(file)
        if not {"student", "seed"} <= set(reader.fieldnames or ()):
            raise ValueError(
                f"expected columns student and seed in {path}, got {reader.fieldnames}"
            )
        pairs = [(line["student"], line["seed"]) for line in reader]
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
    with path.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.DictReader(file)
        if "student" not in (reader.fieldnames or ()):
            raise ValueError(
                f"expected a column student in {path}, got {reader.fieldnames}"
            )
        names = [line["student"].strip() for line in reader]
    bad = [n for n in names if not n or "/" in n or "\\" in n or n.startswith(".")]
    if not names or bad or len(set(names)) < len(names):
        raise ValueError(
            f"expected names that can be names of folders in {path}, none twice, "
            f"got {bad or names}"
        )
    return names


def draw_seeds(names: list[str], seed: int) -> dict[int, str]:
    """A seed for each student, the same for the same names and the same course seed."""
    seeds = random.Random(seed).sample(range(1, LARGEST_SEED), len(names))
    return dict(zip(seeds, names, strict=True))


def as_csv(students: dict[int, str]) -> str:
    """The file that `read_students` reads."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["student", "seed"])
    writer.writerows((name, seed) for seed, name in students.items())
    return out.getvalue()
