"""What each layer of a hierarchy holds: its KL, what it explains of x, and images in which the layers below it are drawn anew."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from lvmlib.amortized.hierarchical import HierarchicalVAE
from lvmlib.amortized.top_down import drawing
from lvmlib.randomness import Seed, as_generator, drawing_from
from lvmlib.validation import check_at_least


@dataclass(frozen=True)
class LayerUse:
    """Of each example, nothing averaged over the data."""

    kl: Float[Tensor, "n_layers batch"]
    """Of each layer, z_1's first, nats: the sum over its dimensions, averaged over the samples."""
    squared_error: Float[Tensor, "n_layers_and_1 batch"]
    """Row l: ||x - E[x|z_{l+1}, ..., z_L]||², z of the upper layers from q(z|x), those below from their prior. Row 0 keeps all
    layers, row L none. Estimated without bias, so it may fall below zero."""

    @property
    def explained(self) -> Float[Tensor, " n_layers"]:
        """Of layer l, the share by which keeping it lowers the squared error, (S_l - S_{l-1}) / S_L with S summed over the examples.

        They add up to the share that all layers explain together. A layer that hands on what others hold may get less than zero.
        """
        total = self.squared_error.sum(dim=1)
        return (total[1:] - total[:-1]) / total[-1]


@torch.no_grad()
def what_each_layer_holds(
    model: HierarchicalVAE, x: Float[Tensor, "batch n_features"], n_samples: int = 10, random_state: Seed = 0, batch_size: int = 256
) -> LayerUse:
    r"""KL of each layer, and the variance of x that it explains.

        S_l = E_q ||x - E[x | z_{l+1}, ..., z_L]||²,    the inner expectation over z_1, ..., z_l from the prior

    The inner expectation is estimated twice, from two independent draws of the lower layers below one code of x, and S_l is the
    product of the two differences: the noise of the draws has no square in it.

    Parameters
    ----------
    x : (batch, n_features)
    n_samples
        Codes of each example, and twice as many draws of the layers below each.
    batch_size
        Examples at a time.

    Raises
    ------
    ValueError
        If ``x`` is not of the model, or ``n_samples`` or ``batch_size`` is below 1.
    """
    x = model.check_data(x)
    check_at_least("n_samples", n_samples, 1)
    check_at_least("batch_size", batch_size, 1)
    generator = as_generator(random_state)
    kl, errors = [], []
    for block in x.split(batch_size):
        with drawing_from(generator):
            q = model.posterior(block)
            z = q.sample(torch.Size([n_samples]))
            halves = [[_mean_below(model, z, kept_from, len(block)) for _ in range(2)] for kept_from in range(model.n_layers + 1)]
        kl.append(torch.stack([terms.sum(-1).mean(0) for terms in model.kl_terms(q, z)]))
        errors.append(torch.stack([((block - one) * (block - other)).sum(-1).mean(0) for one, other in halves]))
    return LayerUse(torch.cat(kl, dim=1), torch.cat(errors, dim=1))


def _mean_below(model: HierarchicalVAE, z: tuple[Tensor, ...], n_anew: int, n_examples: int) -> Tensor:
    """The mean of p(x|z), (K, batch, n_features), with z_1 .. z_{n_anew} drawn anew given the others."""
    if n_anew == 0:
        return model.likelihood(z).mean
    kept = {l: z[l - 1] for l in range(n_anew + 1, model.n_layers + 1)}
    met = model.prior().descend(drawing(torch.Size([len(z[0]), n_examples]), kept, torch.Size()))
    return model.decoder(met.state).mean


@torch.no_grad()
def resample_below(
    model: HierarchicalVAE, x: Float[Tensor, "batch n_features"], layer: int, n_samples: int, random_state: Seed
) -> Float[Tensor, "K batch n_features"]:
    """The mean of p(x|z) with z_l, ..., z_L of each example's code kept and the layers below l drawn anew from their prior.

    Parameters
    ----------
    x : (batch, n_features)
    layer
        l = 1 .. L + 1, z_1 next to x: at 1 all is kept, but for the noise of q(z|x) the reconstruction; at L + 1 nothing is.
    n_samples
        K images of each example, at K draws of the layers below; the code is one draw of q(z|x), the same for all K.

    Raises
    ------
    ValueError
        If ``layer`` is not in 1 .. L + 1, or ``n_samples`` is below 1.
    """
    check_at_least("n_samples", n_samples, 1)
    if layer not in range(1, model.n_layers + 2):
        raise ValueError(f"layer must be in 1 .. {model.n_layers + 1}, z_1 next to x, got {layer!r}")
    with drawing_from(as_generator(random_state)):
        z = tuple(one.expand(n_samples, -1, -1) for one in model.posterior(x).sample())
        return _mean_below(model, z, layer - 1, len(x))
