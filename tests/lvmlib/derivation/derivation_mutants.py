"""Operator-level mutants of a derivation: one small corruption of one line each, named for what was done."""

import dataclasses
from collections import Counter
from collections.abc import Iterator
from functools import cache

import torch
from known_derivations import KNOWN

from lvmlib.derivation import Derivation, Expression, check, checker, new, p_x, p_x_given_z, p_xz, p_z, p_z_given_x, q_z
from lvmlib.derivation.arithmetic import Add, Divide, Log, Multiply, Negate, Subtract
from lvmlib.derivation.chain import Line
from lvmlib.derivation.expressions import Constant, Symbol
from lvmlib.derivation.over_z import DISTRIBUTIONS, Expectation, KullbackLeibler, SumOverZ
from lvmlib.derivation.vocabulary import REASONS

SYMBOLS = (p_z, p_x_given_z, p_xz, p_x, p_z_given_x, q_z)
OLD_AND_NEW = SYMBOLS + tuple(new(symbol) for symbol in SYMBOLS[:-1])


def mutants_of_node(node: Expression, symbols: tuple[Symbol, ...]) -> Iterator[tuple[str, Expression]]:
    """What may be done to one node, its parts left as they are."""
    match node:
        case Add(left, right):
            yield from (("flip sign", left - right), ("drop term", left), ("drop term", right))
        case Subtract(left, right):
            yield from (("flip sign", left + right), ("drop term", left), ("drop term", -right), ("swap sides", right - left))
        case Multiply(left, right):
            yield from (("drop factor", left), ("drop factor", right), ("turn operator", left / right), ("turn operator", left + right))
        case Divide(left, right):
            yield from (("drop factor", left), ("drop factor", 1 / right), ("swap sides", right / left), ("turn operator", left * right))
        case Negate(operand):
            yield "flip sign", operand
        case Log(argument):
            yield from (("drop logarithm", argument), ("flip sign", -node))
        case SumOverZ(body):
            yield from (("drop sum", body), ("weight sum", Expectation(q_z, body)), ("flip sign", -node))
        case Expectation(distribution, body):
            yield from (("drop expectation", body), ("unweight", SumOverZ(body)), ("flip sign", -node))
            yield from (("swap distribution", Expectation(other, body)) for other in symbols
                        if other.name in DISTRIBUTIONS and other != distribution)
        case KullbackLeibler(first, second):
            yield from (("swap sides", KullbackLeibler(second, first)), ("flip sign", -node))
            for other in symbols:
                if other.name in DISTRIBUTIONS:
                    yield from (("swap distribution", KullbackLeibler(*pair)) for pair in ((first, other), (other, second))
                                if pair != (first, second))
        case Symbol():
            yield from (("swap symbol", other) for other in symbols if other != node)
        case Constant():
            yield "change constant", node + 1


def mutants_of_expression(expression: Expression, symbols: tuple[Symbol, ...]) -> Iterator[tuple[str, Expression]]:
    yield from mutants_of_node(expression, symbols)
    for field in dataclasses.fields(expression):
        part = getattr(expression, field.name)
        if isinstance(part, Expression):
            for name, changed in mutants_of_expression(part, symbols):
                try:
                    yield name, dataclasses.replace(expression, **{field.name: changed})
                except ValueError:  # no longer a distribution where there must be one
                    continue


def rebuilt(derivation: Derivation, lines: list[Line]) -> Derivation:
    changed = Derivation(lines[0].expression)
    steps = {"=": "equals", ">=": "at_least", "<=": "at_most"}
    for line in lines[1:]:
        changed = getattr(changed, steps[line.relation])(line.expression, because=line.because)
    return changed.tight_when(*derivation.equality) if derivation.equality else changed


def mutants(derivation: Derivation) -> Iterator[tuple[str, int, Derivation]]:
    """(what was done, number of the line, the corrupted derivation)."""
    lines = list(derivation.lines)
    has_new = any(symbol.is_new for line in lines for symbol in line.expression.symbols)
    symbols = OLD_AND_NEW if has_new else SYMBOLS
    for index, line in enumerate(lines):
        def with_line(**changes) -> Derivation:
            return rebuilt(derivation, [*lines[:index], dataclasses.replace(line, **changes), *lines[index + 1:]])

        for name, expression in mutants_of_expression(line.expression, symbols):
            yield name, index + 1, with_line(expression=expression)
        if index:
            for relation in {"=", ">=", "<="} - {line.relation}:
                yield "change relation", index + 1, with_line(relation=relation)
            for reason in REASONS:
                if reason != line.because:
                    yield "change reason", index + 1, with_line(because=reason)
            if len(lines) > 2:
                yield "drop line", index + 1, rebuilt(derivation, [*lines[:index], *lines[index + 1:]])


def sweep(index: int) -> tuple[Counter, list[tuple[str, int, Derivation]]]:
    """Check every mutant of a known derivation: how many of each kind there are, and those accepted."""
    torch.set_num_threads(1)
    # thousands of checks on the same models: drawn once in this process
    checker.random_models = cache(checker.random_models)
    theorem, _, derivation = KNOWN[index]
    tried, accepted = Counter(), []
    for what, number, corrupted in mutants(derivation):
        tried[what] += 1
        if check(corrupted, theorem, n_models=30).ok:
            accepted.append((what, number, corrupted))
    return tried, accepted
