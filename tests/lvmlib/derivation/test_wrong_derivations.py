"""Wrong derivations that students write: each refused at the right line, for the right kind of reason, with a word that helps."""

from typing import NamedTuple

import pytest

from lvmlib.derivation import (
    ELBO, KL, Derivation, E, H, Theorem, check, log, new, p_x, p_x_given_z, p_xz, p_z, p_z_given_x, q_z, sum_z, theorems,
)
from lvmlib.derivation.checker import KINDS

INDEPENDENT = "an independent term leaves the expectation"
BOUND, GAP = theorems.elbo_is_a_lower_bound, theorems.elbo_gap_is_kl
POSTERIOR, EM = theorems.posterior_maximizes_the_elbo, theorems.em_never_lowers
evidence = Derivation(log(p_x))
marginal = evidence.equals(log(sum_z(p_xz)), because="marginalization")
weighted = marginal.equals(log(sum_z(q_z * p_xz / q_z)), because="multiply by one")
expected = weighted.equals(log(E(q_z, p_xz / q_z)), because="definition of expectation")
averaged = evidence.equals(E(q_z, log(p_x)), because=INDEPENDENT)
ratio = averaged.equals(E(q_z, log(p_xz / p_z_given_x)), because="product rule")


class Wrong(NamedTuple):
    name: str
    theorem: Theorem
    derivation: Derivation
    line: int | None
    kind: str
    word: str


