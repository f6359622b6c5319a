"""What a latent variable model is: a prior p(z) and a likelihood p(x|z), and so a joint p(x, z).

x is observed, z latent. Everything else of the library is built on the four things here:
``prior``, ``likelihood``, ``log_joint`` and ``sample``, and on :func:`log_w`, from which
every bound on ln p(x) in :mod:`lvmlib.bounds` is computed.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor

from lvmlib.non_finite import check_no_nan
from lvmlib.randomness import Seed, as_generator, drawing_from


Latent = Tensor | tuple[Tensor, ...]
"""z, or in a hierarchical model the tuple of its layers."""


@runtime_checkable
class Distribution(Protocol):
    """The face of ``torch.distributions`` that models rely on."""

    def sample(self, sample_shape: torch.Size = ...) -> Latent: ...

    def log_prob(self, value: Latent) -> Tensor: ...


@runtime_checkable
class Joint(Protocol):
    """All that log weights ask of a model: ln p(x, z), whether or not it is known as a prior and a likelihood."""

    def log_joint(self, x: Tensor, z: Latent) -> Tensor: ...


class LatentVariableModel(ABC):
    """p(x, z) = p(z) p(x|z)."""

    @abstractmethod
    def prior(self) -> Distribution:
        """p(z)."""

    @abstractmethod
    def likelihood(self, z: Latent) -> Distribution:
        """p(x|z), one distribution for each z."""

    def log_joint(self, x: Tensor, z: Latent) -> Tensor:
        """ln p(x, z) = ln p(z) + ln p(x|z), in nats.

        Parameters
        ----------
        x : (batch, ...)
        z : (..., batch) followed by the dimensions of one z
            Any leading dimensions (samples, enumerated values) broadcast against x.

        Returns
        -------
        Tensor (..., batch)
        """
        return self.prior().log_prob(z) + self.likelihood(z).log_prob(x)

    def sample(self, n_samples: int, random_state: Seed) -> tuple[Tensor, Latent]:
        """Draw z ~ p(z), then x ~ p(x|z).

        Returns
        -------
        x : (n_samples, ...)
        z : (n_samples, ...)

        Raises
        ------
        ValueError
            If ``n_samples`` is below 1.
        """
        if n_samples < 1:
            raise ValueError(f"n_samples must be at least 1, got {n_samples}")
        with drawing_from(as_generator(random_state)):
            z = self.prior().sample(torch.Size([n_samples]))
            x = self.likelihood(z).sample()
        return x, z


def log_w(
    model: Joint, x: Tensor, posterior: Distribution, n_samples: int, random_state: Seed
) -> Float[Tensor, "K batch"]:
    """Log importance weights ln w_k = ln p(x, z_k) - ln q(z_k|x), z_k ~ q(z|x), in nats.

    With q the prior they give naive Monte Carlo, with K = 1 the ELBO, with K > 1 IWAE.

    Parameters
    ----------
    x : (batch, ...)
    posterior
        q(z|x), one distribution for each example: a batch of distributions.
    n_samples
        K.

    Returns
    -------
    Tensor (K, batch)

    Raises
    ------
    ValueError
        If ``n_samples`` is below 1, or if a weight is NaN.
    """
    if n_samples < 1:
        raise ValueError(f"n_samples must be at least 1, got {n_samples}")
    with drawing_from(as_generator(random_state)):
        draw = posterior.rsample if getattr(posterior, "has_rsample", False) else posterior.sample
        z = draw(torch.Size([n_samples]))  # (K, batch, ...)
    weights = model.log_joint(x, z) - posterior.log_prob(z)
    check_no_nan("log_w", weights, "check x and the model")
    return weights
