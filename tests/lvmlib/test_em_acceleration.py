"""SQUAREM: where it ends, that its bound never falls, and what it does with a step that goes wrong."""

import pytest
import torch
from poisson_mixture import NOTICES, PoissonMixture

from lvmlib import em
from lvmlib.em import expectation_maximization
from lvmlib.squarem import Squarem


def fit(acceleration, tolerance=1e-12, **settings):
    model = PoissonMixture(**settings)
    return model, expectation_maximization(
        model, NOTICES, acceleration=acceleration, tolerance=tolerance, max_iterations=20_000
    )


def test_ends_at_the_published_maximum_in_a_third_of_the_iterations():
    """Hasselblad's maximum: 0.3599, 1.256 and 2.663, with ln p = -1989.946."""
    plain, slow = fit(None)
    model, fast = fit("squarem")
    for one, tolerance in [(plain, 2e-2), (model, 1e-3)]:  # plain EM stops on a slope: that is the complaint
        order = one.rates_.argsort()
        assert one.weights_[order[0]].item() == pytest.approx(0.3599, abs=tolerance)
        assert one.rates_[order].tolist() == pytest.approx([1.256, 2.663], abs=tolerance)
        log_likelihood = float(one.e_step(NOTICES).elbo().sum())
        assert log_likelihood == pytest.approx(-1989.946, abs=1e-3)
    assert fast.converged and slow.converged
    assert fast.n_iterations + fast.n_rejected < slow.n_iterations / 3


@pytest.mark.parametrize("settings", [{}, {"shape": 3.0, "rate": 0.5}, {"weights": (0.9, 0.1), "rates": (3.0, 0.2)}])
def test_the_bound_never_falls_and_is_that_of_the_parameters(settings):
    model, result = fit("squarem", tolerance=1e-13, **settings)
    rounding = 8 * torch.finfo(torch.float64).eps * float(result.elbo.abs().max())
    assert (result.elbo.diff() >= -rounding).all()
    last = (float(model.e_step(NOTICES).elbo().sum()) + model.log_prior()) / len(NOTICES)
    assert last >= float(result.elbo[-1]) - rounding


class Wild(Squarem):
    """Its guesses are far off, or not numbers."""

    far = 3.0

    def extrapolate(self, theta_0, theta_1, theta_2):
        return theta_2 + self.far


@pytest.mark.parametrize("far", [3.0, -40.0, float("nan")])
def test_a_guess_that_lowers_the_bound_is_taken_back(monkeypatch, far):
    monkeypatch.setattr(em, "Squarem", type("Wild", (Wild,), {"far": far}))
    model, result = fit("squarem", tolerance=1e-6)
    plain, slow = fit(None, tolerance=1e-6)
    assert result.n_rejected > 0
    # what is left is EM itself
    torch.testing.assert_close(result.elbo, slow.elbo[: len(result.elbo)], rtol=1e-12, atol=0)
    torch.testing.assert_close(model.rates_, plain.rates_, rtol=1e-10, atol=0)


def test_extrapolation_by_hand():
    squarem = Squarem()
    squarem.longest = 100.0
    theta = [torch.tensor(values, dtype=torch.float64) for values in ([0.0, 1.0], [1.0, 3.0], [1.5, 4.0])]
    # r = (1, 2), v = (-0.5, -1): α = -2, so θ' = θ₀ + 4 r + 4 v, the limit of a geometric series
    assert squarem.extrapolate(*theta).tolist() == [2.0, 5.0]
    assert squarem.extrapolate(theta[0], theta[0], theta[0]) is None  # at rest
    assert Squarem().extrapolate(*theta) is None and Squarem().longest == 1.0


def test_the_longest_step_grows_with_success_and_shrinks_with_failure():
    squarem = Squarem()
    theta = [torch.tensor([value], dtype=torch.float64) for value in (0.0, 1.0, 1.95)]
    assert squarem.extrapolate(*theta) is None and squarem.longest == 4.0
    assert squarem.extrapolate(*theta) is not None
    squarem.succeeded()
    assert squarem.longest == 16.0
    squarem.failed()
    assert squarem.longest == 4.0


def test_only_where_it_is_defined():
    with pytest.raises(ValueError, match="acceleration"):
        expectation_maximization(PoissonMixture(), NOTICES, acceleration="anderson")
    with pytest.raises(ValueError, match="stochastic"):
        expectation_maximization(PoissonMixture(), NOTICES, acceleration="squarem", assignment="stochastic")

    class Bare(PoissonMixture):
        parameter_vector = em.ExponentialFamilyModel.parameter_vector

    with pytest.raises(NotImplementedError, match="Bare"):
        expectation_maximization(Bare(), NOTICES, acceleration="squarem")
