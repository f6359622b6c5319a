"""Gradients without a derivative in z: the score function, each sample judged against the others."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from lvmlib.bounds import iwae
from lvmlib.gradients.samples import AmortizedModel, Bound, checked, draw
from lvmlib.randomness import Seed


def score_function(
    model: AmortizedModel, x: Float[Tensor, "batch n_features"], n_samples: int, random_state: Seed, bound: Bound = iwae
) -> Float[Tensor, " batch"]:
    r"""The bound L(w_1, ..., w_K), its gradient from ln q alone: z may be discrete.

        ∇_φ E[L] = E[ Σ_k (L - L_{-k} - ∂L/∂ln w_k + 1/K) ∇_φ ln q_φ(z_k|x) ],      ln q the only path to φ

    L_{-k} is the bound with ln w_k replaced by the mean of the others: what it would have been without knowing z_k.
    It does not depend on z_k, and neither does 1/K, so they change no mean, since ∇_φ ln q has mean zero: they
    take away noise. Where q is the exact posterior all weights are equal, and the gradient is zero for every sample.

    With ``bound=elbo`` it is the leave-one-out estimator (RLOO), (1/K) Σ_k (ln w_k - mean_{j≠k} ln w_j) ∇_φ ln q;
    with IWAE it is VIMCO, with the 1/K beside it. The generative model's gradient is ∂L/∂ln w_k ∇_θ ln p(x, z_k).

    Parameters
    ----------
    x : (batch, n_features)
    n_samples
        K, at least 2. The baselines take K² batch numbers of memory.
    random_state
        Seed or generator.
    bound
        From log_w (K, batch) to (batch,), each example by itself.

    Returns
    -------
    Tensor (batch,), nats

    Raises
    ------
    ValueError
        If ``n_samples`` is below 2, a weight is NaN, or what a sample did for the bound is not finite, as where
        ln p(x, z_j) = -∞ of all the others.
    TypeError
        If ``n_samples`` is not an int.

    References
    ----------
    Mnih & Rezende, Variational Inference for Monte Carlo Objectives, 2016, section 2 and algorithm 1.
    Kool, van Hoof & Welling, Buy 4 REINFORCE Samples, Get a Baseline for Free!, 2019.
    """
    if n_samples == 1:
        raise ValueError("n_samples must be at least 2, got 1: each sample's baseline is taken from the others")
    posterior = model.posterior(x)
    z = draw(posterior, n_samples, random_state, differentiable=False)
    log_q = posterior.log_prob(z)
    log_w = checked(model.log_joint(x, z) - log_q)
    value = bound(log_w)
    merit = value.detach() - _left_out(log_w.detach(), bound)  # (K, batch)
    if not torch.isfinite(merit).all():
        raise ValueError(
            f"the bound with and without a sample differs by a number that is not finite, of {int((~torch.isfinite(merit)).sum())} "
            f"of {merit.numel()} samples: too many z_k have ln p(x, z_k) = -inf"
        )
    score = ((merit + 1 / n_samples) * log_q).sum(dim=0)
    return value + (score - score.detach())  # the value stays the bound, exactly


@torch.no_grad()
def _left_out(log_w: Float[Tensor, "K batch"], bound: Bound) -> Float[Tensor, "K batch"]:
    """L_{-k}: the bound with ln w_k replaced by the mean of the others (w_k by their geometric mean)."""
    n_samples, n_examples = log_w.shape
    own: Bool[Tensor, "K K 1"] = torch.eye(n_samples, dtype=torch.bool, device=log_w.device).unsqueeze(-1)
    others = log_w.expand(n_samples, n_samples, n_examples)  # [k, j]: ln w_j, seen by sample k
    mean_of_others = others.masked_fill(own, 0.0).sum(dim=1, keepdim=True) / (n_samples - 1)
    replaced = torch.where(own, mean_of_others, others)
    return bound(replaced.transpose(0, 1).reshape(n_samples, -1)).reshape(n_samples, n_examples)