WRONG = [
    Wrong("Jensen the wrong way round", BOUND,
          expected.at_most(E(q_z, log(p_xz / q_z)), because="Jensen"),
          5, "false step", "other way round"),
    Wrong("Jensen as an equality", BOUND,
          expected.equals(E(q_z, log(p_xz / q_z)), because="Jensen"),
          5, "false step", "gives an inequality"),
    Wrong("the logarithm moved into the sum", BOUND,
          marginal.equals(sum_z(log(p_xz)), because="linearity"),
          3, "false step", "line 3 is"),
    Wrong("the logarithm moved into the sum, called Jensen", BOUND,
          marginal.at_least(sum_z(log(p_xz)), because="Jensen").at_least(E(q_z, log(p_xz / q_z)), because="algebra"),
          4, "false step", "other way round"),
    Wrong("Jensen with no expectation to apply it to", BOUND,
          marginal.at_least(E(q_z, log(p_xz / q_z)), because="Jensen"),
          3, "jump", "multiply by one"),
    Wrong("multiplied by q, and not divided", BOUND,
          marginal.equals(log(sum_z(q_z * p_xz)), because="multiply by one"),
          3, "false step", "What changed: `p_xz` became `q_z * p_xz`"),
    Wrong("the importance weight forgotten in the expectation", BOUND,
          marginal.equals(log(E(q_z, p_xz)), because="definition of expectation"),
          3, "false step", "The model, at x"),
    Wrong("the division by q lost at Jensen", BOUND,
          expected.at_least(E(q_z, log(p_xz)), because="Jensen"),
          5, "reason does not license", "Jensen"),
    Wrong("the entropy's sign", BOUND,
          expected.at_least(E(q_z, log(p_xz / q_z)), because="Jensen")
          .equals(E(q_z, log(p_xz)) + E(q_z, log(q_z)), because="log of a product"),
          6, "false step", "larger by exactly `2 * H(q_z)`"),
    Wrong("marginalized the likelihood without the prior", BOUND,
          evidence.equals(log(sum_z(p_x_given_z)), because="marginalization"),
          2, "false step", "p(z) ="),
    Wrong("a sum over z of what does not depend on z", BOUND,
          evidence.equals(sum_z(log(p_x)), because=INDEPENDENT),
          2, "false step", "once for each"),
    Wrong("z left free", BOUND,
          evidence.equals(log(p_xz / p_z_given_x), because="Bayes' rule"),
          2, "free z", "averaged"),
    Wrong("the sum lost", BOUND,
          marginal.equals(log(q_z * p_xz / q_z), because="multiply by one"),
          3, "free z", "depends on z"),
    Wrong("from the first line to the last, by Jensen", BOUND,
          evidence.at_least(E(q_z, log(p_xz / q_z)), because="Jensen"),
          2, "jump", "what lies between"),
    Wrong("from the first line to the last, by Gibbs", BOUND,
          evidence.at_least(ELBO(q_z, p_xz), because="Gibbs"),
          2, "jump", "what lies between"),
    Wrong("the theorem as its own reason", BOUND,
          marginal.at_least(ELBO(q_z, p_xz), because="ELBO is a lower bound"),
          3, "reason does not license", "first principles"),
    Wrong("the definition of KL for the theorem about it", BOUND,
          evidence.equals(ELBO(q_z, p_xz) + KL(q_z, p_z_given_x), because="definition of KL")
          .at_least(ELBO(q_z, p_xz), because="Gibbs"),
          2, "jump", "several"),
    Wrong("KL with its arguments swapped", BOUND,
          ratio.equals(E(q_z, log((p_xz / q_z) * (q_z / p_z_given_x))), because="multiply by one")
          .equals(E(q_z, log(p_xz / q_z) + log(q_z / p_z_given_x)), because="log of a product")
          .equals(E(q_z, log(p_xz / q_z)) + KL(p_z_given_x, q_z), because="definition of KL")
          .at_least(E(q_z, log(p_xz / q_z)), because="Gibbs"),
          6, "false step", "not symmetric"),
    Wrong("KL dropped the wrong way", BOUND,
          ratio.equals(E(q_z, log(p_xz / q_z) + log(q_z / p_z_given_x)), because="multiply by one")
          .equals(ELBO(q_z, p_xz) + KL(q_z, p_z_given_x), because="definition of KL")
          .at_most(ELBO(q_z, p_xz), because="Gibbs"),
          6, "false step", "other way round"),
    Wrong("KL dropped and the equality kept", BOUND,
          ratio.equals(E(q_z, log(p_xz / q_z) + log(q_z / p_z_given_x)), because="multiply by one")
          .equals(ELBO(q_z, p_xz) + KL(q_z, p_z_given_x), because="definition of KL")
          .equals(ELBO(q_z, p_xz), because="Gibbs"),
          6, "false step", "larger by exactly `KL(q_z, p_z_given_x)`"),
    Wrong("stops before the ELBO, at ln p(x) - KL", BOUND,
          evidence.at_least(log(p_x) - KL(q_z, p_z_given_x), because="Gibbs"),
          2, "wrong end", "same value"),
    Wrong("another bound: the prior for q", BOUND,
          evidence.equals(log(sum_z(p_z * p_x_given_z)), because="marginalization")
          .equals(log(E(p_z, p_x_given_z)), because="definition of expectation")
          .at_least(E(p_z, log(p_x_given_z)), because="Jensen"),
          4, "wrong end", "not equal at `q_z` = `p_z_given_x`"),
    Wrong("starts in the middle", BOUND,
          Derivation(log(sum_z(p_xz))).equals(log(E(q_z, p_xz / q_z)), because="multiply by one")
          .at_least(E(q_z, log(p_xz / q_z)), because="Jensen"),
          1, "wrong start", "same value as `log(p_x)`"),
    Wrong("starts at p(x), not its logarithm", BOUND,
          Derivation(p_x).equals(sum_z(p_xz), because="marginalization"),
          1, "wrong start", "`log(p_x)`"),
    Wrong("the right step with Bayes' rule for its reason", BOUND,
          evidence.equals(log(sum_z(p_xz)), because="Bayes' rule"),
          2, "reason does not license", "'marginalization'"),
    Wrong("linearity for what is the definition of expectation", BOUND,
          weighted.equals(log(E(q_z, p_xz / q_z)), because="linearity"),
          4, "reason does not license", "'definition of expectation'"),
    Wrong("algebra for Jensen", BOUND,
          expected.at_least(E(q_z, log(p_xz / q_z)), because="algebra"),
          5, "reason does not license", "'Jensen'"),
    Wrong("down and then up", BOUND,
          expected.at_least(E(q_z, log(p_xz / q_z)), because="Jensen")
          .at_most(E(q_z, log(p_xz / q_z)) + KL(q_z, p_z_given_x), because="Gibbs")
          .at_least(ELBO(q_z, p_xz), because="Gibbs"),
          6, "mixed relations", "same way"),
    Wrong("assumes that q is the posterior", BOUND,
          ratio.equals(E(q_z, log(p_xz / q_z)), because="E-step"),
          4, "false step", "no premise"),
    Wrong("one line", BOUND, evidence, 1, "no steps", "one line"),
    Wrong("a logarithm of what is negative", BOUND,
          evidence.equals(log(E(q_z, p_x) - 2 * p_x), because="algebra"),
          2, "undefined", "not positive"),
    Wrong("tight at the prior", BOUND,
          expected.at_least(E(q_z, log(p_xz / q_z)), because="Jensen").tight_when(q_z, p_z),
          None, "not tight", "not equal where `q_z` = `p_z`"),
    Wrong("an independent term leaves unsaid", GAP,
          Derivation(ELBO(q_z, p_xz)).equals(E(q_z, log(p_xz) - log(q_z)), because="definition of the ELBO")
          .at_least(E(q_z, log(p_x * p_z_given_x) - log(q_z)), because="product rule")
          .equals(E(q_z, log(p_x)) + E(q_z, log(p_z_given_x / q_z)), because="log of a product")
          .equals(log(p_x) - KL(q_z, p_z_given_x), because="definition of KL"),
          5, "jump", "'definition of KL' and 'an independent term leaves the expectation'"),
    Wrong("an inequality where the theorem is an equality", GAP,
          Derivation(ELBO(q_z, p_xz)).equals(E(q_z, log(p_xz) - log(q_z)), because="definition of the ELBO")
          .at_least(E(q_z, log(p_x * p_z_given_x) - log(q_z)), because="product rule")
          .equals(E(q_z, log(p_x)) + E(q_z, log(p_z_given_x / q_z)), because="log of a product")
          .equals(log(p_x) + E(q_z, log(p_z_given_x / q_z)), because=INDEPENDENT)
          .equals(log(p_x) - KL(q_z, p_z_given_x), because="definition of KL"),
          3, "wrong relation", "no more than >="),
    Wrong("starts after the product rule", GAP,
          Derivation(E(q_z, log(p_x * p_z_given_x / q_z))).equals(E(q_z, log(p_x)) + KL(q_z, p_z_given_x), because="definition of KL"),
          1, "wrong start", "same value as `ELBO(q_z, p_xz)`"),
    Wrong("into the definition and the product rule at once", GAP,
          Derivation(ELBO(q_z, p_xz)).equals(E(q_z, log(p_x * p_z_given_x / q_z)), because="product rule"),
          2, "jump", "'product rule' and"),
    Wrong("the KL's sign turned", GAP,
          Derivation(E(q_z, log(p_xz / q_z))).equals(E(q_z, log(p_x * p_z_given_x / q_z)), because="product rule")
          .equals(log(p_x) + E(q_z, log(p_z_given_x / q_z)), because=INDEPENDENT)
          .equals(log(p_x) + KL(q_z, p_z_given_x), because="definition of KL"),
          4, "false step", "2 * KL(q_z, p_z_given_x)"),
    Wrong("KL to the prior for KL to the posterior", GAP,
          Derivation(E(q_z, log(p_xz / q_z))).equals(E(q_z, log(p_x_given_z * p_z / q_z)), because="product rule")
          .equals(E(q_z, log(p_x_given_z)) + E(q_z, log(p_z / q_z)), because="linearity")
          .equals(log(p_x) - KL(q_z, p_z), because="definition of KL"),
          4, "false step", "line 4 is"),
    Wrong("p(z|x) = p(x, z) / p(z)", GAP,
          Derivation(E(q_z, log(p_xz / q_z))).equals(E(q_z, log(p_z * p_z_given_x / q_z)), because="product rule"),
          2, "false step", "What changed: `p_xz` became `p_z * p_z_given_x`"),
    Wrong("ln p(x|z) taken for independent of z", GAP,
          Derivation(E(q_z, log(p_xz / q_z))).equals(E(q_z, log(p_x_given_z) + log(p_z / q_z)), because="product rule")
          .equals(log(p_x) + E(q_z, log(p_z / q_z)), because=INDEPENDENT),
          3, "false step", "line 3 is"),
    Wrong("Jensen and the definition at once", POSTERIOR,
          Derivation(ELBO(p_z_given_x, p_xz)).equals(E(p_z_given_x, log(p_xz / p_z_given_x)), because="definition of the ELBO")
          .equals(E(p_z_given_x, log(p_x)), because="product rule").equals(log(p_x), because=INDEPENDENT)
          .equals(log(sum_z(p_xz)), because="marginalization").equals(log(E(q_z, p_xz / q_z)), because="multiply by one")
          .at_least(ELBO(q_z, p_xz), because="Jensen"),
          7, "jump", "'definition of the ELBO'"),
    Wrong("does not say where it is tight", POSTERIOR,
          Derivation(ELBO(p_z_given_x, p_xz)).equals(E(p_z_given_x, log(p_xz / p_z_given_x)), because="definition of the ELBO")
          .equals(E(p_z_given_x, log(p_x)), because="product rule").equals(log(p_x), because=INDEPENDENT)
          .equals(log(sum_z(p_xz)), because="marginalization").equals(log(E(q_z, p_xz / q_z)), because="multiply by one")
          .at_least(E(q_z, log(p_xz / q_z)), because="Jensen"),
          None, "no equality condition", "tight_when"),
    Wrong("the E-step's bound taken for tight under any q", EM,
          evidence.equals(ELBO(q_z, new(p_xz)), because="E-step"),
          2, "false step", "p'(x, z)"),
    Wrong("the posterior of the new parameters in the E-step", EM,
          evidence.equals(ELBO(q_z, p_xz) + KL(q_z, p_z_given_x), because="ELBO gap is KL")
          .equals(ELBO(q_z, p_xz), because="E-step")
          .at_most(ELBO(q_z, new(p_xz)), because="M-step")
          .equals(ELBO(q_z, new(p_xz)) + KL(q_z, new(p_z_given_x)), because="E-step"),
          5, "false step", "KL(q_z, new(p_z_given_x))"),
    Wrong("the M-step the wrong way", EM,
          evidence.equals(ELBO(q_z, p_xz) + KL(q_z, p_z_given_x), because="ELBO gap is KL")
          .equals(ELBO(q_z, p_xz), because="E-step")
          .at_least(ELBO(q_z, new(p_xz)), because="M-step"),
          4, "false step", "other way round"),
    Wrong("the M-step for the theorem", EM,
          evidence.at_most(log(new(p_x)), because="M-step"),
          2, "jump", "what lies between"),
    Wrong("the E-step left out", EM,
          evidence.at_least(ELBO(q_z, p_xz), because="ELBO is a lower bound")
          .at_most(ELBO(q_z, new(p_xz)), because="M-step")
          .at_most(log(new(p_x)), because="ELBO is a lower bound"),
          3, "mixed relations", "same way"),
    Wrong("KL at the new parameters forgotten", EM,
          evidence.equals(ELBO(q_z, p_xz) + KL(q_z, p_z_given_x), because="ELBO gap is KL")
          .equals(ELBO(q_z, p_xz), because="E-step")
          .at_most(ELBO(q_z, new(p_xz)), because="M-step")
          .equals(log(new(p_x)), because="ELBO gap is KL"),
          5, "false step", "larger by exactly `KL(q_z, new(p_z_given_x))`"),
    Wrong("the M-step raises the entropy too", EM,
          evidence.equals(E(q_z, log(p_xz)) + H(q_z), because="E-step").at_most(E(q_z, log(new(p_xz))), because="M-step"),
          3, "false step", "line 3 is"),
]


