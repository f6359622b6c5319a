"""Rules that rewrite an expression: each replaces what one reason is about by what it is equal to.

A rule takes a node and gives the node that it becomes, or None where it does not apply. A
theory is a tuple of rules, all applied until none applies (their normal form). Two
expressions are equal in a theory if their normal forms are the same by algebra.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache

from lvmlib.derivation.algebra import ONE, ZERO, Term, fingerprint, product, same, terms, total
from lvmlib.derivation.arithmetic import Divide, Log, Multiply, log
from lvmlib.derivation.expressions import Expression, Symbol
from lvmlib.derivation.over_z import (
    DISTRIBUTIONS, Abbreviation, Entropy, EvidenceLowerBound, Expectation, KullbackLeibler, SumOverZ,
)

Rule = Callable[[Expression], Expression | None]
Theory = tuple[Rule, ...]


def combined(*theories: Theory) -> Theory:
    """One theory of several, each rule once."""
    rules = tuple(dict.fromkeys(rule for theory in theories for rule in theory))
    # E[1] = 1 must still be seen where another rule has written the expectation as a sum
    needs_sum = expectation_of_one in rules and expectation_as_sum in rules and distribution_sums_to_one not in rules
    return (*rules, distribution_sums_to_one) if needs_sum else rules


@lru_cache(maxsize=20_000)
def normal_form(expression: Expression, theory: Theory) -> Expression:
    """The expression with the theory's rules applied everywhere until none applies."""
    if not theory:
        return expression
    expression = _below(expression, theory)
    for rule in theory:
        changed = rule(expression)
        if changed is not None:
            return normal_form(changed, theory)
    return expression


def _below(expression: Expression, theory: Theory) -> Expression:
    """Rewrite the parts of a node: but a distribution under which an expectation is taken is a name, not a factor."""
    if type(expression) is Expectation:
        return Expectation(expression.distribution, normal_form(expression.body, theory))
    if isinstance(expression, Abbreviation):
        return expression
    return expression.with_children(lambda child: normal_form(child, theory))


def equal_in(theory: Theory, first: Expression, second: Expression) -> bool:
    """Whether two expressions are equal by algebra and the theory's rules."""
    try:
        return same(normal_form(first, theory), normal_form(second, theory))
    except (ValueError, ZeroDivisionError):  # a normal form grew too large, or divides by nought
        return False


# What binds z ---------------------------------------------------------------------------


def expectation_as_sum(node: Expression) -> Expression | None:
    """E_d[f] = sum_z d f."""
    if type(node) is Expectation:
        return SumOverZ(node.distribution * node.body)
    return None


def _binder(node: Expression) -> Callable[[Expression], Expression]:
    if type(node) is SumOverZ:
        return SumOverZ
    return lambda body: Expectation(node.distribution, body)


def split_sum(node: Expression) -> Expression | None:
    """E[a f + b g] = a E[f] + b E[g], for numbers a and b; the same for a sum over z."""
    if type(node) not in (SumOverZ, Expectation):
        return None
    parts = terms(node.body)
    if len(parts) == 1 and parts[0].coefficient == 1:
        return None
    bind = _binder(node)
    return total(
        product([Term(part.coefficient, ()).expression(), bind(Term(Fraction(1), part.factors).expression())])
        for part in parts
    )


def pull_factor(node: Expression) -> Expression | None:
    """E[c f] = c E[f], where c does not depend on z; the same for a sum over z."""
    if type(node) not in (SumOverZ, Expectation):
        return None
    parts = [part.split() for part in terms(node.body)]
    frees = {fingerprint(free.expression()) for free, _ in parts}
    if len(frees) != 1 or frees == {1}:
        return None
    free = parts[0][0].expression()
    return free * _binder(node)(total(bound.expression() for _, bound in parts))


def expectation_of_one(node: Expression) -> Expression | None:
    """E[1] = 1."""
    if type(node) is Expectation and fingerprint(node.body) == 1:
        return ONE
    return None


def distribution_sums_to_one(node: Expression) -> Expression | None:
    """sum_z c d = c, for a distribution d over z and a c that does not depend on z."""
    if type(node) is not SumOverZ:
        return None
    parts = [part.split() for part in terms(node.body)]
    if all(len(bound.factors) == 1 and bound.factors[0][1] == 1 and _is_distribution(bound.factors[0][0])
           for _, bound in parts):
        return total(free.expression() for free, _ in parts)
    return None


def _is_distribution(node: Expression) -> bool:
    return type(node) is Symbol and node.name in DISTRIBUTIONS


# The logarithm --------------------------------------------------------------------------


def split_log(node: Expression) -> Expression | None:
    """ln(a b) = ln a + ln b, ln(a / b) = ln a - ln b."""
    if type(node) is not Log:
        return None
    if type(node.argument) is Multiply:
        return log(node.argument.left) + log(node.argument.right)
    if type(node.argument) is Divide:
        return log(node.argument.left) - log(node.argument.right)
    parts = terms(node.argument)
    if len(parts) != 1 or len(parts[0].factors) + (parts[0].coefficient != 1) < 2 and _exponent(parts[0]) == 1:
        return None
    if parts[0].coefficient < 0:
        return None
    return log(parts[0].expression())


def _exponent(term: Term) -> int:
    return term.factors[0][1] if term.factors else 1


# Definitions ----------------------------------------------------------------------------


def define_kl(node: Expression) -> Expression | None:
    return node.definition() if type(node) is KullbackLeibler else None


def define_elbo(node: Expression) -> Expression | None:
    return node.definition() if type(node) is EvidenceLowerBound else None


def define_entropy(node: Expression) -> Expression | None:
    return node.definition() if type(node) is Entropy else None


def kl_of_itself(node: Expression) -> Expression | None:
    """KL(p, p) = 0."""
    return ZERO if type(node) is KullbackLeibler and node.first == node.second else None


# Symbols --------------------------------------------------------------------------------


def _symbol(node: Expression, name: str) -> bool:
    return type(node) is Symbol and node.name == name


def likelihood_by_product_rule(node: Expression) -> Expression | None:
    """p(x|z) = p(x, z) / p(z)."""
    return Symbol("p_xz", node.is_new) / Symbol("p_z", node.is_new) if _symbol(node, "p_x_given_z") else None


def posterior_by_product_rule(node: Expression) -> Expression | None:
    """p(z|x) = p(x, z) / p(x)."""
    return Symbol("p_xz", node.is_new) / Symbol("p_x", node.is_new) if _symbol(node, "p_z_given_x") else None


def marginalize(node: Expression) -> Expression | None:
    """p(x) = sum_z p(x, z)."""
    return SumOverZ(Symbol("p_xz", node.is_new)) if _symbol(node, "p_x") else None


def e_step(node: Expression) -> Expression | None:
    """q(z|x) = p(z|x), wherever q stands."""
    if _symbol(node, "q_z"):
        return Symbol("p_z_given_x")
    if type(node) is Expectation and _symbol(node.distribution, "q_z"):
        return Expectation(Symbol("p_z_given_x"), node.body)
    if isinstance(node, Abbreviation) and Symbol("q_z") in node.children:
        return node.with_children(lambda child: e_step(child) or child)
    return None
