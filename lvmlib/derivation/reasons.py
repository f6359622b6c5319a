"""What each named reason licenses, structurally: whether it takes one expression to another.

An equation licenses a step if both lines are equal by algebra, its own rules and what may
happen beside them (what no reader would want a line for), but not without its own rules.
An inequality licenses a step if the difference of the two lines is an instance of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product as pairs

from lvmlib.derivation import rewriting as rule
from lvmlib.derivation.algebra import PRIME, ZERO, fingerprint, product, same, terms, written_factors, written_terms
from lvmlib.derivation.arithmetic import Log, Multiply, log
from lvmlib.derivation.expressions import Constant, Expression, Symbol, p_x, p_xz, p_z_given_x, q_z
from lvmlib.derivation.over_z import DISTRIBUTIONS, ELBO, KL, E, Expectation, KullbackLeibler, SumOverZ
from lvmlib.derivation.rewriting import Theory, combined, equal_in, normal_form

LINEAR: Theory = (rule.split_sum, rule.pull_factor)
AS_SUM: Theory = (rule.expectation_as_sum,)
BOOKKEEPING: Theory = (*AS_SUM, rule.split_log, rule.split_sum)
"""E_q[f] as a sum, ln(a/b) as ln a - ln b, numbers and signs through sums."""
DEFINITIONS: Theory = (rule.define_kl, rule.define_elbo, rule.define_entropy)
NOTATION: Theory = (*DEFINITIONS, rule.likelihood_by_product_rule, *BOOKKEEPING)
"""Ways of writing the same quantity, such as the ELBO: what a first or last line may differ in from the theorem's."""


@dataclass(frozen=True)
class Equation:
    """The rules of a reason, and what may happen beside them."""

    rules: Theory
    beside: Theory = ()
    instead: Theory | None = None
    """Another reason's theory: a step that it licenses is not this reason's."""

    def licenses(self, before: Expression, after: Expression) -> bool:
        others = [self.beside] if self.instead is None else [self.beside, self.instead]
        if any(equal_in(theory, before, after) for theory in others):
            return False
        return equal_in(combined(self.rules, self.beside), before, after)


def _definition(rule_: rule.Rule) -> Equation:
    """A definition; others may be used in the same line."""
    return Equation((rule_,), (*(other for other in DEFINITIONS if other is not rule_), *BOOKKEEPING))


IDENTITIES = {
    "linearity": Equation(LINEAR, (*AS_SUM, rule.split_log)),
    "an independent term leaves the expectation": Equation(
        (*LINEAR, rule.expectation_of_one), (rule.split_log, rule.split_sum)),
    "normalization": Equation((rule.distribution_sums_to_one,), (*AS_SUM, rule.pull_factor, rule.split_log)),
    "log of a product": Equation((rule.split_log,), (rule.split_sum,)),
    "definition of expectation": Equation(AS_SUM),
    "definition of KL": _definition(rule.define_kl),
    "definition of the ELBO": _definition(rule.define_elbo),
    "definition of entropy": _definition(rule.define_entropy),
    "marginalization": Equation((rule.marginalize,), (rule.likelihood_by_product_rule,)),
    "product rule": Equation(
        (rule.likelihood_by_product_rule, rule.posterior_by_product_rule), (rule.split_log,)),
    "Bayes' rule": Equation(
        (rule.posterior_by_product_rule,), (rule.likelihood_by_product_rule, rule.marginalize, rule.split_log)),
}
"""Reasons that are true of every model and every q."""
IDENTITY = combined(*(theory for identity in IDENTITIES.values() for theory in (identity.rules, identity.beside)))
EQUATIONS = {
    **IDENTITIES,
    # a step that is true without the premise does not come from it
    "E-step": Equation((rule.e_step,), (rule.kl_of_itself,), instead=IDENTITY),
}


def licenses(reason: str, before: Expression, relation: str, after: Expression) -> bool:
    """Whether the reason takes the line ``before`` to the line ``after`` with that relation."""
    try:
        return _licenses(reason, before, relation, after)
    except (ValueError, ZeroDivisionError):  # it grew too large to look at, or divides by nought
        return False


def _licenses(reason: str, before: Expression, relation: str, after: Expression) -> bool:
    if reason in INEQUALITIES:
        upper, lower = (before, after) if relation == ">=" else (after, before)
        return relation != "=" and INEQUALITIES[reason](upper, lower)
    if reason in ARITHMETIC:
        return ARITHMETIC[reason](before, after)
    if reason == "ELBO gap is KL":
        return _gap_is_kl(before, after)
    if reason == "linearity" and (_affine(before, after) or _affine(after, before)):
        return True
    if reason == "E-step" and before != after and normal_form(before, (rule.e_step,)) == normal_form(after, (rule.e_step,)):
        return True
    return EQUATIONS[reason].licenses(before, after)


