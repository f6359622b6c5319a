"""Pictures of a trained model; a family of models says which of them it has."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from lvmlib.amortized.layer_use import resample_below
from lvmlib.cli.layer_kl import LAYER_KL, read_layer_kl
from lvmlib.cli.run_folder import write_figure
from lvmlib.cli.training_parts import Parts, binarized_once
from lvmlib.cli.training_settings import TrainingSettings
from lvmlib.plots import plot_elbo, plot_images, plot_kept_layers, plot_layer_kl, plot_reconstructions
from lvmlib.training import TrainingResult

N_SAMPLES, N_RECONSTRUCTED = 50, 10
N_KEPT, N_DRAWS = 3, 8
"""Examples of which layers are kept, and draws of the layers below."""


@dataclass(frozen=True)
class Trained:
    """What there is to draw."""

    folder: Path
    model: nn.Module
    result: TrainingResult
    parts: Parts
    settings: TrainingSettings

    @property
    def shape(self) -> tuple[int, int]:
        return self.parts.train.image_shape

    def examples(self, n_examples: int) -> Tensor:
        """Of the test part where there is one, as the model takes them, on its device."""
        examples = self.parts.test or self.parts.train
        some = binarized_once(examples.with_x(examples.x[:n_examples]), self.settings.binarize, self.settings.seed)
        return some.x.to(next(self.model.parameters()).device)


@torch.no_grad()
def write_pictures(folder: Path, model: nn.Module, result: TrainingResult, parts: Parts, settings: TrainingSettings) -> None:
    """Those of the family, of images where the data are such, at the averaged weights where there are such."""
    trained = Trained(folder, model, result, parts, settings)
    are_images = parts.train.image_shape is not None and settings.likelihood != "categorical"
    was_training = model.training
    with nullcontext() if result.average is None else result.average.in_place():
        model.eval()
        for name in settings.pictures:
            if name in CURVES:
                CURVES[name](trained)
            elif are_images:
                OF_IMAGES[name](trained)
        model.train(was_training)


def _bound(trained: Trained) -> None:
    """bound.png: the objective after each epoch, and what the validation examples are judged by."""
    settings, records = trained.settings, trained.result.records
    bounds = [record.bound for record in records]
    if len(bounds) < 2 or not all(map(math.isfinite, bounds)):
        return
    a_bound = settings.climbed == settings.judged_by
    what = _shown(settings.climbed) if a_bound else "objective"
    curves = {"training": bounds}
    validation = [record.held_out for record in records]
    if all(value is not None and math.isfinite(value) for value in validation):
        curves["validation"] = validation
        if not a_bound:
            curves = {f"training: {settings.climbed}": bounds, f"validation: {_shown(settings.judged_by)}": validation}
    figure = plot_elbo(curves, iteration_name="epoch", first=1, bound_name=f"{what} (nats per example)")
    write_figure(trained.folder / "bound.png", figure)


def _shown(name: str) -> str:
    return name if name == "ln p(x)" else name.upper()


def _layer_kl(trained: Trained) -> None:
    """layer_kl.png: the KL of each layer after each epoch, of a model with several."""
    rows = read_layer_kl(trained.folder / LAYER_KL)
    if len(rows) > 1 and all(math.isfinite(value) for _, kl in rows for value in kl):
        figure = plot_layer_kl([kl for _, kl in rows], epochs=[epoch for epoch, _ in rows])
        write_figure(trained.folder / "layer_kl.png", figure)


def _samples(trained: Trained) -> None:
    """samples.png: means of p(x|z) at z ~ p(z)."""
    _, z = trained.model.sample(N_SAMPLES, trained.settings.seed)
    _write_images(trained, trained.model.likelihood(z).mean)


def _draws(trained: Trained) -> None:
    """samples.png: x ~ p(x)."""
    _write_images(trained, trained.model.sample(N_SAMPLES, trained.settings.seed))


def _write_images(trained: Trained, x: Tensor) -> None:
    write_figure(trained.folder / "samples.png", plot_images(x.cpu(), trained.shape, limits=limits_of(trained.settings)))


def _reconstructions(trained: Trained) -> None:
    x = trained.examples(N_RECONSTRUCTED)
    if not x.isnan().any():
        again = trained.model.reconstruct(x)
        figure = plot_reconstructions(x.cpu(), again.cpu(), trained.shape, limits=limits_of(trained.settings))
        write_figure(trained.folder / "reconstructions.png", figure)


def _layers(trained: Trained) -> None:
    """layers.png: of each example, images with the upper layers of its code kept and those below drawn anew."""
    if trained.model.n_layers < 2:
        return
    model, x, seed = trained.model, trained.examples(N_KEPT), trained.settings.seed
    kept = torch.stack([resample_below(model, x, layer, N_DRAWS, seed) for layer in range(1, model.n_layers + 1)])
    figure = plot_kept_layers(x.cpu(), kept.cpu(), trained.shape, n_layers=model.n_layers)
    write_figure(trained.folder / "layers.png", figure)


CURVES: dict[str, Callable[[Trained], None]] = {"bound": _bound, "layer_kl": _layer_kl}
OF_IMAGES: dict[str, Callable[[Trained], None]] = {
    "samples": _samples, "draws": _draws, "reconstructions": _reconstructions, "layers": _layers
}  # fmt: skip


def limits_of(settings: TrainingSettings) -> tuple[float, float] | None:
    """The values drawn white and black; of a Gaussian's means the least and greatest."""
    return None if settings.likelihood == "gaussian" else (0.0, 1.0)
