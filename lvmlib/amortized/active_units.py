"""Which latent dimensions carry something of x: their activity, and their KL."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from lvmlib.model import Distribution, Latent, LatentVariableModel
from lvmlib.randomness import Seed, as_generator, drawing_from
from lvmlib.validation import check_at_least

THRESHOLD = 0.01


@dataclass(frozen=True)
class LatentUse:
    """Of each dimension, one entry a layer, z_1's first; of BIVA one a latent, in the order of its ``latent_names``."""

    activity: tuple[Float[Tensor, " _"], ...]
    """A_u = Cov_x(E_q(u|x)[u])."""
    kl: tuple[Float[Tensor, " _"], ...]
    """Mean over the examples of the dimension's KL term, nats: see VariationalAutoencoder.elbo_terms."""

    def active(self, threshold: float = THRESHOLD) -> tuple[Bool[Tensor, " _"], ...]:
        """Which dimensions' activity exceeds the threshold."""
        return tuple(layer > threshold for layer in self.activity)

    def n_active(self, threshold: float = THRESHOLD) -> tuple[int, ...]:
        """How many do."""
        return tuple(int(layer.sum()) for layer in self.active(threshold))


@torch.no_grad()
def latent_use(
    model: LatentVariableModel, x: Tensor, n_samples: int = 10, random_state: Seed = 0, batch_size: int = 512
) -> LatentUse:
    r"""Activity A_u = Cov_x(E_q(u|x)[u]) and mean KL of every latent dimension.

    E_q[u] is the encoder's mean in the layer that q draws first, exact. In a further one it is an expectation over those drawn
    before, and where q is a flow it has no closed form either: it is estimated twice, from two halves of the samples, and A_u
    is the covariance of the two over the examples, in which the noise of the halves, independent, cancels; their variance
    would have counted it as activity.

    Parameters
    ----------
    model
        A :class:`~lvmlib.amortized.vae.VariationalAutoencoder` or a hierarchy of any kind: a ladder, one with flows, BIVA.
    x : (batch, n_features)
        At least two examples; the whole training or test set.
    n_samples
        K, even: samples of each example, for further layers and for the KL that is not analytic.
    batch_size
        Examples at a time.

    Raises
    ------
    TypeError, ValueError
        If ``x`` is not the model's data or has fewer than two rows, or ``n_samples`` is not even and positive.

    References
    ----------
    Burda, Grosse & Salakhutdinov, Importance Weighted Autoencoders, 2016, section 5.2: a unit is active where A_u > 0.01.
    """
    if not hasattr(model, "kl_terms"):
        raise TypeError(f"model must be a variational autoencoder or a hierarchy, got {type(model).__name__}")
    x = model.check_data(x)
    if len(x) < 2:
        raise ValueError(f"x must have at least 2 rows for a covariance over examples, got {len(x)}")
    if n_samples < 2 or n_samples % 2:
        raise ValueError(f"n_samples must be even and at least 2, two halves, got {n_samples}")
    check_at_least("batch_size", batch_size, 1)
    generator = as_generator(random_state)
    n_latents = sum(map(len, getattr(model, "latent_widths", [(1,)] * model.n_layers)))
    halves: list[list[tuple[Tensor, Tensor]]] = [[] for _ in range(n_latents)]
    kl: list[list[Tensor]] = [[] for _ in range(n_latents)]
    for block in x.split(batch_size):
        q = model.posterior(block)
        with drawing_from(generator):
            z = q.sample(torch.Size([n_samples]))
        for layer, pair in enumerate(_means(model, q, z)):
            halves[layer].append(pair)
        for layer, terms in enumerate(model.kl_terms(q, z)):
            kl[layer].append(terms.mean(0))
    activity = []
    for layer in halves:
        first, second = (torch.cat(part) for part in zip(*layer))
        activity.append(((first - first.mean(0)) * (second - second.mean(0))).sum(0) / (len(x) - 1))
    return LatentUse(tuple(activity), tuple(torch.cat(layer).mean(0) for layer in kl))


def _means(model: LatentVariableModel, q: Distribution, z: Latent) -> list[tuple[Tensor, Tensor]]:
    """Two independent estimates of E_q[u] of each layer, (batch, n_l); exact in the layer that q draws first, but for a flow."""
    pairs = []
    for mean in _means_given_the_others(model, q, z):
        if mean.ndim == 2:
            pairs.append((mean, mean))
        else:  # (K, batch, n_l)
            half = len(mean) // 2
            pairs.append((mean[:half].mean(0), mean[half:].mean(0)))
    return pairs


def _means_given_the_others(model: LatentVariableModel, q: Distribution, z: Latent) -> list[Tensor]:
    if hasattr(model, "posterior_means"):
        return list(model.posterior_means(q, z))
    if model.n_layers == 1:
        return [q.mean if hasattr(q, "mean") else z]  # a flow's mean is estimated from the samples themselves
    return [q.first.mean, *(encoder(below).mean for encoder, below in zip(model.encoder[1:], z))]
