"""Where the public tests of an assignment lie."""

from importlib import resources
from pathlib import Path


def public_tests(assignment: str) -> str:
    """The folder with the public tests of an assignment, for `otter.Notebook`.

    Args:
        assignment: the name of its notebook without the ending, such as "1-groups".

    Raises:
        ValueError: there is no assignment of this name.
    """
    checks = Path(str(resources.files("msr.coursework"))) / "checks"
    known = sorted(path.name for path in checks.iterdir() if path.is_dir())
    if assignment not in known:
        raise ValueError(f"expected one of {', '.join(known)}, got {assignment!r}")
    return str(checks / assignment)
