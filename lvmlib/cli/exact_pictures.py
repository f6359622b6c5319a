"""Pictures of a fitted exact model, where it has one to show."""

from __future__ import annotations

from pathlib import Path

from lvmlib.cli.exact_models import ExactModel
from lvmlib.cli.examples import Examples
from lvmlib.cli.run_folder import write_figure
from lvmlib.exact.factor_analysis.linear_gaussian_model import LinearGaussianModel
from lvmlib.exact.hidden_markov.markov_chain_model import MarkovChainModel
from lvmlib.exact.mixture import BernoulliMixture, GaussianMixture
from lvmlib.plots import plot_elbo, plot_ellipses, plot_images, plot_loadings

MOST_BARS = 40
"""Features whose loadings are drawn as bars."""


def write_pictures(folder: Path, model: ExactModel, examples: Examples, image_shape: tuple[int, int] | None) -> None:
    """bound.png, and components.png where the components can be drawn."""
    if len(model.elbo_) > 1:
        per = "sequence" if isinstance(model, MarkovChainModel) else "example"
        write_figure(folder / "bound.png", plot_elbo(model.elbo_, first=1, bound_name=f"bound (nats per {per})"))
    if isinstance(model, GaussianMixture) and examples.n_features == 2:
        names = {"axis_labels": examples.feature_names} if examples.feature_names else {}
        complete = examples.x[~examples.x.isnan().any(dim=1)]
        figure = plot_ellipses(
            model.means_, model.covariances_, x=complete, weights=model.weights_, covariance_type=model.covariance_type, **names
        )
        write_figure(folder / "components.png", figure)
    elif isinstance(model, (GaussianMixture, BernoulliMixture)) and image_shape is not None:
        images = model.means_ if isinstance(model, GaussianMixture) else model.probabilities_
        titles = [f"{weight:.2f}" for weight in model.weights_.tolist()]
        write_figure(folder / "components.png", plot_images(images, image_shape, titles=titles))
    elif isinstance(model, LinearGaussianModel) and (image_shape is not None or examples.n_features <= MOST_BARS):
        named = {"feature_names": examples.feature_names} if examples.feature_names and image_shape is None else {}
        write_figure(folder / "components.png", plot_loadings(model.components_, image_shape=image_shape, **named))
