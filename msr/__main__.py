"""The command line: ``python -m msr reproduce translation``."""

import argparse
import sys
from collections.abc import Sequence

from .experiments import EXPERIMENTS
from .report import table_text
from .reproduction import reproduce
from .results import ResultsError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit status (2 for bad input, 1 if a cell diverged)."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    options = _parser().parse_args(given)
    try:
        results = reproduce(
            options.experiment,
            options.methods,
            options.columns,
            seeds=options.seeds,
            steps=options.steps,
            device=options.device,
            jobs=options.jobs,
            out=options.out,
            command=" ".join(["python -m msr", *given]),
            progress=not options.quiet,
        )
    except (ResultsError, ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        kept = f"finished cells are in {options.out}" if options.out else "nothing was kept"
        print(f"interrupted: {kept}", file=sys.stderr)
        return 130
    print(table_text(results, options.methods, options.columns))
    failures = [c for c in results.cells.values() if "diverged" in c]
    for cell in failures:
        print(
            f"{cell['method']}, {cell['column']}, seed {cell['seed']}: {cell['diverged']}",
            file=sys.stderr,
        )
    return 1 if failures else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m msr", description="Meta-learning symmetries by reparameterization."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    command = commands.add_parser(
        "reproduce",
        help="recompute a table of the paper, or another experiment of the book",
        description="Recompute a table of the paper and print it beside the paper's. "
        "With --out, finished cells are kept: run the same command again to go on.",
    )
    command.add_argument(
        "experiment",
        help="; ".join(f"{name}: {e.title}" for name, e in EXPERIMENTS.items()),
        metavar="EXPERIMENT",
    )
    command.add_argument(
        "--methods", type=_names, metavar="A,B", help="rows; default: all of the table"
    )
    command.add_argument(
        "--columns", type=_columns, metavar="A;B", help="default: all of the table"
    )
    command.add_argument("--seeds", type=int, default=1, help="number of seeds (1)")
    command.add_argument("--steps", type=int, help="outer steps; default: the experiment's")
    command.add_argument("--device", default="cpu", help="cpu (default), cuda, cuda:1 ...")
    command.add_argument("--jobs", type=int, help="cells at a time; default: one per core")
    command.add_argument("--out", metavar="FILE.json", help="results, kept cell by cell")
    command.add_argument("--quiet", action="store_true", help="no progress bar")
    return parser


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _columns(text: str) -> list[str]:
    """Columns may have commas in their names, and are separated by semicolons."""
    return [name.strip() for name in text.split(";") if name.strip()]


if __name__ == "__main__":
    sys.exit(main())
