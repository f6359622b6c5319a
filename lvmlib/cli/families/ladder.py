"""Ladders and other hierarchies with Gaussian layers: what ``lvm train ladder`` computes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from lvmlib.amortized.hierarchical import HierarchicalVAE, bernoulli_ladder
from lvmlib.amortized.hierarchical_architectures import convolutional_ladder, residual_ladder
from lvmlib.cli.errors import CommandError
from lvmlib.cli.families.layers import LayeredSettings
from lvmlib.cli.training_settings import Shape


@dataclass(frozen=True, kw_only=True)
class LadderSettings(LayeredSettings):
    """The settings of ``lvm train ladder``."""

    name: ClassVar[str] = "ladder"
    noun: ClassVar[str] = "a ladder of binary x"

    inference: str
    markov: bool
    hidden: int
    blocks: int
    activation: str

    def idle(self) -> set[str]:
        idle = super().idle()
        if self.network != "residual":
            idle.add("blocks")
        if self.network != "perceptron":
            idle.add("markov")
        if self.network == "convolutional":
            idle.add("hidden")
        return idle

    def check(self) -> None:
        if self.network == "convolutional" and self.inference == "bottom-up":
            raise CommandError("--inference bottom-up goes with --network perceptron or residual")
        if self.markov and self.network != "perceptron":
            raise CommandError("--markov goes with --network perceptron")
        super().check()

    def build(self, shape: Shape) -> HierarchicalVAE:
        n, inference = shape.n_features, self.inference.replace("-", "_")
        common = {"activation": self.activation, "inference": inference, "random_state": self.seed}
        if self.network == "convolutional":
            side = shape.side()
            return convolutional_ladder(
                side, self.sides_on(side), self.latent, self.channels, self.inner_channels, **common
            )
        if self.network == "residual":
            return residual_ladder(n, self.latent, self.hidden, self.blocks, **common)
        return bernoulli_ladder(n, self.latent, self.hidden, markov=self.markov, **common)
