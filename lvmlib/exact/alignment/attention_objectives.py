"""Three ways to train attention, of which one is exact: all as functions of attention and emission.

At target word j attention is a distribution p(a_j = i|x, j, y_<j) over source positions, and
p(y_j|x_i) says which word comes of position i. With a_j latent,

    marginal:  ln p(y|x) = Σ_j ln Σ_i p(a_j = i) p(y_j|x_i)     exact: a sum of l terms a word;
    hard:      Σ_j Σ_i p(a_j = i) ln p(y_j|x_i)                 a lower bound, by Jensen, whose gradient is
                                                                estimated by drawing a_j (score function);
    soft:      Σ_j ln p(y_j|Σ_i p(a_j = i) h_i)                 the usual attention: another model, in which
                                                                the representations h_i are averaged.

The logarithm of a softmax is concave in its logits, and these are linear in h, so soft too is
never below hard; marginal and soft may lie either way.
"""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from lvmlib.exact.finite import FinitePosterior
from lvmlib.randomness import Seed, as_generator
from lvmlib.validation import check_at_least


def marginal_objective(
    log_attention: Float[Tensor, "batch words positions"], log_emission: Float[Tensor, "batch words positions"]
) -> Float[Tensor, "batch words"]:
    """ln Σ_i p(a_j = i) p(y_j|x_i) of each target word, exact, nats."""
    return torch.logsumexp(log_attention + log_emission, dim=2)


def hard_objective(
    log_attention: Float[Tensor, "batch words positions"], log_emission: Float[Tensor, "batch words positions"]
) -> Float[Tensor, "batch words"]:
    """Σ_i p(a_j = i) ln p(y_j|x_i) of each target word, nats: the ELBO with q(a_j) = p(a_j|x, y_<j)."""
    attention = log_attention.exp()
    return torch.where(attention > 0, attention * log_emission, 0.0).sum(dim=2)


def draw_positions(
    log_attention: Float[Tensor, "batch words positions"], n_samples: int, random_state: Seed
) -> Int[Tensor, "samples batch words"]:
    """a_j drawn from the attention, ``n_samples`` times for each target word."""
    check_at_least("n_samples", n_samples, 1)
    generator = as_generator(random_state)
    batch, words, positions = log_attention.shape
    weights = log_attention.detach().exp().reshape(-1, positions).to(generator.device)
    drawn = torch.multinomial(weights, n_samples, replacement=True, generator=generator)
    return drawn.T.reshape(n_samples, batch, words).to(log_attention.device)


def score_function_objective(
    log_attention: Float[Tensor, "batch words positions"],
    log_emission: Float[Tensor, "batch words positions"],
    positions: Int[Tensor, "samples batch words"],
    baseline: bool = True,
) -> Float[Tensor, "batch words"]:
    r"""A number whose gradient is an unbiased estimate of that of :func:`hard_objective`, from K drawn positions.

    With f_k = ln p(y_j|x_{a_k}), a_k ~ p(a_j),

        (1/K) Σ_k [∇ f_k + (f_k - b_k) ∇ ln p(a_j = a_k)],    b_k = mean of the other f,

    b_k being 0 without ``baseline``. Its value is the mean of f_k, an estimate of the bound.

    Raises
    ------
    ValueError
        If there is a baseline but only one sample: there are no others then.

    References
    ----------
    Williams, Simple statistical gradient-following algorithms, 1992; Xu et al., Show, attend
    and tell, 2015, equations (10) to (12), with a running mean for the baseline; Kool, van
    Hoof & Welling, Buy 4 REINFORCE samples, get a baseline for free!, 2019, for the one here.
    """
    n_samples = len(positions)
    if baseline and n_samples < 2:
        raise ValueError("baseline is the mean of the other samples, so positions must hold at least 2 samples, got 1")
    at = positions.permute(1, 2, 0)  # (batch, words, samples)
    f, log_p = log_emission.gather(2, at), log_attention.gather(2, at)
    reward = f.detach()
    if baseline:
        reward = reward - (reward.sum(dim=2, keepdim=True) - reward) / (n_samples - 1)
    return (f + reward * (log_p - log_p.detach())).mean(dim=2)


def attention_posterior(
    log_attention: Float[Tensor, "batch words positions"],
    log_emission: Float[Tensor, "batch words positions"],
) -> Float[Tensor, "batch words positions"]:
    """p(a_j = i|x, y) ∝ p(a_j = i) p(y_j|x_i): where a word came from, once it is seen."""
    joint = (log_attention + log_emission).flatten(0, 1)
    return FinitePosterior.exact(joint).responsibilities.reshape(log_attention.shape)


def masked_log_softmax(
    logits: Float[Tensor, "batch words positions"], there: Bool[Tensor, "batch positions"]
) -> Float[Tensor, "batch words positions"]:
    """ln of a softmax over the positions that are there; -inf at the others."""
    return logits.masked_fill(~there[:, None, :], -torch.inf).log_softmax(dim=2)
