"""Expressions of a derivation: what all of them can do, the symbols of a latent variable model and constants.

An expression is immutable, compared by structure and hashable. It shows as LaTeX in a
notebook, prints as the code that builds it, and is evaluated on the tables of a
:class:`~lvmlib.derivation.models.FiniteModel`. Sums, products and logarithms of expressions
stand in :mod:`lvmlib.derivation.arithmetic`, what binds z in :mod:`lvmlib.derivation.over_z`.

Classes of expressions are registered in ``NODES``. Wherever an expression is taken, its
exact type must be one of them, so that a subclass cannot answer for what it is not.
"""

from __future__ import annotations

import dataclasses
import numbers
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import torch
from jaxtyping import Float64
from torch import Tensor

MAX_SIZE = 1000
"""Most nodes that an expression may have."""
MAX_DEPTH = 50
"""Deepest nesting that an expression may have."""
MAX_CONSTANT, MAX_DENOMINATOR = 10**9, 10**30

Operand = object
"""What functions on expressions take: an expression or a number. Anything else raises a TypeError that says so."""

NODES: dict[str, type[Expression]] = {}
"""Every class of expressions, by its name."""

SYMBOLS = {
    "p_z": (r"p{theta}(z)", {"z"}),
    "p_x_given_z": (r"p{theta}(x \mid z)", {"x", "z"}),
    "p_xz": (r"p{theta}(x, z)", {"x", "z"}),
    "p_x": (r"p{theta}(x)", {"x"}),
    "p_z_given_x": (r"p{theta}(z \mid x)", {"x", "z"}),
    "q_z": (r"q(z \mid x)", {"x", "z"}),
}
"""Name of each symbol: its LaTeX and its variables."""


def node(cls: type[Expression]) -> type[Expression]:
    """Register a class of expressions (its fields: expressions, or plain data)."""
    cls = dataclass(frozen=True, repr=False)(cls)
    cls.parts = tuple(field.name for field in dataclasses.fields(cls) if field.type == "Expression")
    NODES[cls.__name__] = cls
    return cls


def is_expression(value: object) -> bool:
    return NODES.get(type(value).__name__) is type(value)


def as_expression(value: object, name: str) -> Expression:
    """``value`` itself if it is an expression, a constant if it is a number.

    Raises
    ------
    TypeError
        If it is neither; ``name`` is how the message calls it.
    """
    if is_expression(value):
        return value
    if isinstance(value, numbers.Real) and not isinstance(value, bool):
        return const(value)
    text = f"{value!r:.60} " if type(value).__module__ == "builtins" else "one "  # others may not even have a repr
    raise TypeError(f"{name} must be an expression or a number, got {text}of type {type(value).__name__}")


class Expression:
    """What every expression can do. Build one from the symbols, numbers, ``+ - * /``, ``log``, ``sum_z`` and ``E``.

    Attributes
    ----------
    children
        The expressions that it is made of, a tuple.
    free_symbols
        The variables that it depends on, out of ``"x"`` and ``"z"``; a sum over z binds z.
    symbols
        The probabilities in it, such as ``p_xz``.
    size, depth
        How many parts it has, and how deep they are nested.
    """

    parts: tuple[str, ...] = ()
    """Names of the fields that hold expressions."""
    precedence = 3
    """1: a sum, 2: a product, 3: whatever needs no brackets within either."""
    open_ended = False
    """Whether its LaTeX would swallow a factor written behind it, as a sum and a logarithm do."""
    __array_ufunc__ = None  # NumPy's scalars leave the arithmetic to us

    def __post_init__(self):
        if not is_expression(self):
            raise TypeError(f"{type(self).__name__} is not one of the expressions: {', '.join(NODES)}")
        children = [getattr(self, name) for name in self.parts]
        for name, child in zip(self.parts, children):
            if not is_expression(child):
                raise TypeError(f"{type(self).__name__}.{name} must be an expression, got a {type(child).__name__}")
        object.__setattr__(self, "children", tuple(children))
        object.__setattr__(self, "size", 1 + sum(child.size for child in children))
        object.__setattr__(self, "depth", 1 + max((child.depth for child in children), default=0))
        if self.size > MAX_SIZE or self.depth > MAX_DEPTH:
            raise ValueError(f"this expression has {self.size} parts, nested {self.depth} deep; "
                             f"at most {MAX_SIZE} parts and {MAX_DEPTH} deep are allowed")
        object.__setattr__(self, "free_symbols", self._free(frozenset().union(*(child.free_symbols for child in children))))
        object.__setattr__(self, "symbols", frozenset().union(*(child.symbols for child in children)))

    def _free(self, variables: frozenset[str]) -> frozenset[str]:
        return variables

    def with_children(self, change: Callable[[Expression], Expression]) -> Expression:
        """The same node with ``change`` applied to each child."""
        changed = {name: change(getattr(self, name)) for name in self.parts}
        return dataclasses.replace(self, **changed) if changed else self

    def evaluate(self, model) -> Float64[Tensor, "*shape"]:
        """The expression's value on the tables of a finite model.

        Returns
        -------
        Tensor, float64
            Of shape (n_x,), or (n_x, n_z) where z is free: one value for each x (and z). The
            axes of a batch of models come first.

        Raises
        ------
        ValueError
            If the value is not defined: the logarithm of a number that is not positive,
            or a division by zero.
        """
        value = self.value(model)
        if not torch.isfinite(value).all():
            raise ValueError(f"{self} is not defined on this model: it takes the logarithm of a number "
                             "that is not positive, or divides by zero")
        n_z = model.n_z if "z" in self.free_symbols else 1
        value = torch.broadcast_to(value, (*model.batch_shape, model.n_x, n_z))
        return value.clone() if "z" in self.free_symbols else value[..., 0].clone()

    def value(self, model) -> Tensor:
        """The value with the axes (..., x, z) kept for broadcasting, defined or not."""
        raise NotImplementedError

    def latex(self, theta: bool | None = None) -> str:
        """LaTeX. With ``theta`` p shows its parameters; by default it does where new parameters occur."""
        if theta is None:
            theta = any(symbol.is_new for symbol in self.symbols)
        return self._latex(theta)

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.latex()}$"

    def __reduce__(self):
        # copied and unpickled through the constructor, which checks the parts again
        return type(self), tuple(getattr(self, field.name) for field in dataclasses.fields(self))

    def __repr__(self) -> str:
        return self.code()

    def __add__(self, other):
        return NODES["Add"](self, as_expression(other, "the right side of +"))

    def __radd__(self, other):
        return NODES["Add"](as_expression(other, "the left side of +"), self)

    def __sub__(self, other):
        return NODES["Subtract"](self, as_expression(other, "the right side of -"))

    def __rsub__(self, other):
        return NODES["Subtract"](as_expression(other, "the left side of -"), self)

    def __mul__(self, other):
        return NODES["Multiply"](self, as_expression(other, "the right side of *"))

    def __rmul__(self, other):
        return NODES["Multiply"](as_expression(other, "the left side of *"), self)

    def __truediv__(self, other):
        return NODES["Divide"](self, as_expression(other, "the right side of /"))

    def __rtruediv__(self, other):
        return NODES["Divide"](as_expression(other, "the left side of /"), self)

    def __neg__(self):
        return NODES["Negate"](self)


