"""GaussianMixture against scikit-learn's, against k-means, and against what must go wrong with a clear word."""

import math
import warnings

import numpy as np
import pytest
import torch
from sklearn.cluster import KMeans
from sklearn.mixture import GaussianMixture as Peer

from lvmlib.data import digits, iris, old_faithful
from lvmlib.exact.mixture.degeneracy import DegenerateComponentWarning
from lvmlib.exact.gaussian import COVARIANCE_TYPES
from lvmlib.exact.mixture import GaussianMixture, k_means
from lvmlib.validation import as_data


def data_set(name):
    if name == "old_faithful":
        try:
            return old_faithful(dtype=torch.float64).x
        except Exception as error:  # whatever the loader says is the reason
            pytest.skip(f"Old Faithful is not to be had here: {error}")
    return {"digits": digits, "iris": iris}[name](dtype=torch.float64).x


def start_for(x, n_components, covariance_type, seed=0):
    """The same start for both: unequal weights, rows as means, unequal covariances with correlations."""
    rng = np.random.default_rng(seed)
    weights = rng.dirichlet(5 * np.ones(n_components))
    means = x[rng.choice(len(x), n_components, replace=False)]
    spread = np.cov(x.T) + 1e-2 * np.eye(x.shape[1])
    growth = 1 + 0.1 * np.arange(n_components)
    covariances = {
        "full": spread * growth[:, None, None],
        "tied": spread,
        "diag": np.diag(spread) * growth[:, None],
        "spherical": np.trace(spread) / len(spread) * growth,
    }[covariance_type]
    precisions = np.linalg.inv(covariances) if covariance_type in ("full", "tied") else 1 / covariances
    return weights, means, covariances, precisions


def relative(ours, theirs):
    return float(np.abs(np.asarray(ours) - theirs).max() / np.abs(theirs).max())


@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
@pytest.mark.parametrize(("name", "n_components"), [("digits", 10), ("iris", 3), ("old_faithful", 2)])
def test_equals_scikit_learn(name, n_components, covariance_type):
    """To 1e-6 relative from the same start, and after the same number of iterations."""
    x = data_set(name)
    weights, means, covariances, precisions = start_for(x.numpy(), n_components, covariance_type)
    settings = dict(covariance_type=covariance_type, weights_init=weights, means_init=means, tol=1e-5, max_iter=300)
    peer = Peer(n_components, precisions_init=precisions, **settings).fit(x.numpy())
    ours = GaussianMixture(n_components, covariances_init=covariances, allow_constant_columns=True, **settings).fit(x)
    assert ours.converged_ and ours.n_iter_ == peer.n_iter_
    assert relative(ours.score_samples(x), peer.score_samples(x.numpy())) < 1e-6
    assert abs(ours.score(x) - peer.score(x.numpy())) < 1e-6 * abs(peer.score(x.numpy()))
    for attribute in ("weights_", "means_", "covariances_"):
        assert relative(getattr(ours, attribute), getattr(peer, attribute)) < 1e-6, attribute
    assert np.abs(np.asarray(ours.predict_proba(x)) - peer.predict_proba(x.numpy())).max() < 1e-6
    assert np.array_equal(ours.predict(x), peer.predict(x.numpy()))


@pytest.mark.parametrize("name", ["digits", "iris"])
def test_k_means_is_hard_em_with_unit_covariances(name):
    """Centres, labels and inertia of scikit-learn's Lloyd iterations from the same start, run to the end."""
    x = data_set(name)
    start = x[torch.randperm(len(x), generator=torch.Generator().manual_seed(1))[:6]]
    peer = KMeans(6, init=start.numpy(), n_init=1, algorithm="lloyd", tol=0.0, max_iter=300).fit(x.numpy())
    ours = k_means(6, means_init=start).fit(x)
    assert ours.converged_
    torch.testing.assert_close(ours.means_, torch.as_tensor(peer.cluster_centers_), rtol=1e-9, atol=1e-9)
    assert np.array_equal(ours.predict(x), peer.labels_)
    inertia = -2 * len(x) * (ours.lower_bound_ + math.log(6) + x.shape[1] / 2 * math.log(2 * math.pi))
    assert inertia == pytest.approx(peer.inertia_, rel=1e-9)
    torch.testing.assert_close(ours.weights_, torch.full((6,), 1 / 6, dtype=x.dtype))
    assert (ours.covariances_ == 1).all()


