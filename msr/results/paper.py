"""The numbers that the paper prints."""

import json
from importlib import resources


def paper_table(
    experiment: str,
) -> dict[str, dict[str, tuple[float, float | None]]]:
    """The numbers that the paper prints: by method and column, value and interval.

    The rotation table has no intervals. Experiments that are not in the paper have no
    rows.
    """
    name = {"translation": "translation", "rotation": "rotation_flip"}.get(experiment)
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
