"""What training climbs: functions (model, x, generator, kl_weight) -> (batch,) nats, each made here from its settings.

``kl_weight`` is 1 but for the steps in which the KL term warms up (Sønderby et al., 2016): until then the value is
no bound on ln p(x) and goes by the objective's own name. None of them averages over the batch; training does.
A NaN among what they are computed from is a ValueError, but within training, which leaves the step out and counts it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from lvmlib.batch_share import mean_over_batch
from lvmlib.bounds import beta_weighted, elbo, iwae
from lvmlib.gradients import reparameterized
from lvmlib.non_finite import check_no_nan
from lvmlib.randomness import Seed, as_generator, drawing_from
from lvmlib.validation import check_choice

GROUPS = ("dimension", "layer")
"""What free bits are granted to."""

Estimator = Callable[..., Tensor]
"""One of :mod:`lvmlib.gradients`: f(model, x, n_samples, random_state[, bound=]) -> (batch,)."""


@dataclass(frozen=True)
class ImportanceWeighted:
    """Made by :func:`importance_weighted`."""

    n_samples: int
    estimator: Estimator
    bound: Callable[[Tensor], Tensor]

    def __call__(self, model: Any, x: Tensor, generator: Seed, kl_weight: float = 1.0) -> Tensor:
        if kl_weight != 1:
            return self._warming_up(model, x, generator, kl_weight)
        if self.bound is iwae:
            return self.estimator(model, x, self.n_samples, generator)
        return self.estimator(model, x, self.n_samples, generator, bound=self.bound)

    def _warming_up(self, model: Any, x: Tensor, generator: Seed, kl_weight: float) -> Tensor:
        """ln w_k = ln p(x|z_k) + kl_weight [ln p(z_k) - ln q(z_k|x)]."""
        if self.estimator is not reparameterized:
            name = getattr(self.estimator, "__name__", self.estimator)
            raise ValueError(f"estimator {name} climbs a bound; with kl_weight {kl_weight} only reparameterized can be used")
        with drawing_from(as_generator(generator)):
            posterior = model.posterior(x)
            z = posterior.rsample(torch.Size([self.n_samples]))
        log_ratio = model.prior().log_prob(z) - posterior.log_prob(z)
        return self.bound(model.likelihood(z).log_prob(x) + kl_weight * log_ratio)


def importance_weighted(
    n_samples: int = 1, estimator: Estimator = reparameterized, bound: Callable[[Tensor], Tensor] = iwae
) -> ImportanceWeighted:
    r"""IWAE's bound ln (1/K) Σ_k w_k, or another function of log_w; with K = 1 the ELBO, all of it sampled.

    Parameters
    ----------
    n_samples
        K.
    estimator
        Of the gradient: one of :mod:`lvmlib.gradients`. While the KL warms up only ``reparameterized`` will do.
    bound
        From log_w (K, batch) to (batch,), for the estimators that take one.

    Raises
    ------
    ValueError
        If ``n_samples`` is below 1.

    References
    ----------
    Burda, Grosse & Salakhutdinov, Importance Weighted Autoencoders, 2016, equation (8).
    """
    _check_n_samples(n_samples)
    return ImportanceWeighted(n_samples, estimator, bound)


def sampled_elbo(n_samples: int = 1, estimator: Estimator = reparameterized) -> ImportanceWeighted:
    """(1/K) Σ_k ln w_k: the ELBO, its KL sampled too. See :func:`importance_weighted`."""
    return importance_weighted(n_samples, estimator, elbo)


@dataclass(frozen=True)
class BetaWeighted:
    """Made by :func:`beta_objective`."""

    beta: float
    n_samples: int

    def __call__(self, model: Any, x: Tensor, generator: Seed, kl_weight: float = 1.0) -> Tensor:
        terms = _elbo_terms(model, x, self.n_samples, generator)
        return beta_weighted(terms.reconstruction, terms.total_kl.mean(dim=0), self.beta * kl_weight)


def beta_objective(beta: float = 1.0, n_samples: int = 1) -> BetaWeighted:
    """E_q[ln p(x|z)] - beta KL(q(z|x) || p(z)), the KL analytic where the model can; the ELBO only where beta is 1.

    Parameters
    ----------
    beta
        At least 0; the weight of a warm-up multiplies it.
    n_samples
        z drawn for the reconstruction.

    Raises
    ------
    ValueError
        If ``beta`` is negative or no number, or ``n_samples`` below 1.

    References
    ----------
    Kingma & Welling, Auto-Encoding Variational Bayes, 2014, equation (3); Higgins et al., beta-VAE, 2017, equation (4).
    """
    _check_n_samples(n_samples)
    _check_not_negative("beta", beta)
    return BetaWeighted(beta, n_samples)


def analytic_elbo(n_samples: int = 1) -> BetaWeighted:
    """The ELBO with its KL analytic where the model can: :func:`beta_objective` at 1."""
    return beta_objective(1.0, n_samples)


@dataclass(frozen=True)
class FreeBits:
    """Made by :func:`free_bits`."""

    nats: float
    group: str
    n_samples: int

    def __call__(self, model: Any, x: Tensor, generator: Seed, kl_weight: float = 1.0) -> Tensor:
        terms = _elbo_terms(model, x, self.n_samples, generator)
        charged = [self._charged(kl.mean(dim=0)) for kl in terms.kl]
        value = terms.reconstruction.mean(dim=0) - kl_weight * torch.stack(charged).sum(dim=0)
        check_no_nan("free_bits", value, "check x and the model")
        return value

    def _charged(self, kl: Tensor) -> Tensor:
        """Σ_j max(λ, E[KL_j]) as one value an example, (batch, n_latent) -> (batch,).

        Where the mean of group j is above λ, each example pays its own KL_j, otherwise λ: the mean over the batch
        is the paper's, and so is the gradient, which is zero in the groups that are free. A NaN is not free.
        """
        groups = kl.sum(dim=-1, keepdim=True) if self.group == "layer" else kl
        return torch.where(mean_over_batch(groups) <= self.nats, self.nats, groups).sum(dim=-1)


def free_bits(nats: float, group: str = "dimension", n_samples: int = 1) -> FreeBits:
    r"""E_q[ln p(x|z)] - Σ_j max(λ, E_batch[KL_j]): each group j may hold λ nats at no further cost.

    Averaged over the batch it is never above the ELBO of the same samples, and its gradient gives no group a
    reason to fall below λ: a latent dimension is not switched off before the decoder has learned to use it.

    Parameters
    ----------
    nats
        λ, of each group; at least 0.
    group : {"dimension", "layer"}
        Each latent dimension, or each stochastic layer as a whole.
    n_samples
        z drawn for what is not analytic.

    Raises
    ------
    ValueError
        If ``nats`` is negative or no number, ``group`` another one, or ``n_samples`` below 1.

    References
    ----------
    Kingma et al., Improving Variational Inference with Inverse Autoregressive Flow, 2016, equation (15).
    """
    _check_n_samples(n_samples)
    _check_not_negative("nats", nats)
    check_choice("group", group, GROUPS)
    return FreeBits(nats, group, n_samples)


def log_likelihood(model: Any, x: Tensor, generator: object = None, kl_weight: float = 1.0) -> Tensor:
    """ln p(x), (batch,) nats, of a model whose density is exact: a flow, or an autoregressive model. Nothing is drawn.

    Of a model with a context, ln p(x|c): each row holds an example's features, then its context.
    """
    n_context = getattr(model, "n_context", 0)
    log_p = model(x[:, -n_context:]).log_prob(x[:, :-n_context]) if n_context else model().log_prob(x)
    check_no_nan("log_likelihood", log_p, "check x and the model")
    return log_p


def _check_n_samples(n_samples: int) -> None:
    if isinstance(n_samples, bool) or not isinstance(n_samples, int) or n_samples < 1:
        raise ValueError(f"n_samples must be a whole number of at least 1, got {n_samples!r}")


def _check_not_negative(name: str, value: float) -> None:
    if not 0 <= value < float("inf"):
        raise ValueError(f"{name} must be a number of at least 0, got {value}")


def _elbo_terms(model: Any, x: Tensor, n_samples: int, generator: Seed) -> Any:
    if not hasattr(model, "elbo_terms"):
        told = f"the objective needs a model with latent variables (elbo_terms), got {type(model).__name__}"
        raise TypeError(f"{told}; where ln p(x) is exact, as of flows, MADE and PixelCNN, climb log_likelihood")
    return model.elbo_terms(x, n_samples, generator)
