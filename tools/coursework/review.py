"""Read a submission before it runs: is it one, which version, what to look at."""

import ast
import re
from dataclasses import dataclass

import nbformat
from nbformat import NotebookNode

from .sources import Assignment, assignments

SEED = re.compile(r"^seed\s*=\s*(\d+)", re.M)
TESTS_OF = re.compile(r"""public_tests\(["']([\w-]+)["']\)""")
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
MODULES = {
    "ctypes",
    "gc",
    "inspect",
    "multiprocessing",
    "os",
    "otter",
    "pathlib",
    "pickle",
    "requests",
    "shutil",
    "signal",
    "socket",
    "subprocess",
    "urllib",
}
FUNCTIONS = {"open", "eval", "exec", "__import__", "compile", "get_ipython"}
SHELL = re.compile(r"^\s*(!|%%(bash|sh|script|system|writefile)|%(system|sx))", re.M)


@dataclass(frozen=True)
class Submission:
    """A submission, ready to run.

    Attributes:
        notebook: as text, without outputs, for the kernel "python3".
        seed: the number of its version; None if it cannot be told.
        flags: what a person should look at.
    """

    notebook: str
    seed: int | None
    flags: tuple[str, ...]


class Unusable(ValueError):
    """A file that is no submission to this assignment; the message says why."""


def submission(content: bytes, assignment: Assignment) -> Submission:
    """Read a submitted file.

    Raises:
        Unusable: it is not a notebook, or one of another assignment.
    """
    notebook = _notebook(content)
    code = [c for c in notebook.cells if c.cell_type == "code"]
    text = "\n".join(cell.source for cell in code)
    of = set(TESTS_OF.findall(text)) & {known.name for known in assignments()}
    if of and assignment.name not in of:
        raise Unusable(f"belongs to assignment {', '.join(sorted(of))}")
    seeds = {int(number) for number in SEED.findall(text)}
    for cell in code:
        cell.outputs, cell.execution_count = [], None
    notebook.metadata = {"kernelspec": KERNEL, "language_info": {"name": "python"}}
    flags = _flags(code, assignment)
    if len(seeds) != 1:
        flags.insert(0, "the line 'seed = ...' is missing, or comes twice")
    return Submission(
        notebook=nbformat.writes(notebook),
        seed=seeds.pop() if len(seeds) == 1 else None,
        flags=tuple(flags),
    )


def _notebook(content: bytes) -> NotebookNode:
    try:
        notebook = nbformat.reads(content.decode("utf-8-sig"), as_version=4)
        nbformat.validator.normalize(notebook)
        nbformat.validate(notebook)
    except Exception as error:  # nbformat raises whatever its parts raise
        reason = str(error).splitlines()[0][:100] if str(error) else type(error).__name__
        raise Unusable(f"not a notebook: {reason}") from error
    if not any(cell.cell_type == "code" for cell in notebook.cells):
        raise Unusable("a notebook without code")
    return notebook


def _flags(code: list[NotebookNode], assignment: Assignment) -> list[str]:
    """What the student's own cells do that the assignment does not need."""
    given = nbformat.read(assignment.student, as_version=4)
    known = {_without_seed(cell) for cell in given.cells}
    found = []
    for number, cell in enumerate(code, 1):
        if _without_seed(cell) not in known:
            found += [f"cell {number} {what}" for what in sorted(_unusual(cell.source))]
    return found


def _without_seed(cell: NotebookNode) -> str:
    """A cell's source, the same in every version."""
    return SEED.sub("seed", cell.source.strip())


def _unusual(source: str) -> set[str]:
    found = {"runs a shell command"} if SHELL.search(source) else set()
    try:
        tree = ast.parse(re.sub(r"^\s*[%!].*$", "pass", source, flags=re.M))
    except SyntaxError:
        return found | {"is not valid Python"}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            roots = {alias.name.partition(".")[0] for alias in node.names}
            found |= {f"imports {name}" for name in roots & MODULES}
        elif isinstance(node, ast.ImportFrom):
            root = (node.module or "").partition(".")[0]
            found |= {f"imports {root}"} & {f"imports {name}" for name in MODULES}
        elif isinstance(node, ast.Name) and node.id in FUNCTIONS:
            found.add(f"uses {node.id}")
        elif isinstance(node, ast.Attribute) and re.match(r"_[a-z]", node.attr):
            found.add(f"looks into {node.attr}")
        elif isinstance(node, ast.Constant) and "tests/" in str(node.value):
            found.add("mentions the folder of the tests")
    return found
