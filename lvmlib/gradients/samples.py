"""What every estimator starts from: K samples of q(z|x) and their log weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor

from lvmlib.model import Distribution, Latent
from lvmlib.non_finite import check_no_nan
from lvmlib.randomness import Seed, as_generator, drawing_from

Bound = Callable[[Tensor], Tensor]
"""A bound of :mod:`lvmlib.bounds`: from log_w (K, batch) to (batch,)."""

NEGLIGIBLE = 1e-12
"""A sample whose share of the bound's gradient is below this passes back none at all."""


@runtime_checkable
class AmortizedModel(Protocol):
    """A model with an approximate posterior: what the estimators need of it."""

    def posterior(self, x: Tensor) -> Distribution:
        """q(z|x), one distribution for each example."""

    def log_joint(self, x: Tensor, z: Latent) -> Tensor:
        """ln p(x, z)."""


def draw(posterior: Distribution, n_samples: int, random_state: Seed, differentiable: bool) -> Latent:
    """z_k ~ q(z|x), (K, batch, ...), with gradients or without: the same z in both cases."""
    _check_n_samples(n_samples)
    if differentiable and not getattr(posterior, "has_rsample", False):
        raise TypeError(
            f"model.posterior(x) is a {type(posterior).__name__}, which has no rsample: a z that is not a differentiable "
            "function of noise needs lvmlib.gradients.score_function"
        )
    with drawing_from(as_generator(random_state)):
        return (posterior.rsample if differentiable else posterior.sample)(torch.Size([n_samples]))


def draw_with_log_prob(posterior: Distribution, n_samples: int, random_state: Seed) -> tuple[Latent, Tensor]:
    """z_k as :func:`draw` with gradients, and ln q(z_k|x), both differentiable in q's parameters.

    A posterior that has ``rsample_and_log_prob`` (a flow) gives both in one pass, and without rounding z in between.
    """
    if not hasattr(posterior, "rsample_and_log_prob"):
        z = draw(posterior, n_samples, random_state, differentiable=True)
        return z, posterior.log_prob(z)
    _check_n_samples(n_samples)
    with drawing_from(as_generator(random_state)):
        return posterior.rsample_and_log_prob(torch.Size([n_samples]))


def _check_n_samples(n_samples: object) -> None:
    if isinstance(n_samples, bool) or not isinstance(n_samples, int):
        raise TypeError(f"n_samples must be an int, got {type(n_samples).__name__}")
    if n_samples < 1:
        raise ValueError(f"n_samples must be at least 1, got {n_samples}")


def checked(log_w: Float[Tensor, "K batch"]) -> Float[Tensor, "K batch"]:
    """The log weights themselves, once they are known to hold no NaN; backwards, negligible gradients become zero.

    A normalized weight may be as small as a float can be, and denormal numbers slow the backward pass several
    times. Below 1e-12 of the sum over the samples it changes no gradient that is otherwise computed in float32.
    """
    check_no_nan("log_w", log_w, "check x and the model")
    if log_w.requires_grad and len(log_w) > 1:
        log_w.register_hook(without_negligible)
    return log_w


def without_negligible(gradient: Float[Tensor, "K batch"]) -> Float[Tensor, "K batch"]:
    """Each example's gradient, zero where it is below ``NEGLIGIBLE`` of the sum of its absolute values."""
    size = gradient.abs()
    return gradient.masked_fill(size < NEGLIGIBLE * size.sum(dim=0), 0.0)
