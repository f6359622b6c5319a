"""Pictures of a trained variational autoencoder."""

from __future__ import annotations

import math
from contextlib import nullcontext
from pathlib import Path

import torch

from lvmlib.amortized.vae import VariationalAutoencoder
from lvmlib.cli.run_folder import write_figure
from lvmlib.cli.vae_parts import Parts, binarized_once
from lvmlib.cli.vae_settings import VaeSettings
from lvmlib.plots import plot_elbo, plot_images, plot_reconstructions
from lvmlib.training import TrainingResult

N_SAMPLES, N_RECONSTRUCTED = 50, 10
NO_BOUND = ("beta", "free-bits")
"""Objectives that are no bound on ln p(x); validation is by the ELBO then."""


@torch.no_grad()
def write_pictures(
    folder: Path, model: VariationalAutoencoder, result: TrainingResult, parts: Parts, settings: VaeSettings
) -> None:
    """bound.png; of images samples.png and reconstructions.png too, at the averaged weights where there are such."""
    bounds = [record.bound for record in result.records]
    if len(bounds) > 1 and all(map(math.isfinite, bounds)):
        what = "objective" if settings.bound in NO_BOUND else settings.bound.upper()
        curves = {"training": bounds}
        validation = [record.held_out for record in result.records]
        if all(value is not None and math.isfinite(value) for value in validation):
            curves["validation"] = validation
        if "validation" in curves and settings.bound in NO_BOUND:
            curves = {f"training: {settings.bound}": bounds, "validation: ELBO": curves["validation"]}
        figure = plot_elbo(curves, iteration_name="epoch", first=1, bound_name=f"{what} (nats per example)")
        write_figure(folder / "bound.png", figure)
    shape = parts.train.image_shape
    if shape is None or settings.likelihood == "categorical":
        return
    with nullcontext() if result.average is None else result.average.in_place():
        was_training = model.training
        model.eval()
        _, z = model.sample(N_SAMPLES, settings.seed)
        means = model.likelihood(z).mean.cpu()
        write_figure(folder / "samples.png", plot_images(means, shape, limits=limits_of(settings)))
        shown = binarized_once(
            (parts.test or parts.train).with_x((parts.test or parts.train).x[:N_RECONSTRUCTED]),
            settings.binarize,
            settings.seed,
        )
        x = shown.x
        if not x.isnan().any():
            again = model.reconstruct(x.to(next(model.parameters()).device)).cpu()
            write_figure(folder / "reconstructions.png", plot_reconstructions(x, again, shape, limits=limits_of(settings)))
        model.train(was_training)


def limits_of(settings: VaeSettings) -> tuple[float, float] | None:
    """The values drawn white and black; of a Gaussian's means the least and greatest."""
    return None if settings.likelihood == "gaussian" else (0.0, 1.0)
