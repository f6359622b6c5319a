r"""Dequantization: a density over [0, 1)^D as a bound on the log-probability of integers.

A density p says of integers x in {0, ..., n_levels - 1}^D that

    P(x) = ∫ p((x + u) / n_levels) n_levels^-D du   over u in [0, 1)^D,

the mass of the cell of x. The noise u is the latent: with v = (x + u) / n_levels,

    ln w = ln p(v) - D ln n_levels - ln q(u|x),   u ~ q(u|x),

and every bound of :mod:`lvmlib.bounds` applies to ln P(x). Uniform dequantization is q = 1 (Theis et al.), variational
dequantization a q that is learned (Ho et al.); it is exact where q(u|x) is proportional to p(v). Without noise there is no
bound: a density at the integers alone can be as great as it likes.

References: Theis, van den Oord & Bethge, A note on the evaluation of generative models, 2016, section 3.1; Ho, Chen, Srinivas,
Duan & Abbeel, Flow++, 2019, section 3.1; Hoogeboom, Cohen & Tomczak, Learning Discrete Distributions by Dequantization, 2020.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from lvmlib.bounds import check_log_w
from lvmlib.distributions.factorized import check_values
from lvmlib.generators.flow import Flow
from lvmlib.gradients.samples import draw_with_log_prob
from lvmlib.information.dequantization_noise import LogitNoise, UniformNoise
from lvmlib.randomness import Seed, as_generator, drawing_from
from lvmlib.validation import as_data, check_count

__all__ = [
    "DequantizedModel",
    "FlowDequantizer",
    "LogitGaussianDequantizer",
    "LogitNoise",
    "UniformDequantizer",
    "UniformNoise",
    "bits_per_dim",
    "check_levels",
]

LEAST_MASS = 1e-3
"""A density with less of its mass in [0, 1)^D cannot be sampled from as one over integers."""


class UniformDequantizer(nn.Module):
    """q(u|x) = 1: no parameters, and the loosest of those that a q can be learned from."""

    def forward(self, x: Tensor) -> UniformNoise:
        """q(u|x) of x (..., n_features)."""
        return UniformNoise(x)


class LogitGaussianDequantizer(nn.Module):
    """q(u|x): u = σ(a), a ~ N(μ(x), diag s(x)²).

    Parameters
    ----------
    network
        Called with x scaled to [0, 1] it returns the DiagonalGaussian of a; :class:`lvmlib.networks.ToGaussian` makes one.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> LogitNoise:
        """q(u|x) of x (..., n_features), scaled to [0, 1]."""
        return LogitNoise(self.network(x))


class FlowDequantizer(nn.Module):
    """q(u|x) a conditional flow: over [0, 1]^D as it is, over R^D with a sigmoid behind it.

    With the base "uniform", or "logistic" over R^D, q begins as the uniform noise, so that what is learned is an improvement
    on it from the first step.

    Parameters
    ----------
    flow
        Its context is x scaled to [0, 1], or what the encoder makes of it.
    encoder
        Called with x scaled to [0, 1], (batch, n_features), returns the context, (batch, n_context).

    Raises
    ------
    ValueError
        If the flow takes no context.

    References
    ----------
    Ho et al., Flow++, 2019, section 3.1, equation (12).
    """

    def __init__(self, flow: Flow, encoder: nn.Module | None = None) -> None:
        super().__init__()
        if not flow.n_context:
            raise ValueError("flow must have an n_context, the size of what q(u|x) is told about x, got one without")
        self.flow, self.encoder = flow, encoder

    def forward(self, x: Tensor) -> Any:
        """q(u|x) of x (..., n_features), scaled to [0, 1]."""
        noise = self.flow(x if self.encoder is None else self.encoder(x))
        return noise if self.flow.on_unit_cube else LogitNoise(noise)


