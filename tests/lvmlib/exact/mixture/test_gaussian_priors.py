"""MAP by conjugate priors: no collapse, a bound with the prior in it that climbs, and modes that gradients agree with."""

import pytest
import torch
from gaussian_data import clusters, started, with_holes

from lvmlib.data import iris
from lvmlib.exact.finite import FinitePosterior
from lvmlib.exact.gaussian import COVARIANCE_TYPES
from lvmlib.exact.mixture import DegenerateComponentWarning, GaussianMixture, NormalInverseWishart


def log_prior_by_definition(model, prior, alpha):
    """Of each component's own matrix, term by term."""
    k, width = model.means_.shape
    covariances = model.covariances_
    if model.covariance_type == "spherical":
        covariances = covariances[:, None].expand(k, width)
    if model.covariance_type in ("diag", "spherical"):
        covariances = torch.diag_embed(covariances)
    total = float(((alpha - 1) * model.weights_.log()).sum())
    for component in range(k):
        covariance = covariances if model.covariance_type == "tied" else covariances[component]
        precision, away = torch.linalg.inv(covariance), model.means_[component] - prior.mean
        normal = -0.5 * (torch.logdet(covariance) + prior.mean_precision * away @ precision @ away)
        wishart = -0.5 * (prior.degrees_of_freedom + width + 1) * torch.logdet(covariance)
        wishart = wishart - 0.5 * torch.trace(prior.scale @ precision)
        once = model.covariance_type == "tied" and component > 0
        total += float(normal) + (0.0 if once else float(wishart))
    return total


@pytest.mark.parametrize("missing", [False, True])
@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
def test_a_step_ends_at_the_mode(covariance_type, missing):
    """The log prior is the definition's, and no nearby parameters have a greater bound with the prior."""
    x = clusters(60, 3)
    x = with_holes(x) if missing else x
    prior = NormalInverseWishart(
        mean=x.nanmean(dim=0) + torch.tensor([0.1, 0.5, -2.0], dtype=torch.float64),
        mean_precision=2.5,
        degrees_of_freedom=6.0,
        scale=torch.tensor([[0.5, 0.1, 0.0], [0.1, 2.0, 0.3], [0.0, 0.3, 30.0]], dtype=torch.float64),
    )
    alpha = torch.tensor([1.5, 3.0, 1.0], dtype=torch.float64)
    settings = dict(reg_covar=0.0, covariances_prior=prior, weights_prior=alpha, missing_values="allow")
    model = started(x, covariance_type, **settings)
    posterior = model.e_step(x)
    model.maximize(model.expected_statistics(x))
    assert model.log_prior() == pytest.approx(log_prior_by_definition(model, prior, alpha), rel=1e-10)
    if missing:  # the step climbs the bound in which what is missing is integrated out, over q of that too
        return

    def bound():
        elbo = FinitePosterior(model.e_step(x).log_joint, posterior.log_responsibilities).elbo()
        return float(elbo.sum()) + model.log_prior()

    best, weights, means, covariances = bound(), model.weights_, model.means_, model.covariances_
    generator = torch.Generator().manual_seed(0)
    for _ in range(15):
        tilt, shift = (torch.randn(size, generator=generator, dtype=torch.float64) for size in (weights.shape, means.shape))
        factor = 1 + 1e-3 * torch.randn((), generator=generator, dtype=torch.float64)
        turn = 1e-3 * torch.randn(3, 3, generator=generator, dtype=torch.float64)
        turned = covariances * factor
        if covariances.shape[-2:] == (3, 3) and covariance_type in ("full", "tied"):
            mixing = torch.eye(3, dtype=torch.float64) + turn
            turned = mixing @ covariances @ mixing.T
        for changed in [
            ((weights.log() + 1e-3 * tilt).softmax(dim=0), means, covariances),
            (weights, means + 1e-3 * shift * x.std(dim=0), covariances),
            (weights, means, turned),
        ]:
            model._set(*changed)
            assert bound() < best