def test_there_are_enough_and_no_two_alike():
    assert len(WRONG) >= 20
    assert {wrong.kind for wrong in WRONG} >= set(KINDS) - {"ok"}, "every kind of verdict occurs"
    assert len({wrong.name for wrong in WRONG}) == len({wrong.derivation for wrong in WRONG}) == len(WRONG)


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: wrong.name)
def test_refused_at_the_right_line_for_the_right_reason(wrong):
    verdict = check(wrong.derivation, wrong.theorem)
    assert not verdict.ok
    assert (verdict.line, verdict.kind) == (wrong.line, wrong.kind), verdict
    assert wrong.word in verdict.message, verdict
    assert (verdict.counterexample is not None) == (verdict.kind in ("false step", "undefined", "not tight"))


@pytest.mark.parametrize("wrong", [wrong for wrong in WRONG if wrong.kind == "false step"], ids=lambda wrong: wrong.name)
def test_the_counterexample_refutes_the_step(wrong):
    verdict = check(wrong.derivation, wrong.theorem)
    before, line = wrong.derivation.lines[verdict.line - 2], wrong.derivation.lines[verdict.line - 1]
    model = verdict.counterexample
    values = tuple(float(part.expression.evaluate(model)[verdict.x]) for part in (before, line))
    assert values == pytest.approx(verdict.values, rel=1e-12)
    holds = {"=": values[0] == pytest.approx(values[1], abs=1e-6), ">=": values[0] >= values[1], "<=": values[0] <= values[1]}
    assert not holds[line.relation]
    assert all(f"{value:.4g}" in verdict.message for value in values), "both values are told"
    assert model.n_x * model.n_z == 6, "no larger model is needed"


@pytest.mark.parametrize("seed", range(1, 6))
def test_the_verdict_does_not_hang_on_the_seed(seed):
    for wrong in WRONG:
        verdict = check(wrong.derivation, wrong.theorem, n_models=60, seed=seed)
        assert (verdict.line, verdict.kind) == (wrong.line, wrong.kind), (wrong.name, verdict)
