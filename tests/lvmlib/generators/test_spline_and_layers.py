"""The spline itself, the layers' own properties, and what each refuses."""

from __future__ import annotations

import importlib.util
import math

import pytest
import torch

from lvmlib import batch_share
from lvmlib.generators.base import BASES, StandardLogistic, StandardUniform
from lvmlib.generators.coupling import AffineCoupling, SplineCoupling, alternating_mask, checkerboard_mask
from lvmlib.generators.flow import Flow, affine_flow, spline_flow
from lvmlib.generators.invertible_linear import ActivationNormalization, InvertibleLinear, Permutation
from lvmlib.generators.spline import LEAST, ElementwiseSpline, Knots, knots, rational_quadratic
from lvmlib.generators.unit_interval import LogitMap
from lvmlib.objectives import log_likelihood
from lvmlib.training import Stage, train

DTYPES = [torch.float32, torch.float64]


def parameters(n, n_bins, linear_tails, dtype=torch.float64, seed=2):
    generator = torch.Generator().manual_seed(seed)
    width = 3 * n_bins - 1 if linear_tails else 3 * n_bins + 1
    return torch.randn(n, width, generator=generator, dtype=torch.float64).to(dtype)


class TestSpline:
    def test_by_hand(self):
        """Knots (0, 0), (2, 1), (3, 3), slopes ½, 1, 4; at x = ½: ξ = ¼, s = ½, y = (1/32 + 3/32) / (1/2 + 3/32) = 4/19."""
        at = Knots(*(torch.tensor([values], dtype=torch.float64) for values in ([0.0, 2, 3], [0.0, 1, 3], [0.5, 1, 4])))
        y, log_slope = rational_quadratic(torch.tensor([0.5], dtype=torch.float64), at)
        assert y.item() == pytest.approx(4 / 19, rel=1e-14)
        slope = 0.25 * (1 / 16 + 2 * 0.5 * 3 / 16 + 0.5 * 9 / 16) / (0.5 + 0.5 * 3 / 16) ** 2
        assert log_slope.item() == pytest.approx(math.log(slope), rel=1e-13)

    @pytest.mark.parametrize("linear_tails", [True, False])
    def test_passes_through_its_knots_with_their_slopes(self, linear_tails):
        at = knots(parameters(7, 5, linear_tails), -1.5, 2.0, linear_tails)
        assert (at.x[:, 0] == -1.5).all() and (at.y[:, -1] == 2.0).all()
        for i in range(6):
            y, log_slope = rational_quadratic(at.x[:, i], at)
            torch.testing.assert_close(y, at.y[:, i], rtol=1e-12, atol=1e-12)
            torch.testing.assert_close(log_slope, at.slope[:, i].log(), rtol=1e-9, atol=1e-9)
        if linear_tails:
            assert (at.slope[:, [0, -1]] == 1).all()

    def test_no_bin_and_no_slope_is_below_the_least(self):
        """Whatever the parameters: those of ±30 put all of the width into one bin but for the least of the others."""
        at = knots(30 * parameters(50, 6, False), 0.0, 2.0, False)
        for edges in (at.x, at.y):
            assert (edges.diff(dim=-1) > 2.0 * LEAST * (1 - 1e-9)).all() and (edges.diff(dim=-1) < 2.1 * LEAST).any()
        assert (at.slope >= LEAST).all() and (at.slope < 1.1 * LEAST).any()

    @pytest.mark.parametrize("dtype", DTYPES)
    @pytest.mark.parametrize("linear_tails", [True, False])
    def test_rises_and_stays_in_the_box(self, dtype, linear_tails):
        at = knots(parameters(4, 6, linear_tails, dtype), -1.0, 1.0, linear_tails)
        x = torch.linspace(-1, 1, 501, dtype=dtype)
        y, _ = rational_quadratic(x[:, None].expand(-1, 4), at)
        steps = y.diff(dim=0)
        assert (steps >= -4 * torch.finfo(dtype).eps).all() and (steps > 0).float().mean() > 0.99
        assert (y.abs() <= 1).all() and torch.equal(y[[0, -1]], torch.tensor([[-1.0], [1.0]], dtype=dtype).expand(2, 4))

    def test_derivative_is_that_of_differences(self):
        """Central differences of step 1e-5 err by the third derivative times 1e-10 / 6, which is below 1e5 here."""
        at = knots(parameters(200, 4, True), -3.0, 3.0, True)
        x = torch.linspace(-3.4, 3.4, 200, dtype=torch.float64)
        (up, _), (down, _) = (rational_quadratic(x + h, at) for h in (1e-5, -1e-5))
        _, log_slope = rational_quadratic(x, at)
        torch.testing.assert_close(log_slope.exp(), (up - down) / 2e-5, rtol=1e-4, atol=1e-5)

    def test_outside_the_box_it_is_the_identity(self):
        at = knots(parameters(4, 5, True), -2.0, 2.0, True)
        x = torch.tensor([-7.0, -2.0000001, 2.0000001, 1e6], dtype=torch.float64)
        for inverse in (False, True):
            y, log_slope = rational_quadratic(x, at, inverse)
            assert torch.equal(y, x) and (log_slope == 0).all()

    @pytest.mark.skipif(importlib.util.find_spec("zuko") is None, reason="zuko is not installed")
    @pytest.mark.parametrize("dtype", DTYPES)
    def test_equals_zuko(self, dtype):
        """With its knots; both ways, to 100 roundings times the greatest slope of about 100."""
        from zuko.transforms import MonotonicRQSTransform

        generator = torch.Generator().manual_seed(8)
        given = [torch.randn(300, n, generator=generator, dtype=torch.float64).to(dtype) for n in (8, 8, 7)]
        peer = MonotonicRQSTransform(*given, bound=4.0)
        ours = Knots(*(values.expand(300, 9) for values in (peer.horizontal, peer.vertical, peer.derivatives)))
        x = torch.linspace(-4.5, 4.5, 300, dtype=dtype)
        tolerance = 1e4 * torch.finfo(dtype).eps
        expected, expected_log_slope = peer.call_and_ladj(x)
        y, log_slope = rational_quadratic(x, ours)
        torch.testing.assert_close(y, expected, rtol=tolerance, atol=tolerance)
        torch.testing.assert_close(log_slope, expected_log_slope, rtol=tolerance, atol=tolerance)
        back, _ = rational_quadratic(y, ours, inverse=True)
        torch.testing.assert_close(back, peer.inv(expected), rtol=tolerance, atol=tolerance)