@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
def test_the_recorded_bound_has_the_prior_and_climbs(covariance_type):
    x = clusters(90, 3)
    model = GaussianMixture(
        3,
        covariance_type=covariance_type,
        covariances_prior=NormalInverseWishart(),
        weights_prior=2.0,
        random_state=1,
        reg_covar=0.0,
        tol=1e-9,
        max_iter=800,
    ).fit(x)
    assert model.converged_ and (model.elbo_.diff() > -1e-10).all()
    assert model.lower_bound_ == pytest.approx(model.score(x) + model.log_prior() / len(x), abs=1e-6)


@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
def test_as_many_components_as_columns(covariance_type):
    """Where K = D, a matrix of the prior and a row of the components have the same length: none may pass for the other."""
    x = clusters(90, 3)[:, :3] * torch.tensor([1.0, 3.0, 0.2], dtype=torch.float64)
    prior = NormalInverseWishart()
    model = GaussianMixture(
        3, covariance_type=covariance_type, covariances_prior=prior, random_state=1, reg_covar=0.0, tol=1e-9, max_iter=800
    ).fit(x)
    assert model.converged_ and (model.elbo_.diff() > -1e-10).all()


def test_maximum_likelihood_collapses_where_the_most_probable_parameters_do_not():
    """Iris with one flower moved far away: without a prior a component closes in on it and stands at the floor."""
    x = iris(dtype=torch.float64).x.clone()
    x[149] = torch.tensor([40.0, -30.0, 25.0, 60.0])
    settings = dict(means_init=x[[20, 149]], weights_init=[0.7, 0.3], covariances_init=torch.eye(4).expand(2, 4, 4))
    with pytest.warns(DegenerateComponentWarning, match="component 1 .* has collapsed in every direction"):
        likely = GaussianMixture(2, **settings).fit(x)
    probable = GaussianMixture(2, covariances_prior=NormalInverseWishart(), reg_covar=0.0, **settings).fit(x)
    assert likely.covariances_[1].diagonal().max() < 1.1e-6
    assert torch.linalg.eigvalsh(probable.covariances_[1]).min() > 1e-3
    assert probable.degeneracies_ == ()


def test_a_constant_column_needs_no_floor_under_a_prior_with_a_scale():
    x = torch.cat([clusters(50, 2), torch.full((50, 1), 3.0, dtype=torch.float64)], dim=1)
    prior = NormalInverseWishart(scale=torch.eye(3, dtype=torch.float64))
    model = GaussianMixture(2, covariances_prior=prior, reg_covar=0.0).fit(x)
    assert torch.isfinite(model.score_samples(x)).all() and (model.covariances_[:, 2, 2] > 1e-3).all()
    with pytest.raises(ValueError, match="the covariance of the data, the default, is not symmetric and positive definite"):
        GaussianMixture(2, covariances_prior=NormalInverseWishart()).fit(x)


def test_an_empty_component_goes_to_the_priors_mode():
    x = clusters(50, 2)
    prior = NormalInverseWishart(mean_precision=0.5)
    model = started(x, "full", covariances_prior=prior, reg_covar=0.0)
    model._set(model.weights_, torch.cat([model.means_[:2], torch.full((1, 2), 1e7, dtype=x.dtype)]), model.covariances_)
    model.maximize(model.expected_statistics(x))
    resolved = model._prior
    torch.testing.assert_close(model.means_[2], resolved.mean)
    torch.testing.assert_close(model.covariances_[2], resolved.scale / (resolved.degrees_of_freedom + 4))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: NormalInverseWishart(mean_precision=-1.0), "mean_precision must be at least 0, got -1.0"),
        (lambda: NormalInverseWishart(degrees_of_freedom=-1.0), "degrees_of_freedom must be at least 0"),
        (lambda: dict(covariances_prior=NormalInverseWishart(mean=torch.zeros(3))), r"mean must have the shape \(2,\)"),
        (lambda: dict(covariances_prior=NormalInverseWishart(scale=-torch.eye(2))), "scale is not symmetric and positive"),
        (lambda: dict(weights_prior=0.5), "weights_prior must be at least 1 everywhere, got 0.5"),
        (lambda: dict(weights_prior=torch.ones(4)), r"weights_prior must have the shape \(3,\), got \(4,\)"),
    ],
)
def test_bad_priors(make, words):
    with pytest.raises(ValueError, match=words):
        GaussianMixture(3, **make()).fit(clusters(40, 2))
