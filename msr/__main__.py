"""The command line: ``python -m msr reproduce``, ``sweep``, ``compare``, ``identify``."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from .discovery.saved import identify_saved
from .exceptions import CellFailed, WorkersLost
from .experiments import identifying
from .experiments.registry import EXPERIMENTS
from .experiments.report import table_text
from .experiments.reproduction import reproduce
from .experiments.sweeps import Sweep, sweep
from .results.drift import drifts
from .results.recorded import recorded_results
from .results.store import Results

# sysexits.h has no better ones; 130 is what shells give for an interrupt.
FAILED, BAD_INPUT, INTERRUPTED = 1, 2, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit status (2 for bad input, 1 if a cell failed)."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    options = _parser().parse_args(given)
    command = " ".join(["python -m msr", *given])
    try:
        return int(options.run(options, command))
    except (CellFailed, WorkersLost) as error:
        print(f"error: {error}\n{_kept(options)}", file=sys.stderr)
        return FAILED
    except (ValueError, TypeError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return BAD_INPUT
    except KeyboardInterrupt:
        print(f"interrupted: {_kept(options)}", file=sys.stderr)
        return INTERRUPTED


def _diverged(results: Results) -> int:
    """Name the cells that diverged; the exit status."""
    failures = {key: c for key, c in results.cells.items() if "diverged" in c}
    for key, cell in failures.items():
        print(f"{key}: {cell['diverged']}", file=sys.stderr)
    return FAILED if failures else 0


def _kept(options: argparse.Namespace) -> str:
    if not getattr(options, "out", None):
        return "nothing was kept: --out keeps what is finished"
    return f"finished cells are in {options.out}: the same command goes on"


def _reproduce(options: argparse.Namespace, command: str) -> int:
    if options.experiment == identifying.NAME:
        return _identify_planted(options, command)
    results = reproduce(
        options.experiment,
        options.methods,
        options.columns,
        seeds=options.seeds,
        steps=options.steps,
        device=options.device,
        jobs=options.jobs,
        scheduler=options.scheduler,
        out=options.out,
        command=command,
        progress=not options.quiet,
    )
    print(table_text(results, options.methods, options.columns))
    return _diverged(results)


def _identify_planted(options: argparse.Namespace, command: str) -> int:
    for name in ("methods", "steps", "scheduler"):
        if getattr(options, name) is not None:
            raise ValueError(f"expected no --{name} with {identifying.NAME}, got one")
    if options.device != "cpu":
        raise ValueError(f"expected device cpu with identify, got {options.device}")
    content = identifying.run_benchmark(
        options.columns,
        seeds=options.seeds,
        jobs=options.jobs,
        out=options.out,
        command=command,
        progress=not options.quiet,
    )
    print(identifying.benchmark_text(content, options.columns))
    return 0


def _sweep(options: argparse.Namespace, command: str) -> int:
    plan = Sweep.read(options.config)
    options.out = options.out or str(Path(options.config).with_suffix(""))
    results = sweep(
        plan,
        options.out,
        device=options.device,
        jobs=options.jobs,
        scheduler=options.scheduler,
        command=command,
        progress=not options.quiet,
    )
    cells = plan.cells()
    rows = list(dict.fromkeys(cell.row for cell in cells))
    columns = list(dict.fromkeys(cell.column for cell in cells))
    print(table_text(results, rows, columns))
    return _diverged(results)


def _compare(options: argparse.Namespace, command: str) -> int:
    new = Results.read(Path(options.new))
    if options.recorded:
        recorded = Results.read(Path(options.recorded))
    else:
        recorded = recorded_results(new.config["experiment"])
    found = drifts(new, recorded)
    for drift in found:
        print(drift)
    beyond = sum(drift.beyond for drift in found)
    print(f"{beyond} of {len(found)} cells moved by more than the recorded interval")
    return FAILED if beyond else 0


def _identify(options: argparse.Namespace, command: str) -> int:
    print(identify_saved(Path(options.checkpoint), options.layer, options.shape))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m msr", description="Meta-learning symmetries by reparameterization."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_reproduce(commands)
    _add_sweep(commands)
    _add_compare(commands)
    _add_identify(commands)
    return parser


def _add_reproduce(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    titles = {name: experiment.title for name, experiment in EXPERIMENTS.items()}
    titles |= {identifying.NAME: identifying.TITLE}
    command = commands.add_parser(
        "reproduce",
        help="recompute a table of the paper, or another experiment of the book",
        description="Recompute a table of the paper and print it beside the paper's, or "
        "another experiment. "
        "With --out, finished cells are kept: run the same command again to go on.",
    )
    command.set_defaults(run=_reproduce)
    command.add_argument(
        "experiment",
        help="; ".join(f"{name}: {title}" for name, title in titles.items()),
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
    command.add_argument("--out", metavar="FILE.json", help="results, kept cell by cell")
    _add_where(command)


def _add_sweep(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    command = commands.add_parser(
        "sweep",
        help="methods on problems, over seeds and hyperparameters, from a TOML file",
        description="Run what a TOML file describes; msr.Sweep says what may stand there. "
        "Finished cells are kept: run the same command again to go on.",
    )
    command.set_defaults(run=_sweep)
    command.add_argument("config", metavar="CONFIG.toml")
    command.add_argument(
        "--out", metavar="FOLDER", help="results; default: named as the file, beside it"
    )
    _add_where(command)


def _add_compare(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    command = commands.add_parser(
        "compare",
        help="compare results computed anew with the recorded ones",
        description="Compare, seed by seed, and fail if the mean of a cell has moved by "
        "more than the recorded 95 percent interval.",
    )
    command.set_defaults(run=_compare)
    command.add_argument("new", metavar="NEW.json", help="of reproduce --out")
    command.add_argument(
        "recorded",
        nargs="?",
        metavar="RECORDED.json",
        help="default: the book's, of the same experiment",
    )


def _add_identify(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    command = commands.add_parser(
        "identify",
        help="the group that the learner of a checkpoint has learned",
        description="Name the largest group of permutations with the shared weights of a "
        "symmetry matrix, and say how sure it is. Columns that no task uses hide it: in "
        "Python, msr.identify(learner, tasks) leaves them out.",
    )
    command.set_defaults(run=_identify)
    command.add_argument("checkpoint", metavar="CHECKPOINT", help="of msr.meta_train")
    command.add_argument(
        "--layer", help="name of the layer or weight; needed where there are several"
    )
    command.add_argument(
        "--shape",
        type=int,
        nargs=2,
        metavar=("M", "N"),
        help="outputs and inputs; needed for files of early versions",
    )


def _add_where(command: argparse.ArgumentParser) -> None:
    command.add_argument("--device", default="cpu", help="cpu (default), cuda, cuda:1 ...")
    command.add_argument("--jobs", type=int, help="cells at a time; default: one per core")
    command.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="run on the workers of this Dask scheduler, such as tcp://host:8786",
    )
    command.add_argument("--quiet", action="store_true", help="no progress bar")


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _columns(text: str) -> list[str]:
    """Columns may have commas in their names, and are separated by semicolons."""
    return [name.strip() for name in text.split(";") if name.strip()]


if __name__ == "__main__":
    sys.exit(main())
