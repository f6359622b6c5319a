"""The variational autoencoder: p(z) p(x|z) with q(z|x), each a module that returns a distribution."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from lvmlib import model as latent_variable_model
from lvmlib.distributions import Chain, DiagonalGaussian
from lvmlib.model import Distribution, LatentVariableModel
from lvmlib.randomness import Seed


class VariationalAutoencoder(LatentVariableModel, nn.Module):
    """p(z) = N(0, I) or a chain of layers, p(x|z) = decoder(z), q(z|x) = encoder(x).

    With one layer z is a tensor (..., n_latent); with L > 1 it is the tuple (z_1, ..., z_L), z_1 next to x.

    Parameters
    ----------
    encoder
        One module a layer: the first is called with x and returns q(z_1|x), the next with z_1 ...
    decoder
        Called with z_1, returns p(x|z_1).
    n_latent
        Dimensions of the top layer z_L, whose prior is N(0, I).
    prior_layers
        One a lower layer, from the top down: called with z_{l+1}, returns p(z_l|z_{l+1}).
    """

    def __init__(
        self, encoder: list[nn.Module], decoder: nn.Module, n_latent: int, prior_layers: list[nn.Module] | None = None
    ) -> None:
        nn.Module.__init__(self)
        self.encoder = nn.ModuleList(encoder)
        self.decoder = decoder
        self.prior_layers = nn.ModuleList(prior_layers or [])
        self.register_buffer("zero", torch.zeros(n_latent), persistent=False)

    @property
    def n_layers(self) -> int:
        return len(self.encoder)

    def prior(self) -> Distribution:
        """p(z): N(0, I), or p(z_L) ... p(z_1|z_2)."""
        top = DiagonalGaussian(self.zero, self.zero)
        return top if self.n_layers == 1 else Chain(top, self.prior_layers, reverse=True)

    def likelihood(self, z: Tensor | tuple[Tensor, ...]) -> Distribution:
        """p(x|z), which depends on the layer next to x alone."""
        return self.decoder(z if self.n_layers == 1 else z[0])

    def posterior(self, x: Tensor) -> Distribution:
        """q(z|x): of each example."""
        first = self.encoder[0](x)
        return first if self.n_layers == 1 else Chain(first, self.encoder[1:])

    def log_w(self, x: Tensor, n_samples: int, random_state: Seed) -> Tensor:
        """ln p(x, z_k) - ln q(z_k|x), z_k ~ q(z|x), (K, batch), nats: every bound is a function of it."""
        return latent_variable_model.log_w(self, x, self.posterior(x), n_samples, random_state)
