"""The Bernoulli's log-likelihood and its gradient, in as few passes over the logits as can be."""

from __future__ import annotations

import torch
from torch import Tensor

IN_CACHE = 2**16
"""Logits worked on at once: what comes of them then stays in a processor's second-level cache."""


class BernoulliLogLikelihood(torch.autograd.Function):
    """⟨logits, x⟩ - Σ_d softplus(logits_d), whose gradient is x - sigmoid(logits): nothing is saved but the arguments."""

    generate_vmap_rule = True

    @staticmethod
    def forward(logits: Tensor, x: Tensor) -> Tensor:
        parts = logits.split(_at_once(logits, x)) if logits.ndim else (logits,)
        return torch.cat([_log_likelihood(part, x) for part in parts]) if len(parts) > 1 else _log_likelihood(logits, x)

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
    """Its value, Σ_d [ l_d (x_d - ½) - |l_d|/2 + ln sigmoid(|l_d|) ]; a sum of bfloat16 logits is taken in float32.

    Σ_d ln sigmoid(|l_d|) is taken as the logarithm of products of up to 64 factors: each is at least 1/2, so
    nothing underflows, and a logarithm costs as much as eight products.
    """
    logits = logits.float() if logits.dtype is torch.bfloat16 else logits
    magnitudes = logits.abs()
    linear = (logits * (x - 0.5)).sum(-1) - 0.5 * magnitudes.sum(-1)
    factors = magnitudes.sigmoid_()
    for _ in range(6):
        if factors.shape[-1] % 2:
            break
        first, second = factors.chunk(2, -1)
        factors = first * second
    return linear + factors.log_().sum(-1)


def _slope(logits: Tensor, x: Tensor, grad: Tensor) -> Tensor:
    """(x - sigmoid(logits)) grad; where no gradient of it is asked for, part by part in one piece of memory."""
    if torch.is_grad_enabled() or logits.shape != torch.broadcast_shapes(logits.shape, x.shape):
        return (x - logits.sigmoid()) * grad
    slope = torch.empty_like(logits)
    for part, logits_of_part, grad_of_part in zip(*(one.split(_at_once(logits, x)) for one in (slope, logits, grad))):
        torch.sub(x, torch.sigmoid(logits_of_part, out=part), out=part).mul_(grad_of_part)
    return slope


def _at_once(logits: Tensor, x: Tensor) -> int:
    """How many of the first dimension, that of samples, to work on together: on a processor, as many as fit its cache."""
    if logits.ndim <= x.ndim or logits.device.type != "cpu":
        return max(1, len(logits))
    return max(1, IN_CACHE // max(1, logits[:1].numel()))
