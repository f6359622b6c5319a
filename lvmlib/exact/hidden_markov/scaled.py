"""Forward and backward over time with scaled probabilities, all pieces of a packing side by side.

Emission probabilities are taken relative to the greatest of each frame, and the filtered
probabilities are made to sum to one every few steps, so that nothing leaves the range of
float32 where the model fits its data at all. What falls below FLOOR of the greatest is set to zero:
denormal numbers would slow every matrix product. Where that, or a scale, could change a
result, :mod:`lvmlib.exact.hidden_markov.smoothing` sees it and goes to log space.

States stand along the first axis, then steps, then pieces: sums over states run along
memory, and sums over all frames of a block are one matrix product.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import threshold_

from lvmlib.exact.hidden_markov.packing import Block, Packing

EmissionsOf = Callable[[Block], Float[Tensor, "components steps pieces"]]
"""ln p(x_t | z_t = k) of the frames of a block, nats."""


def floor(dtype: torch.dtype) -> float:
    """Below it, a probability relative to the greatest is set to zero: 2e-26 in float32."""
    return torch.finfo(dtype).tiny ** (2 / 3)


def limit(dtype: torch.dtype) -> float:
    """A scale below it, or a backward probability above its inverse, is not trusted: 7e-16 in float32.

    What was set to zero is at most ``floor`` of what was kept, and counts by no more than the
    inverse of the limit: what is lost is below floor / limit = 4e-11.
    """
    return torch.finfo(dtype).tiny ** 0.4


SCALED_EVERY = 4


@dataclass
class RelativeEmissions:
    """b_t = p(x_t | z_t) / max_k p(x_t | z_t = k), block by block; after :func:`forward`, b_t / c_t.

    Blocks are (components, steps, pieces), with as many steps and pieces as the packing says.
    """

    blocks: list[Float[Tensor, "components _ _"]]
    log_greatest: list[Float[Tensor, "1 _ _"]]


@dataclass
class Forward:
    """Of each block; and of each piece at its end."""

    filtered: list[Float[Tensor, "components _ _"]]
    """α_t, in proportion to p(z_t | x_1..t)."""
    ends: Float[Tensor, "components pieces"]
    """The last filtered probabilities of each piece."""
    log_marginal: Float[Tensor, " pieces"]
    """ln p(piece | what came before it in its sequence), float64."""
    least: Float[Tensor, " pieces"]
    """The smallest c_t."""


def relative_emissions(packing: Packing, log_emissions_of: EmissionsOf) -> RelativeEmissions:
    """Emission probabilities relative to the greatest of each frame."""
    blocks, greatest = [], []
    for block in packing.blocks:
        logits = log_emissions_of(block).contiguous()
        # a frame that no state can emit keeps all its states at 0, and so ends at a scale of 0
        top = logits.amax(dim=0, keepdim=True).clamp_(min=torch.finfo(logits.dtype).min)
        relative = (logits - top).exp_()
        blocks.append(threshold_(relative, floor(logits.dtype), 0.0))
        greatest.append(top)
    return RelativeEmissions(blocks, greatest)


def forward(
    relative: RelativeEmissions,
    transitions: Float[Tensor, "components components"],
    predicted: Float[Tensor, "components pieces"],
    packing: Packing,
) -> Forward:
    r"""α_t = c_t⁻¹ b_t ∘ (Aᵀ α_{t-1}); Rabiner 1989, equations (92) to (95).

    c_t is such that α_t sums to one at every fourth step and at a block's end, and 1 between:
    Π c_t up to there is p(x_1..t), relative. The emissions are divided by c_t in place.
    ``predicted`` is p(z_1 | what came before) at each piece's first frame.
    """
    into = transitions.T.contiguous()
    ends = torch.empty_like(predicted)
    log_marginal = torch.zeros(packing.n_pieces, dtype=torch.float64, device=predicted.device)
    least = torch.ones(packing.n_pieces, dtype=predicted.dtype, device=predicted.device)
    filtered = []
    previous = None
    for i, (block, emissions) in enumerate(zip(packing.blocks, relative.blocks)):
        n = block.n_pieces
        alphas = torch.empty_like(emissions)
        scales = []
        for t, (emission, alpha) in enumerate(zip(emissions.unbind(1), alphas.unbind(1)), 1):
            if previous is None:
                torch.mul(predicted, emission, out=alpha)
            else:
                torch.mm(into, previous[:, :n] if t == 1 else previous, out=alpha)
                alpha.mul_(emission)
            if t % SCALED_EVERY == 0 or t == block.n_steps:
                scale = alpha.sum(dim=0)
                alpha.div_(scale)
                emission.div_(scale)
                scales.append(scale)
            previous = alpha
        filtered.append(alphas)
        scale = torch.stack(scales)
        log_marginal[:n] += scale.log().sum(dim=0) + relative.log_greatest[i].sum(dim=(0, 1))
        least[:n] = torch.minimum(least[:n], scale.amin(dim=0))
        still_alive = packing.blocks[i + 1].n_pieces if i + 1 < len(packing.blocks) else 0
        ends[:, still_alive:n] = previous[:, still_alive:]
    return Forward(filtered, ends, log_marginal, least)


@dataclass
class Backward:
    """What is left when the first frame is reached."""

    transition_counts: Float[Tensor, "components components"]
    """Σ α_t(i) A_ij w_{t+1}(j) within the pieces, float64."""
    arrivals: Float[Tensor, "components pieces"]
    """w_1 = b_1 ∘ β_1 / c_1 of each piece."""
    starts: Float[Tensor, "components pieces"]
    """p(z_1 | x) of each piece."""
    greatest: Float[Tensor, " pieces"]
    """The greatest β_t(k)."""


def backward(
    relative: RelativeEmissions,
    ahead: Forward,
    transitions: Float[Tensor, "components components"],
    after: Float[Tensor, "components pieces"],
    packing: Packing,
    collect: Callable[[Block, Tensor], None],
) -> Backward:
    r"""β_t = A (b_{t+1} ∘ β_{t+1} / c_{t+1}), and with it p(z_t | x) = α_t ∘ β_t.

    ``after`` is β at each piece's last frame. ``collect(block, smoothed)`` is given p(z_t | x)
    of each block, the last first, (components, steps, pieces). Of pairs, only the sum over
    all times is kept: Σ_t α_t (b_{t+1} ∘ β_{t+1} / c_{t+1})ᵀ ∘ A.
    """
    n_components = len(transitions)
    counts = torch.zeros(n_components, n_components, dtype=torch.float64, device=transitions.device)
    greatest = torch.zeros(packing.n_pieces, dtype=transitions.dtype, device=transitions.device)
    following = None
    for i in reversed(range(len(packing.blocks))):
        block, n = packing.blocks[i], packing.blocks[i].n_pieces
        emissions, alphas = relative.blocks[i], ahead.filtered[i]
        betas, weights = torch.empty_like(emissions), torch.empty_like(emissions)
        steps = list(zip(emissions.unbind(1), betas.unbind(1), weights.unbind(1)))
        for t in reversed(range(block.n_steps)):
            emission, beta, weight = steps[t]
            n_following = 0 if following is None else following.shape[1]
            if n_following == n:
                torch.mm(transitions, following, out=beta)
            else:  # the other pieces end here
                beta[:, n_following:] = after[:, n_following:n]
                if n_following:
                    beta[:, :n_following] = transitions @ following
            torch.mul(emission, beta, out=weight)
            following = weight
        smoothed = alphas * betas
        total = smoothed.sum(dim=0, keepdim=True)  # 1, but for rounding that would grow with the length
        smoothed /= total
        weights[:, 0] /= total[:, 0]
        collect(block, smoothed)
        greatest[:n] = torch.maximum(greatest[:n], betas.amax(dim=(0, 1)))
        if block.n_steps > 1:
            counts += alphas[:, :-1].flatten(1) @ weights[:, 1:].flatten(1).T
        if i > 0:
            counts += ahead.filtered[i - 1][:, -1, :n] @ weights[:, 0].T
    return Backward(counts * transitions, weights[:, 0], smoothed[:, 0], greatest)
