"""Gradients without a derivative in z: the score function, each sample judged against the others."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from lvmlib.bounds import iwae
from lvmlib.gradients.samples import AmortizedModel, Bound, checked, draw
from lvmlib.non_finite import checks_values
from lvmlib.randomness import Seed


def score_function(
    model: AmortizedModel,
    x: Float[Tensor, "batch n_features"],
    n_samples: int,
    random_state: Seed,
    bound: Bound = iwae,
    derivative_baseline: bool = True,
) -> Float[Tensor, " batch"]:
    r"""The bound L(ln w_1, ..., ln w_K), its gradient by way of ln q alone: z may be discrete.

        ∇_φ E[L] = E[ Σ_k (L - L_{-k}  -  (∂_k L - ∂_k L_{-k})) ∇_φ ln q_φ(z_k|x) ],      ∂_k L = ∂L/∂ln w_k

    L_{-k} is the bound with ln w_k replaced by the mean of the others: what it would have been without knowing z_k.
    Neither it nor its derivative depends on z_k, and E[∇_φ ln q] = 0, so these baselines change no mean; they take
    away noise. Where q is the exact posterior all weights are equal, and the gradient is zero for every sample.

    With ``bound=elbo`` it is the leave-one-out estimator RLOO, (1/K) Σ_k (ln w_k - mean_{j≠k} ln w_j) ∇_φ ln q.
    With IWAE it is VIMCO (∂_k L is w̃_k) and the baseline of the derivative: for K = 20 and a q near the posterior
    that takes away nine tenths of the noise, and the ratio of signal to noise rises with K as DReG's does, where
    VIMCO's falls; for K = 2 it may add a fifth. The generative model's gradient is Σ_k ∂_k L ∇_θ ln p(x, z_k).

    Parameters
    ----------
    x : (batch, n_features)
    n_samples
        K, at least 2. The baselines take K² batch numbers of memory.
    random_state
        Seed or generator.
    bound
        From log_w (K, batch) to (batch,), differentiable, each example by itself.
    derivative_baseline
        Without it ∂_k L_{-k} is 0: VIMCO as published, and a noisier RLOO.

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
    value = bound(log_w)  # its own backward pass gives ∂_k L to ln p(x, z_k), and -∂_k L to ln q
    left_out, derivative = _left_out(log_w.detach(), bound)
    merit = value.detach() - left_out
    if checks_values() and not torch.isfinite(merit).all():
        n_bad = int((~torch.isfinite(merit)).sum())
        raise ValueError(
            f"what a sample did for the bound is not finite, of {n_bad} of {merit.numel()} samples: "
            "too many z_k have ln p(x, z_k) = -inf"
        )
    score = ((merit + derivative if derivative_baseline else merit) * log_q).sum(dim=0)
    return value + (score - score.detach())  # the value stays the bound, exactly


def _left_out(log_w: Float[Tensor, "K batch"], bound: Bound) -> tuple[Float[Tensor, "K batch"], Float[Tensor, "K batch"]]:
    """L_{-k} and ∂_k L_{-k}: the bound with ln w_k replaced by the mean of the others (w_k by their geometric mean)."""
    n_samples, n_examples = log_w.shape
    own = torch.eye(n_samples, dtype=torch.bool, device=log_w.device)[:, :, None]
    others = log_w.expand(n_samples, n_samples, n_examples)  # [j, k]: ln w_j as sample k sees it
    others = others.transpose(0, 1)
    mean_of_others = others.masked_fill(own, 0.0).sum(dim=0, keepdim=True) / (n_samples - 1)
    with torch.enable_grad():
        replaced = torch.where(own, mean_of_others, others).flatten(1).requires_grad_()  # (K, K batch)
        value = bound(replaced)
        (derivative,) = torch.autograd.grad(value.sum(), replaced)
    own_derivative = derivative.view(n_samples, n_samples, n_examples).diagonal().T  # that in the replaced one
    return value.detach().view(n_samples, n_examples), own_derivative
