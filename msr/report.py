"""Tables of results, beside the paper's, as text and as Markdown."""

from collections.abc import Iterable, Sequence

from .experiments import EXPERIMENTS
from .recorded import paper_table
from .results import Results, Summary


def table_text(
    results: Results,
    methods: Sequence[str] | None = None,
    columns: Sequence[str] | None = None,
) -> str:
    """The table for a terminal: under each row the paper's numbers.

    Args:
        results: of `msr.reproduce` or `msr.sweep`.
        methods: rows; default: all that have results.
        columns: default: all that have results.
    """
    grid = _grid(results, methods, columns)
    widths = [max(len(row[i]) for row in grid) for i in range(len(grid[0]))]
    lines = [
        "  ".join(
            f"{text:{'<' if i < 2 else '>'}{width}}"
            for i, (text, width) in enumerate(zip(row, widths))
        ).rstrip()
        for row in grid
    ]
    lines.insert(1, "-" * max(map(len, lines)))
    return "\n".join([*lines, "", _footnote(results, grid)])


def table_markdown(
    results: Results,
    methods: Sequence[str] | None = None,
    columns: Sequence[str] | None = None,
) -> str:
    """The table for a notebook: ``IPython.display.Markdown(table_markdown(...))``."""
    grid = _grid(results, methods, columns)
    header, *rows = grid
    lines = [header, ["---", "---", *["---:"] * (len(header) - 2)], *rows]
    table = "\n".join("| " + " | ".join(row) + " |" for row in lines)
    return f"{table}\n\n{_footnote(results, grid)}"


def _grid(
    results: Results, methods: Sequence[str] | None, columns: Sequence[str] | None
) -> list[list[str]]:
    name = results.config["experiment"]
    methods = methods or _in_order(results.rows, EXPERIMENTS[name].methods)
    columns = columns or _in_order(results.columns, EXPERIMENTS[name].columns)
    printed = paper_table(name)
    grid = [["method", "", *columns]]
    for method in methods:
        ours = [_ours(results.summary(method, c)) for c in columns]
        grid.append([method, "ours", *ours])
        papers = printed.get(method, {})
        if any(c in papers for c in columns):
            theirs = [_papers(*papers[c]) if c in papers else "-" for c in columns]
            grid.append(["", "paper", *theirs])
    return grid


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


def _footnote(results: Results, grid: list[list[str]]) -> str:
    seeds = len({c["seed"] for c in results.cells.values()})
    over = "over seeds" if seeds > 1 else "over test tasks"
    unstable = sum(c.get("unstable", 0) for c in results.cells.values())
    dagger = (
        " † On some test tasks the error is more than twice that of predicting zero."
        if unstable
        else ""
    )
    printed = any(row[1] == "paper" for row in grid)
    papers = " The paper's intervals are over test tasks." if printed else ""
    cpu_seconds = sum(c.get("seconds", 0.0) for c in results.cells.values())
    return (
        f"Meta-test MSE, mean and 95% interval {over}; {seeds} "
        f"seed{'s' if seeds > 1 else ''}, {results.config['steps']} outer steps; "
        f"{results.wall_seconds:.0f} s of wall time, {cpu_seconds:.0f} s of all cells "
        f"together.{papers}{dagger}"
    )
