"""How much of a gradient is signal: |mean| over standard deviation, as K grows."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Float64
from torch import Tensor, nn
from torch.nn.utils import parameters_to_vector

from lvmlib.gradients.samples import AmortizedModel
from lvmlib.randomness import Seed, as_generator

Estimator = Callable[..., Tensor]
"""f(model, x, n_samples, random_state) -> (batch,)."""


@dataclass(frozen=True)
class SignalToNoise:
    """Moments of an estimator's gradient over repeats, for each number of samples K."""

    n_samples: tuple[int, ...]
    """The K, in rising order."""
    mean: Float64[Tensor, "n_counts n_parameters"]
    """Of each component of the gradient, over the repeats."""
    standard_deviation: Float64[Tensor, "n_counts n_parameters"]
    """Of one repeat, not of the mean."""
    n_repeats: int

    @property
    def ratio(self) -> Float64[Tensor, "n_counts n_parameters"]:
        """|mean| / standard deviation of each component; NaN where a component is the same in all repeats."""
        return torch.where(self.standard_deviation > 0, self.mean.abs() / self.standard_deviation, torch.nan)

    @property
    def average(self) -> Float64[Tensor, " n_counts"]:
        """The ratio averaged over the components that vary: those of a dead unit are zero in every repeat."""
        return self.ratio.nanmean(dim=1)

    @property
    def floor(self) -> float:
        """√(2 / (π n_repeats)): the ratio to expect where the true mean is zero. What lies near it is not signal."""
        return math.sqrt(2 / (math.pi * self.n_repeats))

    @property
    def slope(self) -> float:
        """d ln average / d ln K by least squares: -1/2 is a fall like 1/√K.

        Raises
        ------
        ValueError
            If there is but one K.
        """
        if len(self.n_samples) < 2:
            raise ValueError(f"a slope needs at least two numbers of samples, got {self.n_samples}")
        log_k = torch.tensor(self.n_samples, dtype=torch.float64).log()
        centred = log_k - log_k.mean()
        return float((centred * self.average.log()).sum() / centred.square().sum())


def signal_to_noise(
    model: AmortizedModel,
    x: Float[Tensor, "batch n_features"],
    estimator: Estimator,
    n_samples: Sequence[int],
    n_repeats: int,
    random_state: Seed,
    parameters: Iterable[nn.Parameter] | None = None,
) -> SignalToNoise:
    r"""Repeat an estimator's gradient of the bound averaged over x, and compare its mean with its spread.

        ratio_i(K) = |E[g_i]| / sd[g_i],    g = ∇_φ of one repeat with K samples

    Of plain IWAE's gradient it falls like 1/√K for the inference network, and rises like √K for the generative one;
    of the doubly reparameterized gradient it rises like √K for both. These are laws of large K: they set in once the
    mean of K weights varies little, so the later the further q is from the posterior, and until then every one of
    these ratios may fall. More examples in x raise it by about their square root.

    Parameters
    ----------
    x : (batch, n_features)
    estimator
        One of :mod:`lvmlib.gradients`; ``functools.partial`` gives it another bound.
    n_samples
        The numbers of samples K to try.
    n_repeats
        At least 2. Memory does not grow with it.
    random_state
        Seed or generator.
    parameters
        Those whose gradient is meant; where not given, those of the inference network, ``model.encoder``.

    Returns
    -------
    SignalToNoise

    Raises
    ------
    ValueError
        If ``n_samples`` is empty, repeats a number or holds one below 1, ``n_repeats`` is below 2, there are no
        parameters, or a gradient is the same in all repeats and all components.
    ArithmeticError
        If a gradient is NaN or infinite.

    References
    ----------
    Rainforth et al., Tighter Variational Bounds are Not Necessarily Better, 2018, section 3 and theorem 1.
    """
    counts = sorted(n_samples)
    if not counts or len(set(counts)) < len(counts) or counts[0] < 1:
        raise ValueError(f"n_samples must hold different numbers, each at least 1, got {list(n_samples)}")
    if n_repeats < 2:
        raise ValueError(f"n_repeats must be at least 2, got {n_repeats}")
    if parameters is None and not hasattr(model, "encoder"):
        raise ValueError("parameters must be given: the model has no encoder whose they could be")
    chosen = [p for p in (model.encoder.parameters() if parameters is None else parameters) if p.requires_grad]
    if not chosen:
        raise ValueError("parameters must hold at least one that requires a gradient, got none")
    generator = as_generator(random_state)
    moments = [_moments(model, x, estimator, count, n_repeats, generator, chosen) for count in counts]
    means, deviations = (torch.stack(column) for column in zip(*moments))
    if (deviations == 0).all(dim=1).any():
        raise ValueError("every component of the gradient is the same in all repeats: there is no noise to compare with")
    return SignalToNoise(tuple(counts), means, deviations, n_repeats)


def _moments(
    model: AmortizedModel,
    x: Tensor,
    estimator: Estimator,
    n_samples: int,
    n_repeats: int,
    generator: torch.Generator,
    parameters: list[nn.Parameter],
) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of the gradient over the repeats, as a running sum of squared deviations (Welford)."""
    mean = squares = torch.zeros(sum(p.numel() for p in parameters), dtype=torch.float64)
    for repeat in range(1, n_repeats + 1):
        bound = estimator(model, x, n_samples, generator).mean()
        gradient = parameters_to_vector(torch.autograd.grad(bound, parameters, materialize_grads=True)).cpu().double()
        if not torch.isfinite(gradient).all():
            raise ArithmeticError(f"repeat {repeat} with K = {n_samples}: the gradient is NaN or infinite")
        change = gradient - mean
        mean = mean + change / repeat
        squares = squares + change * (gradient - mean)
    return mean, (squares / (n_repeats - 1)).sqrt()