@pytest.mark.parametrize("init_params", ["kmeans", "k-means++", "random_from_data"])
def test_own_starts_reach_what_scikit_learn_reaches(init_params):
    """The better of ten starts on iris, K = 3, full: the known maximum, -180.185 nats in total."""
    x = data_set("iris")
    ours = GaussianMixture(3, init_params=init_params, n_init=10, tol=1e-7, max_iter=500, random_state=5).fit(x)
    peer = Peer(3, n_init=10, tol=1e-7, max_iter=500, random_state=5).fit(x.numpy())
    assert ours.score(x) >= peer.score(x.numpy()) - 1e-4
    assert (ours.elbo_.diff() > -1e-9).all()


@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
def test_density_integrates_to_one(covariance_type):
    """Quadrature in two dimensions over Old Faithful's shape, simulated: the trapezium rule on a wide grid, to 1e-6."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(150, 2, generator=generator, dtype=torch.float64) * torch.tensor([0.6, 1.3])
    x[:60] += torch.tensor([3.0, -2.0])
    model = GaussianMixture(2, covariance_type=covariance_type, random_state=0).fit(x)
    first, second = torch.linspace(-9, 12, 600, dtype=torch.float64), torch.linspace(-14, 13, 700, dtype=torch.float64)
    grid = torch.cartesian_prod(first, second)
    density = model.score_samples(grid).exp().reshape(600, 700)
    assert abs(torch.trapezoid(torch.trapezoid(density, second), first) - 1) < 1e-6


def test_generic_joint_and_own_e_step_agree():
    x = data_set("iris")
    for covariance_type in COVARIANCE_TYPES:
        model = GaussianMixture(3, covariance_type=covariance_type, random_state=0).fit(x)
        z = torch.arange(3)[:, None].expand(-1, len(x))
        torch.testing.assert_close(model.log_joint(x, z).T, model.e_step(x).log_joint, rtol=1e-9, atol=1e-9)
        torch.testing.assert_close(model.posterior(x).probs, model.predict_proba(x))


def test_an_empty_component_keeps_its_place_and_is_reported():
    x = data_set("iris")
    means = torch.cat([x[[10, 80]], torch.full((1, 4), 1e6, dtype=x.dtype)])
    model = GaussianMixture(
        3, means_init=means, weights_init=[0.5, 0.3, 0.2], covariances_init=torch.eye(4).expand(3, 4, 4)
    )
    with pytest.warns(DegenerateComponentWarning, match="component 2 is empty"):
        model.fit(x)
    assert model.weights_[2] == 0 and torch.equal(model.means_[2], means[2])
    assert torch.isfinite(model.score_samples(x)).all() and (model.predict(x) < 2).all()


def test_a_collapsing_component_is_floored_and_reported_or_refused():
    """Component 1 starts on an outlier far from all else and closes in on it."""
    x = data_set("iris").clone()
    x[149] = torch.tensor([40.0, -30.0, 25.0, 60.0])
    settings = dict(means_init=x[[20, 149]], weights_init=[0.7, 0.3], covariances_init=torch.eye(4).expand(2, 4, 4))
    with pytest.warns(
        DegenerateComponentWarning, match=r"component 1 \(of 1.0 examples\) has collapsed in every direction"
    ):
        model = GaussianMixture(2, **settings).fit(x)
    torch.testing.assert_close(model.covariances_[1], 1e-6 * torch.eye(4, dtype=x.dtype))
    with pytest.raises(ValueError, match="covariance of component 1 is not positive definite"):
        GaussianMixture(2, reg_covar=0.0, **settings).fit(x)


def test_directions_at_the_floor_are_recorded_without_a_warning():
    x = data_set("digits")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = GaussianMixture(10, allow_constant_columns=True, random_state=0).fit(x)
    assert {d.kind for d in model.degeneracies_} == {"at the floor"}
    assert all(d.n_varying == 61 for d in model.degeneracies_)  # 3 of the 64 pixels never change


@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
def test_the_bound_climbs_under_a_heavy_floor(covariance_type):
    """With reg_covar as large as the data's variance the plain bound may fall; EM must still allow for it."""
    x = data_set("iris")
    for seed in range(5):
        model = GaussianMixture(
            4, covariance_type=covariance_type, reg_covar=0.5, random_state=seed, init_params="random_from_data"
        ).fit(x)
        assert torch.isfinite(model.elbo_).all()


