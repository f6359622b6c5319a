"""What each layer of a hierarchy holds: its KL, what it explains of x, and images in which the layers below it are drawn anew."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from lvmlib.amortized.upper_layers import UpperLayers
from lvmlib.randomness import Seed, as_generator, drawing_from
from lvmlib.validation import check_count


@dataclass(frozen=True)
class LayerUse:
    """Of each example, nothing averaged over the data."""

    kl: Float[Tensor, "n_layers batch"]
    """Of each layer, z_1's first, nats: the sum over its dimensions, averaged over the samples; in BIVA that of z_l^BU and z_l^TD
    together."""
    squared_error: Float[Tensor, "n_layers_and_1 batch"]
    """Row l: ||x - E[x|z_{l+1}, ..., z_L]||², z of the upper layers from q(z|x), those below from their prior. Row 0 keeps all
    layers, row L none. Estimated without bias, so it may fall below zero."""

    @property
    def explained(self) -> Float[Tensor, " n_layers"]:
        """Of layer l, the share by which keeping it lowers the squared error, (S_l - S_{l-1}) / S_L, S summed over examples.

        They add up to the share that all layers explain together. A layer that hands on what others hold may get less than zero.
        """
        total = self.squared_error.sum(dim=1)
        return (total[1:] - total[:-1]) / total[-1]


@torch.no_grad()
def what_each_layer_holds(
    model: UpperLayers,
    x: Float[Tensor, "batch n_features"],
    n_samples: int = 10,
    random_state: Seed = 0,
    batch_size: int = 256,
) -> LayerUse:
    r"""KL of each layer, and the variance of x that it explains.

        S_l = E_q ||x - E[x | z_{l+1}, ..., z_L]||²,    the inner expectation over z_1, ..., z_l from the prior

    The inner expectation is estimated twice, from two independent draws of the lower layers below one code of x, and S_l is the
    product of the two differences: the noise of the draws has no square in it.

    Parameters
    ----------
    model
        A hierarchy of any kind: a ladder, one with flows, BIVA.
    x : (batch, n_features)
    n_samples
        Codes of each example, and twice as many draws of the layers below each.
    batch_size
        Examples at a time.

    Raises
    ------
    ValueError
        If ``x`` is not of the model, or ``n_samples`` or ``batch_size`` is below 1.
    TypeError
        If the model is no hierarchy, or a count no integer.
    """
    check_hierarchy(model)
    x = model.check_data(x)
    check_count("n_samples", n_samples)
    check_count("batch_size", batch_size)
    generator = as_generator(random_state)
    kl, errors = [], []
    for block in x.split(batch_size):
        with drawing_from(generator):
            q = model.posterior(block)
            z = q.sample(torch.Size([n_samples]))
            halves = [[model.mean_below(z, layer) for _ in range(2)] for layer in range(1, model.n_layers + 2)]
        kl.append(model.layer_kl(model.kl_terms(q, z)).mean(1))
        errors.append(torch.stack([((block - one) * (block - other)).sum(-1).mean(0) for one, other in halves]))
    return LayerUse(torch.cat(kl, dim=1), torch.cat(errors, dim=1))


@torch.no_grad()
def resample_below(
    model: UpperLayers, x: Float[Tensor, "batch n_features"], layer: int, n_samples: int = 10, random_state: Seed = 0
) -> Float[Tensor, "K batch n_features"]:
    """The mean of p(x|z) with z_l, ..., z_L of each example's code kept and the layers below l drawn anew from their prior.

    Parameters
    ----------
    model
        A hierarchy of any kind: a ladder, one with flows, BIVA.
    x : (batch, n_features)
    layer
        l = 1 .. L + 1, z_1 next to x: at 1 all is kept, but for the noise of q(z|x) the reconstruction; at L + 1 nothing is.
    n_samples
        K images of each example, at K draws of the layers below; the code is one draw of q(z|x), the same for all K.

    Raises
    ------
    ValueError
        If ``x`` is not of the model, ``layer`` is not in 1 .. L + 1, or ``n_samples`` is below 1.
    TypeError
        If the model is no hierarchy, or ``n_samples`` no integer.
    """
    check_hierarchy(model)
    x = model.check_data(x)
    check_count("n_samples", n_samples)
    if isinstance(layer, bool) or layer not in range(1, model.n_layers + 2):
        raise ValueError(f"layer must be in 1 .. {model.n_layers + 1}, z_1 next to x, got {layer!r}")
    with drawing_from(as_generator(random_state)):
        z = tuple(one.expand(n_samples, -1, -1) for one in model.posterior(x).sample())
        return model.mean_below(z, layer)


def check_hierarchy(model: object) -> None:
    """Raise a TypeError unless the model has layers whose lower ones can be drawn anew given the upper."""
    if not isinstance(model, UpperLayers):
        raise TypeError(
            "model must be a hierarchy, whose z is a tuple of layers: HierarchicalVAE, InverseAutoregressiveHierarchy or BIVA, "
            f"got {type(model).__name__}"
        )
