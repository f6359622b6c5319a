"""Gated PixelCNNs: what ``lvm train pixel-cnn`` computes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from lvmlib.cli.errors import CommandError
from lvmlib.cli.families.autoregressive import AutoregressiveSettings
from lvmlib.cli.training_settings import Shape
from lvmlib.generators.pixel_cnn import (
    PixelCNN,
    bernoulli_pixel_cnn,
    categorical_pixel_cnn,
    discretized_logistic_pixel_cnn,
)


@dataclass(frozen=True, kw_only=True)
class PixelCnnSettings(AutoregressiveSettings):
    """The settings of ``lvm train pixel-cnn``."""

    name: ClassVar[str] = "pixel-cnn"
    noun: ClassVar[str] = "a PixelCNN"
    likelihoods: ClassVar[tuple[str, ...]] = ("bernoulli", "categorical", "discretized-logistic")

    layers: int
    channels: int
    first_reach: int
    reach: int
    hidden: int

    def build(self, shape: Shape) -> PixelCNN:
        if shape.image_shape is None:
            raise CommandError(f"{self.noun} is of images: --image-shape says their rows and columns")
        sizes = {
            "n_layers": self.layers,
            "n_channels": self.channels,
            "first_reach": self.first_reach,
            "reach": self.reach,
            "n_hidden": self.hidden,
            "random_state": self.seed,
        }
        if self.likelihood == "categorical":
            return categorical_pixel_cnn(shape.image_shape, shape.n_categories, **sizes)
        if self.likelihood == "discretized-logistic":
            return discretized_logistic_pixel_cnn(shape.image_shape, shape.levels, **sizes)
        return bernoulli_pixel_cnn(shape.image_shape, **sizes)
