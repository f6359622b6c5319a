"""One layer of latents: its prior, its approximate posterior, and the state that it hands down."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from lvmlib.distributions import DiagonalGaussian
from lvmlib.networks import ToGaussian, perceptron
from lvmlib.validation import check_at_least, check_choice

INFERENCE = ("ladder", "residual", "bottom_up")
"""What q(z_l) is made of; see :class:`StochasticLayer`."""


def precision_weighted(first: DiagonalGaussian, second: DiagonalGaussian) -> DiagonalGaussian:
    """The normalized product of two Gaussians: precisions add up, the mean is theirs weighted by precision.

        1/scale² = 1/scale_1² + 1/scale_2²,    mean = scale² (mean_1/scale_1² + mean_2/scale_2²)

    Sønderby et al. 2016, equations (17) to (19). No precision is formed, so none overflows.
    """
    weight_of_second = (2 * (first.log_scale - second.log_scale)).sigmoid()
    log_scale = -0.5 * torch.logaddexp(-2 * first.log_scale, -2 * second.log_scale)
    return DiagonalGaussian(torch.lerp(first.mean, second.mean, weight_of_second), log_scale)


def shifted(prior: DiagonalGaussian, change: DiagonalGaussian) -> DiagonalGaussian:
    """N(mean + Δ, (scale f)²), with Δ the mean of ``change`` and f its scale.

    Vahdat & Kautz, NVAE: A Deep Hierarchical Variational Autoencoder, 2020, section 3.2.
    """
    return DiagonalGaussian(prior.mean + change.mean, prior.log_scale + change.log_scale)


class ToBoundedGaussian(ToGaussian):
    """As :class:`~lvmlib.networks.ToGaussian`, ln scale = B tanh(r / B) of the network's r: between -B and B, r itself near 0.

    Without it one large z makes a larger scale below it, and so on down to an overflow. Vahdat & Kautz, NVAE, 2020, bound ln
    scales so, with B = 5.
    """

    BOUND = 5.0

    def forward(self, context: Tensor) -> DiagonalGaussian:
        mean, raw = self.network(context).chunk(2, dim=-1)
        return DiagonalGaussian(mean, self.BOUND * (raw / self.BOUND).tanh())


class StandardNormal(nn.Module):
    """The prior of a top layer: N(0, I) whatever the state."""

    def __init__(self, n_latent: int) -> None:
        super().__init__()
        self.n_latent = n_latent

    def forward(self, h: Tensor) -> DiagonalGaussian:
        zero = h.new_zeros(*h.shape[:-1], self.n_latent)
        return DiagonalGaussian(zero, zero)


class StochasticLayer(nn.Module):
    """z_l: p(z_l|h_l), q(z_l|h_l, d_l), and h_{l-1} from h_l and z_l, of networks that are given.

    Parameters
    ----------
    n_latent
        n_l.
    to_prior
        From h_l (..., n_state) to p(z_l|h_l).
    to_evidence
        A network to a DiagonalGaussian, read as ``inference`` says.
    to_state
        From (h_l, z_l), (..., n_state + n_latent), to what is added to h_l; in a Markov chain from z_l to h_{l-1}.
    inference : {"ladder", "residual", "bottom_up"}
        "ladder": ``to_evidence`` reads d_l, and its Gaussian and the prior are weighted by precision. "residual": it
        reads (h_l, d_l), and moves the prior's mean and multiplies its scale. "bottom_up": it reads d_l, and is q itself.
    markov
        Whether h_{l-1} depends on z_l alone.

    Raises
    ------
    ValueError
        If ``n_latent`` is below 1 or ``inference`` another one.
    """

    n_state: int | None = None
    """Width of h_l, and of h_{l-1} below, where they are known before a call."""
    n_state_below: int | None = None

    def __init__(
        self,
        n_latent: int,
        to_prior: nn.Module,
        to_evidence: nn.Module,
        to_state: nn.Module,
        inference: str = "ladder",
        markov: bool = False,
    ) -> None:
        super().__init__()
        check_at_least("n_latent", n_latent, 1)
        check_choice("inference", inference, INFERENCE)
        self.n_latent, self.inference, self.markov = n_latent, inference, markov
        self.to_prior, self.to_evidence, self.to_state = to_prior, to_evidence, to_state

    def prior(self, h: Tensor) -> DiagonalGaussian:
        """p(z_l|h_l)."""
        return self.to_prior(h)

    def posterior(self, h: Tensor, d: Tensor) -> DiagonalGaussian:
        """q(z_l|h_l, d_l)."""
        return self.approximate(self.prior(h), h, d)

    def approximate(self, prior: DiagonalGaussian, h: Tensor, d: Tensor) -> DiagonalGaussian:
        """q(z_l|h_l, d_l), given the prior at h_l."""
        if self.inference == "ladder":
            return precision_weighted(prior, self.to_evidence(d))
        if self.inference == "residual":
            shape = torch.broadcast_shapes(h.shape[:-1], d.shape[:-1])
            return shifted(prior, self.to_evidence(torch.cat([h.expand(*shape, -1), d.expand(*shape, -1)], dim=-1)))
        return self.to_evidence(d)

    def below(self, h: Tensor, z: Tensor) -> Tensor:
        """h_{l-1}: the state for the layer below."""
        if self.markov:
            return self.to_state(z)
        h = h.expand(*z.shape[:-1], -1)
        return h + self.to_state(torch.cat([h, z], dim=-1))


class LadderLayer(StochasticLayer):
    """Of perceptrons: see :class:`StochasticLayer`.

    Parameters
    ----------
    n_state
        Width of the state h.
    n_features
        Width of d_l.
    hidden, activation
        Of each perceptron.
    head
        Hidden layers of those that give means and scales, where they differ: () for linear ones.
    top
        Whether this is z_L, whose prior is N(0, I).

    Raises
    ------
    ValueError
        If a width is below 1, or a choice another one.
    """

    def __init__(
        self,
        n_state: int,
        n_latent: int,
        n_features: int,
        hidden: Sequence[int],
        activation: str = "relu",
        inference: str = "ladder",
        markov: bool = False,
        top: bool = False,
        head: Sequence[int] | None = None,
    ) -> None:
        check_choice("inference", inference, INFERENCE)
        head = hidden if head is None else head
        n_read = n_features + (n_state if inference == "residual" else 0)
        super().__init__(
            n_latent,
            StandardNormal(n_latent) if top else ToBoundedGaussian(perceptron(n_state, head, 2 * n_latent, activation)),
            ToBoundedGaussian(perceptron(n_read, head, 2 * n_latent, activation)),
            perceptron(n_latent if markov else n_state + n_latent, hidden, n_state, activation),
            inference,
            markov,
        )
        self.n_state = self.n_state_below = n_state
        for network in [self.to_prior, *([self.to_evidence] if inference == "residual" else [])]:
            if isinstance(network, ToGaussian):  # p(z_l|h_l) begins as N(0, I), and where q departs from it, as no departure
                nn.init.zeros_(network.network[-1].weight)
