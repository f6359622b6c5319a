"""Pictures: what is drawn is where it should be."""

from __future__ import annotations

import re

import numpy as np
import pytest
import torch
from matplotlib.colors import to_rgb

from lvmlib import plots
from lvmlib.plots.look import COLOURS

MEANS = torch.tensor([[1.0, -2.0], [4.0, 0.5], [-3.0, 2.5]], dtype=torch.float64)
COVARIANCES = torch.tensor(
    [[[2.0, 0.9], [0.9, 1.0]], [[0.5, -0.3], [-0.3, 3.0]], [[1.5, 0.2], [0.2, 0.4]]], dtype=torch.float64
)
WEIGHTS = torch.tensor([0.5, 0.2, 0.3], dtype=torch.float64)


@pytest.fixture
def x():
    return torch.randn(23, 2, generator=torch.Generator().manual_seed(5), dtype=torch.float64) * 3


@pytest.fixture
def responsibilities():
    return torch.rand(23, 3, generator=torch.Generator().manual_seed(6), dtype=torch.float64).pow(3).softmax(dim=1)


def mahalanobis(points, mean, covariance) -> np.ndarray:
    """By a Cholesky factor: another way than the eigenvectors that the ellipse is drawn with."""
    factor = np.linalg.cholesky(np.asarray(covariance))
    return np.linalg.norm(np.linalg.solve(factor, (np.asarray(points) - np.asarray(mean)).T), axis=0)


