r"""Empowerment: how much of what a state can become is in one's own hands, E(s) = max over w(a|s) of I(a; s'|s), in nats.

a is a sequence of n actions, chosen beforehand, and s' the state after it: E(s) is the capacity of the channel p(s'|s, a).
It is computed in two ways: exactly, by Blahut and Arimoto's algorithm for each state, and as the maximum over a source
w(a|s) and a planner q(a|s', s) of Barber and Agakov's bound

    I(a; s'|s) >= E_{w(a|s) p(s'|s, a)}[ln q(a|s', s) - ln w(a|s)],

tight where the planner is the posterior w(a|s) p(s'|s, a) / p(s'|s). Source and planner are tables or networks that all
states share, and climb the bound by its gradient.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from lvmlib.information.channel_capacity import ChannelCapacity, channel_capacity, check_channel
from lvmlib.networks import perceptron
from lvmlib.randomness import Seed, as_generator, drawing_from
from lvmlib.validation import check_count


@dataclass(frozen=True, eq=False)
class Outcomes:
    """A channel without the states that cannot be reached: of 60 states six steps may lead to 20."""

    probabilities: Float[Tensor, "states sequences reached"]
    """p(s'|s, a) of the r-th state that can be reached from s; 0 where it has fewer than others."""
    next_states: Int[Tensor, "states reached"]
    """Which s' that is; where it has fewer, some state of probability 0."""

    @property
    def n_states(self) -> int:
        return self.probabilities.shape[0]

    @property
    def n_sequences(self) -> int:
        return self.probabilities.shape[1]

    @property
    def states(self) -> Int[Tensor, "states 1"]:
        """All of them, as training passes them."""
        return torch.arange(self.n_states, device=self.next_states.device)[:, None]

    def to(self, dtype: torch.dtype) -> Outcomes:
        return Outcomes(self.probabilities.to(dtype), self.next_states)


def outcomes_of(channel: Float[Tensor, "states sequences states"]) -> Outcomes:
    """The same channel, reachable states alone.

    Raises
    ------
    ValueError, TypeError
        If ``channel`` holds no distributions.
    """
    check_channel(channel)
    reached = (channel > 0).any(dim=1)  # (states, states)
    most = int(reached.sum(dim=1).max())
    next_states = reached.to(torch.int8).argsort(dim=1, descending=True, stable=True)[:, :most]
    index = next_states[:, None].expand(-1, channel.shape[1], -1)
    return Outcomes(channel.gather(2, index), next_states)


def exact_empowerment(outcomes: Outcomes, **settings) -> ChannelCapacity:
    """E(s) of each state: ``lower`` and ``upper`` (states,), and in ``input_distribution`` the best w(a|s).

    Parameters
    ----------
    settings
        Of :func:`~lvmlib.information.channel_capacity.channel_capacity`.

    References
    ----------
    Klyubin, Polani & Nehaniv, Empowerment: A Universal Agent-Centric Measure of Control, 2005.
    """
    return channel_capacity(outcomes.probabilities, **settings)


class SourceAndPlanner(nn.Module):
    """A source w(a|s) and a planner q(a|s', s), both over all sequences at once.

    Subclasses give their logits: ``source_logits(states)``, (batch, sequences), and ``planner_logits(states, next_states)``,
    (batch, reached, sequences) for states (batch,) and next_states (batch, reached).
    """

    n_states: int

    def source_logits(self, states: Int[Tensor, " batch"]) -> Float[Tensor, "batch sequences"]:
        raise NotImplementedError

    def planner_logits(
        self, states: Int[Tensor, " batch"], next_states: Int[Tensor, "batch reached"]
    ) -> Float[Tensor, "batch reached sequences"]:
        raise NotImplementedError

    def check_data(self, x: object) -> Int[Tensor, "batch 1"]:
        """State numbers as training passes them: integers (batch, 1), each that of a state."""
        x = torch.as_tensor(x)
        if x.dtype != torch.int64 or x.ndim != 2 or x.shape[1] != 1:
            raise ValueError(f"states must be int64 of the shape (batch, 1), got {x.dtype} of the shape {tuple(x.shape)}")
        if len(x) == 0 or not ((x >= 0) & (x < self.n_states)).all():
            raise ValueError(f"states must be at least one number from 0 to {self.n_states - 1}")
        return x


class TabularSourceAndPlanner(SourceAndPlanner):
    """A logit for each (s, a) and each (s, s', a): all distributions there are. Both begin uniform."""

    def __init__(self, n_states: int, n_sequences: int, dtype: torch.dtype = torch.float32) -> None:
        super().__init__()
        check_count("n_states", n_states)
        check_count("n_sequences", n_sequences)
        self.n_states = n_states
        self.source = nn.Parameter(torch.zeros(n_states, n_sequences, dtype=dtype))
        self.planner = nn.Parameter(torch.zeros(n_states, n_states, n_sequences, dtype=dtype))

    def source_logits(self, states: Int[Tensor, " batch"]) -> Float[Tensor, "batch sequences"]:
        return self.source[states]

    def planner_logits(
        self, states: Int[Tensor, " batch"], next_states: Int[Tensor, "batch reached"]
    ) -> Float[Tensor, "batch reached sequences"]:
        return self.planner[states[:, None], next_states]


class NeuralSourceAndPlanner(SourceAndPlanner):
    """Two perceptrons that see features of the states, so that what is learned in one state serves in others.

    Both begin uniform. A logit's gradient is proportional to w(a|s): a sequence that the other states pull the source away
    from early may be lost to a state for good, and its bound then stays below E(s) by what that outcome was worth. A tempered
    source (see :class:`EmpowermentObjective`) makes that rarer; tables, whose logits are their own, don't know it.

    Parameters
    ----------
    features : (states, n_features)
        Such as :attr:`~lvmlib.information.grid_world.GridWorld.features`. The planner sees those of s and of s'.
    hidden
        Widths of the hidden layers of each.
    random_state
        For the starting weights.
    """

    def __init__(
        self,
        features: Float[Tensor, "states n_features"],
        n_sequences: int,
        hidden: Sequence[int] = (256,),
        random_state: Seed = 0,
    ) -> None:
        super().__init__()
        check_count("n_sequences", n_sequences)
        self.n_states, n_features = features.shape
        self.register_buffer("features", features.detach().clone())
        with drawing_from(as_generator(random_state)):
            self.source = perceptron(n_features, hidden, n_sequences, "relu").to(features.dtype)
            self.planner = perceptron(2 * n_features, hidden, n_sequences, "relu").to(features.dtype)
        for network in (self.source, self.planner):  # a source that begins far from uniform never tries some sequences
            nn.init.zeros_(network[-1].weight)

    def source_logits(self, states: Int[Tensor, " batch"]) -> Float[Tensor, "batch sequences"]:
        return self.source(self.features[states])

    def planner_logits(
        self, states: Int[Tensor, " batch"], next_states: Int[Tensor, "batch reached"]
    ) -> Float[Tensor, "batch reached sequences"]:
        here, there = self.features[states][:, None], self.features[next_states]
        return self.planner(torch.cat([here.expand_as(there), there], dim=2))


def variational_empowerment(
    model: SourceAndPlanner, outcomes: Outcomes, states: Int[Tensor, " batch"] | None = None
) -> Float[Tensor, " batch"]:
    r"""Σ_a w(a|s) Σ_s' p(s'|s, a) (ln q(a|s', s) - ln w(a|s)): the bound itself, never above E(s), nats.

    Parameters
    ----------
    states
        Which; all where not given.

    Raises
    ------
    ValueError
        If the model and ``outcomes`` differ in their numbers of states or sequences.

    References
    ----------
    Barber & Agakov, The IM Algorithm, 2003, equation (3); Mohamed & Rezende, Variational Information Maximisation for
    Intrinsically Motivated Reinforcement Learning, 2015, equation (5).
    """
    states = torch.arange(outcomes.n_states, device=outcomes.next_states.device) if states is None else states
    log_w, log_q, p = _log_probabilities(model, outcomes, states)
    expected = (p * log_q.mT).sum(dim=2)  # Σ_s' p(s'|s, a) ln q(a|s', s), (batch, sequences)
    return (log_w.exp() * (expected - log_w)).sum(dim=1)


def sampled_empowerment(
    model: SourceAndPlanner, outcomes: Outcomes, states: Int[Tensor, " batch"], n_samples: int, random_state: Seed
) -> Float[Tensor, "n_samples batch"]:
    r"""ln q(a|s', s) - ln w(a|s) for a ~ w(a|s), s' ~ p(s'|s, a): what an agent can do that has to try out its world.

    Each value's expectation is :func:`variational_empowerment`, and so is the expected gradient of their mean: the source's
    part of it is the score function's, with the mean of the state's other samples as baseline.

    Parameters
    ----------
    n_samples
        At least 2, for the baseline.

    Raises
    ------
    ValueError
        If ``n_samples`` is below 2, or as :func:`variational_empowerment`.
    """
    check_count("n_samples", n_samples)
    if n_samples < 2:
        raise ValueError(f"n_samples must be at least 2, the others being a sample's baseline, got {n_samples}")
    log_w, log_q, p = _log_probabilities(model, outcomes, states)
    generator = as_generator(random_state)
    a = torch.multinomial(log_w.detach().exp(), n_samples, replacement=True, generator=generator)  # (batch, n_samples)
    rows = torch.arange(len(states), device=states.device)[:, None].expand_as(a)
    reached = torch.multinomial(p[rows, a].flatten(0, 1), 1, generator=generator).view_as(a)
    log_w, log_q = log_w.gather(1, a), log_q[rows, reached, a]
    reward = (log_q - log_w).detach()
    baseline = (reward.sum(dim=1, keepdim=True) - reward) / (n_samples - 1)
    # in expectation the gradient of -ln w itself is 0, so that it may stand in the value without its own
    return (log_q - log_w.detach() + (reward - baseline) * (log_w - log_w.detach())).mT


@dataclass(frozen=True, eq=False)
class EmpowermentObjective:
    """The bound for states (batch, 1), as :func:`lvmlib.training.train` climbs it.

        train(model, outcomes.states, EmpowermentObjective(outcomes), [Stage(300, 0.03)], batch_size=outcomes.n_states)

    While training warms up, with a ``kl_weight`` κ < 1, the source is w(a|s)^κ, normalized, and the value the bound of that:
    the planner first learns what all sequences lead to. A source that leaves some of them early never comes back to them.
    """

    outcomes: Outcomes
    n_samples: int | None = None
    """None for the exact expectation, or how many (a, s') are tried in each state at each step."""

    def __call__(self, model: SourceAndPlanner, x: Tensor, generator: Seed, kl_weight: float = 1.0) -> Tensor:
        if kl_weight < 1:
            model = TemperedSource(model, kl_weight)
        if self.n_samples is None:
            return variational_empowerment(model, self.outcomes, x[:, 0])
        return sampled_empowerment(model, self.outcomes, x[:, 0], self.n_samples, generator).mean(dim=0)


class TemperedSource(SourceAndPlanner):
    """The same planner, and w(a|s)^κ normalized as source."""

    def __init__(self, model: SourceAndPlanner, kappa: float) -> None:
        super().__init__()
        self.n_states, self.model, self.kappa = model.n_states, model, kappa

    def source_logits(self, states: Int[Tensor, " batch"]) -> Float[Tensor, "batch sequences"]:
        return self.kappa * self.model.source_logits(states)

    def planner_logits(
        self, states: Int[Tensor, " batch"], next_states: Int[Tensor, "batch reached"]
    ) -> Float[Tensor, "batch reached sequences"]:
        return self.model.planner_logits(states, next_states)


def _log_probabilities(model: SourceAndPlanner, outcomes: Outcomes, states: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """ln w (batch, sequences), ln q (batch, reached, sequences) and p(s'|s, a) (batch, sequences, reached)."""
    next_states = outcomes.next_states[states]
    log_w = model.source_logits(states).log_softmax(dim=1)
    log_q = model.planner_logits(states, next_states).log_softmax(dim=2)
    p = outcomes.probabilities[states]
    if model.n_states != outcomes.n_states or log_w.shape != p.shape[:2]:
        raise ValueError(
            f"the model is of {model.n_states} states and {log_w.shape[1]} sequences, "
            f"outcomes of {outcomes.n_states} and {outcomes.n_sequences}"
        )
    return log_w, log_q, p
