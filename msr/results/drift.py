"""Do results computed anew agree with recorded ones?"""

from collections.abc import Iterator
from dataclasses import dataclass

from .._utils.arguments import checked
from ..exceptions import ResultsError
from .store import Results, cell_row


@dataclass(frozen=True)
class Drift:
    """How far the mean of a table's cell has moved, over the seeds that both have.

    Attributes:
        row, column: of the cell.
        new, recorded: mean errors over the seeds that both have; NaN where one diverged.
        allowed: half the width of the recorded 95% interval, over all recorded seeds.
        seeds: how many seeds both have.
    """

    row: str
    column: str
    new: float
    recorded: float
    allowed: float
    seeds: int

    @property
    def beyond(self) -> bool:
        """Whether it moved by more than the interval; a NaN did."""
        return not abs(self.new - self.recorded) <= self.allowed

    def __str__(self) -> str:
        sign = ">" if self.beyond else "<="
        return (
            f"{self.row}, {self.column}: {self.new:.6g}, recorded {self.recorded:.6g} "
            f"({self.seeds} seeds), {abs(self.new - self.recorded):.2g} {sign} "
            f"{self.allowed:.2g}"
        )


@checked
def drifts(new: Results, recorded: Results) -> list[Drift]:
    """Every cell of a table that was computed anew, beside the recorded one.

    The same seeds are compared, so that problems and draws are the same, and what is
    left comes from another device, version, or a change of the code. The measure is
    the recorded interval over seeds: a smaller change would not change what the tables
    say.

    Args:
        new: results, such as of `msr.reproduce`.
        recorded: results of the same experiment, such as `msr.recorded_results`.

    Raises:
        TypeError: an argument holds no results.
        ResultsError: the two are of other experiments or numbers of steps, or a cell
            that was computed anew is not recorded.
    """
    for key in ("experiment", "steps"):
        ours, theirs = new.config.get(key), recorded.config.get(key)
        if ours != theirs:
            raise ResultsError(
                f"expected results of the same {key}, got {ours!r} and recorded {theirs!r}"
            )
    return list(_compare(new, recorded))


def _compare(new: Results, recorded: Results) -> Iterator[Drift]:
    for row in new.rows:
        for column in new.columns:
            keys = [
                key
                for key, cell in new.cells.items()
                if (cell_row(cell), cell["column"]) == (row, column)
            ]
            missing = [key for key in keys if key not in recorded.cells]
            if missing:
                raise ResultsError(f"expected a recorded cell {missing[0]!r}, got none")
            if keys:
                yield Drift(
                    row,
                    column,
                    _mean(new, keys),
                    _mean(recorded, keys),
                    recorded.summary(row, column).ci95,
                    len(keys),
                )


def _mean(results: Results, keys: list[str]) -> float:
    """The mean error; NaN if a cell diverged."""
    return sum(results.cells[key].get("mse", float("nan")) for key in keys) / len(keys)
