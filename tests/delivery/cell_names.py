"""What the cells of a notebook need of each other, by the names in them."""

import ast
from collections.abc import Sequence

COMPREHENSIONS = ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp
SCOPES = ast.FunctionDef, ast.ClassDef, ast.Lambda, *COMPREHENSIONS


def needed(sources: Sequence[str], wanted: Sequence[int]) -> list[int]:
    """The cells that these cells need, and themselves, in order."""
    found: set[int] = set()
    names: set[str] = set()
    for i in range(max(wanted), -1, -1):
        cell = Names(sources[i])
        if i in wanted or names & cell.stored:
            found.add(i)
            names |= cell.used
    return sorted(found)


class Names(ast.NodeVisitor):
    """The names of a cell.

    Attributes:
        stored: what it binds or changes.
        used: what has to be bound before. A name that a function or comprehension binds is
            its own, and one that the cell has bound already comes from no other cell.
    """

    def __init__(self, source: str) -> None:
        self.stored: set[str] = set()
        self.used: set[str] = set()
        self._bound: set[str] = set()
        lines = ["pass" if line.startswith("%") else line for line in source.splitlines()]
        self.visit(ast.parse("\n".join(lines)))

    def visit(self, node: ast.AST) -> None:
        if isinstance(node, SCOPES):
            self._scope(node)
            return
        if isinstance(node, ast.Subscript | ast.Attribute):
            self._change(node)
        super().visit(node)

    def visit_Assign(self, node: ast.Assign) -> None:
        self.visit(node.value)  # before the names that it is bound to
        for target in node.targets:
            self.visit(target)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self.visit(node.value)
        if isinstance(node.target, ast.Name):
            self._use({node.target.id})
        self.visit(node.target)

    def visit_For(self, node: ast.For) -> None:
        for part in (node.iter, node.target, *node.body, *node.orelse):
            self.visit(part)

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Load):
            self._use({node.id})
        else:
            self._bind(node.id)

    def visit_alias(self, node: ast.alias) -> None:
        self._bind((node.asname or node.name).partition(".")[0])

    def _change(self, node: ast.Subscript | ast.Attribute) -> None:
        inner = node.value
        while isinstance(inner, ast.Subscript | ast.Attribute):
            inner = inner.value
        if isinstance(node.ctx, ast.Store) and isinstance(inner, ast.Name):
            self.stored.add(inner.id)

    def _scope(self, node: ast.AST) -> None:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            self._bind(node.name)
        if isinstance(node, ast.FunctionDef | ast.Lambda):  # defaults are from outside
            for default in (*node.args.defaults, *filter(None, node.args.kw_defaults)):
                self.visit(default)
        names = [n for n in ast.walk(node) if isinstance(n, ast.Name)]
        own = {n.arg for n in ast.walk(node) if isinstance(n, ast.arg)}
        own |= {n.id for n in names if not isinstance(n.ctx, ast.Load)}
        self._use({n.id for n in names} - own)

    def _bind(self, name: str) -> None:
        self.stored.add(name)
        self._bound.add(name)

    def _use(self, names: set[str]) -> None:
        self.used |= names - self._bound
