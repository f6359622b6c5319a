"""What every model promises (dtype, device, batch, seed, input left alone), the rotation, and bad input."""

import math

import numpy as np
import pytest
import torch
from factor_models import D, L, MAKERS, N, data, parameters, with_holes

from lvmlib.chunks import Chunks
from lvmlib.exact.factor_analysis import FactorAnalysis, ProbabilisticPCA, varimax
from lvmlib.exact.factor_analysis.rotation import canonical, signed
from lvmlib.exact.factor_analysis.scatter import scatter_of
from lvmlib.model import log_w

DEVICES = ["cpu"] + (["cuda"] if torch.cuda.is_available() else [])


@pytest.fixture(scope="module", params=MAKERS)
def make(request):
    return MAKERS[request.param]


@pytest.fixture(scope="module")
def fitted(make):
    return make(missing_values="allow").fit(data())


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("device", DEVICES)
def test_shapes_dtypes_and_device(make, dtype, device):
    x = data(dtype=dtype, device=device)
    model = make()
    assert model.fit(x) is model
    z = model.transform(x)
    noise_shape = () if isinstance(model, ProbabilisticPCA) else (D,)
    for value, shape in [
        (model.components_, (L, D)),
        (model.mean_, (D,)),
        (model.noise_variance_, noise_shape),
        (z, (N, L)),
        (model.score_samples(x), (N,)),
        (model.log_joint(x, z), (N,)),
        (model.inverse_transform(z), (N, D)),
        (model.get_covariance(), (D, D)),
        (model.get_precision(), (D, D)),
        (model.posterior(x).mean, (N, L)),
        (model.impute(x), (N, D)),
    ]:
        assert value.shape == shape and value.dtype == dtype and value.device.type == device
    sample, drawn = model.sample(4, random_state=0)
    assert sample.shape == (4, D) and drawn.shape == (4, L) and sample.dtype == dtype and sample.device.type == device


def test_float32_agrees_with_float64(make):
    """The fit is made in float64: float32 rounds the data and the parameters alone."""
    double, single = make().fit(data()), make().fit(data(dtype=torch.float32))
    assert single.n_iter_ == double.n_iter_
    torch.testing.assert_close(
        single.score_samples(data(dtype=torch.float32)).double(), double.score_samples(data()), rtol=1e-5, atol=1e-5
    )


def test_float32_scatter_is_float64s():
    """Of data at 1,000 deviations from 0: float32 rounds x there to 6e-5 deviations, and nothing else is lost."""
    x = data(dtype=torch.float32) + 1000
    torch.testing.assert_close(scatter_of(x).matrix, scatter_of(x.double()).matrix, rtol=1e-13, atol=1e-13)


def test_scatter_against_numpy():
    """Rows and columns that do not divide into the blocks; and the root where rows are fewer."""
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(1111, 205, generator=generator, dtype=torch.float64) * torch.linspace(0.1, 9, 205) + 40
    found = scatter_of(x)
    np.testing.assert_allclose(found.matrix, np.cov(x.numpy().T, bias=True), rtol=0, atol=1e-11)
    assert torch.equal(found.matrix, found.matrix.T)
    few = scatter_of(x[:150])
    assert few.matrix is None
    np.testing.assert_allclose(few.root.T @ few.root, np.cov(x[:150].numpy().T, bias=True), rtol=0, atol=1e-11)
    np.testing.assert_allclose(few.times(x[:7].T), (few.root.T @ few.root) @ x[:7].T, rtol=1e-10, atol=1e-8)


def test_numpy_in_gives_the_same(make):
    x = data()
    assert torch.equal(make().fit(x.numpy()).score_samples(x.numpy()), make().fit(x).score_samples(x))


def test_does_not_change_its_input(make):
    x = with_holes(data(60))
    before = x.clone()
    model = make(missing_values="allow", max_iter=3).fit(x)
    model.transform(x), model.score_samples(x), model.impute(x)
    assert torch.equal(torch.nan_to_num(x, 99), torch.nan_to_num(before, 99))


@pytest.mark.parametrize("holes", [False, True])
def test_independence_and_permutation_of_the_batch(fitted, holes):
    x = with_holes(data()) if holes else data()
    scores, z = fitted.score_samples(x), fitted.transform(x)
    order = torch.randperm(N, generator=torch.Generator().manual_seed(3))
    for rows in (order, torch.tensor([17]), torch.tensor([3, 90])):
        torch.testing.assert_close(fitted.score_samples(x[rows]), scores[rows], rtol=1e-12, atol=1e-12)
        torch.testing.assert_close(fitted.transform(x[rows]), z[rows], rtol=1e-12, atol=1e-12)