def _affine(before: Expression, after: Expression) -> bool:
    """E[c + f] became c + E[f]: linearity too, while E[c] = c alone is not."""
    beside = (*AS_SUM, rule.split_log)
    if equal_in((rule.distribution_sums_to_one, *beside), before, after):
        return False
    linear = combined(LINEAR, beside)
    return equal_in(linear, normal_form(before, (rule.distribution_sums_to_one, *linear)), after)


def jointly(reasons: tuple[str, ...], before: Expression, relation: str, after: Expression, idle: str = "") -> bool:
    """Whether reasons license the step together, at most one of them an inequality.

    Of the reason ``idle`` only what may happen beside it counts.
    """
    equations = [reason for reason in reasons if reason in EQUATIONS]
    rules = [EQUATIONS[reason].rules for reason in equations if reason != idle]
    theory = combined(*rules, *(EQUATIONS[reason].beside for reason in equations))
    inequality = next((reason for reason in reasons if reason in INEQUALITIES), None)
    if inequality is None:
        return equal_in(theory, before, after)
    upper, lower = (before, after) if relation == ">=" else (after, before)
    options = {"any_weights": idle != "multiply by one"} if inequality == "Jensen" and "multiply by one" in reasons else {}
    try:
        return relation != "=" and INEQUALITIES[inequality](upper, lower, theory, **options)
    except (ValueError, ZeroDivisionError):
        return False


def jump(because: str, before: Expression, relation: str, after: Expression, premises: tuple[str, ...]) -> bool:
    """Whether the step is right, but takes several reasons: all equations, and the inequality that is named or any."""
    usable = tuple(reason for reason in ("multiply by one", *EQUATIONS) if reason != "E-step" or reason in premises)
    if jointly(usable, before, relation, after):
        return True
    inequalities = [because] if because in INEQUALITIES else [r for r in INEQUALITIES if r != "M-step" or r in premises]
    return any(jointly((*usable, reason), before, relation, after) for reason in inequalities)


# Arithmetic -----------------------------------------------------------------------------


def _multiply_by_one(before: Expression, after: Expression) -> bool:
    """Factors that cancel differ; or, where a logarithm was split as well, its terms that cancel do."""
    if equal_in(AS_SUM, before, after):
        return _cancelled(before, written_factors, _one) != _cancelled(after, written_factors, _one)
    theory = (*AS_SUM, rule.split_log)
    before, after = normal_form(before, theory), normal_form(after, theory)
    return same(before, after) and _cancelled(before, written_terms) != _cancelled(after, written_terms)


def _add_and_subtract(before: Expression, after: Expression) -> bool:
    return same(before, after) and _cancelled(before, written_terms, _nought) != _cancelled(after, written_terms, _nought)


def _one(expression: Expression) -> bool:
    return fingerprint(expression) == 1


def _nought(expression: Expression) -> bool:
    return fingerprint(expression) == 0


def _cancelled(expression: Expression, written: Callable, neutral: Callable = lambda part: False) -> Counter:
    """What cancels in the products (or sums) of an expression as it is written, and how often."""
    found: Counter = Counter()
    pending = [normal_form(expression, AS_SUM) if written is written_factors else expression]
    while pending:
        parts = written(pending.pop())
        signs: dict[int, Counter] = {}
        for part, sign in parts:
            name = fingerprint(part)
            if written is written_terms and name > PRIME - name:  # -a is a with the other sign
                name, sign = PRIME - name, -sign
            signs.setdefault(name, Counter())[sign] += 1
            found["neutral"] += neutral(part)
            pending.extend(part.children)
        for name, count in signs.items():
            if min(count[1], count[-1]):
                found[name] += min(count[1], count[-1])
    return +found


ARITHMETIC = {"algebra": same, "multiply by one": _multiply_by_one, "add and subtract": _add_and_subtract}


# Inequalities ---------------------------------------------------------------------------


def _parameters(*expressions: Expression) -> tuple[bool, ...]:
    """Whether old parameters, or new ones too, may stand in a step."""
    return (False, True) if any(symbol.is_new for expression in expressions for symbol in expression.symbols) else (False,)


def _distributions(*expressions: Expression) -> list[Symbol]:
    """The distributions over z that may stand in a step."""
    return [Symbol(name, is_new) for is_new in _parameters(*expressions) for name in DISTRIBUTIONS
            if not (is_new and name == "q_z")]


