"""Results as a table of comma-separated values."""

import csv
import io
import itertools
from pathlib import Path

from .._utils.files import write_atomically
from ..results.store import Results
from .cells import Cell


def write_csv(path: Path, cells: list[Cell], results: Results) -> None:
    """A line for each cell that is there, its settings in columns of their own."""
    lines = []
    for cell in cells:
        found = results.cells.get(cell.key)
        if found is not None:
            lists = ("problem", "hyperparameters", "inner_loop", "angles")
            scalars = {k: v for k, v in found.items() if k not in lists}
            lines.append(scalars | (cell.problem or {}) | cell.hyperparameters)
    names = list(dict.fromkeys(itertools.chain.from_iterable(lines)))
    text = io.StringIO()
    writer = csv.DictWriter(text, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    write_atomically(path, text.getvalue().encode())
