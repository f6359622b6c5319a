"""Arithmetic on expressions: when two are the same by algebra alone, and the terms of a sum.

Algebra knows numbers only. A symbol, a logarithm, a sum over z and an expectation are to it
letters, the same letter where their contents are the same by algebra. Two expressions are
compared by evaluating both in a finite field, each letter standing for an element drawn
from its name by a hash: rational functions that differ agree there with a probability
below 1e-30, and rounding plays no part.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from lvmlib.derivation.arithmetic import Add, Divide, Log, Multiply, Negate, Subtract
from lvmlib.derivation.expressions import Constant, Expression, Symbol
from lvmlib.derivation.over_z import Expectation, SumOverZ

PRIME = 2**127 - 1
MAX_TERMS = 200
"""Most terms into which a product of sums is expanded."""
ZERO, ONE = Constant(Fraction(0)), Constant(Fraction(1))


def same(first: Expression, second: Expression) -> bool:
    """Whether two expressions are equal by algebra alone."""
    return fingerprint(first) == fingerprint(second)


@lru_cache(maxsize=20_000)
def fingerprint(expression: Expression) -> int:
    """The expression's value in the finite field.

    Raises
    ------
    ZeroDivisionError
        If it divides by what is zero by algebra.
    """
    if type(expression) is Constant:
        return expression.number.numerator * _inverse(expression.number.denominator) % PRIME
    if type(expression) is Symbol:
        return _letter(expression.name, expression.is_new)
    values = [fingerprint(child) for child in expression.children]
    if type(expression) in _FIELD:
        return _FIELD[type(expression)](*values) % PRIME
    # ln 1 = 0, and a sum or an expectation of 0 is 0
    if values[-1] == {Log: 1, SumOverZ: 0, Expectation: 0}.get(type(expression)):
        return 0
    return _letter(type(expression).__name__, *values)


_FIELD = {
    Add: lambda a, b: a + b,
    Subtract: lambda a, b: a - b,
    Multiply: lambda a, b: a * b,
    Divide: lambda a, b: a * _inverse(b),
    Negate: lambda a: -a,
}


def _inverse(value: int) -> int:
    if value % PRIME == 0:
        raise ZeroDivisionError("division by what is zero by algebra")
    return pow(value, -1, PRIME)


def _letter(*parts: object) -> int:
    return int.from_bytes(hashlib.blake2b(repr(parts).encode(), digest_size=32).digest()) % PRIME


@dataclass(frozen=True)
class Term:
    """coefficient * product of factor ** exponent."""

    coefficient: Fraction
    factors: tuple[tuple[Expression, int], ...]

    def expression(self) -> Expression:
        above = [factor for factor, exponent in self.factors for _ in range(exponent)]
        below = [factor for factor, exponent in self.factors for _ in range(-exponent)]
        if self.coefficient != 1 or not above:
            above.insert(0, Constant(self.coefficient))
        return product(above) / product(below) if below else product(above)

    def split(self) -> tuple[Term, Term]:
        """The part that does not depend on z, with the coefficient, and the part that does."""
        free = tuple(factor for factor in self.factors if "z" not in factor[0].free_symbols)
        bound = tuple(factor for factor in self.factors if "z" in factor[0].free_symbols)
        return Term(self.coefficient, free), Term(Fraction(1), bound)


def product(factors: Iterable[Expression]) -> Expression:
    return _balanced(list(factors), Multiply, ONE)


def total(terms: Iterable[Expression]) -> Expression:
    return _balanced(list(terms), Add, ZERO)


def _balanced(parts: list[Expression], join: type, empty: Expression) -> Expression:
    """Joined in a balanced tree, so that many parts do not nest deep."""
    if len(parts) <= 1:
        return parts[0] if parts else empty
    middle = len(parts) // 2
    return join(_balanced(parts[:middle], join, empty), _balanced(parts[middle:], join, empty))


@lru_cache(maxsize=20_000)
def terms(expression: Expression) -> tuple[Term, ...]:
    """The expression as a sum of terms, expanded and collected, without those that cancel."""
    collected: dict[frozenset, Term] = {}
    for term in _expand(expression):
        key = frozenset((fingerprint(factor), exponent) for factor, exponent in term.factors)
        before = collected.get(key, Term(Fraction(0), term.factors))
        collected[key] = Term(before.coefficient + term.coefficient, before.factors)
    return tuple(term for term in collected.values() if term.coefficient)


def _expand(expression: Expression) -> tuple[Term, ...]:
    if type(expression) is Constant:
        return (Term(expression.number, ()),)
    if type(expression) is Add:
        return terms(expression.left) + terms(expression.right)
    if type(expression) is Subtract:
        return terms(expression.left) + _scaled(terms(expression.right), -1)
    if type(expression) is Negate:
        return _scaled(terms(expression.operand), -1)
    if type(expression) is Multiply:
        left, right = terms(expression.left), terms(expression.right)
        if len(left) * len(right) <= MAX_TERMS:
            return tuple(_times(a, b) for a in left for b in right)
        return (_times(_atom(expression.left), _atom(expression.right)),)
    if type(expression) is Divide:
        below = terms(expression.right)
        divisor = below[0] if len(below) == 1 else _atom(expression.right)
        inverse = Term(1 / divisor.coefficient, tuple((factor, -exponent) for factor, exponent in divisor.factors))
        return tuple(_times(term, inverse) for term in terms(expression.left))
    return () if fingerprint(expression) == 0 else (_atom(expression),)


def _atom(expression: Expression) -> Term:
    return Term(Fraction(1), ((expression, 1),))


def _scaled(parts: tuple[Term, ...], scale: int) -> tuple[Term, ...]:
    return tuple(Term(scale * term.coefficient, term.factors) for term in parts)


def _times(first: Term, second: Term) -> Term:
    exponents: Counter[int] = Counter()
    names: dict[int, Expression] = {}
    for factor, exponent in first.factors + second.factors:
        key = fingerprint(factor)
        names.setdefault(key, factor)
        exponents[key] += exponent
    factors = tuple((names[key], exponent) for key, exponent in exponents.items() if exponent)
    return Term(first.coefficient * second.coefficient, factors)


def written_factors(expression: Expression) -> list[tuple[Expression, int]]:
    """The factors of a product as it is written, before anything cancels: each with exponent 1 or -1."""
    if type(expression) is Multiply:
        return written_factors(expression.left) + written_factors(expression.right)
    if type(expression) is Divide:
        return written_factors(expression.left) + [(f, -exponent) for f, exponent in written_factors(expression.right)]
    if type(expression) is Negate:
        return [(Constant(Fraction(-1)), 1), *written_factors(expression.operand)]
    return [(expression, 1)]


def written_terms(expression: Expression) -> list[tuple[Expression, int]]:
    """The terms of a sum as it is written, before anything cancels: each with sign 1 or -1."""
    if type(expression) is Add:
        return written_terms(expression.left) + written_terms(expression.right)
    if type(expression) is Subtract:
        return written_terms(expression.left) + [(term, -sign) for term, sign in written_terms(expression.right)]
    if type(expression) is Negate:
        return [(term, -sign) for term, sign in written_terms(expression.operand)]
    return [(expression, 1)]
