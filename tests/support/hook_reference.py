"""The hooks of the plugin API as the source states them: name, signature, contract."""

import ast
import copy
from dataclasses import dataclass
from pathlib import Path

from source_tree import CORE, parsed

HOOKSPECS = CORE / "plugin" / "hookspecs.py"


@dataclass(frozen=True)
class Hook:
    name: str
    signature: str
    contract: str

    @property
    def heading(self) -> str:
        """How the docs must spell it, letter for letter."""
        return f"{self.name}{self.signature}"


def hooks(source: Path = HOOKSPECS) -> list[Hook]:
    """Every function that a hookspec marker decorates, in the order of the source."""
    if not source.exists():
        return []
    return [
        Hook(node.name, _signature(node), ast.get_docstring(node) or "")
        for node in ast.walk(parsed(source))
        if isinstance(node, ast.FunctionDef) and any("hookspec" in ast.unparse(mark) for mark in node.decorator_list)
    ]


def _signature(node: ast.FunctionDef) -> str:
    given = copy.deepcopy(node.args)
    given.args = [argument for argument in given.args if argument.arg != "self"]
    for argument in (*given.posonlyargs, *given.args, *given.kwonlyargs):
        argument.annotation = argument.annotation and _Unquoted().visit(argument.annotation)
    returns = f" -> {ast.unparse(_Unquoted().visit(copy.deepcopy(node.returns)))}" if node.returns else ""
    return f"({ast.unparse(given)}){returns}"


class _Unquoted(ast.NodeTransformer):
    """Types are quoted where the import is for type checkers only; a reader wants to see the type."""

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        return ast.parse(node.value, mode="eval").body if isinstance(node.value, str) else node
