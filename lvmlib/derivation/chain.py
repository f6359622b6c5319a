"""A derivation: a chain of expressions, each with its relation to the one before and a reason."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass
from fractions import Fraction
from reprlib import repr as shown  # of untrusted data: neither long nor deep

from lvmlib.derivation.expressions import MAX_DEPTH, NODES, Constant, Expression, Operand, Symbol, as_expression
from lvmlib.derivation.over_z import as_distribution
from lvmlib.derivation.vocabulary import as_reason

MAX_LINES = 100

RELATIONS = {"=": "=", ">=": r"\ge", "<=": r"\le"}
"""Each relation: its LaTeX."""
FLIPPED = {"=": "=", ">=": "<=", "<=": ">="}


@dataclass(frozen=True)
class Line:
    """One line of a derivation; the first has neither relation nor reason."""

    expression: Expression
    relation: str | None = None
    """How the line before compares to this one: ``">="`` reads "the line before is at least this"."""
    because: str | None = None


class Derivation:
    """A chain of expressions. It does not change: each step gives a longer derivation.

    Parameters
    ----------
    start
        The first line.

    Raises
    ------
    TypeError, ValueError
        By the constructor and by every step: if a line is no expression, if the reason is
        none of ``REASONS``, or if there are too many lines.

    Examples
    --------
    >>> from lvmlib.derivation import Derivation, log, p_x, p_xz, sum_z
    >>> derivation = Derivation(log(p_x)).equals(log(sum_z(p_xz)), because="marginalization")
    >>> derivation
    Derivation(log(p_x))
    .equals(log(sum_z(p_xz)), because='marginalization')
    >>> len(derivation.lines)
    2
    """

    def __init__(self, start: Operand):
        self._lines = (Line(as_expression(start, "the first line")),)
        self._equality = None

    @property
    def lines(self) -> tuple[Line, ...]:
        return self._lines

    @property
    def equality(self) -> tuple[Symbol, Symbol] | None:
        """The two distributions whose being equal makes the first and the last line equal, if the chain says so."""
        return self._equality

    def equals(self, expression: Operand, *, because: object) -> Derivation:
        """The line before = ``expression``."""
        return self._step("=", expression, because)

    def at_least(self, expression: Operand, *, because: object) -> Derivation:
        """The line before >= ``expression``."""
        return self._step(">=", expression, because)

    def at_most(self, expression: Operand, *, because: object) -> Derivation:
        """The line before <= ``expression``."""
        return self._step("<=", expression, because)

    def tight_when(self, first: Operand, second: Operand) -> Derivation:
        """Claim that the first and the last line are equal exactly where two distributions are, q and another.

        ``tight_when(q_z, p_z_given_x)`` says: where q(z|x) = p(z|x), and nowhere else.
        """
        pair = as_equality(first, second)
        changed = self._copy(self._lines)
        changed._equality = pair
        return changed

    def _step(self, relation: str, expression: Operand, because: object) -> Derivation:
        number = len(self._lines) + 1
        if number > MAX_LINES:
            raise ValueError(f"a derivation has at most {MAX_LINES} lines")
        line = Line(as_expression(expression, f"line {number}"), relation, as_reason(because))
        return self._copy((*self._lines, line))

    def _copy(self, lines: tuple[Line, ...]) -> Derivation:
        changed = Derivation(lines[0].expression)
        changed._lines, changed._equality = lines, self._equality
        return changed

    def __eq__(self, other: object) -> bool:
        return type(other) is Derivation and (self._lines, self._equality) == (other._lines, other._equality)

    def __hash__(self) -> int:
        return hash((self._lines, self._equality))

    def __repr__(self) -> str:
        methods = {"=": "equals", ">=": "at_least", "<=": "at_most"}
        text = f"Derivation({self._lines[0].expression})"
        for line in self._lines[1:]:
            text += f"\n.{methods[line.relation]}({line.expression}, because={line.because!r})"
        if self._equality:
            text += f"\n.tight_when({self._equality[0]}, {self._equality[1]})"
        return text

    def latex(self) -> str:
        """The chain as one aligned block, with line numbers and reasons."""
        theta = any(symbol.is_new for line in self._lines for symbol in line.expression.symbols)
        rows = []
        for number, line in enumerate(self._lines, start=1):
            relation = RELATIONS[line.relation] if line.relation else ""
            reason = rf" && \text{{{line.because}}}" if line.because else ""
            rows.append(rf"({number}) && {relation} & {line.expression.latex(theta)}{reason}")
        if self._equality:
            first, second = (symbol.latex(theta) for symbol in self._equality)
            rows.append(rf"&& & \text{{tight exactly where }} {first} = {second}")
        body = " \\\\\n".join(rows)
        return f"\\begin{{aligned}}\n{body}\n\\end{{aligned}}"

    def _repr_latex_(self) -> str:
        return f"$$\n{self.latex()}\n$$"

    def to_data(self) -> dict:
        """The derivation as plain lists, strings and numbers (JSON), from which :meth:`from_data` builds it again."""
        return {
            "lines": [[_to_data(line.expression), line.relation, line.because] for line in self._lines],
            "tight_when": [_to_data(symbol) for symbol in self._equality] if self._equality else None,
        }

    @classmethod
    def from_data(cls, data: object) -> Derivation:
        """Build a derivation from :meth:`to_data`'s answer, trusting nothing in it.

        Raises
        ------
        TypeError, ValueError
            If it is not such data.
        """
        known = type(data) is dict and set(data) == {"lines", "tight_when"}
        if not known or type(data["lines"]) is not list or not data["lines"]:
            raise ValueError("a derivation's data must be {'lines': [...], 'tight_when': ...} with at least one line")
        for line in data["lines"]:
            if type(line) is not list or len(line) != 3:
                raise ValueError(f"a line's data must be [expression, relation, reason], got {shown(line)}")
        derivation = cls(_from_data(data["lines"][0][0]))
        for expression, relation, because in data["lines"][1:]:
            if type(relation) is not str or relation not in RELATIONS:
                raise ValueError(f"a relation must be one of {', '.join(RELATIONS)}, got {shown(relation)}")
            derivation = derivation._step(relation, _from_data(expression), because)
        if data["tight_when"] is not None:
            if type(data["tight_when"]) is not list or len(data["tight_when"]) != 2:
                raise ValueError(f"tight_when must be null or two symbols, got {shown(data['tight_when'])}")
            derivation = derivation.tight_when(*map(_from_data, data["tight_when"]))
        return derivation


def as_equality(first: object, second: object) -> tuple[Symbol, Symbol]:
    """The condition "q is that distribution", as a pair with q first.

    Raises
    ------
    TypeError, ValueError
        If the two are not q and another distribution over z.
    """
    pair = (as_distribution(first, "tight_when's first argument"), as_distribution(second, "tight_when's second argument"))
    names = [symbol.name for symbol in pair]
    if names.count("q_z") != 1:
        raise ValueError(f"tight_when takes q_z and another distribution over z, got {pair[0]} and {pair[1]}")
    return pair if names[0] == "q_z" else pair[::-1]


def _to_data(expression: Expression) -> list:
    if type(expression) is Constant:
        return ["Constant", str(expression.number)]
    fields = (getattr(expression, field.name) for field in dataclasses.fields(expression))
    return [type(expression).__name__, *(value if type(value) in (str, bool) else _to_data(value) for value in fields)]


def _from_data(data: object, depth: int = 0) -> Expression:
    if depth > MAX_DEPTH or type(data) is not list or not data or type(data[0]) is not str or data[0] not in NODES:
        raise ValueError(f"an expression's data must be [{' | '.join(NODES)}, ...], got {shown(data)}")
    cls, arguments = NODES[data[0]], data[1:]
    if len(arguments) != len(dataclasses.fields(cls)):
        raise ValueError(f"{data[0]} takes {len(dataclasses.fields(cls))} parts, got {shown(data)}")
    if cls is Constant:
        if type(arguments[0]) is not str or not re.fullmatch("-?[0-9]{1,40}(/[1-9][0-9]{0,30})?", arguments[0]):
            raise ValueError(f"a constant's data must be its number as 'a' or 'a/b', got {shown(arguments[0])}")
        return Constant(Fraction(arguments[0]))
    if cls is Symbol:
        if type(arguments[0]) is not str:
            raise ValueError(f"a symbol's data must be its name and whether it is new, got {shown(data)}")
        return Symbol(*arguments)
    return cls(*(_from_data(argument, depth + 1) for argument in arguments))
