"""The assignments: where their parts lie."""

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
COURSEWORK = ROOT / "coursework"
SOURCES = COURSEWORK / "sources"
BUILT = ROOT / "_build" / "coursework"


@dataclass(frozen=True)
class Assignment:
    """One assignment, by the name of its notebook without the ending."""

    name: str

    @property
    def source(self) -> Path:
        """The notebook that everything else is generated from."""
        return SOURCES / f"{self.name}.ipynb"

    @property
    def student(self) -> Path:
        """The students' notebook, committed: without solutions and hidden tests."""
        return COURSEWORK / "student" / f"{self.name}.ipynb"

    @property
    def checks(self) -> Path:
        """The folder of the public tests, committed and installed with msr."""
        return COURSEWORK / "support" / "checks" / self.name


def assignments() -> list[Assignment]:
    """All of them, in order."""
    return [Assignment(path.stem) for path in sorted(SOURCES.glob("*.ipynb"))]


def assignment(name: str) -> Assignment:
    """The assignment of this name, or of the number that its name begins with.

    Raises:
        ValueError: there is none.
    """
    known = {known.name: known for known in assignments()}
    for candidate in known.values():
        if name in (candidate.name, candidate.name.partition("-")[0]):
            return candidate
    raise ValueError(f"expected one of {', '.join(known)}, or its number, got {name!r}")
