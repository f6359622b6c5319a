"""Every way of doing the fused pass gives the plain E-step's bound and moments."""

import pytest
import torch
from gaussian_data import clusters, started

from lvmlib.exact.finite import FinitePosterior
from lvmlib.exact.gaussian import COVARIANCE_TYPES
from lvmlib.exact.mixture import GaussianMixture
from lvmlib.exact.mixture.assignment import assign
from lvmlib.exact.mixture.gaussian_expectation import complete_statistics
from lvmlib.exact.mixture.gaussian_pass import CentredPass, FeaturePass, StackedPass, choose_pass


def plain_moments(model, x, posterior):
    """By the definition, in x's own coordinates, float64."""
    r, x = posterior.responsibilities.double(), x.double()
    return r.sum(dim=0), r.T @ x, torch.einsum("nk,ni,nj->kij", r, x, x)


def parameters_after_a_step(model, x, posterior, reg_covar):
    counts, sums, second = plain_moments(model, x, posterior)
    means = sums / counts[:, None]
    scatter = second - counts[:, None, None] * means[:, :, None] * means[:, None, :]
    if model.covariance_type == "tied":
        covariances = scatter.sum(dim=0) / len(x) + reg_covar * torch.eye(x.shape[1])
    else:
        covariances = scatter / counts[:, None, None] + reg_covar * torch.eye(x.shape[1])
        if model.covariance_type != "full":
            covariances = covariances.diagonal(dim1=-2, dim2=-1)
        if model.covariance_type == "spherical":
            covariances = covariances.mean(dim=1)
    return counts / len(x), means, covariances


@pytest.mark.parametrize("assignment", ["soft", "hard"])
@pytest.mark.parametrize("n_features", [4, 37])
@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
def test_bound_and_step_equal_the_plain_ones(covariance_type, n_features, assignment):
    """n = 2,500 rows: whole chunks and a part of one. Cancellation in the plain moments leaves 1e-9."""
    x = clusters(2500, n_features)
    model = started(x, covariance_type, reg_covar=1e-6)
    posterior = model.e_step(x) if assignment == "soft" else model.e_step(x).point_mass()
    statistics = model.expected_statistics(x, assignment)
    assert statistics.n_examples == 2500
    assert statistics.elbo == pytest.approx(float(posterior.elbo().sum()), rel=1e-12)
    assert statistics.magnitude == pytest.approx(float(posterior.elbo().abs().sum()), rel=1e-12)
    expected = parameters_after_a_step(model, x, posterior, 1e-6)
    for step in (lambda: model.maximize(statistics), lambda: model.m_step(x, posterior)):
        before = model.weights_, model.means_, model.covariances_
        step()
        for found, value in zip((model.weights_, model.means_, model.covariances_), expected):
            torch.testing.assert_close(found, value, rtol=1e-9, atol=1e-9)
        model._set(*before)


@pytest.mark.parametrize("separation", [0.3, 2.0, 20.0])
@pytest.mark.parametrize("n_features", [5, 40])
def test_what_is_left_out_of_the_stacked_pass_does_not_matter(n_features, separation):
    """Overlapping, touching and far clusters: the same as by features, and as with nothing left out."""
    x = clusters(3000, n_features, separation)
    model = GaussianMixture(3, max_iter=3, random_state=0).fit(x)
    components, frame = model._components(model._frame), model._frame
    found = {}
    for name, way in [
        ("features", lambda *p: FeaturePass(*p, "full", torch.float64)),
        ("stacked", lambda *p: StackedPass(*p, torch.float64)),
        ("every", lambda *p: StackedPass(*p, torch.float64, every=True)),
    ]:
        made = way(components.log_weights, components.means, components.scale)
        elbo = 0.0
        for part in x.split(250):
            made.load(frame.points(part).T.contiguous())
            bound, responsibilities = assign(made.log_joint())
            made.accumulate(responsibilities)
            elbo += float(bound.sum())
        found[name] = elbo, made.statistics()
    for name in ("stacked", "every"):
        assert found[name][0] == pytest.approx(found["features"][0], rel=1e-11)
        for key, value in found["features"][1].items():
            torch.testing.assert_close(found[name][1][key], value, rtol=1e-8, atol=1e-8 * float(value.abs().max()))


def test_far_clusters_are_left_out_and_near_ones_not():
    """Or the test above would prove nothing."""
    shares = []
    for separation in (0.3, 20.0):
        x = clusters(500, 40, separation)
        model = GaussianMixture(3, max_iter=3, random_state=0).fit(x)
        components = model._components(model._frame)
        made = StackedPass(components.log_weights, components.means, components.scale, torch.float64)
        made.load(model._frame.points(x).T.contiguous())
        done = sum(y.shape[1] for _, y in (pair for pair in made.completed if pair is not None))
        shares.append(done / (3 * 500))
    assert shares[1] < 0.5 < shares[0], shares


