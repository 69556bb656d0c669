"""Grade a folder of submissions without Docker."""

import hashlib
import logging
import os
import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import replace
from pathlib import Path

from . import landlock
from .build import Versions, versions
from .feedback import summary, write_feedback
from .gradebook import Gradebook, Row
from .review import Unusable, submission
from .runs import Limits, run
from .sources import COURSEWORK, Assignment
from .students import with_students

logger = logging.getLogger(__name__)
IGNORED = {".DS_Store", "Thumbs.db"}
LARGEST = 20 * 1024**2
POINTS = re.compile(r"^points = ([\d.]+)$", re.M)


def grade(
    assignment: Assignment,
    folder: Path,
    out: Path,
    *,
    limits: Limits,
    jobs: int,
    feedback: Path | None = None,
    students: dict[int, str] | None = None,
    say: Callable[[str], None] = logger.info,
) -> Gradebook:
    """Grade every file of a folder and write a CSV file, after each submission anew.

    Submissions are read before the first one runs, and put back should one that runs
    unconfined have changed them. A run that was killed resumes: rows whose submission,
    tests and limits are the same are kept.

    Args:
        assignment: which.
        folder: with the submissions, in folders of their own or not.
        out: the CSV file.
        limits: of each submission.
        jobs: how many run side by side.
        feedback: a folder for the messages and the executed notebook of each.
        students: whom each version was given to, by its number.
        say: told about the progress.

    Raises:
        ValueError: the folder holds no files, or ``out`` holds something else.
        RuntimeError: submissions cannot be confined here, or the reference solution
            does not get full marks here, so that grades would mean nothing.
    """
    if limits.confine and not landlock.abi():
        raise RuntimeError(
            "this system cannot confine submissions: that takes Linux 5.13 or newer with "
            "Landlock. Grade with Docker (otter grade), or say --trust-submissions if you "
            "have read them all"
        )
    snapshot = read(folder, out, feedback)
    made = versions(assignment)
    possible = possible_points(made)
    book = Gradebook(out, assignment.name, possible)
    book.keep_only(snapshot)
    common = _digest_parts(made, limits)
    digests = {name: _digest(content, common) for name, content in snapshot.items()}
    todo = [n for n in snapshot if n not in book.rows or book.rows[n].digest != digests[n]]
    kept = len(snapshot) - len(todo)
    say(f"{assignment.name}: {len(todo)} to grade, {kept} graded already")
    if todo:
        _check_solution(made, possible, limits, say)
    with ThreadPoolExecutor(jobs) as pool:
        runs = {
            pool.submit(_one, assignment, snapshot[name], made.autograder, limits): name
            for name in todo
        }
        try:
            for number, finished in enumerate(as_completed(runs), 1):
                name = runs[finished]
                row, executed, messages = finished.result()
                row = replace(row, submission=name, digest=digests[name])
                _restore(folder, snapshot, say)
                if feedback is not None:
                    write_feedback(feedback, row, possible, executed, messages)
                book.add(row)
                flags = f"; look at: {row.flags}" if row.flags else ""
                say(f"{number}/{len(todo)} {name}: {summary(row, possible)}{flags}")
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    if students is not None:
        book.add(*with_students(list(book.rows.values()), students))
    return book


def read(folder: Path, out: Path, feedback: Path | None) -> dict[str, bytes]:
    """The submitted files by their paths, without what grading itself has written.

    Raises:
        ValueError: there are none.
    """
    found = {}
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        hidden = any(part.startswith(".") or part == "__MACOSX" for part in relative.parts)
        ours = path == out or (feedback is not None and feedback in path.parents)
        if path.is_file() and not hidden and not ours and path.name not in IGNORED:
            small = path.stat().st_size <= LARGEST
            found[relative.as_posix()] = path.read_bytes() if small else b""
    if not found:
        raise ValueError(f"expected a folder with submissions, got no files in {folder}")
    return found


def possible_points(made: Versions) -> dict[str, float]:
    """The points of each question that has tests."""
    return {
        name.removesuffix(".py"): float(POINTS.findall(text)[0])
        for name, text in made.checks.items()
    }


def _digest_parts(made: Versions, limits: Limits) -> bytes:
    """What every submission's result depends on besides the submission, digested."""
    parts = [made.autograder, f"{limits.seconds:g} {limits.memory}".encode()]
    support = sorted((COURSEWORK / "support").glob("*.py"))
    parts += [path.read_bytes() for path in support]
    return b"".join(hashlib.sha256(part).digest() for part in parts)


def _digest(content: bytes, common: bytes) -> str:
    return hashlib.sha256(hashlib.sha256(content).digest() + common).hexdigest()[:16]


def _check_solution(
    made: Versions, possible: dict[str, float], limits: Limits, say: Callable[[str], None]
) -> None:
    say("first the reference solution, to see that this machine can grade")
    result = run(made.solution, made.autograder, limits)
    found = result.questions
    lost = [q for q in possible if q not in found or found[q].score != possible[q]]
    if lost:
        messages = [m for q in lost if q in found for m in found[q].messages]
        raise RuntimeError(
            f"the reference solution does not get full marks here, so nothing was graded: "
            f"{result.status}, {result.note or ', '.join(lost)}\n" + "\n".join(messages)
        )


def _one(
    assignment: Assignment, content: bytes, autograder: bytes, limits: Limits
) -> tuple[Row, str, dict[str, tuple[str, ...]]]:
    """A submission's row, the executed notebook, and the messages by question."""
    try:
        read = submission(content, assignment)
    except Unusable as error:
        return Row("", "unusable", note=str(error)), "", {}
    start = time.monotonic()
    result = run(read.notebook, autograder, limits)
    flags = list(read.flags)
    if result.printed_environment:
        flags.insert(0, "printed the environment variables")
    row = Row(
        submission="",
        status=result.status,
        points={name: found.score for name, found in result.questions.items()},
        seed="" if read.seed is None else str(read.seed),
        flags="; ".join(flags),
        note=result.note,
        seconds=time.monotonic() - start,
    )
    messages = {name: found.messages for name, found in result.questions.items()}
    return row, result.executed, messages


def _restore(folder: Path, snapshot: dict[str, bytes], say: Callable[[str], None]) -> None:
    """Put back submissions that one has changed: possible only where it ran unconfined."""
    for name, content in snapshot.items():
        path = folder / name
        if not content and path.exists():
            continue
        if not path.is_file() or path.read_bytes() != content:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            say(f"{name} was changed or deleted while submissions ran: restored")


def default_jobs() -> int:
    """One submission per core."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 2
