"""What EM asks of a model: expected sufficient statistics, and the parameters that maximize for them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor


@runtime_checkable
class EMPosterior(Protocol):
    """q(z|x) of every example, as an E-step returns it."""

    def elbo(self) -> Tensor:
        """E_q[ln p(x, z) - ln q(z|x)], (batch,), nats."""

    def point_mass(self) -> EMPosterior:
        """q on the most probable z alone."""

    def draw(self, generator: torch.Generator) -> EMPosterior:
        """q on one z alone, drawn from this q."""


@dataclass(frozen=True)
class Statistics:
    """Σ_n E_q[t(x_n, z_n)]: all that an M-step needs of the data, and the bound where it was taken."""

    n_examples: float
    elbo: float
    """Σ_n of the examples' ELBO, nats."""
    magnitude: float
    """Σ_n |ELBO_n|: what the rounding of that sum is in proportion to."""
    values: dict[str, Tensor] = field(default_factory=dict)
    """Each expected sufficient statistic, summed over the examples."""
    eps: float = torch.finfo(torch.float64).eps
    """Rounding of one example's ELBO, relative to it."""

    @classmethod
    def of(cls, elbo: Float[Tensor, " batch"], **values: Tensor) -> Statistics:
        """From the ELBO of each example and the summed statistics."""
        exact = elbo.detach().double()
        return cls(len(elbo), float(exact.sum()), float(exact.abs().sum()), values, torch.finfo(elbo.dtype).eps)

    def __add__(self, other: Statistics) -> Statistics:
        values = {name: value + other.values[name] for name, value in self.values.items()}
        return Statistics(
            self.n_examples + other.n_examples,
            self.elbo + other.elbo,
            self.magnitude + other.magnitude,
            values,
            max(self.eps, other.eps),
        )

    def scaled(self, factor: float) -> Statistics:
        """As of ``factor`` times as many examples."""
        values = {name: factor * value for name, value in self.values.items()}
        return Statistics(factor * self.n_examples, factor * self.elbo, factor * self.magnitude, values, self.eps)


class ExponentialFamilyModel(ABC):
    """A model that EM can fit: ln p(x, z) is linear in sufficient statistics t(x, z).

    Its parameters are attributes, replaced and never changed in place.
    """

    @abstractmethod
    def initialize(self, x: Any, generator: torch.Generator) -> None:
        """Set the parameters to a start."""

    @abstractmethod
    def e_step(self, x: Any) -> EMPosterior:
        """The exact posterior under the present parameters."""

    @abstractmethod
    def statistics(self, x: Any, posterior: EMPosterior) -> Statistics:
        """Σ_n E_q[t(x_n, z_n)] under q = ``posterior``."""

    @abstractmethod
    def maximize(self, statistics: Statistics) -> float:
        """Set the parameters to those that maximize ELBO + ln p(θ) for these statistics.

        Returns the most, in nats per example, by which it may have lowered that bound: by
        rounding, or because it regularizes; 0 for an exact maximizer in exact arithmetic.
        """

    def m_step(self, x: Any, posterior: EMPosterior) -> float:
        """:meth:`maximize` for the statistics of x under ``posterior``."""
        return self.maximize(self.statistics(x, posterior))

    def expected_statistics(
        self, x: Any, assignment: str = "soft", generator: torch.Generator | None = None
    ) -> Statistics:
        """E-step and statistics together; models override it where one pass over x does both."""
        posterior = self.e_step(x)
        if assignment == "hard":
            posterior = posterior.point_mass()
        elif assignment == "stochastic":
            posterior = posterior.draw(generator)
        return self.statistics(x, posterior)

    def log_prior(self) -> float:
        """ln p(θ) up to a constant, nats; 0 where θ has no prior."""
        return 0.0

    def parameter_vector(self) -> Float[Tensor, " parameters"]:
        """The parameters in coordinates of which every value is allowed, for acceleration."""
        raise NotImplementedError(f"{type(self).__name__} does not say its parameters as a vector: use acceleration=None")

    def set_parameter_vector(self, vector: Float[Tensor, " parameters"]) -> None:
        """The inverse of :meth:`parameter_vector`."""
        raise NotImplementedError(f"{type(self).__name__} does not say its parameters as a vector: use acceleration=None")
