"""The small edits of a syntax tree that make mutants, as a student might make them by mistake.

Each operator is a function that takes a node, its parent and the name of the parent's
field in which it stands, and yields replacements for the node.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator

SWAPPED_OPERATORS = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.Pow: ast.Mult,
    ast.MatMult: ast.Mult,
    ast.FloorDiv: ast.Div,
}
CHANGED_COMPARISONS = {
    ast.Lt: (ast.LtE, ast.Gt),
    ast.LtE: (ast.Lt, ast.GtE),
    ast.Gt: (ast.GtE, ast.Lt),
    ast.GtE: (ast.Gt, ast.LtE),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
RENAMED_CALLS = {
    "sum": "mean",
    "mean": "sum",
    "logsumexp": "sum",
    "max": "min",
    "min": "max",
    "amax": "amin",
    "amin": "amax",
    "argmax": "argmin",
    "argmin": "argmax",
    "maximum": "minimum",
    "minimum": "maximum",
    "exp": "log",
    "log": "exp",
    "sqrt": "square",
    "square": "sqrt",
    "std": "var",
    "var": "std",
    "softmax": "log_softmax",
    "log_softmax": "softmax",
    "zeros": "ones",
    "ones": "zeros",
    "zeros_like": "ones_like",
    "ones_like": "zeros_like",
    "cumsum": "cumprod",
    "sorted": "list",
    # relations of a derivation
    "equals": "at_least",
    "at_least": "at_most",
    "at_most": "at_least",
}
RENAMED_SYMBOLS = {
    "p_z": "q_z",
    "q_z": "p_z_given_x",
    "p_z_given_x": "p_x_given_z",
    "p_x_given_z": "p_xz",
    "p_xz": "p_x",
    "p_x": "p_xz",
}
TRANSPOSES = {"T", "mT", "H", "mH"}
TAKES_AXIS = {
    *("sum", "mean", "logsumexp", "softmax", "log_softmax", "max", "min", "amax", "amin", "argmax", "argmin", "prod"),
    *("std", "var", "cumsum", "norm", "squeeze", "unsqueeze", "stack", "cat", "concatenate", "sort", "argsort"),
}
MODULES = {"torch", "np", "numpy", "math", "plt", "linalg", "special", "nn", "F", "functional", "distributions", "random"}

Edit = Iterator[ast.AST]


def _called(node: ast.AST) -> str | None:
    """The last name of what is called: ``sum`` for ``sum(x)``, ``x.sum()`` and ``torch.sum(x)``."""
    if not isinstance(node, ast.Call):
        return None
    return getattr(node.func, "id", None) or getattr(node.func, "attr", None)


def _is_module(node: ast.AST) -> bool:
    return (getattr(node, "id", None) or getattr(node, "attr", None)) in MODULES


def swap_operator(node: ast.AST, parent: ast.AST, name: str) -> Edit:
    if isinstance(node, (ast.BinOp, ast.AugAssign)) and type(node.op) in SWAPPED_OPERATORS:
        changed = copy.copy(node)
        changed.op = SWAPPED_OPERATORS[type(node.op)]()
        yield changed


def swap_operands(node: ast.AST, parent: ast.AST, name: str) -> Edit:
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Sub, ast.Div, ast.MatMult, ast.Pow)):
        yield ast.BinOp(node.right, node.op, node.left)


def drop_operand(node: ast.AST, parent: ast.AST, name: str) -> Edit:
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.MatMult, ast.Pow)):
        yield node.left
        if isinstance(node.op, (ast.Add, ast.Mult, ast.Sub, ast.MatMult)):
            yield node.right


def drop_sign(node: ast.AST, parent: ast.AST, name: str) -> Edit:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.Not, ast.Invert)):
        yield node.operand


def change_comparison(node: ast.AST, parent: ast.AST, name: str) -> Edit:
    if isinstance(node, ast.Compare):
        for position, operator in enumerate(node.ops):
            for other in CHANGED_COMPARISONS[type(operator)]:
                yield ast.Compare(node.left, node.ops[:position] + [other()] + node.ops[position + 1 :], node.comparators)
    elif isinstance(node, ast.BoolOp):
        yield ast.BoolOp(ast.And() if isinstance(node.op, ast.Or) else ast.Or(), node.values)


def fix_condition(node: ast.AST, parent: ast.AST, name: str) -> Edit:
    if name == "test" and isinstance(parent, (ast.If, ast.IfExp)):
        yield ast.Constant(True)
        yield ast.Constant(False)


def change_axis(node: ast.AST, parent: ast.AST, name: str) -> Edit:
    value = _integer(node)
    keyword = isinstance(parent, ast.keyword) and parent.arg in ("dim", "axis")
    if value is not None and (keyword or (name == "args" and _called(parent) in TAKES_AXIS)):
        yield _constant({0: 1, 1: 0, -1: 0, -2: -1}.get(value, value - 1))


def flip_flag(node: ast.AST, parent: ast.AST, name: str) -> Edit:
    if isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield ast.Constant(not node.value)


def add_one(node: ast.AST, parent: ast.AST, name: str) -> Edit:
    if isinstance(parent, ast.UnaryOp) or (isinstance(parent, ast.keyword) and parent.arg in ("dim", "axis")):
        return
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        yield ast.Constant(node.value + 1)
    elif _integer(node) is not None:
        yield _constant(_integer(node) + 1)


def halve(node: ast.AST, parent: ast.AST, name: str) -> Edit:
    # one added to 1e-6 is another order of magnitude; a factor is the subtler fault
    if isinstance(node, ast.Constant) and type(node.value) is float and node.value != 0:
        yield ast.Constant(node.value / 2)


def drop_call(node: ast.AST, parent: ast.AST, name: str) -> Edit:
    """f(x) -> x, x.f() -> x, and x.f(...).g(...) -> x.f(...)."""
    if not isinstance(node, ast.Call) or (isinstance(parent, ast.Expr) and not isinstance(node.func, ast.Attribute)):
        return
    is_method = isinstance(node.func, ast.Attribute) and not _is_module(node.func.value)
    if is_method and (not node.args or isinstance(node.func.value, ast.Call) or _called(node) in TAKES_AXIS):
        yield node.func.value
    elif not is_method and len(node.args) == 1 and not isinstance(node.args[0], (ast.Starred, ast.GeneratorExp)):
        yield node.args[0]


def rename_call(node: ast.AST, parent: ast.AST, name: str) -> Edit:
    new = RENAMED_CALLS.get(_called(node) or "")
    if new is None or (isinstance(node.func, ast.Name) and new in ("mean", "exp", "log", "sqrt")):
        return
    changed = copy.copy(node)
    if isinstance(node.func, ast.Name):
        changed.func = ast.Name(new, ast.Load())
    else:
        changed.func = ast.Attribute(node.func.value, new, ast.Load())
    yield changed


def drop_transpose(node: ast.AST, parent: ast.AST, name: str) -> Edit:
    if isinstance(node, ast.Attribute) and node.attr in TRANSPOSES:
        yield node.value
    elif _called(node) in ("transpose", "permute", "swapaxes", "t") and isinstance(node.func, ast.Attribute):
        yield node.args[0] if _is_module(node.func.value) and node.args else node.func.value


def swap_arguments(node: ast.AST, parent: ast.AST, name: str) -> Edit:
    if isinstance(node, ast.Call) and len(node.args) == 2 and not any(isinstance(a, ast.Starred) for a in node.args):
        changed = copy.copy(node)
        changed.args = [node.args[1], node.args[0]]
        yield changed


def swap_elements(node: ast.AST, parent: ast.AST, name: str) -> Edit:
    """Swap the first two of a tuple: what is returned, or the axes of ``x[:, None]``."""
    if isinstance(node, ast.Tuple) and isinstance(node.ctx, ast.Load) and len(node.elts) >= 2:
        yield ast.Tuple([node.elts[1], node.elts[0], *node.elts[2:]], node.ctx)


def drop_element(node: ast.AST, parent: ast.AST, name: str) -> Edit:
    if isinstance(node, ast.List) and isinstance(node.ctx, ast.Load) and len(node.elts) >= 2:
        for position in range(len(node.elts)):
            yield ast.List(node.elts[:position] + node.elts[position + 1 :], node.ctx)


def drop_keyword(node: ast.AST, parent: ast.AST, name: str) -> Edit:
    if isinstance(node, ast.Call):
        for position, keyword in enumerate(node.keywords):
            if keyword.arg is not None:
                changed = copy.copy(node)
                changed.keywords = node.keywords[:position] + node.keywords[position + 1 :]
                yield changed


def shorten_range(node: ast.AST, parent: ast.AST, name: str) -> Edit:
    if isinstance(node, ast.Call) and _called(node) == "range" and len(node.args) in (1, 2):
        changed = copy.copy(node)
        changed.args = [*node.args[:-1], ast.BinOp(node.args[-1], ast.Sub(), ast.Constant(1))]
        yield changed


def rename_symbol(node: ast.AST, parent: ast.AST, name: str) -> Edit:
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in RENAMED_SYMBOLS:
        yield ast.Name(RENAMED_SYMBOLS[node.id], node.ctx)


def change_reason(node: ast.AST, parent: ast.AST, name: str) -> Edit:
    """Another reason for a step of a derivation."""
    if isinstance(parent, ast.keyword) and parent.arg == "because" and isinstance(node, ast.Constant):
        yield ast.Constant("Jensen" if node.value != "Jensen" else "Bayes' rule")


def _integer(node: ast.AST) -> int | None:
    """Value of a written integer, with its sign; None for anything else."""
    if isinstance(node, ast.Constant) and type(node.value) is int:
        return node.value
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        value = _integer(node.operand)
        return None if value is None else -value
    return None


def _constant(value: int) -> ast.expr:
    return ast.Constant(value) if value >= 0 else ast.UnaryOp(ast.USub(), ast.Constant(-value))


OPERATORS: dict[str, Callable[[ast.AST, ast.AST, str], Edit]] = {
    function.__name__.replace("_", "-"): function
    for function in (
        *(swap_operator, swap_operands, drop_operand, drop_sign, change_comparison, fix_condition),
        *(change_axis, flip_flag, add_one, halve, drop_call, rename_call, drop_transpose),
        *(swap_arguments, swap_elements, drop_element, drop_keyword, shorten_range),
        *(rename_symbol, change_reason),
    )
}
"""Operators by name."""
