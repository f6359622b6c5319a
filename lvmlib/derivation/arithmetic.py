"""Arithmetic of expressions: sums, differences, products, quotients, and the logarithm."""

from __future__ import annotations

from fractions import Fraction

import torch

from lvmlib.derivation.expressions import Constant, Expression, Operand, as_expression, node


def bracket(expression: Expression, theta: bool, needed: bool) -> str:
    """The expression's LaTeX, in brackets where they are needed."""
    text = expression._latex(theta)
    return rf"\left({text}\right)" if needed else text


def _is_negative(expression: Expression) -> bool:
    return type(expression) is Constant and expression.number < 0


class Binary(Expression):
    """Two expressions joined by ``sign``."""

    sign: str

    def code(self):
        left, right = self.left.code(), self.right.code()
        if type(self.right) is Constant:
            right = self.right.plain()
        elif self.right.precedence <= self.precedence:
            right = f"({right})"
        if type(self.left) is not Constant:
            left = f"({left})" if self.left.precedence < self.precedence else left
        elif type(self.right) is not Constant:  # Python would add up two plain numbers
            left = self.left.plain()
        return f"{left} {self.sign} {right}"


@node
class Add(Binary):
    left: Expression
    right: Expression
    sign, precedence = "+", 1

    def value(self, model):
        return self.left.value(model) + self.right.value(model)

    def _latex(self, theta):
        negative = type(self.right) is Negate or _is_negative(self.right)
        return f"{self.left._latex(theta)} + {bracket(self.right, theta, needed=negative)}"


@node
class Subtract(Binary):
    left: Expression
    right: Expression
    sign, precedence = "-", 1

    def value(self, model):
        return self.left.value(model) - self.right.value(model)

    def _latex(self, theta):
        return f"{self.left._latex(theta)} - {bracket(self.right, theta, needed=self.right.precedence <= 1)}"


@node
class Multiply(Binary):
    left: Expression
    right: Expression
    sign, precedence = "*", 2

    @property
    def open_ended(self):
        return self.right.open_ended

    def value(self, model):
        return self.left.value(model) * self.right.value(model)

    def _latex(self, theta):
        left = bracket(self.left, theta, needed=self.left.precedence < 2 or self.left.open_ended)
        right = bracket(self.right, theta, needed=self.right.precedence < 2)
        times = r"\cdot" if right[0].isdigit() else r"\,"
        return f"{left} {times} {right}"


@node
class Divide(Binary):
    left: Expression
    right: Expression
    sign, precedence = "/", 2

    def __post_init__(self):
        super().__post_init__()
        if _number(self.right) == 0:
            raise ValueError(f"division by zero: {self}")

    def value(self, model):
        return self.left.value(model) / self.right.value(model)

    def _latex(self, theta):
        return rf"\frac{{{self.left._latex(theta)}}}{{{self.right._latex(theta)}}}"


@node
class Negate(Expression):
    operand: Expression
    precedence = 1

    @property
    def open_ended(self):
        return self.operand.open_ended

    def value(self, model):
        return -self.operand.value(model)

    def _latex(self, theta):
        return f"-{bracket(self.operand, theta, needed=self.operand.precedence <= 1)}"

    def code(self):
        plain = self.operand.precedence == 3 or type(self.operand) is Constant
        return f"-{self.operand.code()}" if plain else f"-({self.operand.code()})"


@node
class Log(Expression):
    argument: Expression
    open_ended = True

    def __post_init__(self):
        super().__post_init__()
        number = _number(self.argument)
        if number is not None and number <= 0:
            raise ValueError(f"the logarithm of {number} is not defined: {self}")

    def value(self, model):
        return torch.log(self.argument.value(model))

    def _latex(self, theta):
        needed = self.argument.precedence < 3 and type(self.argument) is not Divide
        return rf"\ln {bracket(self.argument, theta, needed)}"

    def code(self):
        return f"log({self.argument.code()})"


def _number(expression: Expression) -> Fraction | None:
    """Value of an arithmetic expression of constants only; None of any other."""
    if type(expression) is Constant:
        return expression.number
    numbers_ = [_number(child) for child in expression.children]
    if not numbers_ or None in numbers_ or type(expression) not in ARITHMETIC:
        return None
    return ARITHMETIC[type(expression)](*numbers_)


ARITHMETIC = {
    Add: lambda a, b: a + b,
    Subtract: lambda a, b: a - b,
    Multiply: lambda a, b: a * b,
    Divide: lambda a, b: a / b,
    Negate: lambda a: -a,
}


def log(argument: Operand) -> Expression:
    """The natural logarithm of an expression: ln(argument), in nats."""
    return Log(as_expression(argument, "the argument of log"))
