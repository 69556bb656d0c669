"""Sweeps: methods on problems, over seeds and hyperparameters, from a TOML file.

Also at the command line: ``python -m msr sweep sweep.toml``.
"""

import itertools
import math
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, cast

import torch

from .._utils.arguments import checked, shown
from .._utils.checks import (
    MOST_SEEDS,
    MOST_STEPS,
    check_between,
    check_kind,
    check_known,
    check_seed,
    named_path,
)
from .._utils.devices import named_device
from ..exceptions import CellFailed, ResultsError, WorkersLost
from ..results.store import Results
from .cells import Cell
from .csv_table import write_csv
from .engines import engine_for
from .hyperparameters import HYPERPARAMETERS
from .registry import EXPERIMENTS
from .runner import compute

Settings = dict[str, Any]
Values = tuple[Any, ...]
MOST_CELLS = 100_000


@dataclass(frozen=True)
class Sweep:
    """Every method on every problem, with all of its hyperparameters' combinations.

    A hyperparameter that a method does not have leaves that method as it is: a sweep
    over ``filters`` has MAML-FC once. As a TOML file, with only ``experiment`` needed:

    .. code-block:: toml

        experiment = "translation"       # whose methods, and which kind of tasks
        methods = ["MAML-FC", "MSR-FC"]  # default: all
        seeds = 5                        # 0 to 4; or a list, such as [3, 4]
        steps = 1000                     # outer steps; default: the experiment's

        [tasks]                          # settings of the tasks: a value or a list
        rank = [1, 2, 5]

        [method]                         # hyperparameters: a value or a list
        filters = [3, 6, 30]
        inner_lr = [0.03, 0.1]

    Args:
        experiment: name in `msr.experiments.EXPERIMENTS`.
        methods: names of its methods; default: all.
        seeds: a number of seeds, or the seeds.
        steps: outer steps; default: the experiment's.
        tasks: values of settings of the experiment's tasks, such as
            `msr.LowRank1d`.
        method: values of hyperparameters, see `msr.experiments.HYPERPARAMETERS`.

    Raises:
        ValueError: an unknown name, with the nearest that is known; a value out of
            range, given twice, or none at all; a hyperparameter that no method has; too
            many combinations.
        TypeError: a value of the wrong type.
    """

    experiment: str
    methods: Sequence[str] | None = None
    seeds: int | Sequence[int] = 1
    steps: int | None = None
    tasks: Mapping[str, Any] = field(default_factory=dict)
    method: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_known("experiment", self.experiment, EXPERIMENTS)
        for name, table_given in (("tasks", self.tasks), ("method", self.method)):
            if not isinstance(table_given, Mapping):
                raise TypeError(f"expected {name} to be a dict, got {shown(table_given)}")
        table = EXPERIMENTS[self.experiment]
        for name in self._methods:
            check_known("method", name, table.methods)
        kinds = {f.name: f.type for f in fields(table.problem()) if f.name != "seed"}
        for name, given in self.tasks.items():
            check_known("key of [tasks]", name, kinds)
            _check_values(name, given, cast(type, kinds[name]))
        for name in self.method:
            check_known("key of [method]", name, HYPERPARAMETERS)
            if not any(self._has(m, name) for m in self._methods):
                raise ValueError(
                    f"expected a hyperparameter of {', '.join(self._methods)}, got {name!r}"
                )
            _check_values(name, self.method[name], HYPERPARAMETERS[name].kind)
        if self.steps is not None:
            check_between(1, MOST_STEPS, steps=self.steps)
        self._check_number()
        for cell in self.cells():
            if cell.seed == self._seeds[0]:
                method, tasks = cell.build()
                method.learner(tasks)  # a model that cannot be built is an error now

    @classmethod
    @checked
    def read(cls, path: str | Path) -> "Sweep":
        """The sweep that a TOML file describes.

        Raises:
            ValueError, TypeError: it is not there, no TOML, or its content is wrong. The
                message names the file.
        """
        path = named_path("path", path)
        try:
            content = tomllib.loads(path.read_text(encoding="utf-8"))
            for key in content:
                check_known("key", key, [f.name for f in fields(cls)])
            if "experiment" not in content:
                raise ValueError(
                    f"expected a key experiment, one of {', '.join(EXPERIMENTS)}; got none"
                )
            for key in ("tasks", "method"):
                if not isinstance(content.get(key, {}), dict):
                    raise TypeError(f"expected a table [{key}], got {content[key]!r}")
            return cls(**content)
        except OSError as error:
            raise ValueError(f"expected a sweep in {path}, got: {error.strerror}") from None
        except (ValueError, TypeError) as error:
            kind = TypeError if isinstance(error, TypeError) else ValueError
            raise kind(f"{path}: {error}") from None

    def cells(self) -> list[Cell]:
        """All cells; those of one seed come together."""
        table = EXPERIMENTS[self.experiment]
        steps = table.steps if self.steps is None else self.steps
        return [
            Cell(self.experiment, method, _label(problem), seed, steps, problem, settings)
            for seed in self._seeds
            for method in self._methods
            for settings in _product(self._hyperparameters(method))
            for problem in _product(self.tasks)
        ]

    def _check_number(self) -> None:
        """Raise a ValueError if there are more cells than anybody waits for."""
        given = [*self.tasks.items(), *self.method.items()]
        choices = [len(_values(name, values)) for name, values in given]
        most = len(self._seeds) * len(self._methods) * math.prod(choices)
        if most > MOST_CELLS:
            raise ValueError(
                f"expected at most {MOST_CELLS} cells, got {most} combinations of seeds, "
                f"methods and settings"
            )

    @property
    def _methods(self) -> Values:
        if self.methods is None:
            return tuple(EXPERIMENTS[self.experiment].methods)
        return _values("methods", self.methods)

    @property
    def _seeds(self) -> Values:
        if isinstance(self.seeds, list | tuple):
            for seed in self.seeds:
                check_seed(seed)
            return _values("seeds", self.seeds)
        seeds = cast(int, self.seeds)
        check_between(1, MOST_SEEDS, seeds=seeds)
        return tuple(range(seeds))

    def _has(self, method: str, hyperparameter: str) -> bool:
        found = EXPERIMENTS[self.experiment].methods[method]
        return HYPERPARAMETERS[hyperparameter].belongs_to(found)

    def _hyperparameters(self, method: str) -> Settings:
        return {name: v for name, v in self.method.items() if self._has(method, name)}


