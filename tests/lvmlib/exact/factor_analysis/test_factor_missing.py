"""Missing values: integrated out in fitting, scoring and imputing."""

import pytest
import torch
from factor_models import D, L, conditional, data, joint, with_holes

from lvmlib.chunks import Chunks
from lvmlib.exact.factor_analysis import FactorAnalysis, ProbabilisticPCA

MODELS = {"fa": FactorAnalysis, "ppca": ProbabilisticPCA}


@pytest.fixture(scope="module")
def x():
    return with_holes(data(150))


@pytest.fixture(scope="module", params=MODELS)
def fitted(request, x):
    return MODELS[request.param](L, tol=1e-9, max_iter=800, acceleration="squarem", missing_values="allow").fit(x)


def by_brute_force(x, components, mean, noise):
    """Mean ln p(x_observed) through the marginal of each example."""
    covariance = components.T @ components + noise.expand(D).diag()
    total = 0.0
    for row in x:
        seen = (~torch.isnan(row)).nonzero()[:, 0]
        if len(seen):
            marginal = torch.distributions.MultivariateNormal(mean[seen], covariance[seen][:, seen])
            total = total + marginal.log_prob(row[seen])
    return total / len(x)


def test_score_and_gradient_by_brute_force(x, fitted):
    """The fit is a stationary point of the likelihood of the observed values: gradient to the root of the tolerance."""
    parts = [part.clone().requires_grad_() for part in (fitted.components_, fitted.mean_, fitted.noise_variance_)]
    expected = by_brute_force(x, *parts)
    assert fitted.score(x) == pytest.approx(expected.item(), rel=1e-11)
    expected.backward()
    assert max(float(part.grad.abs().max()) for part in parts) < 1e-3
    assert fitted.converged_ and (fitted.elbo_.diff() > -1e-9).all()


def test_better_than_filling_in_the_mean(x, fitted):
    filled = torch.where(torch.isnan(x), x.nanmean(dim=0), x)
    naive = type(fitted)(L, tol=1e-9, missing_values="allow").fit(filled)
    assert fitted.score(x) > naive.score(x) + 0.01


def test_impute_is_the_conditional_mean(x, fitted):
    filled = fitted.impute(x)
    mean, covariance = joint(fitted._parameters)
    assert torch.equal(filled[~torch.isnan(x)], x[~torch.isnan(x)])
    for row, found in zip(x[:30], filled):
        seen, unseen = (~torch.isnan(row)).nonzero()[:, 0], torch.isnan(row).nonzero()[:, 0]
        expected = mean[L + unseen]
        if len(seen) and len(unseen):
            expected, _ = conditional(mean, covariance, L + unseen, L + seen, row[seen])
        torch.testing.assert_close(found[unseen], expected, rtol=1e-10, atol=1e-10)


def test_imputing_is_better_than_the_mean():
    """On values that were there: squared error of the conditional mean below 0.7 of the column mean's."""
    whole = data(400)
    holes = with_holes(whole)
    gone = torch.isnan(holes)
    model = FactorAnalysis(L, tol=1e-6, acceleration="squarem", missing_values="allow").fit(holes)
    error = (model.impute(holes) - whole)[gone].square().mean()
    assert error < 0.7 * (holes.nanmean(dim=0).expand_as(whole) - whole)[gone].square().mean()


def test_an_example_without_values_has_the_prior(x, fitted):
    nothing = torch.full((1, D), torch.nan, dtype=x.dtype)
    posterior = fitted.posterior(nothing)
    torch.testing.assert_close(posterior.mean[0], torch.zeros(L, dtype=x.dtype))
    torch.testing.assert_close(posterior.covariance_matrix[0], torch.eye(L, dtype=x.dtype))
    assert abs(float(fitted.score_samples(nothing))) < 1e-12
    torch.testing.assert_close(fitted.impute(nothing)[0], fitted.mean_)


@pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)
def test_without_holes_em_goes_the_way_of_complete_data(make):
    """One wholly missing row adds nothing: parameters of each iteration as without it, to rounding."""
    whole = data(60)
    extended = torch.cat([whole[:9], torch.full((1, D), torch.nan, dtype=whole.dtype), whole[9:]])
    settings = {"method": "em", "tol": 0.0, "max_iter": 15, "missing_values": "allow"}
    torch.testing.assert_close(
        make(L, **settings).fit(extended).get_covariance(),
        make(L, **settings).fit(whole).get_covariance(),
        rtol=1e-9,
        atol=1e-9,
    )


def test_every_start_ends_at_the_same_maximum(x, fitted):
    settings = {"tol": 1e-9, "max_iter": 800, "acceleration": "squarem", "missing_values": "allow"}
    other = type(fitted)(L, method="em", random_state=4, **settings)
    assert other.fit(x).lower_bound_ == pytest.approx(fitted.lower_bound_, abs=1e-5)


@pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)
def test_parts_chunks_and_float32(make, monkeypatch):
    from lvmlib.exact.factor_analysis import fitted_linear_gaussian

    x = with_holes(data(60))
    settings = {"tol": 0.0, "max_iter": 6, "missing_values": "allow"}
    whole = make(L, **settings).fit(x)
    in_chunks = make(L, **settings).fit(Chunks(x, rows=13))
    single = make(L, **settings).fit(x.float())
    scores = whole.score_samples(x)
    monkeypatch.setattr(fitted_linear_gaussian, "ENTRIES_AT_ONCE", 200)  # of rows 12 at a time
    in_parts = make(L, **settings).fit(x)
    for other in (in_chunks, in_parts):
        torch.testing.assert_close(other.get_covariance(), whole.get_covariance(), rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(whole.score_samples(x), scores, rtol=1e-12, atol=1e-12)
    assert single.components_.dtype == torch.float32
    # the fit is made in float64: data and parameters are rounded, to 6e-8 relative of values up to 10
    torch.testing.assert_close(single.get_covariance().double(), whole.get_covariance(), rtol=1e-5, atol=1e-5)
