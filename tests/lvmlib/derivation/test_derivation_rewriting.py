"""Algebra and the rewriting rules: what they call equal is equal, and what differs they tell apart."""

import pytest
import torch
from expression_strategies import any_sign, positive
from hypothesis import given, settings
from hypothesis import strategies as st

from lvmlib.derivation import E, H, KL, log, p_x, p_x_given_z, p_xz, p_z, p_z_given_x, q_z, random_models, sum_z
from lvmlib.derivation import rewriting
from lvmlib.derivation.algebra import fingerprint, same, terms, total
from lvmlib.derivation.reasons import BOOKKEEPING, EQUATIONS, IDENTITY, NOTATION
from lvmlib.derivation.rewriting import combined, equal_in, normal_form

RULES = [
    rewriting.expectation_as_sum, rewriting.split_sum, rewriting.pull_factor, rewriting.expectation_of_one,
    rewriting.distribution_sums_to_one, rewriting.split_log, rewriting.define_kl, rewriting.define_elbo,
    rewriting.define_entropy, rewriting.kl_of_itself, rewriting.likelihood_by_product_rule,
    rewriting.posterior_by_product_rule, rewriting.marginalize,
]
THEORIES = [(rule,) for rule in RULES] + [BOOKKEEPING, NOTATION, IDENTITY] + [
    combined(equation.rules, equation.beside) for name, equation in EQUATIONS.items() if name != "E-step"
]
BATCHES = random_models(24, seed=7)
E_STEP_BATCHES = random_models(24, seed=7, premises=("E-step",))


def assert_equal_values(first, second, batches):
    for batch in batches:
        a, b = first.evaluate(batch), second.evaluate(batch)
        a, b = (a, b) if a.ndim == b.ndim else torch.broadcast_tensors(*(v if v.ndim == 3 else v[..., None] for v in (a, b)))
        # rounding of the largest value in the batch, which parts of the expression may exceed by cancelling
        scale = 1 + float(a.abs().max())
        assert torch.allclose(a, b, rtol=1e-7, atol=1e-7 * scale), (first, second)


@settings(max_examples=200, deadline=None)
@given(expression=any_sign, theory=st.sampled_from(THEORIES))
def test_rules_keep_the_value(expression, theory):
    try:
        rewritten = normal_form(expression, theory)
    except ValueError as error:  # the checker takes it for "not licensed"
        assert "are allowed" in str(error) or "logarithm" in str(error)
        return
    assert_equal_values(expression, rewritten, BATCHES)


@settings(max_examples=50, deadline=None)
@given(expression=any_sign)
def test_the_e_step_keeps_the_value_where_q_is_the_posterior(expression):
    assert_equal_values(expression, normal_form(expression, (rewriting.e_step,)), E_STEP_BATCHES)


@settings(max_examples=100, deadline=None)
@given(expression=any_sign)
def test_terms_add_up_to_the_expression(expression):
    try:
        added = total(term.expression() for term in terms(expression))
    except ValueError as error:
        assert "are allowed" in str(error)
        return
    assert same(added, expression)
    assert_equal_values(expression, added, BATCHES)


@settings(max_examples=100, deadline=None)
@given(a=any_sign, b=any_sign, c=positive)
def test_algebra_knows_the_laws_of_arithmetic(a, b, c):
    try:
        assert same(a + b, b + a) and same(a * c, c * a) and same((a + b) * c, a * c + c * b) and same(a - b, -(b - a))
        assert same(a * c / c, a) and same((a + b) / c, a / c + b / c) and same(a + b - b, a) and same(a / (1 / c), a * c)
        assert same(log(c * c / c), log(c)) and same(E(q_z, a + b), E(q_z, b + a)) and same(sum_z(c * a), sum_z(a * c))
    except ValueError as error:  # now and then they are nested as deep as may be already
        assert "are allowed" in str(error)


@settings(max_examples=100, deadline=None)
@given(a=any_sign, b=any_sign)
def test_what_algebra_calls_equal_has_equal_values(a, b):
    if same(a, b):
        assert_equal_values(a, b, BATCHES)
    else:
        assert fingerprint(a) != fingerprint(b)


@pytest.mark.parametrize(("first", "second"), [
    (E(q_z, log(p_xz)), log(E(q_z, p_xz))), (E(q_z, p_xz), sum_z(q_z * p_xz)), (log(p_x * q_z), log(p_x) + log(q_z)),
    (E(q_z, p_x), p_x), (sum_z(q_z), sum_z(p_z)), (p_xz, p_z * p_x_given_z), (KL(q_z, p_z), KL(p_z, q_z)), (H(q_z), H(p_z)),
    (E(q_z, p_xz), E(p_z, p_xz)), (E(q_z, -p_xz), -E(q_z, p_xz)), (p_x - p_z, p_z - p_x), (p_x / p_z, p_z / p_x),
])
def test_algebra_knows_nothing_of_what_symbols_mean(first, second):
    assert not same(first, second)


@pytest.mark.parametrize("theory", THEORIES, ids=lambda theory: "+".join(rule.__name__ for rule in theory)[:60])
def test_no_theory_equates_what_differs(theory):
    """All pairs out of a list of quantities of which no two are equal."""
    different = [log(p_x), log(p_z_given_x), E(q_z, log(p_xz)), E(q_z, log(q_z)), KL(q_z, p_z), KL(p_z, q_z), KL(q_z, p_z_given_x),
                 log(E(q_z, p_xz)), E(q_z, p_xz), sum_z(log(p_xz)), E(p_z, log(p_x_given_z)), E(q_z, log(p_x_given_z)), p_x, p_z, q_z,
                 sum_z(p_x), E(q_z, log(p_xz / q_z)), E(q_z, log(p_xz * p_z))]
    for i, first in enumerate(different):
        for second in different[:i]:
            assert not equal_in(theory, first, second)
            assert not equal_in(theory, first, -second)


def test_a_theory_gives_up_on_what_grows_too_large():
    factors = [log(p_xz * q_z * p_x / p_z) + index for index in range(1, 12)]
    large = factors[0]
    for factor in factors[1:]:
        large = large * factor
    assert not equal_in(IDENTITY, E(q_z, large), E(q_z, large) + 1)
    assert equal_in((), E(q_z, large), E(q_z, large))


def test_division_by_what_cancels_is_equal_to_nothing():
    undefined = p_x / (p_z - p_z)
    assert not equal_in((), undefined, undefined)