class TestLayers:
    def test_couplings_keep_what_the_mask_keeps(self):
        mask = torch.tensor([1.0, 0.0, 1.0, 1.0, 0.0])
        for layer in (AffineCoupling(mask, [6]), SplineCoupling(mask, [6])):
            for parameter in layer.parameters():
                torch.nn.init.normal_(parameter, generator=torch.Generator().manual_seed(1))
            x = torch.randn(8, 5, generator=torch.Generator().manual_seed(2))
            z, _ = layer(x)
            assert torch.equal((z == x).all(dim=0), mask == 1) and torch.equal(layer.mask, mask)

    def test_affine_scales_stay_within_their_bound(self):
        layer = AffineCoupling(alternating_mask(4), [5], bound=0.7)
        torch.nn.init.constant_(layer.network[-1].bias, 50.0)
        _, log_det = layer(torch.ones(3, 4))
        torch.testing.assert_close(log_det, torch.full((3,), 2 * 0.7))

    def test_masks(self):
        assert alternating_mask(5).tolist() == [0, 1, 0, 1, 0]
        assert checkerboard_mask(2, 3).tolist() == [0, 1, 0, 1, 0, 1]
        assert checkerboard_mask(3, 2).tolist() == [0, 1, 1, 0, 0, 1]

    def test_activation_normalization_starts_at_the_data(self):
        x = torch.randn(200, 3, generator=torch.Generator().manual_seed(0)) * torch.tensor([3.0, 0.1, 0.0]) + 5.0
        layer = ActivationNormalization(3)
        layer.start_at(x)
        z, log_det = layer(x)
        torch.testing.assert_close(z.mean(dim=0), torch.zeros(3), atol=1e-4, rtol=0)
        torch.testing.assert_close(z.std(dim=0, correction=0), torch.tensor([1.0, 1.0, 0.0]), atol=1e-4, rtol=1e-4)
        deviations = x.std(dim=0, correction=0)
        expected = -(deviations[0].log() + deviations[1].log() + (deviations[0] / 100).log())  # the constant column
        torch.testing.assert_close(log_det, expected.expand(200), rtol=1e-4, atol=1e-4)

    def test_a_flow_starts_each_layer_at_what_reaches_it(self):
        flow = Flow(3, [ActivationNormalization(3), InvertibleLinear(3, 4), ActivationNormalization(3)])
        torch.nn.init.normal_(flow.layers[1].off_diagonal, generator=torch.Generator().manual_seed(1))
        x = torch.randn(300, 3, generator=torch.Generator().manual_seed(0)) * torch.tensor([3.0, 0.5, 1.0]) + 5.0
        flow.start_at(x)
        z = x
        for layer in flow.layers:
            z, _ = layer(z)
        torch.testing.assert_close(z.mean(dim=0), torch.zeros(3), atol=1e-4, rtol=0)
        torch.testing.assert_close(z.std(dim=0, correction=0), torch.ones(3), atol=1e-4, rtol=0)

    def test_invertible_linear_is_a_matrix_with_that_determinant(self):
        layer = InvertibleLinear(4, random_state=7).double()
        for parameter in layer.parameters():
            torch.nn.init.normal_(parameter, std=0.6, generator=torch.Generator().manual_seed(3))
        matrix = layer(torch.eye(4, dtype=torch.float64))[0].mT
        x = torch.randn(5, 2, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(5))
        z, log_det = layer(x)
        torch.testing.assert_close(z, x @ matrix.mT, rtol=1e-12, atol=1e-12)
        torch.testing.assert_close(log_det, torch.linalg.slogdet(matrix).logabsdet.expand(5, 2), rtol=1e-12, atol=1e-12)

    def test_permutation(self):
        layer = Permutation(torch.tensor([2, 0, 1]))
        assert layer(torch.tensor([[5.0, 6.0, 7.0]]))[0].tolist() == [[7.0, 5.0, 6.0]]
        assert torch.equal(Permutation.drawn(9, 4).order, Permutation.drawn(9, 4).order)
        assert not torch.equal(Permutation.drawn(9, 4).order, Permutation.drawn(9, 5).order)

    def test_logit_map_at_the_ends(self):
        """With a margin it is finite at 0 and 1; without, the density there is 0, and no NaN in its gradient."""
        x = torch.tensor([[0.0, 1.0], [0.3, 1.0], [0.2, 0.4]], requires_grad=True)
        y, log_det = LogitMap(1e-4)(x)
        assert torch.isfinite(y).all() and torch.isfinite(log_det).all()
        flow = Flow(2, [LogitMap(0.0), *affine_flow(2, 1, [4]).layers])
        log_prob = flow().log_prob(x)
        assert log_prob[:2].tolist() == [-torch.inf, -torch.inf] and torch.isfinite(log_prob[2])
        (gradient,) = torch.autograd.grad(log_prob[2], x)
        assert torch.isfinite(gradient).all()


