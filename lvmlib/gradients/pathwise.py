"""Gradients through z = T_φ(ε): reparameterized, and the two that leave out the score of q.

With one sample, the derivative of ln w = ln p(x, z) - ln q_φ(z|x) in the parameters φ of the inference network is

    d ln w / dφ  =  ∂ln w/∂z dz/dφ  -  ∂ln q_φ(z|x)/∂φ
                    (path)             (score: its mean under q is zero)

The score adds noise and nothing else to the ELBO's gradient, so it may be left out: then what remains is exactly
zero where q is the posterior. For several weighted samples its mean is not zero, but it can be turned into a path.

z may be the tuple of a hierarchy, z_1 ~ q(z_1|x), z_2 ~ q(z_2|z_1). It is then one function of φ and the noise, and
ln q(z_2|z_1) has two derivatives: that in its own parameters is score and left out, that in z_1 is path and kept.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from lvmlib.bounds import iwae
from lvmlib.gradients.samples import AmortizedModel, Bound, checked, draw, draw_with_log_prob
from lvmlib.model import Distribution, Latent
from lvmlib.randomness import Seed


def reparameterized(
    model: AmortizedModel, x: Float[Tensor, "batch n_features"], n_samples: int, random_state: Seed, bound: Bound = iwae
) -> Float[Tensor, " batch"]:
    r"""The bound, differentiated as it stands: through z_k = T_φ(ε_k) and through ln q_φ.

    For IWAE the gradient is Σ_k w̃_k d ln w_k, with w̃_k = w_k / Σ_j w_j. As K grows the signal of the inference
    network's gradient falls faster than its noise: their ratio like 1/√K.

    Parameters
    ----------
    x : (batch, n_features)
    n_samples
        K.
    random_state
        Seed or generator: the noise ε.
    bound
        From log_w (K, batch) to (batch,).

    Returns
    -------
    Tensor (batch,), nats

    Raises
    ------
    ValueError
        If ``n_samples`` is below 1, or a weight is NaN.
    TypeError
        If ``n_samples`` is not an int, or z cannot be reparameterized.

    References
    ----------
    Kingma & Welling, Auto-Encoding Variational Bayes, 2014, section 2.4. Burda, Grosse & Salakhutdinov, Importance
    Weighted Autoencoders, 2016, section 3. Rainforth et al., Tighter Variational Bounds are Not Necessarily Better,
    2018, theorem 1.
    """
    z, log_q = draw_with_log_prob(model.posterior(x), n_samples, random_state)
    return bound(checked(model.log_joint(x, z) - log_q))


def sticking_the_landing(
    model: AmortizedModel, x: Float[Tensor, "batch n_features"], n_samples: int, random_state: Seed, bound: Bound = iwae
) -> Float[Tensor, " batch"]:
    r"""The bound, its gradient through z alone: for IWAE, Σ_k w̃_k ∂ln w_k/∂z_k dz_k/dφ.

    Where q is the exact posterior ln w does not depend on z, and the gradient is zero for every sample. It is
    unbiased for the ELBO with any K (``bound=elbo``) and for IWAE with K = 1. For IWAE with K > 1 it is biased,
    since there the score's mean is not zero: :func:`doubly_reparameterized` is not.

    Parameters, Returns
    -------------------
    As :func:`reparameterized`.

    Raises
    ------
    ValueError, TypeError
        As :func:`reparameterized`; TypeError too if the posterior has no ``detach``.

    References
    ----------
    Roeder, Wu & Duvenaud, Sticking the Landing: Simple, Lower-Variance Gradient Estimators for Variational
    Inference, 2017. Its bias for IWAE: Tucker et al., 2019, as at :func:`doubly_reparameterized`.
    """
    posterior = model.posterior(x)
    z = draw(posterior, n_samples, random_state, differentiable=True)
    return bound(checked(model.log_joint(x, z) - _held_fixed(posterior).log_prob(z)))


def doubly_reparameterized(
    model: AmortizedModel, x: Float[Tensor, "batch n_features"], n_samples: int, random_state: Seed
) -> Float[Tensor, " batch"]:
    r"""IWAE, its gradient through z alone and with squared weights (DReG): Σ_k w̃_k² ∂ln w_k/∂z_k dz_k/dφ.

    The score's term -Σ_k w̃_k ∂ln q_φ(z_k|x)/∂φ is itself an expectation that z_k can be reparameterized in, which
    gives Σ_k (w̃_k² - w̃_k) ∂ln w_k/∂z_k dz_k/dφ. The sum is unbiased for every K, zero at the exact posterior, and
    its ratio of signal to noise rises like √K for large K. With K = 1 it is :func:`sticking_the_landing`. The generative
    model's gradient is the plain one, Σ_k w̃_k ∇_θ ln p(x, z_k).

    Parameters, Returns
    -------------------
    As :func:`reparameterized`; the bound is IWAE.

    Raises
    ------
    ValueError, TypeError
        As :func:`sticking_the_landing`.

    References
    ----------
    Tucker, Lawson, Gu & Maddison, Doubly Reparameterized Gradient Estimators for Monte Carlo Objectives, 2019.
    Several stochastic layers: Bauer & Mnih, Generalized Doubly Reparameterized Gradient Estimators, 2021.
    """
    posterior = model.posterior(x)
    z = _another_name(draw(posterior, n_samples, random_state, differentiable=True))
    log_w = checked(model.log_joint(x, z) - _held_fixed(posterior).log_prob(z))
    weights = log_w.detach().softmax(dim=0).unsqueeze(-1)  # w̃_k, (K, batch, 1)

    def weighted_again(gradient: Tensor) -> Tensor:
        return gradient * weights.to(gradient.dtype)  # IWAE's own gradient holds w̃_k once

    for layer in z if isinstance(z, tuple) else (z,):
        if layer.requires_grad:
            layer.register_hook(weighted_again)
    return iwae(log_w)


def _held_fixed(posterior: Distribution) -> Distribution:
    """q with parameters that gradients do not reach; z still is a variable of its density."""
    if not hasattr(posterior, "detach"):
        name = type(posterior).__name__
        raise TypeError(f"model.posterior(x) is a {name}, which has no detach(): its score cannot be left out")
    return posterior.detach()


def _another_name(z: Latent) -> Latent:
    """The same samples as new nodes of the graph.

    A hook on z_1 itself would also catch what comes back through z_2, which is a function of z_1 and weighted already.
    """
    return tuple(layer.view_as(layer) for layer in z) if isinstance(z, tuple) else z.view_as(z)
