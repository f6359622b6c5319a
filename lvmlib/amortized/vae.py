"""The variational autoencoder: p(z) p(x|z) with q(z|x), each a module that returns a distribution."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from lvmlib import model as latent_variable_model
from lvmlib.distributions import Chain, DiagonalGaussian
from lvmlib.model import Distribution, Latent, LatentVariableModel
from lvmlib.randomness import Seed, as_generator, drawing_from
from lvmlib.validation import blamed_on_data, check_at_least


@dataclass(frozen=True)
class ElboTerms:
    """What the ELBO is made of, a sample and an example, none of it averaged."""

    reconstruction: Float[Tensor, "K batch"]
    """ln p(x|z_k), z_k ~ q(z|x), nats."""
    kl: tuple[Float[Tensor, "K batch _"], ...]
    """One a layer, z_1's first: the terms of KL(q(z|x) || p(z)) of each latent dimension, nats. With one layer and a
    Gaussian q they are exact, the same for every sample; otherwise see :meth:`VariationalAutoencoder.elbo_terms`."""

    @property
    def total_kl(self) -> Float[Tensor, "K batch"]:
        """Summed over dimensions and layers."""
        return torch.stack([layer.sum(-1) for layer in self.kl]).sum(0)

    def elbo(self) -> Float[Tensor, " batch"]:
        """(1/K) Σ_k ln p(x|z_k) - KL, nats: the ELBO with all the KL that is analytic taken so."""
        return (self.reconstruction - self.total_kl).mean(0)


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

    Raises
    ------
    ValueError
        If there is no encoder, or not one prior layer fewer than encoders.

    References
    ----------
    Kingma & Welling, Auto-Encoding Variational Bayes, 2014; Burda, Grosse & Salakhutdinov, Importance Weighted
    Autoencoders, 2016, section 2 for more than one layer.
    """

    def __init__(
        self, encoder: list[nn.Module], decoder: nn.Module, n_latent: int, prior_layers: list[nn.Module] | None = None
    ) -> None:
        nn.Module.__init__(self)
        check_at_least("n_latent", n_latent, 1)
        if len(encoder) != len(prior_layers or []) + 1:
            raise ValueError(
                f"encoder must list one module a layer and prior_layers one fewer, "
                f"got {len(encoder)} and {len(prior_layers or [])}"
            )
        self.encoder = nn.ModuleList(encoder)
        self.decoder = decoder
        self.prior_layers = nn.ModuleList(prior_layers or [])
        self.register_buffer("zero", torch.zeros(n_latent), persistent=False)

    @property
    def n_layers(self) -> int:
        return len(self.encoder)

    @property
    def n_latent(self) -> int:
        """Dimensions of the top layer."""
        return len(self.zero)

    def prior(self) -> Distribution:
        """p(z): N(0, I), or p(z_L) ... p(z_1|z_2)."""
        top = DiagonalGaussian(self.zero, self.zero)
        return top if self.n_layers == 1 else Chain(top, self.prior_layers, reverse=True)

    def likelihood(self, z: Latent) -> Distribution:
        """p(x|z), which depends on the layer next to x alone."""
        return self.decoder(z if self.n_layers == 1 else z[0])

    def posterior(self, x: Tensor) -> Distribution:
        """q(z|x): of each example."""
        first = self.encoder[0](x)
        return first if self.n_layers == 1 else Chain(first, self.encoder[1:])

    def log_w(self, x: Tensor, n_samples: int, random_state: Seed) -> Tensor:
        """ln p(x, z_k) - ln q(z_k|x), z_k ~ q(z|x), (K, batch), nats: every bound is a function of it.

        Whether p(x|z) can give a value is told by :meth:`check_data`, which :func:`~lvmlib.likelihood.importance_sampling` and
        training ask once.

        Raises
        ------
        TypeError, ValueError
            If ``n_samples`` is below 1, ``x`` is no (batch, n_features) of the dtype of the parameters, or a weight is NaN.
        """
        self._check_examples(x)
        with blamed_on_data(self.check_data, x):
            return latent_variable_model.log_w(self, x, self.posterior(x), n_samples, random_state)

    def log_likelihood(self, x: Tensor, z: Latent) -> Tensor:
        """ln p(x|z), (..., batch), nats."""
        return self.likelihood(z).log_prob(x)

    def elbo_terms(self, x: Tensor, n_samples: int, random_state: Seed) -> ElboTerms:
        """ln p(x|z_k) and the KL of each latent dimension, apart: for the analytic ELBO, free bits and what collapses.

        With one layer the KL is analytic, unless q is a flow: then it is ln q(z|x) - ln p(z) at the z drawn. With L > 1 the
        top layer's is, given the z_{L-1} drawn, KL(q(z_L|z_{L-1}) || p(z_L)); for a lower one it is ln q(z_l|z_{l-1}) -
        ln p(z_l|z_{l+1}) at the z drawn.

        Raises
        ------
        ValueError
            If ``n_samples`` is below 1.
        """
        check_at_least("n_samples", n_samples, 1)
        self._check_examples(x)
        with blamed_on_data(self.check_data, x):
            with drawing_from(as_generator(random_state)):
                q = self.posterior(x)
                z = q.rsample(torch.Size([n_samples]))
            return ElboTerms(self.log_likelihood(x, z), self.kl_terms(q, z))

    def _check_examples(self, x: object) -> None:
        """One example alone, or what has no shape: told at once, since broadcasting would take it."""
        if getattr(x, "ndim", 0) < 2:
            self.check_data(x)

    def kl_terms(self, q: Distribution, z: Latent) -> tuple[Tensor, ...]:
        """The KL terms of :meth:`elbo_terms`, one a layer, (K, batch, n_l): q = posterior(x), z (K, batch, ...) drawn from it."""
        top = DiagonalGaussian(self.zero, self.zero)
        if self.n_layers == 1:
            if not hasattr(q, "kl_per_feature"):  # a flow, whose KL has no closed form
                return (q.log_prob_per_feature(z) - top.log_prob_per_feature(z),)
            kl = q.kl_per_feature(top)
            return (kl.expand(len(z), *kl.shape),)
        below = [q.first, *(encoder(layer) for encoder, layer in zip(self.encoder[1:], z))]
        above = [prior(layer) for prior, layer in zip(self.prior_layers, z[:0:-1])][::-1]
        sampled = [q_l.log_prob_per_feature(z_l) - p_l.log_prob_per_feature(z_l) for q_l, p_l, z_l in zip(below, above, z)]
        return (*sampled, below[-1].kl_per_feature(top))

    def check_data(self, x: object) -> Tensor:
        """``x`` as a tensor of what p(x|z) is defined on; for training, evaluation and commands, once, before the first batch.

        Raises
        ------
        TypeError
            If it is not a tensor or array of the dtype of the parameters (int64 codes for a categorical likelihood).
        ValueError
            If it is not (batch, n_features), is empty, holds NaN where that does not mark what is missing, or a
            value that the likelihood gives no probability.
        """
        with torch.no_grad(), drawing_from(as_generator(0)):
            likelihood = self.likelihood(self.prior().sample(torch.Size([1])))
        return likelihood.check_support(x)

    def start_at(self, x: Tensor) -> None:
        """Set the decoder's output bias so that p(x|z) begins at each feature's marginal in ``x``, (batch, n_features)."""
        self.decoder.start_at(self.check_data(x))

    def encode(self, x: Tensor) -> Latent:
        """The mean of q(z_1|x), (batch, n_latent); for each further layer that of q(z_l|z_{l-1}) at the mean below it.

        Raises
        ------
        TypeError, ValueError
            As :meth:`check_data`.
        """
        x, layers = self.check_data(x), []
        for encoder in self.encoder:
            layers.append(encoder(layers[-1] if layers else x).mean)
        return layers[0] if self.n_layers == 1 else tuple(layers)

    def decode(self, z_top: Tensor) -> Tensor:
        """The mean of p(x|z), (..., n_features), at a z_L (..., n_latent) of the top layer, lower layers at their prior means."""
        layer = z_top
        for prior in self.prior_layers:
            layer = prior(layer).mean
        return self.decoder(layer).mean

    def reconstruct(self, x: Tensor) -> Tensor:
        """The mean of p(x|z) at the code of x, the lowest layer's mean: (batch, n_features)."""
        z = self.encode(x)
        return self.likelihood(z).mean

    def traverse(self, z_top: Float[Tensor, "batch n_latent"], dimension: int, values: Tensor) -> Tensor:
        """decode(z) with one dimension of z set to each of ``values`` in turn, (n_values, batch, n_features).

        Raises
        ------
        ValueError
            If ``dimension`` is not in 0 .. n_latent - 1.
        """
        if not 0 <= dimension < self.n_latent:
            raise ValueError(f"dimension must be in 0 .. {self.n_latent - 1}, got {dimension}")
        z = z_top.repeat(len(values), 1, 1)
        z[..., dimension] = torch.as_tensor(values, dtype=z.dtype, device=z.device)[:, None]
        return self.decode(z)

    def interpolate(self, start: Tensor, end: Tensor, n_steps: int) -> Tensor:
        """decode at ``n_steps`` points evenly on the line between the codes of ``start`` and ``end``, both (batch, n_features).

        Returns
        -------
        Tensor (n_steps, batch, n_features)

        Raises
        ------
        ValueError
            If ``n_steps`` is below 2, or the two have different shapes.
        """
        check_at_least("n_steps", n_steps, 2)
        if start.shape != end.shape:
            raise ValueError(f"start and end must have one shape, got {tuple(start.shape)} and {tuple(end.shape)}")
        codes = [self.encode(x) for x in (start, end)]
        z_start, z_end = codes if self.n_layers == 1 else [code[-1] for code in codes]
        share = torch.linspace(0, 1, n_steps, dtype=z_start.dtype, device=z_start.device)[:, None, None]
        return self.decode(torch.lerp(z_start.expand(n_steps, -1, -1), z_end.expand(n_steps, -1, -1), share))