@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
@pytest.mark.parametrize("n_features", [6, 36])
def test_single_precision_is_safe_far_from_the_origin(covariance_type, n_features):
    """Data 2,000 deviations off the origin and a component 1/100 as broad as the data: float32 gives float64's bound
    of the rounded data to 1e-4 nats, though in plain float32 the squares alone round at 0.2."""
    x = clusters(1500, n_features)
    x[:400] = x[0] + 0.01 * (x[:400] - x[0])
    single = (x + 2000 * x.std(dim=0)).float()
    double = single.double()
    settings = dict(max_iter=12, tol=0.0, random_state=1)
    start = started(double, covariance_type)
    given = dict(weights_init=start.weights_, means_init=start.means_, covariances_init=start.covariances_)
    fits = [GaussianMixture(3, covariance_type=covariance_type, **settings, **given).fit(data) for data in (single, double)]
    assert fits[0].means_.dtype == torch.float32
    assert (fits[0].elbo_.diff() > -1e-3).all()
    torch.testing.assert_close(fits[0].elbo_[:3], fits[1].elbo_[:3], rtol=0, atol=1e-3)
    assert fits[0].lower_bound_ == pytest.approx(fits[1].lower_bound_, abs=2e-2)


def test_the_way_follows_the_data():
    def way(n_features, covariance_type, breadth, dtype, **settings):
        means = torch.zeros(3, n_features, dtype=torch.float64)
        full = covariance_type in ("full", "tied")
        scale = torch.eye(n_features, dtype=torch.float64).expand(3, -1, -1) if full else torch.ones_like(means)
        made = choose_pass(torch.zeros(3).double(), means, breadth * scale, covariance_type, dtype, **settings)
        return type(made), made.dtype

    assert way(16, "full", 1.0, torch.float32) == (FeaturePass, torch.float32)
    assert way(64, "full", 1.0, torch.float32) == (StackedPass, torch.float32)
    assert way(16, "full", 1e-3, torch.float32) == (FeaturePass, torch.float64)
    assert way(16, "full", 1e-5, torch.float64) == (StackedPass, torch.float64)
    assert way(16, "diag", 1e-3, torch.float32) == (FeaturePass, torch.float64)
    assert way(16, "diag", 1e-6, torch.float32) == (CentredPass, torch.float64)
    assert way(16, "spherical", 1.0, torch.float32, exact_ties=True) == (CentredPass, torch.float32)


def test_stochastic_assignments_follow_the_posterior():
    """Counts of 400 draws for 300 rows: the mean within five standard errors, each draw a point mass."""
    x = clusters(300, 3, separation=0.8)
    model = started(x, "full")
    generator = torch.Generator().manual_seed(3)
    counts = torch.stack([model.expected_statistics(x, "stochastic", generator).values["counts"] for _ in range(400)])
    assert torch.equal(counts, counts.round()) and (counts.sum(dim=1) == 300).all()
    r = model.predict_proba(x)
    error = (r * (1 - r)).sum(dim=0).div(400).sqrt()
    assert ((counts.mean(dim=0) - r.sum(dim=0)).abs() < 5 * error).all()
    with pytest.raises(ValueError, match="needs a generator"):
        model.expected_statistics(x, "stochastic")


@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
def test_squarem_reaches_the_same_maximum_sooner(covariance_type):
    x = clusters(400, 3, separation=0.9)
    start = started(x, covariance_type)
    given = dict(weights_init=start.weights_, means_init=start.means_, covariances_init=start.covariances_)
    make = dict(covariance_type=covariance_type, tol=1e-10, max_iter=5000, reg_covar=0.0, **given)  # a floor lowers the bound
    plain, fast = GaussianMixture(3, **make).fit(x), GaussianMixture(3, acceleration="squarem", **make).fit(x)
    assert plain.converged_ and fast.converged_ and fast.n_iter_ < plain.n_iter_
    assert fast.lower_bound_ >= plain.lower_bound_ - 1e-6
    assert (fast.elbo_.diff() > -1e-8).all()
    vector = plain.parameter_vector()
    before = plain.covariances_
    plain.set_parameter_vector(vector)
    torch.testing.assert_close(plain.covariances_, before, rtol=1e-12, atol=1e-12)
    with pytest.raises(ValueError, match="NaN or infinities"):
        plain.set_parameter_vector(vector * torch.inf)


def test_the_elbo_of_another_posterior_is_recorded():
    x = clusters(50, 3)
    model = started(x, "full")
    log_joint = model.e_step(x).log_joint
    other = FinitePosterior(log_joint, torch.full_like(log_joint, 1 / 3).log())
    assert model.statistics(x, other).elbo == pytest.approx(float(other.elbo().sum()), rel=1e-12)
    torch.testing.assert_close(model.statistics(x, other).values["counts"], torch.full((3,), 50 / 3).double())


def test_of_a_flat_component_without_a_floor_rounding_is_not_taken_for_breadth():
    """Two rows alone in a component of three columns: rank 1, far from the origin; refused, not fitted with 1e-17."""
    x = clusters(60, 3)
    x[:2] = x[2] + torch.tensor([[300.0, 100.0, 500.0], [301.0, 103.0, 502.0]], dtype=torch.float64)
    model = started(x, "full", n_components=2, reg_covar=0.0)
    model._set(model.weights_, torch.stack([x[2:].mean(dim=0), x[:2].mean(dim=0)]), model.covariances_)
    with pytest.raises(ValueError, match="covariance of component 1 is not positive definite"):
        for _ in range(3):
            model.maximize(complete_statistics(model._components(model._frame), model._frame, x, _hard))


def _hard(log_joint, rows):
    return assign(log_joint, "hard")
