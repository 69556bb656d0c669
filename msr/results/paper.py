"""The numbers that the paper prints."""

import json
from importlib import resources

from .._utils.arguments import checked
from .._utils.checks import check_known

# By experiment: the name of its table, or None where the paper has none.
PRINTED = {
    "translation": "translation",
    "rotation": "rotation_flip",
    **dict.fromkeys(
        [
            "ridge",
            "inner-steps",
            "bounded-steps",
            "training-tasks",
            "step-size",
            "support",
            "winds",
            "letters",
        ]
    ),
}


@checked
def paper_table(
    experiment: str,
) -> dict[str, dict[str, tuple[float, float | None]]]:
    """The numbers that the paper prints: by method and column, value and interval.

    The rotation table has no intervals. Experiments that are not in the paper have no
    rows.

    Raises:
        TypeError: ``experiment`` is no text.
        ValueError: it is no experiment of this package.
    """
    name = PRINTED[check_known("experiment", experiment, PRINTED)]
    if name is None:
        return {}
    file = resources.files("msr") / "data" / "paper_tables.json"
    printed = json.loads(file.read_text())
    rows = printed[name]
    return {
        method: {
            column: tuple(cell) if isinstance(cell, list) else (cell, None)
            for column, cell in zip(rows["columns"], cells, strict=True)
        }
        for method, cells in rows["rows"].items()
    }
