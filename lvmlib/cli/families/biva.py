"""BIVA, inferred on the way up and on the way down: what ``lvm train biva`` computes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from lvmlib.amortized.biva import BIVA
from lvmlib.amortized.biva_architectures import bernoulli_biva, convolutional_biva
from lvmlib.cli.families.layers import LayeredSettings
from lvmlib.cli.training_settings import Shape


@dataclass(frozen=True, kw_only=True)
class BivaSettings(LayeredSettings):
    """The settings of ``lvm train biva``."""

    name: ClassVar[str] = "biva"
    noun: ClassVar[str] = "BIVA of binary x"

    hidden: int
    blocks: int
    activation: str

    def idle(self) -> set[str]:
        return super().idle() | ({"hidden", "blocks"} if self.network == "convolutional" else set())

    def build(self, shape: Shape) -> BIVA:
        if self.network == "convolutional":
            side = shape.side()
            sizes = self.channels, self.inner_channels, self.activation
            return convolutional_biva(side, self.sides_on(side), self.latent, *sizes, random_state=self.seed)
        return bernoulli_biva(
            shape.n_features, self.latent, self.hidden, self.blocks, self.activation, random_state=self.seed
        )