def test_order_of_the_examples_does_not_matter_in_fitting(make, fitted):
    order = torch.randperm(N, generator=torch.Generator().manual_seed(3))
    other = make().fit(data()[order])
    torch.testing.assert_close(other.get_covariance(), fitted.get_covariance(), rtol=1e-8, atol=1e-8)


def test_gradient_of_log_marginal(fitted):
    assert torch.autograd.gradcheck(fitted.log_marginal, data(5).requires_grad_())


def test_a_seed_reproduces(make):
    first, second = make().fit(data()), make().fit(data())
    assert torch.equal(first.components_, second.components_) and torch.equal(first.elbo_, second.elbo_)
    for seed, same in [(1, True), (2, False)]:
        assert torch.equal(first.sample(5, random_state=1)[0], first.sample(5, random_state=seed)[0]) is same


def test_samples_follow_the_model(fitted):
    """Mean and covariance of 20,000 draws within 5 standard errors in 35 numbers: fails a right answer 1 in 50,000."""
    n = 20_000
    x, z = fitted.sample(n, random_state=9)
    covariance = fitted.get_covariance()
    diagonal = covariance.diagonal()
    assert ((x.mean(dim=0) - fitted.mean_).abs() < 5 * (diagonal / n).sqrt()).all()
    standard_error = ((torch.outer(diagonal, diagonal) + covariance.square()) / n).sqrt()
    assert ((torch.cov(x.T) - covariance).abs() < 5 * standard_error).all()
    assert (z.mean(dim=0).abs() < 5 / math.sqrt(n)).all()


def test_every_log_weight_under_the_posterior_is_log_marginal(fitted):
    """ln p(x, z) - ln p(z|x) = ln p(x) whatever z is: prior, likelihood and posterior fit together."""
    x = data(9)
    weights = log_w(fitted, x, fitted.posterior(x), 4, random_state=2)
    torch.testing.assert_close(weights, fitted.log_marginal(x).expand(4, 9), rtol=1e-9, atol=1e-9)


class TestRotation:
    def test_fits_keep_the_convention(self, make, fitted):
        loading, noise = fitted.components_.T, fitted.noise_variance_.expand(D)
        information = loading.T @ (loading / noise[:, None])
        greatest = loading.gather(0, loading.abs().argmax(dim=0, keepdim=True))
        assert (greatest > 0).all() and (information.diagonal().diff() < 0).all()
        if fitted.rotation is None:
            off = information - information.diagonal().diag()
            assert off.abs().max() < 1e-9 * information.max()

    def test_rotating_changes_no_density(self):
        x = data()
        plain, rotated = FactorAnalysis(L).fit(x), FactorAnalysis(L, rotation="varimax").fit(x)
        assert (plain.components_ - rotated.components_).abs().max() > 0.1
        torch.testing.assert_close(rotated.get_covariance(), plain.get_covariance(), rtol=1e-12, atol=1e-12)

    def test_canonical_undoes_any_rotation(self):
        model = parameters()
        turn = torch.linalg.qr(torch.randn(L, L, generator=torch.Generator().manual_seed(2), dtype=torch.float64)).Q
        first, second = (canonical(loading, model.noise) for loading in (model.loading, model.loading @ turn))
        torch.testing.assert_close(first, second, rtol=1e-11, atol=1e-11)
        torch.testing.assert_close(first @ first.T, model.loading @ model.loading.T, rtol=1e-12, atol=1e-12)

    def test_signed(self):
        loading = torch.tensor([[1.0, 2.0, 0.0], [-3.0, 1.5, 0.0]])
        assert signed(loading).tolist() == [[-1.0, 2.0, 0.0], [3.0, 1.5, 0.0]]

    def test_varimax_is_a_maximum_of_its_criterion(self):
        """Above every rotation in the plane of any two factors, in steps of a degree."""

        def criterion(loading):
            squares = loading.square()
            return float((squares.square().sum(dim=0) - squares.sum(dim=0).square() / len(loading)).sum())

        model = parameters()
        rotated = varimax(model.loading, model.noise)
        torch.testing.assert_close(rotated @ rotated.T, model.loading @ model.loading.T, rtol=1e-12, atol=1e-12)
        best = criterion(rotated)
        assert best > 1.02 * criterion(canonical(model.loading, model.noise))
        for one, other in [(0, 1), (0, 2), (1, 2)]:
            for degrees in range(1, 90):
                angle = math.radians(degrees)
                turn = torch.eye(L, dtype=torch.float64)
                turn[[one, other], [one, other]] = math.cos(angle)
                turn[one, other], turn[other, one] = math.sin(angle), -math.sin(angle)
                assert criterion(rotated @ turn) <= best * (1 + 1e-9)

    def test_varimax_finds_a_simple_structure(self):
        """Loadings with one entry a row, turned: given back, up to the order of information."""
        simple = torch.zeros(9, L, dtype=torch.float64)
        factor = torch.tensor([0, 1, 2, 0, 1, 2, 0, 1, 0])
        simple[torch.arange(9), factor] = torch.linspace(0.6, 2.2, 9, dtype=torch.float64)
        turn = torch.linalg.qr(torch.randn(L, L, generator=torch.Generator().manual_seed(2), dtype=torch.float64)).Q
        noise = torch.linspace(0.5, 1.5, 9, dtype=torch.float64)
        found = varimax(simple @ turn, noise)
        order = (simple.square().T @ noise.reciprocal()).argsort(descending=True)
        torch.testing.assert_close(found, simple[:, order], rtol=0, atol=1e-4)


