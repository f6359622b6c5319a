"""The Bernoulli's log-likelihood and its gradient, in as few passes over the logits as can be."""

from __future__ import annotations

import torch
from torch import Tensor

IN_CACHE = 2**17
"""Logits worked on at once: what comes of them then stays in a processor's second-level cache."""


class BernoulliLogLikelihood(torch.autograd.Function):
    """⟨logits, x⟩ - Σ_d softplus(logits_d), whose gradient is x - sigmoid(logits): nothing is saved but the arguments."""

    generate_vmap_rule = True

    @staticmethod
    def forward(logits: Tensor, x: Tensor) -> Tensor:
        rows = max(1, IN_CACHE // max(1, logits[:1].numel()))
        if logits.ndim <= x.ndim or len(logits) <= rows or logits.device.type != "cpu":
            return _log_likelihood(logits, x)
        return torch.cat([_log_likelihood(part, x) for part in logits.split(rows)])

    @staticmethod
    def setup_context(ctx, inputs: tuple[Tensor, Tensor], output: Tensor) -> None:  # noqa: ANN001
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx, grad: Tensor) -> tuple[Tensor | None, Tensor | None]:  # noqa: ANN001
        logits, x = ctx.saved_tensors
        grad = grad.unsqueeze(-1)
        to_logits, to_x = ctx.needs_input_grad
        return (
            _slope(logits, x, grad).sum_to_size(logits.shape) if to_logits else None,
            (grad * logits).sum_to_size(x.shape) if to_x else None,
        )


def _log_likelihood(logits: Tensor, x: Tensor) -> Tensor:
    """Its value, with softplus(l) = max(l, 0) - ln sigmoid(|l|); a sum of bfloat16 logits is taken in float32.

    Σ_d ln sigmoid(|l_d|) is taken as the logarithm of products of up to 64 factors: each is at least 1/2, so
    nothing underflows, and a logarithm costs as much as eight products.
    """
    logits = logits.float() if logits.dtype is torch.bfloat16 else logits
    factors = logits.abs().sigmoid_()
    for _ in range(6):
        if factors.shape[-1] % 2:
            break
        first, second = factors.chunk(2, -1)
        factors = first * second
    return (logits * x).sum(-1) - logits.clamp(min=0).sum(-1) + factors.log_().sum(-1)


def _slope(logits: Tensor, x: Tensor, grad: Tensor) -> Tensor:
    """(x - sigmoid(logits)) grad, in one piece of memory where no gradient of it is asked for."""
    if torch.is_grad_enabled() or logits.shape != torch.broadcast_shapes(logits.shape, x.shape):
        return (x - logits.sigmoid()) * grad
    slope = logits.sigmoid()
    return torch.sub(x, slope, out=slope).mul_(grad)
