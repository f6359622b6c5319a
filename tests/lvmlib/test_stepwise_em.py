"""Stochastic and stepwise EM against what can be computed otherwise."""

import pytest
import torch
from poisson_mixture import NOTICES, PoissonMixture

from lvmlib.chunks import Chunks
from lvmlib.em import EMError, expectation_maximization
from lvmlib.exact.finite import FinitePosterior
from lvmlib.stepwise_em import stepwise_expectation_maximization


def test_one_chunk_is_one_iteration():
    model, expected = PoissonMixture(), PoissonMixture()
    bounds = stepwise_expectation_maximization(model, [NOTICES])
    result = expectation_maximization(expected, NOTICES, max_iterations=1)
    assert bounds.tolist() == pytest.approx(result.elbo.tolist(), rel=1e-14)
    torch.testing.assert_close(model.rates_, expected.rates_, rtol=1e-13, atol=0)


def test_three_chunks_by_hand():
    model, by_hand, exponent = PoissonMixture(), PoissonMixture(), 0.6
    order = torch.randperm(len(NOTICES), generator=torch.Generator().manual_seed(1))
    chunks = list(NOTICES[order].split([300, 500, 296]))
    stepwise_expectation_maximization(model, chunks, step_exponent=exponent)
    counts = sums = 0.0
    for k, chunk in enumerate(chunks):
        step = (k + 1) ** -exponent
        r = by_hand.e_step(chunk).responsibilities
        counts = (1 - step) * counts + step * r.mean(dim=0)
        sums = (1 - step) * sums + step * (r * chunk).mean(dim=0)
        by_hand.weights_, by_hand.rates_ = counts / counts.sum(), sums / counts
    torch.testing.assert_close(model.rates_, by_hand.rates_, rtol=1e-12, atol=0)
    torch.testing.assert_close(model.weights_, by_hand.weights_, rtol=1e-12, atol=0)


def test_one_pass_over_much_data_finds_the_truth():
    """Within five standard errors of the maximum likelihood estimate (Fisher information by the scores' covariance)."""
    generator = torch.Generator().manual_seed(3)
    truth = PoissonMixture((0.35, 0.65), (1.0, 7.0))
    z = torch.multinomial(truth.weights_, 60_000, replacement=True, generator=generator)
    x = torch.poisson(truth.rates_[z], generator=generator)[:, None]
    model = PoissonMixture((0.5, 0.5), (2.0, 4.0))
    bounds = stepwise_expectation_maximization(model, Chunks(x, rows=300), n_before_update=2, step_exponent=0.9)
    assert len(bounds) == 200 and bounds[-50:].mean() > bounds[:2].mean()
    parameters = torch.stack([truth.weights_[0], *truth.rates_])

    def log_marginal(theta):
        log_weights, rates = torch.stack([theta[0], 1 - theta[0]]).log(), theta[1:]
        return torch.logsumexp(log_weights + x * rates.log() - rates - torch.lgamma(x + 1), dim=1)

    scores = torch.func.jacfwd(log_marginal)(parameters)  # (batch, 3)
    errors = torch.linalg.inv(scores.T @ scores).diagonal().sqrt()
    found = torch.stack([model.weights_[0], *model.rates_])
    # stepwise estimates of exponent 0.9 are less efficient than maximum likelihood: twice its standard error is allowed for
    assert ((found - parameters).abs() < 10 * errors).all()


def test_chunks_before_the_first_update_leave_the_start():
    model = PoissonMixture()
    stepwise_expectation_maximization(model, list(NOTICES.split(500))[:2], n_before_update=3)
    assert model.rates_ is model.start[1]


@pytest.mark.parametrize(
    ("settings", "word"),
    [({"step_exponent": 0.5}, "step_exponent"), ({"step_exponent": 1.1}, "step_exponent"), ({"n_before_update": 0}, "n_before")],
)
def test_bad_settings_of_stepwise_em(settings, word):
    with pytest.raises(ValueError, match=word):
        stepwise_expectation_maximization(PoissonMixture(), [NOTICES], **settings)


def test_nothing_and_nan():
    with pytest.raises(ValueError, match="nothing"):
        stepwise_expectation_maximization(PoissonMixture(), [])
    with pytest.raises(EMError, match="chunk 1"):
        stepwise_expectation_maximization(PoissonMixture(), [NOTICES, NOTICES * float("nan")])


def test_draws_follow_the_posterior():
    """20,000 draws for each of 3 examples: 9 frequencies within 5 standard errors, which fails 1 time in 200,000."""
    q = torch.tensor([[0.2, 0.5, 0.3], [0.05, 0.9, 0.05], [0.6, 0.3, 0.1]], dtype=torch.float64)
    posterior = FinitePosterior(q.log() - 2.0, q.log())
    generator = torch.Generator().manual_seed(5)
    many = FinitePosterior(posterior.log_joint.repeat(20_000, 1), posterior.log_responsibilities.repeat(20_000, 1))
    drawn = many.draw(generator).responsibilities.reshape(20_000, 3, 3)
    assert ((drawn == 0) | (drawn == 1)).all() and (drawn.sum(dim=2) == 1).all()
    assert ((drawn.mean(dim=0) - q).abs() < 5 * (q * (1 - q) / 20_000).sqrt()).all()


def test_stochastic_em_moves_about_the_maximum():
    """Its chain's mean is the maximum likelihood estimate to first order: within 5 standard errors of the data."""
    generator = torch.Generator().manual_seed(2)
    z = (torch.rand(3_000, generator=generator) < 0.7).long()
    x = torch.poisson(torch.tensor([1.0, 8.0], dtype=torch.float64)[z], generator=generator)[:, None]
    best, chain = PoissonMixture((0.5, 0.5), (2.0, 6.0)), []
    expectation_maximization(best, x, tolerance=1e-12, max_iterations=2_000)
    model = PoissonMixture((0.5, 0.5), (2.0, 6.0))
    result = expectation_maximization(
        model, x, assignment="stochastic", max_iterations=120, random_state=4,
        callback=lambda iteration, at, bound: chain.append(at.rates_),
    )  # fmt: skip
    assert result.n_iterations == 120 and not result.converged
    assert (result.elbo[20:].diff() < 0).any() and (result.elbo[20:].diff() > 0).any()
    errors = (best.rates_ / (3_000 * best.weights_)).sqrt()
    assert ((torch.stack(chain[20:]).mean(dim=0) - best.rates_).abs() < 5 * errors).all()


def test_a_seed_reproduces_the_stochastic_run():
    def run(seed):
        model = PoissonMixture()
        expectation_maximization(model, NOTICES, assignment="stochastic", max_iterations=5, random_state=seed)
        return model.rates_

    assert torch.equal(run(1), run(1)) and not torch.equal(run(1), run(2))