class TestBases:
    @pytest.mark.parametrize(("name", "cdf"), [("logistic", torch.sigmoid), ("uniform", lambda u: u)])
    def test_samples_follow_the_density(self, name, cdf):
        """20,000 draws' empirical distribution within 2 / √n of it: fails a right answer 1 time in 1,500 (Kolmogorov)."""
        torch.manual_seed(31)
        base = BASES[name](torch.zeros(1, dtype=torch.float64))
        x = base.sample(torch.Size([20_000])).flatten().sort().values
        gap = (cdf(x) - torch.arange(20_000) / 20_000).abs().max()
        assert gap < 2 / 20_000**0.5
        middle = x[5000:15000:500].clone().requires_grad_()
        (density,) = torch.autograd.grad(cdf(middle).sum(), middle)
        torch.testing.assert_close(base.log_prob(middle[:, None]).exp().detach(), density, rtol=1e-12, atol=1e-12)

    def test_uniform_outside_and_nan(self):
        value = torch.tensor([[0.0, 1.0], [0.5, 1.1], [-0.1, torch.nan], [torch.inf, 0.5]])
        log_prob = StandardUniform(torch.zeros(2)).log_prob(value)
        assert log_prob[0] == 0 and log_prob[1] == log_prob[3] == -torch.inf and torch.isnan(log_prob[2])

    def test_logistic_draws_are_finite_in_float32(self):
        torch.manual_seed(0)
        assert torch.isfinite(StandardLogistic(torch.zeros(1000)).sample(torch.Size([2000]))).all()

    def test_processes_that_share_a_batch_draw_its_noise(self):
        """Rows 0-1 and 2-4 of five, from generators in step, are the rows of one draw for all."""
        rows = []
        for start, stop in ((0, 2), (2, 5)):
            share = batch_share.Share(start, stop, 5, stop - start, torch.Generator().manual_seed(9))
            with batch_share.sharing(share):
                rows.append(StandardUniform(torch.zeros(stop - start, 3)).sample(torch.Size([4])))
        whole = torch.rand(4, 5, 3, generator=torch.Generator().manual_seed(9))
        assert torch.equal(torch.cat(rows, dim=1), whole)