@node
class Symbol(Expression):
    """A probability of the model, under the parameters theta or (``is_new``) theta'."""

    name: str
    is_new: bool = False

    def __post_init__(self):
        if self.name not in SYMBOLS or type(self.is_new) is not bool or (self.is_new and self.name == "q_z"):
            raise ValueError(f"there is no symbol {self.name!r} with is_new={self.is_new!r}; "
                             f"there are {', '.join(SYMBOLS)}, and all but q_z under new parameters")
        super().__post_init__()
        object.__setattr__(self, "symbols", frozenset({self}))

    def _free(self, variables):
        return frozenset(SYMBOLS[self.name][1])

    def value(self, model):
        return model.table(self.name, self.is_new)

    def _latex(self, theta):
        return SYMBOLS[self.name][0].format(theta=r"_{\theta'}" if self.is_new else r"_{\theta}" if theta else "")

    def code(self):
        return f"new({self.name})" if self.is_new else self.name


@node
class Constant(Expression):
    """A number, kept exactly."""

    number: Fraction

    def __post_init__(self):
        if type(self.number) is not Fraction or abs(self.number) > MAX_CONSTANT or self.number.denominator > MAX_DENOMINATOR:
            raise ValueError(f"a constant must be a Fraction of at most {MAX_CONSTANT} in size and 30 decimals")
        super().__post_init__()

    def value(self, model):
        return torch.full((1, 1), float(self.number), dtype=torch.float64)

    @property
    def precedence(self):
        return 1 if self.number < 0 else 3

    def _latex(self, theta):
        if self.number.denominator == 1:
            return str(self.number)
        return rf"{'-' * (self.number < 0)}\tfrac{{{abs(self.number.numerator)}}}{{{self.number.denominator}}}"

    def code(self):
        return f"const({self.plain()})"

    def plain(self) -> str:
        """The number alone, as Python reads it."""
        if self.number.denominator == 1:
            return str(self.number)
        decimal = repr(float(self.number))
        return decimal if Fraction(decimal) == self.number else f"Fraction({self.number.numerator}, {self.number.denominator})"


def const(number: Operand) -> Expression:
    """A constant.

    Raises
    ------
    TypeError
        If ``number`` is not a real number.
    ValueError
        If it is not finite, or larger than a thousand million in size.
    """
    if isinstance(number, bool) or not isinstance(number, numbers.Real):
        raise TypeError(f"a constant must be a real number, got one of type {type(number).__name__}")
    if not abs(number) <= MAX_CONSTANT:
        raise ValueError(f"a constant must be finite and at most {MAX_CONSTANT} in size, got {number!r:.30}")
    if isinstance(number, numbers.Rational):
        return Constant(Fraction(int(number.numerator), int(number.denominator)))
    return Constant(Fraction(repr(float(number))))  # as it is written: 0.1 is a tenth


def new(expression: Operand) -> Expression:
    """The same expression under new parameters theta': p'(x, z) for p(x, z). It changes every p in it; q has no theta.

    Raises
    ------
    ValueError
        If there is no p in it, or one that is under new parameters already.
    """
    expression = as_expression(expression, "the argument of new")
    if all(symbol.name == "q_z" for symbol in expression.symbols):
        raise ValueError(f"new({expression}): there is no p in it that could have new parameters (q has no theta)")
    if any(symbol.is_new for symbol in expression.symbols):
        raise ValueError(f"new({expression}): it is under new parameters already")
    return _renew(expression)


def _renew(expression: Expression) -> Expression:
    if type(expression) is Symbol:
        return expression if expression.name == "q_z" else Symbol(expression.name, is_new=True)
    return expression.with_children(_renew)


p_z = Symbol("p_z")
p_x_given_z = Symbol("p_x_given_z")
p_xz = Symbol("p_xz")
p_x = Symbol("p_x")
p_z_given_x = Symbol("p_z_given_x")
q_z = Symbol("q_z")
