"""Missing values integrated out: against marginals by SciPy, EM with conditional moments row by row, and quadrature."""

import math

import numpy as np
import pytest
import torch
from gaussian_data import clusters, started, with_holes
from scipy.stats import multivariate_normal

from lvmlib.exact.gaussian import COVARIANCE_TYPES
from lvmlib.exact.mixture import GaussianMixture
from lvmlib.exact.mixture.gaussian_expectation import regression


def full_covariances(model):
    k, width = model.means_.shape
    covariances = model.covariances_
    if model.covariance_type == "tied":
        return covariances.expand(k, width, width)
    if model.covariance_type == "spherical":
        covariances = covariances[:, None].expand(k, width)
    return covariances if model.covariance_type == "full" else torch.diag_embed(covariances)


def log_joint_by_marginals(model, x):
    rows = []
    for row in x.numpy():
        seen = ~np.isnan(row)
        terms = []
        for weight, mean, covariance in zip(model.weights_.numpy(), model.means_.numpy(), full_covariances(model).numpy()):
            density = 0.0
            if seen.any():
                density = multivariate_normal(mean[seen], covariance[np.ix_(seen, seen)]).logpdf(row[seen])
            terms.append(math.log(weight) + density)
        rows.append(terms)
    return torch.tensor(np.array(rows))


@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
def test_densities_are_those_of_the_marginals(covariance_type):
    x = with_holes(clusters(80, 4))
    model = started(x, covariance_type, missing_values="allow")
    expected = log_joint_by_marginals(model, x)
    torch.testing.assert_close(model.e_step(x).log_joint, expected, rtol=1e-10, atol=1e-10)
    torch.testing.assert_close(model.score_samples(x), expected.logsumexp(dim=1), rtol=1e-10, atol=1e-10)
    assert model.score_samples(x)[1].abs() < 1e-12  # nothing observed: ln 1


