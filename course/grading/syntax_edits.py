"""Every tree that is one edit away from a given syntax tree.

The edits are those of :mod:`course.grading.mutation_operators`, node by node, and the
removal of a statement.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator

from course.grading.mutation_operators import OPERATORS


def edits(tree: ast.Module, lines: frozenset[int]) -> Iterator[tuple[str, ast.Module]]:
    """Yield (operator's name, tree with one edit) for every node that begins on one of ``lines``."""
    for parent, name, position, node in _places(tree):
        if getattr(node, "lineno", None) not in lines:
            continue
        for operator, change in OPERATORS.items():
            for replacement in change(node, parent, name):
                yield operator, _replaced(tree, parent, name, position, replacement)
    for body in _bodies(tree):
        for position, statement in enumerate(body):
            if statement.lineno in lines and _removable(statement):
                kept = body[:position] + body[position + 1 :] or [ast.Pass()]
                yield "remove-statement", _with_body(tree, body, kept)


def _places(tree: ast.AST) -> Iterator[tuple[ast.AST, str, int | None, ast.AST]]:
    """Yield (parent, field, position in the field's list or None, node) for every node below ``tree``."""
    for parent in ast.walk(tree):
        for name, value in ast.iter_fields(parent):
            if name in ("annotation", "returns", "decorator_list", "type_comment"):
                continue
            if isinstance(value, ast.AST):
                yield parent, name, None, value
            elif isinstance(value, list):
                for position, node in enumerate(value):
                    if isinstance(node, ast.AST):
                        yield parent, name, position, node


def _replaced(tree: ast.Module, parent: ast.AST, name: str, position: int | None, new: ast.AST) -> ast.Module:
    """A copy of the tree with one child replaced."""
    value = getattr(parent, name)
    try:
        setattr(parent, name, new if position is None else value[:position] + [new] + value[position + 1 :])
        return copy.deepcopy(tree)
    finally:
        setattr(parent, name, value)


def _bodies(tree: ast.AST) -> Iterator[list[ast.stmt]]:
    for node in ast.walk(tree):
        for name in ("body", "orelse", "finalbody"):
            value = getattr(node, name, None)
            if isinstance(value, list):
                yield value


def _with_body(tree: ast.Module, body: list[ast.stmt], kept: list[ast.stmt]) -> ast.Module:
    before = list(body)
    try:
        body[:] = kept
        return copy.deepcopy(tree)
    finally:
        body[:] = before


def _removable(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Expr):
        return not isinstance(statement.value, ast.Constant)
    # without its return a function returns None, which no test overlooks
    kept = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom, ast.Return, ast.Pass)
    return not isinstance(statement, kept)
