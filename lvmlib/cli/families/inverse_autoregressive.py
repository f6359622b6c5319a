"""Models with inverse autoregressive flows as posteriors: what ``lvm train iaf`` computes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from lvmlib.amortized.bidirectional import InverseAutoregressiveHierarchy
from lvmlib.amortized.bidirectional_convolutional import convolutional_bidirectional_vae
from lvmlib.amortized.inverse_autoregressive_architectures import (
    InverseAutoregressiveVAE,
    bidirectional_vae,
    convolutional_inverse_autoregressive_vae,
    inverse_autoregressive_ladder,
    inverse_autoregressive_vae,
)
from lvmlib.cli.errors import CommandError
from lvmlib.cli.families.layers import LayeredSettings
from lvmlib.cli.training_settings import Shape


@dataclass(frozen=True, kw_only=True)
class IafSettings(LayeredSettings):
    """The settings of ``lvm train iaf``."""

    name: ClassVar[str] = "iaf"
    noun: ClassVar[str] = "an IAF model of binary x"

    inference: str
    """"bottom-up" with one layer: an encoder and a flow behind its Gaussian."""
    flow_steps: int
    flow_hidden: tuple[int, ...]
    """Widths of each step's hidden layers; channels of convolutional steps."""
    context: int
    hidden: tuple[int, ...]
    activation: str

    @property
    def of_images(self) -> bool:
        return super().of_images and self.inference == "bidirectional"

    def idle(self) -> set[str]:
        return super().idle() | ({"hidden"} if self.network == "convolutional" else set())

    def check(self) -> None:
        one_layer = self.inference == "bottom-up"
        if one_layer and len(self.latent) > 1:
            raise CommandError("--inference bottom-up goes with one layer: --latent must be one number")
        if one_layer and self.sides is not None:
            raise CommandError("--sides go with --inference bidirectional; bottom-up z is a vector")
        if self.network == "convolutional" and self.inference in ("ladder", "residual"):
            raise CommandError(f"--inference {self.inference} goes with --network perceptron")
        if not one_layer and len(self.hidden) != 1:
            raise CommandError(f"--hidden must be one width, of all networks, with {len(self.latent)} layers")
        super().check()

    def build(self, shape: Shape) -> InverseAutoregressiveVAE | InverseAutoregressiveHierarchy:
        n, flow_hidden = shape.n_features, self.flow_hidden
        common = {"n_context": self.context, "activation": self.activation, "random_state": self.seed}
        if self.network == "convolutional":
            side = shape.side()
            if self.inference == "bottom-up":
                return convolutional_inverse_autoregressive_vae(
                    side, self.latent[0], n_steps=self.flow_steps, flow_hidden=flow_hidden, **common
                )
            return convolutional_bidirectional_vae(
                side, self.sides_on(side), self.latent, self.channels, self.inner_channels, self.flow_steps,
                flow_channels=flow_hidden, **common,
            )  # fmt: skip
        if self.inference == "bottom-up":
            return inverse_autoregressive_vae(n, self.latent[0], self.hidden, self.flow_steps, flow_hidden, **common)
        if self.inference == "bidirectional":
            return bidirectional_vae(n, self.latent, self.hidden[0], self.flow_steps, flow_hidden, **common)
        return inverse_autoregressive_ladder(
            n, self.latent, self.hidden[0], self.flow_steps, flow_hidden, inference=self.inference, **common
        )