BAD = [
    (
        "nan",
        lambda x: x.index_put((torch.tensor(7), torch.tensor(2)), torch.tensor(math.nan, dtype=x.dtype)),
        ValueError,
        "x holds 1 values.*row 7, column 2",
    ),
    (
        "infinite",
        lambda x: x.index_put((torch.tensor(0), torch.tensor(0)), torch.tensor(math.inf, dtype=x.dtype)),
        ValueError,
        "infinite",
    ),
    ("one row", lambda x: x[:1], ValueError, "x has 1 row"),
    ("fewer rows than components", lambda x: x[:2], ValueError, "x has 2 rows, fewer than n_components = 3"),
    (
        "constant column",
        lambda x: torch.cat([x, x.new_full((len(x), 1), 2.0)], dim=1),
        ValueError,
        "constant columns: 4",
    ),
    ("one dimension", lambda x: x[:, 0], ValueError, r"shape \(batch, features\)"),
    ("no column", lambda x: x[:, :0], ValueError, "shape"),
    ("integers", lambda x: x.long(), TypeError, "float32 or float64, got torch.int64"),
    ("list", lambda x: x.tolist(), TypeError, "must be a torch tensor or a NumPy array, got list"),
]


@pytest.mark.parametrize(("damage", "error", "words"), [row[1:] for row in BAD], ids=[row[0] for row in BAD])
def test_bad_data(damage, error, words):
    damaged = damage(data_set("iris"))
    with pytest.raises(error, match=words):
        as_data(damaged) if isinstance(damaged, list) else GaussianMixture(3).fit(damaged)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"covariance_type": "ful"}, "covariance_type must be one of 'full', 'tied', 'diag', 'spherical', got 'ful'"),
        ({"n_components": 0}, "n_components must be at least 1, got 0"),
        ({"reg_covar": -1.0}, "reg_covar"),
        ({"tol": math.nan}, "tol"),
        ({"init_params": "best"}, "init_params"),
        ({"fit_parameters": ["mean"]}, "fit_parameters"),
    ],
)
def test_bad_settings(settings, words):
    with pytest.raises(ValueError, match=words):
        GaussianMixture(**settings)


@pytest.mark.parametrize(
    ("start", "words"),
    [
        ({"means_init": np.zeros((3, 5))}, r"means_init must have the shape \(3, 4\), got \(3, 5\)"),
        ({"weights_init": [0.5, 0.6, 0.2]}, "weights_init must be positive and sum to 1"),
        ({"weights_init": [0.5, 0.5]}, "weights_init must have the shape"),
        ({"covariances_init": -np.stack([np.eye(4)] * 3)}, "not positive definite"),
    ],
)
def test_bad_starts(start, words):
    with pytest.raises(ValueError, match=words):
        GaussianMixture(3, **start).fit(data_set("iris"))


def test_bad_use_after_fit():
    x = data_set("iris")
    with pytest.raises(ValueError, match="not fitted"):
        GaussianMixture(2).predict(x)
    model = GaussianMixture(2).fit(x)
    with pytest.raises(ValueError, match="x has 3 columns, but the model was fitted on 4"):
        model.predict(x[:, :3])
    with pytest.raises(TypeError, match="float32.*fitted on torch.float64"):
        model.score_samples(x.float())
