"""The results of an assignment as a CSV file, row by row, so that a killed run resumes."""

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from msr._utils.files import write_atomically

BEFORE = ("submission", "assignment", "status", "score", "possible")
AFTER = ("seed", "student", "flags", "note", "seconds", "digest")


@dataclass(frozen=True)
class Row:
    """One submission's results.

    Attributes:
        submission: the file's path in the folder of submissions.
        status: "graded", "timed out", "failed" or "unusable".
        points: per question; empty where it was not graded, which scores 0.
        seed: the number of its version, or "".
        student: whom this version was given to, if known.
        flags: what a person should look at.
        note: why it was not graded.
        seconds: how long it took.
        digest: of everything the result depends on.
    """

    submission: str
    status: str
    points: dict[str, float] = field(default_factory=dict)
    seed: str = ""
    student: str = ""
    flags: str = ""
    note: str = ""
    seconds: float = 0.0
    digest: str = ""

    @property
    def score(self) -> float:
        """The points of all questions together."""
        return sum(self.points.values())


class Gradebook:
    """The rows of one assignment, kept in a file that is whole at any moment.

    Args:
        path: the CSV file; rows that are there already are kept.
        assignment: its name.
        possible: the points of each question.

    Raises:
        ValueError: the file is there, and is not one of this assignment.
    """

    def __init__(self, path: Path, assignment: str, possible: dict[str, float]) -> None:
        self.path, self.assignment, self.possible = path, assignment, possible
        self.rows: dict[str, Row] = {}
        if path.exists():
            self.rows = {row.submission: row for row in self._read()}

    @property
    def columns(self) -> list[str]:
        """The header."""
        return [*BEFORE, *self.possible, *AFTER]

    def _read(self) -> Iterable[Row]:
        with self.path.open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            if reader.fieldnames != self.columns:
                raise ValueError(
                    f"expected a grade file of this assignment in {self.path}, with the "
                    f"columns {', '.join(self.columns)}. It was left as it is: name another"
                )
            for line in reader:
                if line["assignment"] != self.assignment:
                    raise ValueError(
                        f"expected grades of {self.assignment} in {self.path}, got those "
                        f"of {line['assignment']}. It was left as it is: name another"
                    )
                graded = line["status"] == "graded"
                points = {q: float(line[q]) for q in self.possible} if graded else {}
                texts = {name: line[name] for name in AFTER if name != "seconds"}
                yield Row(
                    submission=_plain(line["submission"]),
                    status=line["status"],
                    points=points,
                    seconds=float(line["seconds"]),
                    **{name: _plain(text) for name, text in texts.items()},
                )

    def add(self, *rows: Row) -> None:
        """Put in rows and write the file."""
        self.rows |= {row.submission: row for row in rows}
        self.write()

    def keep_only(self, submissions: Iterable[str]) -> None:
        """Drop the rows of files that are not there any more."""
        names = set(submissions)
        self.rows = {name: row for name, row in self.rows.items() if name in names}

    def write(self) -> None:
        """Write the file anew, sorted by submission."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(self.columns)
        for _, row in sorted(self.rows.items()):
            points = [f"{row.points.get(question, 0.0):g}" for question in self.possible]
            total = f"{sum(self.possible.values()):g}"
            name = _safe(row.submission)
            before = [name, self.assignment, row.status, f"{row.score:g}", total]
            texts = [row.seed, row.student, row.flags, row.note]
            after = [*map(_safe, texts), f"{row.seconds:.1f}", row.digest]
            writer.writerow([*before, *points, *after])
        write_atomically(self.path, out.getvalue().encode())


def _safe(text: str) -> str:
    """Text that a spreadsheet does not take for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r", "'") else text


def _plain(text: str) -> str:
    return text[1:] if text[:1] == "'" else text
