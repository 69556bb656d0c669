"""What a student can be told about a graded submission."""

from pathlib import Path

from .gradebook import Row


def write_feedback(
    folder: Path,
    row: Row,
    possible: dict[str, float],
    executed: str,
    messages: dict[str, tuple[str, ...]],
) -> None:
    """Write the points and messages, and the executed notebook if there is one."""
    name = row.submission.removesuffix(".ipynb")
    lines = [f"{row.submission}: {summary(row, possible)}", ""]
    for question, points in possible.items():
        lines.append(f"{question}: {row.points.get(question, 0.0):g} of {points:g}")
        lines += [
            f"    {line}" for m in messages.get(question, ()) for line in m.split("\n")
        ]
    path = folder / f"{name}.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    if executed:
        (folder / f"{name}-executed.ipynb").write_text(executed, encoding="utf-8")


def summary(row: Row, possible: dict[str, float]) -> str:
    """A submission's outcome in a line."""
    if row.status != "graded":
        return f"{row.status}: {row.note}"
    return f"{row.score:g} of {sum(possible.values()):g} in {row.seconds:.0f} s"