class TestBadInput:
    @pytest.mark.parametrize("make", [FactorAnalysis, ProbabilisticPCA])
    @pytest.mark.parametrize(
        "settings, message",
        [
            ({"n_components": 0}, "n_components must be at least 1"),
            ({"method": "newton"}, "method must be one of .*'em'"),
            ({"tol": -1.0}, "tol must be at least 0"),
            ({"tol": math.nan}, "tol must be at least 0"),
            ({"max_iter": 0}, "max_iter must be at least 1"),
            ({"noise_floor": 0.0}, "noise_floor must be"),
            ({"noise_floor": math.nan}, "noise_floor must be"),
            ({"rotation": "oblimin"}, "rotation must be one of 'varimax'"),
            ({"acceleration": "anderson"}, "acceleration must be one of 'squarem'"),
            ({"missing_values": "drop"}, "missing_values must be one of"),
        ],
    )
    def test_settings(self, make, settings, message):
        with pytest.raises(ValueError, match=message):
            make(**{"n_components": 2, **settings})

    @pytest.mark.parametrize("make", [FactorAnalysis, ProbabilisticPCA])
    def test_data(self, make):
        x = data()
        for bad, error, message in [
            (x.int(), TypeError, "float32 or float64"),
            ([[1.0, 2.0]], TypeError, "."),  # under pytest the shape checks word it
            (x.half(), TypeError, "float16"),
            (x[0], ValueError, "shape"),
            (x[:0], ValueError, "shape"),
            (x[:1], ValueError, "1 row"),
            (x[:L], ValueError, "n_components must be below the number of rows"),
            (x[:, :L], ValueError, "n_components must be below the number of columns"),
            (x * 1e200, ValueError, "overflow"),
        ]:
            with pytest.raises(error, match=message):
                make(L).fit(bad)
        with pytest.raises(ValueError, match="constant columns"):
            make(L).fit(torch.ones_like(x) * 3.7)

    def test_constant_columns(self):
        x = data()
        x[:, [1, 4]] = 0.1
        with pytest.raises(ValueError, match="constant columns: 1, 4"):
            FactorAnalysis(L).fit(x)
        assert ProbabilisticPCA(L).fit(x).converged_  # one noise variance for all columns has no such trouble

    @pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
    def test_values_that_are_not_finite(self, make, fitted, value):
        x = data()
        x[4, 1] = value
        with pytest.raises(ValueError, match="row 4, column 1"):
            make().fit(x)
        with pytest.raises(ValueError, match="row 4, column 1"):
            make().fit(Chunks(x, rows=50))
        if math.isinf(value):
            with pytest.raises(ValueError, match="row 4, column 1"):
                make(missing_values="allow").fit(x)
            with pytest.raises(ValueError, match="row 4, column 1"):
                fitted.impute(x)
        else:
            with pytest.raises(ValueError, match="row 4, column 1"):
                make().fit(data()).score_samples(x)

    def test_a_column_without_values(self, make):
        x = data()
        x[:, 5] = math.nan
        with pytest.raises(ValueError, match="no value at all in the columns 5"):
            make(missing_values="allow").fit(x)

    def test_after_fitting(self, make, fitted):
        with pytest.raises(ValueError, match="7"):
            fitted.score_samples(data()[:, :4])
        with pytest.raises(TypeError, match="float32, but the model was fitted on torch.float64"):
            fitted.transform(data(dtype=torch.float32))
        with pytest.raises(ValueError, match="n_samples"):
            fitted.sample(0, random_state=0)
        for use in ("transform", "score_samples", "impute", "bic"):
            with pytest.raises(ValueError, match="not fitted"):
                getattr(make(), use)(data())
