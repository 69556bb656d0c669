"""Tables of results, beside the paper's, as text and as Markdown."""

from collections.abc import Iterable, Sequence

from .._utils.arguments import checked
from .._utils.checks import check_known, chosen
from ..results.paper import PRINTED, paper_table
from ..results.store import Results, Summary
from .registry import EXPERIMENTS


@checked(by_hand=["methods", "columns"])
def table_text(
    results: Results,
    methods: Sequence[str] | None = None,
    columns: Sequence[str] | None = None,
    recorded: Results | None = None,
) -> str:
    """The table for a terminal: under each row the paper's numbers.

    Args:
        results: of `msr.reproduce` or `msr.sweep`.
        methods: rows; default: all that have results.
        columns: default: all that have results.
        recorded: a longer run of the same experiment, to stand beside each row.

    Raises:
        TypeError: an argument is of the wrong type.
        ValueError: the results are of no known experiment, those recorded are of another
            one, or a row or column is unknown, given twice, or none at all.
    """
    grid = _grid(results, methods, columns, recorded)
    widths = [max(len(row[i]) for row in grid) for i in range(len(grid[0]))]
    lines = [
        "  ".join(
            f"{text:{'<' if i < 2 else '>'}{width}}"
            for i, (text, width) in enumerate(zip(row, widths))
        ).rstrip()
        for row in grid
    ]
    lines.insert(1, "-" * max(map(len, lines)))
    return "\n".join([*lines, "", _footnote(results, recorded, grid)])


@checked(by_hand=["methods", "columns"])
def table_markdown(
    results: Results,
    methods: Sequence[str] | None = None,
    columns: Sequence[str] | None = None,
    recorded: Results | None = None,
) -> str:
    """The table for a notebook: ``IPython.display.Markdown(table_markdown(...))``.

    Arguments are those of `table_text`.

    Raises:
        TypeError, ValueError: as for `table_text`.
    """
    grid = _grid(results, methods, columns, recorded)
    header, *rows = grid
    lines = [header, ["---", "---", *["---:"] * (len(header) - 2)], *rows]
    table = "\n".join("| " + " | ".join(row) + " |" for row in lines)
    return f"{table}\n\n{_footnote(results, recorded, grid)}"


def _grid(
    results: Results,
    methods: Sequence[str] | None,
    columns: Sequence[str] | None,
    recorded: Results | None,
) -> list[list[str]]:
    name = _experiment(results)
    shown = (
        {"ours": results} if recorded is None else {"now": results, "recorded": recorded}
    )
    found = dict.fromkeys(row for part in shown.values() for row in part.rows)
    table = EXPERIMENTS[name]
    if methods is None:
        methods = _in_order(found, table.methods)
    else:
        methods = chosen("method", methods, [*found, *table.methods])
    if columns is None:
        columns = _in_order(results.columns, table.columns)
    else:
        columns = chosen("column", columns, [*results.columns, *table.columns])
    if recorded is not None and _experiment(recorded) != name:
        raise ValueError(
            f"expected recorded results of {name}, got some of {_experiment(recorded)}"
        )
    printed = paper_table(name) if name in PRINTED else {}  # an experiment of a user's own
    grid = [["method", "", *columns]]
    for method in methods:
        rows = [
            [label, *(_ours(part.summary(method, c)) for c in columns)]
            for label, part in shown.items()
            if recorded is None or method in part.rows
        ]
        papers = printed.get(method, {})
        if any(c in papers for c in columns):
            rows.append(
                ["paper", *(_papers(*papers[c]) if c in papers else "-" for c in columns)]
            )
        grid += [[method if i == 0 else "", *row] for i, row in enumerate(rows)]
    return grid


def _experiment(results: Results) -> str:
    """The name of the experiment that results are of.

    Raises:
        TypeError, ValueError: it is not said, or unknown.
    """
    for key in ("experiment", "steps"):
        if key not in results.config:
            raise ValueError(
                f"expected results whose config has experiment and steps, got one with "
                f"{', '.join(map(str, results.config)) or 'nothing'}"
            )
    return check_known("experiment", results.config["experiment"], EXPERIMENTS)


def _in_order(found: Iterable[str], known: Iterable[str]) -> list[str]:
    """Those of the experiment's table in its order, then the others."""
    found = list(found)
    return [k for k in known if k in found] + [f for f in found if f not in set(known)]


def _ours(summary: Summary) -> str:
    if not summary.seeds:
        return "diverged" if summary.diverged else "-"
    note = f" ({summary.diverged} diverged)" if summary.diverged else ""
    digits = 3 if summary.mean >= 0.001 else 6
    mark = "†" if summary.unstable else ""
    return f"{summary.mean:.{digits}f} ± {summary.ci95:.{digits}f}{mark}{note}"


def _papers(value: float, interval: float | None) -> str:
    digits = 1 if value >= 2 else 3 if interval is None else 2
    return f"{value:.{digits}f}" + (f" ± {interval:.2f}" if interval is not None else "")


def _footnote(results: Results, recorded: Results | None, grid: list[list[str]]) -> str:
    name = _experiment(results)
    shown = [results] if recorded is None else [results, recorded]
    unstable = any(c.get("unstable", 0) for part in shown for c in part.cells.values())
    dagger = (
        " † On some test tasks the error is more than twice that of predicting zero."
        if unstable
        else ""
    )
    printed = any(row[1] == "paper" for row in grid)
    papers = " The paper's intervals are over test tasks." if printed else ""
    beside = "" if recorded is None else f" Recorded: {_extent(recorded)}."
    cpu_seconds = sum(c.get("seconds", 0.0) for c in results.cells.values())
    return (
        f"Meta-test {EXPERIMENTS[name].error}, mean and 95% interval. "
        f"{'Now' if recorded else 'Ours'}: {_extent(results)}, "
        f"{results.wall_seconds:.0f} s of wall time, {cpu_seconds:.0f} s of all "
        f"cells together.{beside}{papers}{dagger}"
    )


def _extent(results: Results) -> str:
    """Over what its intervals are, and how long it trained."""
    counts = {
        results.summary(row, column).seeds
        for row in results.rows
        for column in results.columns
    } - {0}
    fewest, most = min(counts, default=0), max(counts, default=0)
    seeds = "1 seed" if most == 1 else f"{most} seeds"
    seeds = seeds if fewest == most else f"{fewest} to {most} seeds"
    over = "seeds" if most > 1 else "its test tasks"
    return f"{seeds}, intervals over {over}, {results.config['steps']} outer steps"
