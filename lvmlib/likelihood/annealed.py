"""ln p(x) by annealed importance sampling, and bracketed from both sides where an exact posterior sample is known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from lvmlib.bounds import check_log_w
from lvmlib.likelihood.hamiltonian import hamiltonian_transition
from lvmlib.likelihood.running_weights import RunningWeights
from lvmlib.model import Distribution, LatentVariableModel
from lvmlib.progress_bar import tqdm
from lvmlib.randomness import Seed, as_generator, drawing_from
from lvmlib.validation import check_count, check_examples

ACCEPTANCE_AIMED_AT = 0.65
PILOT_CHAINS, PILOT_WARM_UP = 8, 30
FIRST_STEP_SIZE, STEP_SIZE_GAIN = 0.25, 0.4


@dataclass(frozen=True)
class AnnealedEstimate:
    """Of each example: ln p(x) from weights w of annealed chains, E[w] = p(x)."""

    log_marginal: Float[Tensor, " batch"]
    """ln (1/C) Σ_c w_c of C chains, nats. Its expectation is a lower bound on ln p(x)."""
    standard_error: Float[Tensor, " batch"]
    """Of log_marginal by the delta method, nats; inf for one chain."""
    effective_sample_size: Float[Tensor, " batch"]
    """(Σ_c w_c)² / Σ_c w_c², between 1 and C."""
    acceptance_rate: Float[Tensor, " batch"]
    """Of the transitions, over chains and temperatures; about 0.65 is aimed at."""
    log_w: Float[Tensor, "chains batch"]
    """ln w_c, nats."""


@dataclass(frozen=True)
class Bracket:
    """Of each example: bounds from below and above on ln p(x), each in expectation, nats."""

    lower: Float[Tensor, " batch"]
    """ln (1/C) Σ_c w_c of forward chains."""
    upper: Float[Tensor, " batch"]
    """-ln (1/C) Σ_c 1/w_c of reverse chains."""
    lower_standard_error: Float[Tensor, " batch"]
    upper_standard_error: Float[Tensor, " batch"]
    """Over chains; those of one example share the sample of z that they start from, whose own variation is not in it."""


def sigmoid_schedule(n_temperatures: int, steepness: float = 4.0) -> list[float]:
    """0 = β_0 < ... < β_T = 1, dense at both ends: σ(δ (2t/T - 1)), shifted and scaled; T = n_temperatures, δ = steepness."""
    check_count("n_temperatures", n_temperatures)
    if not 0 < steepness < torch.inf:
        raise ValueError(f"steepness must be positive and finite, got {steepness}")
    values = (steepness * torch.linspace(-1, 1, n_temperatures + 1, dtype=torch.float64)).sigmoid()
    return ((values - values[0]) / (values[-1] - values[0])).tolist()


def annealed_importance_sampling(
    model: LatentVariableModel,
    x: Tensor,
    n_chains: int,
    random_state: Seed,
    *,
    temperatures: int | Sequence[float] = 200,
    n_leapfrog: int = 5,
    step_size: float | None = None,
    posterior: Callable[[Tensor], Distribution] | None = None,
    progress: bool = False,
) -> AnnealedEstimate:
    r"""ln p(x) from chains that go from the prior to the posterior through f_t(z) ∝ q_0(z)^(1-β_t) p(x, z)^β_t.

    A chain starts at z_0 ~ q_0; a transition that leaves f_t invariant (Hamiltonian Monte Carlo) leads from
    z_{t-1} to z_t. Its weight is ln w = Σ_t (β_t - β_{t-1}) [ln p(x, z_{t-1}) - ln q_0(z_{t-1})], and E[w] = p(x)
    however few the temperatures; more of them, or longer trajectories, lower the variance. All chains of all
    examples run together.

    Parameters
    ----------
    model
        z is continuous, a tensor or a tuple of layers, and ln p(x, z) differentiable by it.
    x : (batch, ...)
    n_chains
        C, for each example.
    temperatures
        T of a :func:`sigmoid_schedule`, or the β themselves, rising from 0 to 1.
    n_leapfrog
        Steps of a trajectory.
    step_size
        Of the leapfrog. Where not given, it is fitted to each temperature and example by a pilot run with
        chains of its own, which are then thrown away: one that adapts while it runs would lose E[w] = p(x).
    posterior
        Called with x, returns q_0; the prior where not given.
    progress
        Whether to show a bar.

    Returns
    -------
    AnnealedEstimate

    Raises
    ------
    ValueError
        If ``x`` is empty, a count is below 1, the temperatures do not rise from 0 to 1, ``step_size`` is not
        positive, or a weight is NaN.
    TypeError
        If ``x`` is no tensor, a count no integer, or z not continuous.

    References
    ----------
    Neal, Annealed importance sampling, 2001; for decoders, Wu, Burda, Salakhutdinov & Grosse, On the Quantitative
    Analysis of Decoder-Based Generative Models, 2017.
    """
    path = _Path(model, x, posterior, temperatures, n_leapfrog, as_generator(random_state, _device(x)), progress)
    check_count("n_chains", n_chains)
    steps = path.step_sizes(step_size, n_chains)
    log_w, acceptance = path.run(path.draw(n_chains), steps, reverse=False)
    running = _taken_in(log_w)
    return AnnealedEstimate(running.log_mean(), running.standard_error(), running.effective_sample_size(), acceptance, log_w)


def bidirectional_monte_carlo(
    model: LatentVariableModel,
    x: Tensor,
    z: Any,
    n_chains: int,
    random_state: Seed,
    *,
    temperatures: int | Sequence[float] = 200,
    n_leapfrog: int = 5,
    step_size: float | None = None,
    posterior: Callable[[Tensor], Distribution] | None = None,
    progress: bool = False,
) -> Bracket:
    r"""ln p(x) between two bounds: annealed chains from q_0 to the posterior, and back from an exact sample of it.

    The chain run backwards from z ~ p(z|x) has E[1/w] = 1/p(x), so that -ln (1/C) Σ_c 1/w_c is, in expectation,
    an upper bound (Jensen). The two meet as the temperatures grow in number. An exact sample is known where x was
    drawn from the model: ``x, z = model.sample(...)``. For other data there is no upper bound: a z from q(z|x) or
    from a chain does not give one.

    Parameters
    ----------
    z : (batch, n_latent), or a tuple of layers
        One exact sample of p(z|x) of each example: where each of its reverse chains starts.
    model, x, n_chains, temperatures, n_leapfrog, step_size, posterior, progress
        As :func:`annealed_importance_sampling`; the same transitions are used in both directions.

    Returns
    -------
    Bracket

    Raises
    ------
    ValueError, TypeError
        As :func:`annealed_importance_sampling`; if z does not fit the prior and x.

    References
    ----------
    Grosse, Ghahramani & Adams, Sandwiching the marginal likelihood using bidirectional Monte Carlo, 2015.
    """
    path = _Path(model, x, posterior, temperatures, n_leapfrog, as_generator(random_state, _device(x)), progress)
    check_count("n_chains", n_chains)
    end = path.packed(z)
    if end.shape != (len(x), sum(path.widths)) or not torch.isfinite(end).all():
        raise ValueError(f"z must be finite and (batch, n_latent), {(len(x), sum(path.widths))}, got {tuple(end.shape)}")
    steps = path.step_sizes(step_size, n_chains)
    forward, _ = path.run(path.draw(n_chains), steps, reverse=False)
    backward, _ = path.run(end.expand(n_chains, *end.shape), steps, reverse=True)
    below, above = _taken_in(forward), _taken_in(-backward)
    return Bracket(below.log_mean(), -above.log_mean(), below.standard_error(), above.standard_error())


class _Path:
    """The densities from q_0 to p(z|x), and chains that go along them. Layers of z are packed into one vector."""

    def __init__(
        self,
        model: LatentVariableModel,
        x: Tensor,
        posterior: Callable[[Tensor], Distribution] | None,
        temperatures: int | Sequence[float],
        n_leapfrog: int,
        generator: torch.Generator,
        progress: bool,
    ) -> None:
        check_count("n_leapfrog", n_leapfrog)
        self.model, self.x, self.n_leapfrog, self.generator, self.progress = model, x, n_leapfrog, generator, progress
        self.temperatures = _checked(sigmoid_schedule(temperatures) if isinstance(temperatures, int) else temperatures)
        with torch.no_grad():
            self.initial = model.prior() if posterior is None else posterior(x)  # q_0
        self.batch_shape = [len(x)] if posterior is None else []  # of what is drawn from q_0, which may be a batch itself
        z = self.draw_unpacked(1)
        self.is_tuple = isinstance(z, tuple)
        layers = z if self.is_tuple else (z,)
        if not all(layer.is_floating_point() and layer.ndim == 3 for layer in layers):
            raise TypeError("z must be continuous, a vector or a tuple of vectors: the transitions follow gradients by it")
        self.widths = [layer.shape[-1] for layer in layers]

    def packed(self, z: Any) -> Tensor:
        return torch.cat(z, dim=-1) if isinstance(z, tuple) else z

    def unpacked(self, z: Tensor) -> Any:
        return tuple(z.split(self.widths, dim=-1)) if self.is_tuple else z

    def draw_unpacked(self, n_chains: int) -> Any:
        """z_0 ~ q_0, (chains, batch, n_latent) or a tuple of such."""
        with drawing_from(self.generator), torch.no_grad():
            return self.initial.sample(torch.Size([n_chains, *self.batch_shape]))

    def draw(self, n_chains: int) -> Tensor:
        """The same, packed."""
        return self.packed(self.draw_unpacked(n_chains))

    def log_ratio(self, z: Tensor) -> Tensor:
        """ln p(x, z) - ln q_0(z), (chains, batch)."""
        z = self.unpacked(z)
        return self.model.log_joint(self.x, z) - self.initial.log_prob(z)

    def log_density(self, z: Tensor, beta: float) -> Tensor:
        """ln f_t(z) = (1 - β_t) ln q_0(z) + β_t ln p(x, z), but for a constant, (chains, batch)."""
        z = self.unpacked(z)
        return (1 - beta) * self.initial.log_prob(z) + beta * self.model.log_joint(self.x, z)

    def transition(self, z: Tensor, beta: float, step_size: Tensor) -> tuple[Tensor, Tensor]:
        return hamiltonian_transition(lambda z: self.log_density(z, beta), z, step_size, self.n_leapfrog, self.generator)

    def run(self, z: Tensor, step_sizes: Tensor, reverse: bool) -> tuple[Tensor, Tensor]:
        """ln w (chains, batch) of chains from z, and the acceptance rate (batch,)."""
        differences = [after - before for before, after in zip(self.temperatures, self.temperatures[1:])]
        order = list(range(len(differences)))
        log_w, accepted = z.new_zeros(z.shape[:-1]), z.new_zeros(z.shape[1])
        for t in tqdm(order[::-1] if reverse else order, desc="annealing", disable=not self.progress):
            with torch.no_grad():
                log_w = log_w + differences[t] * self.log_ratio(z)
            # between temperatures t and t + 1 the sample is of f_{t+1} going up and of f_t coming down
            inner = t if reverse else t + 1
            if 0 < inner < len(differences):
                z, probability = self.transition(z, self.temperatures[inner], step_sizes[inner - 1])
                accepted = accepted + probability.mean(dim=0)
        check_log_w(log_w)
        return log_w, accepted / max(1, len(differences) - 1)

    def step_sizes(self, step_size: float | None, n_chains: int) -> Tensor:
        """(T - 1, batch): the one given, or those that a pilot run arrives at."""
        shape = (len(self.temperatures) - 2, len(self.x))
        if step_size is not None:
            if not 0 < step_size < torch.inf:
                raise ValueError(f"step_size must be positive and finite, got {step_size}")
            return self.x.new_full(shape, step_size, dtype=self.draw(1).dtype)
        z = self.draw(min(n_chains, PILOT_CHAINS))
        step, found = z.new_full((len(self.x),), FIRST_STEP_SIZE), []
        inner = self.temperatures[1:-1]
        for beta in inner[:1] * PILOT_WARM_UP + inner:
            z, probability = self.transition(z, beta, step)
            step = step * (STEP_SIZE_GAIN * (probability.mean(dim=0) - ACCEPTANCE_AIMED_AT)).exp()
            found.append(step)
        return torch.stack(found[-len(inner) :]) if inner else z.new_zeros(shape)


def _checked(temperatures: Sequence[float]) -> list[float]:
    values = [float(value) for value in temperatures]
    rising = all(before < after for before, after in zip(values, values[1:]))
    if len(values) < 2 or values[0] != 0 or values[-1] != 1 or not rising:
        raise ValueError(f"temperatures must rise from 0 to 1, got {len(values)} of them: {values[:3]} ... {values[-3:]}")
    return values


def _taken_in(log_w: Tensor) -> RunningWeights:
    running = RunningWeights(len(log_w))
    running.update(log_w)
    return running


def _device(x: object) -> torch.device:
    check_examples("x", x)
    return x.device
