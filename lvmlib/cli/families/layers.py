"""What hierarchies of binary x have in common: sizes of their layers, and what their training climbs."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from lvmlib.cli.errors import CommandError
from lvmlib.cli.training_parts import Parts, shape_of
from lvmlib.cli.training_settings import TrainingSettings
from lvmlib.objectives import analytic_elbo, free_bits, importance_weighted

SMALLEST_HALVED = 4
"""Images of layers, where their sides are not said, are halved from layer to layer as long as they are even and larger."""


@dataclass(frozen=True, kw_only=True)
class LayeredSettings(TrainingSettings):
    """Settings that all hierarchies have.

    ``latent`` are the dimensions of z_1, z_2, ...; of convolutional networks their channels, on images of ``sides``.
    """

    pictures: ClassVar[tuple[str, ...]] = ("bound", "layer_kl", "samples", "reconstructions", "layers")

    latent: tuple[int, ...]
    network: str
    sides: tuple[int, ...] | None
    """Of the images that z_1, z_2, ... are, for convolutional networks; chosen by the data where it was not said."""
    channels: int
    inner_channels: int
    bound: str
    n_samples: int
    free_nats: float
    """That each layer has for nothing."""

    @property
    def climbed(self) -> str:
        return "free-nats" if self.free_nats else self.bound

    @property
    def judged_by(self) -> str:
        return self.bound

    @property
    def of_images(self) -> bool:
        """Whether z_1, z_2, ... are images."""
        return self.network == "convolutional"

    def idle(self) -> set[str]:
        return super().idle() | {"missing"} | (set() if self.of_images else {"sides", "channels", "inner_channels"})

    def resolved(self, parts: Parts) -> TrainingSettings:
        found = super().resolved(parts)
        return dataclasses.replace(found, sides=self.sides_on(shape_of(parts, self).side())) if self.of_images else found

    def check(self) -> None:
        if self.free_nats and self.bound != "elbo":
            raise CommandError(f"--free-nats goes with --bound elbo, not {self.bound}")
        if self.sides is not None and not self.of_images:
            raise CommandError("--sides go with --network convolutional, where each layer is images")
        if self.sides is not None and len(self.sides) != len(self.latent):
            raise CommandError(
                f"--sides must be {len(self.latent)} numbers, one a layer as in --latent, got {len(self.sides)}"
            )
        super().check()

    def objective(self) -> Callable[..., Tensor]:
        if self.free_nats:
            return free_bits(self.free_nats, "layer", self.n_samples)
        return self.validation_objective()

    def validation_objective(self) -> Callable[..., Tensor]:
        return analytic_elbo(self.n_samples) if self.bound == "elbo" else importance_weighted(self.n_samples)

    def sides_on(self, image_side: int) -> tuple[int, ...]:
        """Of the images that z_1, z_2, ... are. Raises a CommandError where they rise."""
        if self.sides is None:
            found = [image_side]
            for _ in self.latent:
                found.append(found[-1] // 2 if found[-1] % 2 == 0 and found[-1] > SMALLEST_HALVED else found[-1])
            return tuple(found[1:])
        if any(side > below for side, below in zip(self.sides, (image_side, *self.sides))):
            raise CommandError(
                f"--sides must not rise from x upwards, nor be above the image's side {image_side}, got "
                f"{','.join(map(str, self.sides))}"
            )
        return self.sides
