"""The theorems: each is true, tight where it says, and proved by the known derivations in several ways."""

import time

import pytest
import torch
from known_derivations import KNOWN, VARIANTS

from lvmlib.derivation import (
    KL, Derivation, E, H, Theorem, check, log, new, p_x, p_x_given_z, p_xz, p_z, p_z_given_x, q_z, random_models, sum_z, theorems,
)

IDS = [f"{theorem.name}: {name}" for theorem, name, _ in KNOWN]


@pytest.mark.parametrize(("theorem", "name", "derivation"), KNOWN, ids=IDS)
def test_known_derivations_are_accepted(theorem, name, derivation):
    verdict = check(derivation, theorem)
    assert verdict.ok and verdict.kind == "ok", verdict
    assert verdict.line is verdict.counterexample is verdict.values is None
    assert theorem.name in verdict.message


@pytest.mark.parametrize(("theorem", "derivation"), VARIANTS)
def test_variants_are_accepted(theorem, derivation):
    assert check(derivation, theorem).ok


@pytest.mark.parametrize("seed", range(1, 4))
def test_they_are_accepted_whatever_the_seed(seed):
    for theorem, name, derivation in KNOWN:
        assert check(derivation, theorem, n_models=500, seed=seed).ok, name


def test_each_theorem_is_proved_in_at_least_two_ways():
    for theorem in theorems.ALL:
        derivations = [derivation for other, _, derivation in KNOWN if other is theorem]
        reasons = {frozenset(line.because for line in derivation.lines[1:]) for derivation in derivations}
        assert len(derivations) >= 2 and len(reasons) >= 2, "and not by the same reasons"


@pytest.mark.parametrize("theorem", theorems.ALL, ids=lambda theorem: theorem.name)
def test_theorems_are_true_on_other_models(theorem):
    for batch in random_models(200, seed=99, premises=theorem.premises):
        start, end = theorem.start.evaluate(batch)[batch.observed], theorem.end.evaluate(batch)[batch.observed]
        if theorem.relation == "=":
            assert torch.allclose(start, end, rtol=1e-10, atol=1e-10)
        else:
            gap = (start - end) * (1 if theorem.relation == ">=" else -1)
            assert (gap >= -1e-12).all() and (gap > 0.01).any()


def test_the_elbo_is_tight_at_the_posterior_and_nowhere_else():
    """The gap is KL(q || p(z|x)), which Pinsker's inequality bounds from below by 2 TV^2."""
    theorem = theorems.elbo_is_a_lower_bound
    for batch in random_models(200, seed=98):
        at_posterior = batch.with_q("p_z_given_x")
        assert torch.allclose(theorem.start.evaluate(at_posterior), theorem.end.evaluate(at_posterior), rtol=0, atol=1e-13)
        variation = (batch.q_z - batch.table("p_z_given_x")).abs().sum(-1) / 2
        gap = theorem.start.evaluate(batch) - theorem.end.evaluate(batch)
        assert (gap >= 2 * variation**2 - 1e-13).all()


def test_a_typical_check_is_quick():
    theorem, _, derivation = KNOWN[0]
    check(derivation, theorem)
    start = time.perf_counter()
    check(derivation, theorem)
    assert time.perf_counter() - start < 1.0


GIBBS = Theorem("KL is not negative", KL(q_z, p_z), ">=", 0, tight_when=(q_z, p_z), states_equality=True)
by_jensen = (
    Derivation(KL(q_z, p_z))
    .equals(E(q_z, log(q_z / p_z)), because="definition of KL")
    .equals(-E(q_z, log(p_z / q_z)), because="log of a product")
    .at_least(-log(E(q_z, p_z / q_z)), because="Jensen")
    .equals(-log(sum_z(p_z)), because="definition of expectation")
    .equals(0, because="normalization")
)