def test_training_fits_a_density_of_two_bumps():
    """KL(truth || flow), by quadrature, falls below a tenth of the best Gaussian's: 35 parameters and 2,000 points leave 0.01."""
    generator = torch.Generator().manual_seed(4)
    component = torch.rand(2000, 1, generator=generator) < 0.35
    x = torch.where(component, -1.5, 1.2) + torch.where(component, 0.3, 0.5) * torch.randn(2000, 1, generator=generator)
    flow = spline_flow(1, 1, [], n_bins=12)
    train(flow, x, log_likelihood, [Stage(25, 3e-2), Stage(5, 3e-3)], batch_size=200)
    grid = torch.linspace(-5, 5, 4001)[:, None]
    low, high = (torch.distributions.Normal(mean, scale).log_prob(grid[:, 0]) for mean, scale in ((-1.5, 0.3), (1.2, 0.5)))
    truth = torch.logaddexp(low + math.log(0.35), high + math.log(0.65))

    def divergence(log_prob):
        return ((truth.exp() * (truth - log_prob)).sum() * 10 / 4000).item()

    with torch.no_grad():
        gaussian = torch.distributions.Normal(x.mean(), x.std()).log_prob(grid[:, 0])
        assert 0 < divergence(flow().log_prob(grid)) < 0.1 * divergence(gaussian)


@pytest.mark.parametrize(
    ("make", "error", "complaint"),
    [
        (lambda: AffineCoupling(torch.ones(3), [4]), ValueError, "mask must be 0 somewhere: with 3 ones"),
        (lambda: SplineCoupling(torch.zeros(3), [4]), ValueError, "mask must be 1 somewhere, or n_context at least 1"),
        (lambda: AffineCoupling(torch.tensor([0.0, 0.5]), [4]), ValueError, "mask must hold 0 and 1 only"),
        (lambda: AffineCoupling(torch.tensor([0.0, torch.nan]), [4]), ValueError, "mask must hold 0 and 1 only"),
        (lambda: AffineCoupling(torch.zeros(2, 2), [4]), ValueError, r"mask must have the shape \(n_features,\)"),
        (lambda: AffineCoupling([0, 1], [4]), TypeError, "mask"),
        (lambda: AffineCoupling(alternating_mask(3), [0]), ValueError, "width must be at least 1, got 0"),
        (lambda: AffineCoupling(alternating_mask(3), [4], n_context=-1), ValueError, "n_context must be at least 0"),
        (lambda: AffineCoupling(alternating_mask(3), [4], bound=0.0), ValueError, "bound must be a positive number"),
        (lambda: AffineCoupling(alternating_mask(3), [4], bound=math.nan), ValueError, "bound must be a positive number"),
        (lambda: SplineCoupling(alternating_mask(3), [4], n_bins=0), ValueError, "n_bins must be at least 1, got 0"),
        (lambda: ElementwiseSpline(2, n_bins=501), ValueError, "n_bins must be at most 500"),
        (lambda: ElementwiseSpline(2, box=(1.0, -1.0)), ValueError, "lower below upper"),
        (lambda: ElementwiseSpline(2, box=(0.0, math.nan)), ValueError, r"box\[1\] must be a finite number"),
        (lambda: ElementwiseSpline(0), ValueError, "n_features must be at least 1"),
        (lambda: Permutation(torch.tensor([0, 2])), ValueError, "order must hold each"),
        (lambda: Permutation(torch.tensor([1, 1, 0])), ValueError, "order must hold each"),
        (lambda: InvertibleLinear(3, random_state=-1), ValueError, "seed must not be negative"),
        (lambda: LogitMap(0.5), ValueError, r"margin must lie in \[0, 1/2\), got 0.5"),
        (lambda: LogitMap(math.nan), ValueError, "margin must lie in"),
        (lambda: Flow(3, [AffineCoupling(alternating_mask(2), [4])]), ValueError, r"layers\[0\] must have 3 features.*got 2"),
        (lambda: Flow(3, [], base="laplace"), ValueError, "base must be one of"),
        (lambda: Flow(0, []), ValueError, "n_features must be at least 1"),
        (
            lambda: Flow(2, [AffineCoupling(alternating_mask(2), [4], n_context=c) for c in (1, 2)]),
            ValueError,
            r"one n_context.*\[1, 2\]",
        ),
        (lambda: affine_flow(3, 0, [4]), ValueError, "n_layers must be at least 1"),
        (lambda: affine_flow(1, 2, [4]), ValueError, "n_features must be at least 2 without a context"),
        (lambda: affine_flow(3, 2, [4], base="uniform"), ValueError, "leave the unit cube"),
        (lambda: spline_flow(3, 2, [4], tail=-1.0), ValueError, "tail must be a positive number"),
        (lambda: checkerboard_mask(0, 2), ValueError, "n_rows must be at least 1"),
        (lambda: ActivationNormalization(2).start_at(torch.full((3, 2), torch.nan)), ValueError, "NaN"),
    ],
)
def test_what_is_refused(make, error, complaint):
    with pytest.raises(error, match=complaint):
        make()