class DequantizedModel(nn.Module):
    """P(x) of integers from a density over [0, 1)^D (or R^D) and a dequantizer q(u|x).

    It has what objectives, gradients and importance sampling ask for: ``posterior`` and ``log_joint``, u being the latent.

        model = DequantizedModel(flow, UniformDequantizer(), n_levels=17)
        result = train(model, x, importance_weighted(1), [Stage(100, 1e-3)])
        bits_per_dim(result.bound, n_features=64)                                   # at each epoch
        importance_sampling(model, x, 1000, 0).log_marginal                         # ln P(x), with a standard error

    Parameters
    ----------
    density
        Called without arguments it returns the distribution of v, (..., n_features).
    dequantizer
        Called with x / (n_levels - 1) it returns q(u|x).
    n_levels
        Integers are 0, ..., n_levels - 1, held as floating-point numbers.

    Raises
    ------
    TypeError
        If ``n_levels`` is no integer.
    ValueError
        If it is below 2.
    """

    def __init__(self, density: Callable[[], Any], dequantizer: Callable[[Tensor], Any], n_levels: int) -> None:
        super().__init__()
        check_n_levels(n_levels)
        self.density, self.dequantizer, self.n_levels = density, dequantizer, n_levels

    def posterior(self, x: Float[Tensor, "*batch n_features"]) -> Any:
        """q(u|x) for integers x (batch, n_features), as floating-point numbers 0 ... n_levels - 1."""
        return self.dequantizer(x / (self.n_levels - 1))

    def log_joint(
        self, x: Float[Tensor, "*batch n_features"], u: Float[Tensor, "*shape n_features"]
    ) -> Float[Tensor, "*out"]:
        """ln p(v) - D ln n_levels, v = (x + u) / n_levels, (..., batch): the density of x + u, nats."""
        return self.density().log_prob((x + u) / self.n_levels) - x.shape[-1] * math.log(self.n_levels)

    def log_w(self, x: Float[Tensor, "batch n_features"], n_samples: int, random_state: Seed) -> Float[Tensor, "K batch"]:
        """ln w_k = ln p(v_k) - D ln n_levels - ln q(u_k|x), nats: ``elbo`` and ``iwae`` of it are bounds on ln P(x).

        Raises
        ------
        TypeError
            If x is no floating-point tensor of the parameters' dtype, or ``n_samples`` no integer.
        ValueError
            If x is not (batch, n_features) of integers 0 ... n_levels - 1, ``n_samples`` is below 1, a weight NaN or +inf.
        """
        x = self.check_data(x)
        u, log_q = draw_with_log_prob(self.posterior(x), n_samples, random_state)
        log_w = self.log_joint(x, u) - log_q
        check_log_w(log_w)
        return log_w

    @torch.no_grad()
    def sample(
        self, n_samples: int, random_state: Seed
    ) -> tuple[Float[Tensor, "batch n_features"], Float[Tensor, "batch n_features"]]:
        """Integers x = floor(n_levels v), v ~ p, and their u = n_levels v - x.

        Where v is outside [0, 1)^D, which a density over R^D may allow, it is drawn anew: x follows P(x) / Σ P(x).

        Raises
        ------
        TypeError
            If ``n_samples`` is no integer.
        ValueError
            If it is below 1, or less than a thousandth of what is drawn is inside.
        """
        check_count("n_samples", n_samples)
        found: list[Tensor] = []
        n_found, n_drawn = 0, 0
        with drawing_from(as_generator(random_state)):
            while n_found < n_samples:
                if n_drawn > (n_found + 10) / LEAST_MASS:
                    inside_of_drawn = f"{n_found} of {n_drawn} drawn are inside"
                    raise ValueError(f"the density has less than {LEAST_MASS} of its mass in [0, 1)^D: {inside_of_drawn}")
                scaled = self.density().sample(torch.Size([n_samples])) * self.n_levels
                x = scaled.floor()
                inside = ((x >= 0) & (x < self.n_levels)).all(dim=-1)
                found.append(scaled[inside])
                n_drawn, n_found = n_drawn + n_samples, n_found + len(found[-1])
        scaled = torch.cat(found)[:n_samples]
        return scaled.floor(), scaled - scaled.floor()

    def check_data(self, x: object) -> Float[Tensor, "batch n_features"]:
        """``x`` as a tensor (batch, n_features) of integers 0 ... n_levels - 1; training asks once, before it begins.

        Raises
        ------
        TypeError
            If it is no tensor or NumPy array of the parameters' dtype.
        ValueError
            If it is not (batch, n_features), or holds NaN or a number that is no level; says which, and where.
        """
        x = check_levels(x, self.n_levels)
        parameter = next(self.parameters(), None)
        if parameter is not None and x.dtype != parameter.dtype:
            dtype = parameter.dtype
            raise TypeError(f"x must be {dtype}, as the model's parameters are, got {x.dtype}: nothing is cast silently")
        n_features = getattr(self.density, "n_features", x.shape[1])
        if x.shape[1] != n_features:
            raise ValueError(f"x must have {n_features} columns, one a feature of the density, got the shape {tuple(x.shape)}")
        return x


def check_levels(x: object, n_levels: int) -> Float[Tensor, "batch n_features"]:
    """``x`` as a tensor, once it is known to hold floating-point integers 0 ... n_levels - 1 and nothing else.

    Raises
    ------
    TypeError
        If it is no tensor or NumPy array of float32 or float64, or ``n_levels`` no integer.
    ValueError
        If it is not (batch, n_features), holds NaN, a fraction, or an integer outside of the range; if ``n_levels`` is below 2.
    """
    check_n_levels(n_levels)
    x = as_data(x)
    what = f"whole numbers 0, ..., {n_levels - 1} for {n_levels} levels (not scaled to [0, 1], and no noise added)"
    return check_values(x, (x >= 0) & (x <= n_levels - 1) & (x == x.round()), what)


def check_n_levels(n_levels: object) -> None:
    """Raise a TypeError unless it is an integer, a ValueError unless it is at least 2."""
    check_count("n_levels", n_levels)
    if n_levels < 2:
        raise ValueError(f"n_levels must be at least 2, got {n_levels}")


def bits_per_dim(log_prob: Float[Tensor, "*shape"], n_features: int) -> Float[Tensor, "*shape"]:
    """-ln P(x) / (D ln 2), one value for each that is given.

    Of integers: a density over [0, 1]^D has first to be made a bound on P(x), by D ln n_levels less (``log_joint`` has it).

    Parameters
    ----------
    log_prob : (...,)
        ln P(x) or a bound on it, nats.
    n_features
        D.

    Raises
    ------
    TypeError
        If ``log_prob`` is no floating-point tensor, or ``n_features`` no integer.
    ValueError
        If ``log_prob`` holds NaN, or ``n_features`` is below 1.
    """
    if not isinstance(log_prob, Tensor) or not log_prob.is_floating_point():
        raise TypeError(f"log_prob must be a floating-point tensor, got {getattr(log_prob, 'dtype', type(log_prob).__name__)}")
    check_count("n_features", n_features)
    if torch.isnan(log_prob).any():
        raise ValueError(f"log_prob holds {int(torch.isnan(log_prob).sum())} NaN of {log_prob.numel()}")
    return -log_prob / (n_features * math.log(2))