def test_a_theorem_of_ones_own():
    assert check(by_jensen.tight_when(q_z, p_z), GIBBS).ok
    assert check(by_jensen, GIBBS).kind == "no equality condition"
    verdict = check(by_jensen.tight_when(q_z, p_z_given_x), GIBBS)
    assert (verdict.kind, verdict.line) == ("not tight", None)
    first, last = (line.expression.evaluate(verdict.counterexample)[verdict.x] for line in (by_jensen.lines[0], by_jensen.lines[-1]))
    assert float(first) == pytest.approx(verdict.values[0]) and float(last) == 0.0 < float(first)


def test_a_false_condition_of_the_theorem_itself_is_found():
    loose = Theorem("a loose bound", H(q_z), ">=", 0, tight_when=(q_z, p_z_given_x))
    by_definition = Derivation(H(q_z)).at_least(0, because="Gibbs")
    assert check(by_definition, loose).kind in ("jump", "reason does not license")
    everywhere = Theorem("tight everywhere", log(p_x), ">=", log(p_x), tight_when=(q_z, p_z_given_x))
    verdict = check(Derivation(log(p_x)).equals(0 + log(p_x), because="add and subtract"), everywhere)
    assert verdict.kind == "not tight" and "not only where" in verdict.message


def test_a_theorem_of_one_step_takes_one_step():
    marginal = Theorem("marginalization", log(p_x), "=", log(sum_z(p_xz)))
    assert check(Derivation(log(p_x)).equals(log(sum_z(p_xz)), because="marginalization"), marginal).ok


def test_a_theorem_may_hold_at_every_z():
    bayes = Theorem("Bayes' rule", p_z_given_x, "=", p_x_given_z * p_z / p_x)
    derivation = Derivation(p_z_given_x).equals(p_xz / p_x, because="product rule")
    assert check(derivation.equals(p_x_given_z * p_z / p_x, because="product rule"), bayes).ok
    verdict = check(derivation.equals(p_x_given_z * p_x / p_z, because="product rule"), bayes)
    assert (verdict.line, verdict.kind) == (3, "false step") and "z = " in verdict.message
    verdict = check(derivation.equals(sum_z(p_xz) / p_x, because="marginalization"), bayes)
    assert (verdict.line, verdict.kind) == (3, "free z") and "Where did z go?" in verdict.message


def test_a_stronger_chain_proves_a_weaker_theorem_if_it_is_true():
    weak = Theorem("weak", log(p_x), ">=", log(sum_z(p_xz)))
    assert check(Derivation(log(p_x)).equals(log(sum_z(p_xz)), because="marginalization"), weak).ok
    assert check(Derivation(log(p_x)).at_least(log(sum_z(p_xz)), because="marginalization"), weak).ok
    verdict = check(Derivation(log(p_x)).at_most(log(sum_z(p_xz)), because="marginalization"), weak)
    assert (verdict.line, verdict.kind) == (2, "wrong relation")


@pytest.mark.parametrize("arguments", [
    dict(relation="<"), dict(relation="equals"), dict(tight_when=(p_z, p_z_given_x)), dict(tight_when=(q_z, p_xz)),
    dict(states_equality=True), dict(premises=("M",)), dict(lemmas=("Jensen",)), dict(end=p_xz),
    dict(relation="=", tight_when=(q_z, p_z)),
], ids=str)
def test_a_theorem_that_makes_no_sense_is_refused(arguments):
    with pytest.raises(ValueError, match="relation must be|distribution over z|q_z and another|tight_when|must be out of|depends on z"):
        Theorem(**dict(name="t", start=log(p_x), relation=">=", end=log(new(p_x))) | arguments)


def test_theorems_show_as_latex():
    assert theorems.em_never_lowers.latex() == r"\ln p_{\theta}(x) \le \ln p_{\theta'}(x)"
    assert theorems.elbo_is_a_lower_bound._repr_latex_().startswith(r"$\displaystyle \ln p(x) \ge \mathrm{ELBO}")