@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
def test_one_step_is_em_with_conditional_moments(covariance_type):
    """Row by row: x̂ = E[x | x_o, k], and Cov[x_m | x_o, k] added to the outer product. Ghahramani & Jordan's algorithm."""
    x = with_holes(clusters(90, 4))
    model = started(x, covariance_type, missing_values="allow", reg_covar=1e-6)
    log_joint = log_joint_by_marginals(model, x)
    r = log_joint.softmax(dim=1)
    covariances, width = full_covariances(model), 4
    completed = torch.empty(len(x), 3, width, dtype=torch.float64)
    spread = torch.zeros(len(x), 3, width, width, dtype=torch.float64)
    for n, row in enumerate(x):
        m, o = torch.isnan(row), ~torch.isnan(row)
        for k in range(3):
            gain = covariances[k][m][:, o] @ torch.linalg.inv(covariances[k][o][:, o])
            completed[n, k, o] = row[o]
            completed[n, k, m] = model.means_[k][m] + gain @ (row[o] - model.means_[k][o])
            spread[n, k][m.nonzero(), m.nonzero()[:, 0]] = covariances[k][m][:, m] - gain @ covariances[k][o][:, m]
    counts = r.sum(dim=0)
    means = (r[:, :, None] * completed).sum(dim=0) / counts[:, None]
    away = completed - means
    scatter = torch.einsum("nk,nki,nkj->kij", r, away, away) + torch.einsum("nk,nkij->kij", r, spread)
    identity = 1e-6 * torch.eye(width, dtype=torch.float64)
    expected = {"full": scatter / counts[:, None, None] + identity, "tied": scatter.sum(dim=0) / len(x) + identity}
    expected["diag"] = (scatter / counts[:, None, None]).diagonal(dim1=1, dim2=2) + 1e-6
    expected["spherical"] = (scatter / counts[:, None, None]).diagonal(dim1=1, dim2=2).mean(dim=1) + 1e-6

    statistics = model.expected_statistics(x)
    assert statistics.elbo == pytest.approx(float(log_joint.logsumexp(dim=1).sum()), rel=1e-11)
    model.maximize(statistics)
    torch.testing.assert_close(model.weights_, counts / len(x), rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(model.means_, means, rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(model.covariances_, expected[covariance_type], rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_fitting_climbs_and_loses_little(covariance_type, dtype):
    whole = clusters(200, 4, separation=4.0, dtype=dtype)
    x = with_holes(whole)
    settings = dict(covariance_type=covariance_type, means_init=whole[[10, 40, 150]], max_iter=25, tol=1e-2)
    model = GaussianMixture(3, missing_values="allow", **settings).fit(x)
    assert (model.elbo_.diff() > -(1e-4 if dtype == torch.float32 else 1e-9)).all()
    assert model.means_.dtype == dtype and model.predict_proba(x).dtype == dtype
    assert model.score(x) == pytest.approx(model.lower_bound_, abs=1e-2)
    assert GaussianMixture(3, **settings).fit(whole).score(whole) - model.score(whole) < 0.2  # little is lost


def test_nothing_missing_is_the_plain_fit():
    x = clusters(120, 4)
    settings = dict(means_init=x[[3, 50, 90]], random_state=0, max_iter=15, tol=0.0)
    allowed, plain = GaussianMixture(3, missing_values="allow", **settings).fit(x), GaussianMixture(3, **settings).fit(x)
    torch.testing.assert_close(allowed.elbo_, plain.elbo_, rtol=1e-12, atol=1e-12)


def test_one_component_with_one_column_missing_is_regression():
    """K = 1 and only the last column with holes: maximum likelihood is least squares on the whole rows."""
    x = clusters(200, 3)
    holes = x.clone()
    holes[:70, 2] = math.nan
    model = GaussianMixture(1, missing_values="allow", tol=1e-14, max_iter=2000, reg_covar=0.0).fit(holes)
    design = torch.cat([x[70:, :2], torch.ones(130, 1, dtype=x.dtype)], dim=1)
    coefficients = torch.linalg.lstsq(design, x[70:, 2:]).solution
    predicted = torch.cat([x[:70, :2], torch.ones(70, 1, dtype=x.dtype)], dim=1) @ coefficients
    torch.testing.assert_close(model.impute(holes)[:70, 2:], predicted, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(model.means_[0, :2], x[:, :2].mean(dim=0))


@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
def test_imputed_values_by_quadrature(covariance_type):
    """E[x_m | x_o] as a ratio of integrals of the joint density over the missing column, by the trapezium rule."""
    x = with_holes(clusters(40, 3))
    model = started(x, covariance_type, missing_values="allow")
    only_one = (torch.isnan(x).sum(dim=1) == 1).nonzero()[:, 0][:6]
    assert len(only_one) >= 3
    for row in only_one.tolist():
        column = int(torch.isnan(x[row]).nonzero()[0])
        middle, breadth = model.means_[:, column].mean(), 12 * full_covariances(model)[:, column, column].max().sqrt()
        grid = torch.linspace(float(middle - breadth), float(middle + breadth), 4001, dtype=torch.float64)
        filled = x[row].repeat(len(grid), 1)
        filled[:, column] = grid
        density = model.score_samples(filled).exp()
        expected = torch.trapezoid(grid * density, grid) / torch.trapezoid(density, grid)
        torch.testing.assert_close(model.impute(x)[row, column], expected, rtol=1e-5, atol=1e-5)
        total = torch.trapezoid(density, grid).log()
        torch.testing.assert_close(model.score_samples(x[row : row + 1])[0], total, rtol=1e-6, atol=1e-6)
    observed = ~torch.isnan(x)
    assert torch.equal(model.impute(x)[observed], x[observed])


@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
def test_drawn_values_have_the_conditional_moments(covariance_type):
    """20,000 fillings of a row with two holes: means and covariance by the law of total covariance, five standard errors."""
    x = clusters(60, 4)
    model = started(x, covariance_type, missing_values="allow")
    row = x[5].clone()
    row[1] = row[3] = math.nan
    missing, seen = torch.tensor([1, 3]), torch.tensor([0, 2])
    drawn = model.sample_missing(row.expand(20_000, 4), random_state=2)
    assert torch.equal(drawn[:, seen], row[seen].expand(20_000, 2))
    slope, offset, covariance = regression(model.means_, full_covariances(model), seen)
    each = (slope @ row[seen] + offset)[:, missing]
    weights = log_joint_by_marginals(model, row[None])[0].softmax(dim=0)
    mean = weights @ each
    torch.testing.assert_close(model.impute(row[None])[0, missing], mean)
    total = torch.einsum("k,kij->ij", weights, covariance[:, missing[:, None], missing])
    total = total + torch.einsum("k,ki,kj->ij", weights, each - mean, each - mean)
    away = drawn[:, missing] - mean
    assert (away.mean(dim=0).abs() < 5 * (total.diagonal() / 20_000).sqrt()).all()
    products = away[:, :, None] * away[:, None, :]
    assert ((products.mean(dim=0) - total).abs() < 5 * products.std(dim=0) / 20_000**0.5).all()


def test_gradient_where_values_are_missing():
    x = with_holes(clusters(40, 3))[:8]
    model = started(clusters(40, 3), "full", missing_values="allow")
    leaf = torch.nan_to_num(x, nan=0.0).requires_grad_()
    holes = torch.isnan(x)
    assert torch.autograd.gradcheck(lambda value: model.log_marginal(torch.where(holes, torch.nan, value)), leaf)


def test_bad_input():
    x = with_holes(clusters(40, 3))
    with pytest.raises(ValueError, match="NaN or infinite, the first at row 1, column 0"):
        GaussianMixture(2).fit(x)
    infinite = x.clone()
    infinite[4, 1] = math.inf
    with pytest.raises(ValueError, match="1 values that are infinite, the first at row 4, column 1"):
        GaussianMixture(2, missing_values="allow").fit(infinite)
    x[:, 2] = math.nan
    with pytest.raises(ValueError, match="no value at all in column 2"):
        GaussianMixture(2, missing_values="allow").fit(x)
    with pytest.raises(ValueError, match="missing_values must be one of"):
        GaussianMixture(2, missing_values="drop")