@checked(by_hand=["device"])
def sweep(
    plan: Sweep,
    out: str | Path,
    *,
    device: torch.device | str | None = None,
    jobs: int | None = None,
    scheduler: str | None = None,
    command: str = "msr.sweep(...)",
    progress: bool = True,
) -> Results:
    """Run what a folder does not hold yet of a sweep.

    The numbers depend on neither ``jobs`` nor ``scheduler``, nor on interruptions.

    Args:
        plan: the sweep. It may have grown since the folder was begun.
        out: folder for ``results.json``, written after every cell, and ``cells.csv``,
            with a line for each cell.
        device: where to train; default: torch's default device.
        jobs: cells at a time, in processes of this machine; default: one per CPU core
            (on a GPU: one).
        scheduler: address of a Dask scheduler, whose workers run the cells instead.
        command: noted in the results.
        progress: show a bar.

    Raises:
        TypeError: an argument is of the wrong type.
        ValueError: a device that is not there; a scheduler that does not answer; a file
            in the folder's place; a number of jobs below 1 or too large.
        ResultsError: the folder holds another sweep, or another run is at it.
        CellFailed, WorkersLost: cells ended with an error, or the processes that they
            ran in are gone. The folder keeps what was finished.
        OSError: the folder cannot be written.
    """
    cells = plan.cells()
    device = named_device(device)
    path = named_path("out", out) / "results.json"
    if path.parent.exists() and not path.parent.is_dir():
        raise ValueError(
            f"expected a folder for the results, got the file {path.parent}: "
            f"name another one"
        )
    if path.exists():
        _check_same_sweep(path, cells)
    config = {"sweep": True, "experiment": plan.experiment, "steps": cells[0].steps}
    try:
        results = compute(
            cells,
            config | {"device": device.type},
            engine=engine_for(jobs, scheduler),
            device=device,
            path=path,
            command=command,
            progress=progress,
        )
    except (CellFailed, WorkersLost):
        write_csv(path.with_name("cells.csv"), cells, Results.read(path))
        raise
    write_csv(path.with_name("cells.csv"), cells, results)
    return results


def _check_same_sweep(path: Path, cells: list[Cell]) -> None:
    """Raise a ResultsError if the file has cells that the sweep has not."""
    ours = {cell.key for cell in cells}
    strangers = [key for key in Results.read(path).cells if key not in ours]
    if strangers:
        raise ResultsError(
            f"expected a part of this sweep in {path.parent}, got another one, with the "
            f"cell {strangers[0]!r}. It was left as it is: name another folder."
        )


def _values(name: str, given: Any) -> Values:
    """The values of a key, which may be one alone."""
    values = tuple(given) if isinstance(given, list | tuple) else (given,)
    if not values:
        raise ValueError(f"expected at least one value of {name}, got an empty list")
    for i, value in enumerate(values):
        if value in values[:i]:
            raise ValueError(f"expected each value of {name} once, got {value!r} twice")
    return values


def _check_values(name: str, given: Any, kind: type) -> None:
    """Raise unless these are values of a kind, at least one and none twice."""
    for value in given if isinstance(given, list | tuple) else (given,):
        check_kind(name, value, kind)
    _values(name, given)


def _product(settings: Mapping[str, Any]) -> Iterable[Settings]:
    """All combinations of the settings' values."""
    choices = [_values(name, given) for name, given in settings.items()]
    for combination in itertools.product(*choices):
        yield dict(zip(settings, combination, strict=True))


def _label(problem: Settings) -> str:
    return ", ".join(f"{name}={v}" for name, v in problem.items()) or "default"
