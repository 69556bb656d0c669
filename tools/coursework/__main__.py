"""Build the coursework, and grade it.

python -m tools.coursework assign [--check]
python -m tools.coursework build [--seed N] [--students FILE]
python -m tools.coursework grade ASSIGNMENT FOLDER [--out FILE] ...
"""

import argparse
import sys
from pathlib import Path

from . import build
from .grade import default_jobs, grade
from .runs import Limits
from .sources import BUILT, ROOT, assignment
from .students import draw_seeds, read_names, read_students

# Training takes its time in the last one.
SECONDS = {"4-unknown-symmetry": 900.0}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tools.coursework", description="Build and grade the coursework."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    assign = commands.add_parser("assign", help="write the committed students' notebooks")
    assign.add_argument("--check", action="store_true", help="only say what is stale")
    built = commands.add_parser("build", help="write _build/coursework")
    built.add_argument("--seed", type=int, default=0, help="number of the version")
    built.add_argument(
        "--students", type=Path, help='CSV file with a column "student": a version for each'
    )
    graded = commands.add_parser("grade", help="grade a folder of submissions")
    graded.add_argument("assignment", help="its name or number, such as 1")
    graded.add_argument("folder", type=Path, help="with the submissions")
    graded.add_argument("--out", type=Path, help="CSV file; default: FOLDER-grades.csv")
    graded.add_argument("--feedback", type=Path, help="folder; default: FOLDER-feedback")
    graded.add_argument("--versions", type=Path, help="instructor/versions.csv")
    graded.add_argument(
        "--jobs",
        type=int,
        default=default_jobs(),
        help="side by side; default: one for each core",
    )
    graded.add_argument(
        "--time-limit",
        type=float,
        help="seconds for each; default: 300, for assignment 4 900",
    )
    graded.add_argument(
        "--memory", type=float, default=8.0, help="GiB for each process; default: 8"
    )
    graded.add_argument(
        "--trust-submissions",
        action="store_true",
        help="run them with all of your rights: only if you have read them",
    )
    return parser


def _grade(arguments: argparse.Namespace) -> None:
    known = assignment(arguments.assignment)
    folder = arguments.folder.resolve()
    if not folder.is_dir():
        raise ValueError(f"expected a folder of submissions, got {arguments.folder}")
    seconds = arguments.time_limit
    if seconds is None:
        seconds = SECONDS.get(known.name, 300.0)
    if arguments.jobs < 1 or seconds <= 0 or arguments.memory <= 0:
        raise ValueError("expected positive numbers for jobs, time limit and memory")
    beside = folder.parent / folder.name
    out = (arguments.out or Path(f"{beside}-grades.csv")).resolve()
    feedback = (arguments.feedback or Path(f"{beside}-feedback")).resolve()
    limits = Limits(
        seconds, int(arguments.memory * 1024**3), not arguments.trust_submissions
    )
    students = read_students(arguments.versions) if arguments.versions else None
    book = grade(
        known,
        folder,
        out,
        limits=limits,
        jobs=arguments.jobs,
        feedback=feedback,
        students=students,
        say=lambda text: print(text, flush=True),
    )
    not_graded = sum(row.status != "graded" for row in book.rows.values())
    print(f"{len(book.rows)} submissions, {not_graded} of them not graded: {out}")
    print(f"messages for students, executed notebooks: {feedback}")


def _build(arguments: argparse.Namespace) -> None:
    students = None
    if arguments.students:
        students = draw_seeds(read_names(arguments.students), arguments.seed)
    files = build.build(arguments.seed, BUILT, students)
    shown = BUILT.relative_to(ROOT)
    print(f"{shown}: {len(files)} files. For students: {shown}/student.zip")
    print(f"not for students: {shown}/instructor")


def main(arguments: list[str]) -> int:
    """Run a command; 1 if it cannot, with the reason."""
    parsed = _parser().parse_args(arguments)
    try:
        if parsed.command == "grade":
            _grade(parsed)
        elif parsed.command == "build":
            _build(parsed)
        elif not parsed.check:
            build.write()
        elif stale := build.check():
            print(
                f"out of step with their sources: {', '.join(stale)}: run make coursework"
            )
            return 1
    except (ValueError, RuntimeError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped: run the same command again to go on", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