def _jensen(upper: Expression, lower: Expression, theory: Theory = (), any_weights: bool = False) -> bool:
    """Some ln E[f] above become E[ln f] (or, with a minus, some -ln E[f] below become -E[ln f]).

    With ``any_weights`` a sum need not be written as an expectation: E_d[f / d] is tried for each distribution d.
    """
    weights = _distributions(upper, lower) if any_weights else []
    upper, lower, theory = normal_form(upper, theory), normal_form(lower, theory), combined(theory, BOOKKEEPING)
    moves = {}
    for line, positive in ((upper, True), (lower, False)):
        for term in terms(line):
            if len(term.factors) == 1 and term.factors[0][1] == 1 and (term.coefficient > 0) is positive:
                logarithm = term.factors[0][0]
                if type(logarithm) is Log:
                    moves[logarithm] = _log_moved_in(logarithm, weights)
    moves = {logarithm: moved for logarithm, moved in moves.items() if moved}
    for choice in pairs(*([None, *moved] for moved in list(moves.values())[:4])):
        swaps = {logarithm: moved for logarithm, moved in zip(moves, choice) if moved is not None}
        if swaps and equal_in(theory, _swap(upper, swaps, positive=True), _swap(lower, swaps, positive=False)):
            return True
    return False


def _log_moved_in(logarithm: Log, weights: list[Symbol]) -> list[Expression]:
    """E[ln f] for each way to read the argument as an expectation E[f]: under weights written there, or those given."""
    argument = logarithm.argument
    if type(argument) is Expectation:
        return [E(argument.distribution, log(argument.body))]
    if type(argument) is not SumOverZ:
        return []
    factors = written_factors(argument.body)
    moved = [E(weight, log(argument.body / weight)) for weight in weights]
    for index, (factor, exponent) in enumerate(factors):
        if exponent == 1 and type(factor) is Symbol and factor.name in DISTRIBUTIONS:
            rest = factors[:index] + factors[index + 1:]
            above, below = (product(f for f, e in rest if e == sign) for sign in (1, -1))
            moved.append(E(factor, log(above / below)))
    return moved


def _swap(line: Expression, swaps: dict[Expression, Expression], positive: bool) -> Expression:
    """The line's top-level logarithms replaced, those with a coefficient of the sign given."""
    result: Expression = ZERO
    for term in terms(line):
        factor = term.factors[0][0] if len(term.factors) == 1 and term.factors[0][1] == 1 else None
        if factor in swaps and (term.coefficient > 0) is positive:
            result = result + Multiply(Constant(term.coefficient), swaps[factor])
        else:
            result = result + term.expression()
    return result


def _instance(upper: Expression, lower: Expression, theory: Theory, gains: Iterator[Expression]) -> bool:
    """Whether upper - lower is one of the gains that the inequality says is not negative."""
    return any(equal_in(theory, upper - lower, gain) for gain in gains)


def _gibbs(upper: Expression, lower: Expression, theory: Theory = ()) -> bool:
    """The difference is a sum of KL divergences, each named or written out."""
    difference = terms(upper - lower)
    if difference and all(
        term.coefficient > 0 and len(term.factors) == 1 and term.factors[0][1] == 1
        and type(term.factors[0][0]) is KullbackLeibler for term in difference
    ):
        return True
    gains = (KL(first, second) for first, second in pairs(_distributions(upper, lower), repeat=2) if first != second)
    return _instance(upper, lower, combined(theory, (rule.define_kl, *BOOKKEEPING)), gains)


def _m_step(upper: Expression, lower: Expression, theory: Theory = ()) -> bool:
    """The difference is E_q[ln p'(x, z)] - E_q[ln p(x, z)], q written as q or (after an E-step) as p(z|x)."""
    gains = (E(d, log(Symbol("p_xz", True))) - E(d, log(p_xz)) for d in (q_z, p_z_given_x))
    return _instance(upper, lower, combined(theory, NOTATION), gains)


def _elbo_is_a_lower_bound(upper: Expression, lower: Expression, theory: Theory = ()) -> bool:
    """The difference is ln p(x) - ELBO(q, p(x, z)), for any q, under old or new parameters."""
    gains = (log(Symbol("p_x", is_new)) - ELBO(d, Symbol("p_xz", is_new))
             for d, is_new in pairs(_distributions(upper, lower), _parameters(upper, lower)))
    return _instance(upper, lower, combined(theory, NOTATION), gains)


def _gap_is_kl(before: Expression, after: Expression) -> bool:
    """The difference is ln p(x) - ELBO - KL, with either sign, but not nought by notation alone."""
    gaps = [log(Symbol("p_x", is_new)) - ELBO(d, Symbol("p_xz", is_new)) - KL(d, Symbol("p_z_given_x", is_new))
            for d, is_new in pairs(_distributions(before, after), _parameters(before, after))]
    return any(equal_in(NOTATION, sign * (before - after), gap) for gap in gaps for sign in (1, -1))


INEQUALITIES = {
    "Jensen": _jensen,
    "Gibbs": _gibbs,
    "M-step": _m_step,
    "ELBO is a lower bound": _elbo_is_a_lower_bound,
}