class TestEllipses:
    @pytest.mark.parametrize("n_sd", [1.0, 2.0, 0.3])
    @pytest.mark.parametrize("component", range(3))
    def test_points_have_the_mahalanobis_distance(self, component, n_sd):
        points = plots.ellipse_points(MEANS[component], COVARIANCES[component], n_sd)
        # float64: rounding times a condition number of below 10
        np.testing.assert_allclose(mahalanobis(points, MEANS[component], COVARIANCES[component]), n_sd, rtol=1e-12)
        np.testing.assert_allclose(points[0], points[-1], rtol=0, atol=1e-12)

    def test_axes_are_those_of_the_eigenvectors(self):
        points = plots.ellipse_points(MEANS[1], COVARIANCES[1], n_points=4001) - MEANS[1].numpy()
        variances, directions = np.linalg.eigh(COVARIANCES[1].numpy())
        furthest = points[np.linalg.norm(points, axis=1).argmax()]
        # the furthest of 4001 points is within an angle of π/4000 of the long axis
        assert np.linalg.norm(furthest) == pytest.approx(np.sqrt(variances[1]), rel=1e-6)
        assert abs(furthest @ directions[:, 1]) == pytest.approx(np.sqrt(variances[1]), rel=1e-5)

    def test_both_ellipses_of_each_component_are_drawn_in_its_colour(self):
        (ax,) = plots.plot_ellipses(MEANS, COVARIANCES).axes
        curves = [line for line in ax.lines if len(line.get_xydata()) > 1]
        assert len(curves) == 2 * len(MEANS) and len(ax.patches) == 2 * len(MEANS)
        for component, (mean, covariance) in enumerate(zip(MEANS, COVARIANCES)):
            drawn = sorted(mahalanobis(line.get_xydata(), mean, covariance).mean() for line in curves[2 * component : 2 * component + 2])
            np.testing.assert_allclose(drawn, [1, 2], rtol=1e-12)
            assert all(to_rgb(line.get_color()) == to_rgb(COLOURS[component]) for line in curves[2 * component : 2 * component + 2])
        (marked,) = [[line.get_xydata()[0].tolist() for line in ax.lines if len(line.get_xydata()) == 1]]
        assert marked == MEANS.tolist()

    def test_a_points_colour_is_the_mixture_of_the_components(self, x, responsibilities):
        (ax,) = plots.plot_ellipses(MEANS, COVARIANCES, x=x, responsibilities=responsibilities).axes
        (points,) = ax.collections
        np.testing.assert_array_equal(points.get_offsets(), x)
        expected = sum(responsibilities[:, [k]].numpy() * np.array(to_rgb(COLOURS[k])) for k in range(3))
        np.testing.assert_allclose(points.get_facecolors()[:, :3], expected, atol=1e-12)

    def test_without_responsibilities_points_are_grey(self, x):
        (points,) = plots.plot_ellipses(MEANS, COVARIANCES, x=x).axes[0].collections
        red, green, blue, _ = points.get_facecolors()[0]
        assert red == green == blue

    def test_a_greater_weight_is_a_fuller_shade(self):
        (ax,) = plots.plot_ellipses(MEANS, COVARIANCES, weights=WEIGHTS).axes
        shade = [patch.get_alpha() for patch in ax.patches[::2]]
        assert np.argsort(shade).tolist() == WEIGHTS.argsort().tolist()

    @pytest.mark.parametrize(
        ("covariance_type", "covariances", "full"),
        [
            ("tied", [[2.0, 0.9], [0.9, 1.0]], [[[2.0, 0.9], [0.9, 1.0]]] * 3),
            ("diag", [[2.0, 1.0], [0.5, 3.0], [1.5, 0.4]], [[[2.0, 0], [0, 1.0]], [[0.5, 0], [0, 3.0]], [[1.5, 0], [0, 0.4]]]),
            ("spherical", [2.0, 0.5, 1.5], [[[2.0, 0], [0, 2.0]], [[0.5, 0], [0, 0.5]], [[1.5, 0], [0, 1.5]]]),
        ],
    )
    def test_covariance_types_draw_what_their_full_covariances_do(self, covariance_type, covariances, full):
        given = plots.plot_ellipses(MEANS, np.array(covariances), covariance_type=covariance_type)
        expanded = plots.plot_ellipses(MEANS, np.array(full))
        for a, b in zip(given.axes[0].lines, expanded.axes[0].lines, strict=True):
            np.testing.assert_allclose(a.get_xydata(), b.get_xydata(), rtol=0, atol=1e-14)

    def test_everything_drawn_is_in_view(self, x):
        (ax,) = plots.plot_ellipses(MEANS, COVARIANCES, x=x).axes
        drawn = np.concatenate([line.get_xydata() for line in ax.lines] + [x.numpy()])
        (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
        assert left < drawn[:, 0].min() and drawn[:, 0].max() < right
        assert bottom < drawn[:, 1].min() and drawn[:, 1].max() < top

    @pytest.mark.parametrize(
        ("change", "error", "complaint"),
        [
            ({"means": MEANS[:, :1]}, ValueError, r"means must have 2 dimensions, the last of length 2.*\(3, 1\)"),
            ({"means": "middle"}, TypeError, "means must be a tensor"),
            ({"means": MEANS * torch.nan}, ValueError, "means holds 6 values that are NaN"),
            ({"covariances": COVARIANCES[:2]}, ValueError, r"covariances must have the shape \(3, 2, 2\) for type 'full'"),
            ({"covariances": COVARIANCES - 2 * torch.eye(2)}, ValueError, "positive definite"),
            ({"covariances": COVARIANCES + torch.tensor([[0, 1.0], [0, 0]])}, ValueError, "symmetric"),
            ({"covariance_type": "round"}, ValueError, "covariance_type must be one of 'full'"),
            ({"weights": WEIGHTS[:2]}, ValueError, "weights must have 1 dimensions, the last of length 3"),
            ({"weights": -WEIGHTS}, ValueError, "weights must be at least 0"),
            ({"x": torch.ones(4, 3)}, ValueError, "x must have 2 dimensions, the last of length 2"),
            ({"responsibilities": torch.ones(4, 3) / 3}, ValueError, "responsibilities are given without x"),
            ({"x": torch.ones(5, 2), "responsibilities": torch.ones(4, 3) / 3}, ValueError, "responsibilities have 4 rows, x has 5"),
            ({"x": torch.ones(4, 2), "responsibilities": torch.ones(4, 2) / 2}, ValueError, "the last of length 3"),
            ({"x": torch.ones(4, 2), "responsibilities": torch.ones(4, 3)}, ValueError, "sum to 1"),
        ],
    )
    def test_bad_input(self, change, error, complaint):
        with pytest.raises(error, match=complaint):
            plots.plot_ellipses(**{"means": MEANS, "covariances": COVARIANCES, **change})

    @pytest.mark.parametrize("n_sd", [0.0, -1.0, float("nan")])
    def test_no_ellipse_of_no_size(self, n_sd):
        with pytest.raises(ValueError, match="n_sd must be positive"):
            plots.ellipse_points(MEANS[0], COVARIANCES[0], n_sd)


class TestDensity:
    def test_peak_and_levels(self):
        peak = torch.tensor([0.7, -1.1], dtype=torch.float64)
        figure = plots.plot_density(lambda grid: 3 - 0.5 * (grid - peak).square().sum(dim=1), (-1, -4), (2, 3), depth=6, n_grid=201)
        filled = figure.axes[0].collections[0]
        # the grid's nearest point is within half a step, (3/200, 7/200)/2, of the peak
        assert filled.levels[-1] == pytest.approx(3, abs=3e-4) and filled.levels[-1] - filled.levels[0] == pytest.approx(6)
        value, *at = map(float, re.search(r"highest, (.*) nats, at \((.*), (.*)\)", plots.alt_text(figure)).groups())
        assert value == 3
        np.testing.assert_allclose(at, peak, rtol=0, atol=0.0175 + 0.005)  # half a step, and the text's three digits

    def test_the_lowest_contour_is_where_the_density_is(self):
        # ln p = -r²/2: 4.5 nats below the peak is the circle of radius 3
        figure = plots.plot_density(lambda grid: -0.5 * grid.square().sum(dim=1), (-4, -5), (4, 5), depth=4.5, n_grid=301)
        outline = np.concatenate([path.vertices for path in figure.axes[0].collections[0].get_paths()])
        radius = np.linalg.norm(outline, axis=1).max()
        assert radius == pytest.approx(3, abs=0.02)  # a grid step is 0.03

    def test_the_grid_is_in_the_callers_dtype(self):
        seen = []
        plots.plot_density(lambda grid: seen.append(grid.dtype) or grid.sum(dim=1), (0, 0), (1, 2), dtype=torch.float32, n_grid=5)
        assert seen == [torch.float32]

    def test_the_scale_has_units(self):
        figure = plots.plot_density(lambda grid: grid.sum(dim=1), (0, 0), (1, 2), n_grid=5)
        assert figure.axes[1].get_ylabel() == "ln p(x) (nats)"

    @pytest.mark.parametrize(
        ("log_density", "arguments", "complaint"),
        [
            (lambda grid: grid, {}, r"log_density must return a tensor \(25,\)"),
            (lambda grid: grid.sum(dim=1).numpy(), {}, r"log_density must return a tensor \(25,\)"),
            (lambda grid: grid.sum(dim=1) * torch.nan, {}, "returned NaN"),
            (lambda grid: grid.sum(dim=1) - torch.inf, {}, "-inf everywhere"),
            (lambda grid: grid.sum(dim=1), {"low": (0, 2)}, "low must be below high in both"),
            (lambda grid: grid.sum(dim=1), {"depth": 0}, "depth must be positive"),
        ],
    )
    def test_bad_input(self, log_density, arguments, complaint):
        with pytest.raises(ValueError, match=complaint):
            plots.plot_density(log_density, **{"low": (0, 0), "high": (1, 2), "n_grid": 5, **arguments})


class TestElbo:
    def test_points_are_the_bound(self):
        elbo = torch.tensor([-5.0, -4.25, -4.0, -3.9])
        (ax,) = plots.plot_elbo(elbo).axes
        np.testing.assert_allclose(ax.lines[0].get_xydata(), list(enumerate(elbo.tolist())), rtol=1e-6)
        (later,) = plots.plot_elbo(elbo, first=1).axes
        assert later.lines[0].get_xdata().tolist() == [1, 2, 3, 4]
        assert "nats" in ax.get_ylabel()
        assert plots.alt_text(ax.figure) == "The bound goes from -5 to -3.9 nats in 4 iterations."

    def test_several_runs_and_a_reference(self):
        (ax,) = plots.plot_elbo({"soft": [-3.0, -2.0], "hard": [-4.0, -3.5, -3.25]}, reference=-1.5, reference_name="ln p(x)").axes
        assert [text.get_text() for text in ax.get_legend().get_texts()] == ["soft", "hard", "ln p(x)"]
        assert ax.lines[2].get_ydata() == [-1.5, -1.5]

    @pytest.mark.parametrize(
        ("elbo", "error", "complaint"),
        [
            ([], ValueError, "elbo must have 1 dimensions, and at least one entry"),
            ({}, ValueError, "elbo is an empty dict"),
            ([-1.0, float("nan")], ValueError, "elbo holds 1 values that are NaN"),
            ({"hard": [[1.0, 2.0]]}, ValueError, r"elbo\['hard'\] must have 1 dimensions"),
            ("rising", TypeError, "elbo must be a tensor"),
        ],
    )
    def test_bad_input(self, elbo, error, complaint):
        with pytest.raises(error, match=complaint):
            plots.plot_elbo(elbo)


class TestImages:
    images = torch.rand(7, 12, generator=torch.Generator().manual_seed(9))

    def test_a_grid_in_the_same_shades(self):
        figure = plots.plot_images(self.images, (3, 4), n_columns=3, titles=list("abcdefg"), row_titles=["one", "two", "three"])
        assert len(figure.axes) == 7
        shown = [ax.images[0] for ax in figure.axes]
        for image, expected in zip(shown, self.images.double().reshape(7, 3, 4)):
            np.testing.assert_array_equal(image.get_array(), expected)
        assert {image.get_clim() for image in shown} == {(self.images.min().item(), self.images.max().item())}
        assert [ax.get_title(loc="center") for ax in figure.axes] == list("abcdefg")
        assert [ax.get_ylabel() for ax in figure.axes] == ["one", "", "", "two", "", "", "three"]

    def test_ink_is_dark(self):
        figure = plots.plot_images([[0.0, 1.0]], (1, 2), limits=(0, 1))
        (image,) = figure.axes[0].images
        light, dark = image.cmap(image.norm([0.0, 1.0]))
        assert light[:3].min() == 1 and dark[:3].max() == 0

    def test_the_scale_names_the_units(self):
        figure = plots.plot_images(self.images, (3, 4), units="grey level")
        assert figure.axes[-1].get_ylabel() == "grey level"

    @pytest.mark.parametrize(
        ("change", "complaint"),
        [
            ({"image_shape": (3, 5)}, "images must have 2 dimensions, the last of length 15"),
            ({"images": images * torch.inf}, "images holds 84 values that are NaN or infinite"),
            ({"n_columns": 0}, "n_columns must be at least 1"),
            ({"titles": ["one"]}, "titles must be 7, one each, got 1"),
            ({"row_titles": ["one", "two"]}, "row_titles must be 1"),
            ({"limits": (1, 1)}, "limits must be a lower and a higher value"),
        ],
    )
    def test_bad_input(self, change, complaint):
        with pytest.raises(ValueError, match=complaint):
            plots.plot_images(**{"images": self.images, "image_shape": (3, 4), **change})
