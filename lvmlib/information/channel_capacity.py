"""The capacity of a discrete channel p(y|x), C = max over p(x) of I(X;Y), by the algorithm of Blahut and Arimoto.

With q(y) = Σ_x p(x) p(y|x) and D_x = KL(p(y|x) || q(y)), every input distribution has

    I(p) = Σ_x p(x) D_x  <=  ln Σ_x p(x) e^{D_x}  <=  C  <=  max_x D_x,

and p'(x) ∝ p(x) e^{D_x} has I(p') at least as great as the second of them. At the optimum D_x = C wherever p(x) > 0.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from lvmlib.validation import check_at_least, check_count, kind

TOLERANCES = {torch.float32: 1e-5, torch.float64: 1e-9}
"""In nats, where none is given: well above the rounding of a sum of a thousand terms."""


@dataclass(frozen=True, eq=False)
class ChannelCapacity:
    """What :func:`channel_capacity` found, for each channel of the batch."""

    lower: Float[Tensor, "*batch"]
    """I(X;Y) in nats under ``input_distribution``: the capacity from below."""
    upper: Float[Tensor, "*batch"]
    """The least max_x D_x that was met: the capacity from above, nats."""
    input_distribution: Float[Tensor, "*batch inputs"]
    output_distribution: Float[Tensor, "*batch outputs"]
    """Σ_x p(x) p(y|x), which the optimal p(x), unlike p(x) itself, shares with all other optima."""
    converged: Bool[Tensor, "*batch"]
    """Whether upper - lower came down to the tolerance."""
    n_iterations: Int[Tensor, "*batch"]
    lower_history: Float[Tensor, "iterations *batch"]
    """``lower`` before each iteration and after the last; it stays where a channel has converged. It never falls."""
    upper_history: Float[Tensor, "iterations *batch"]

    @property
    def lower_bits(self) -> Float[Tensor, "*batch"]:
        return self.lower / math.log(2)

    @property
    def upper_bits(self) -> Float[Tensor, "*batch"]:
        return self.upper / math.log(2)


def channel_capacity(
    channel: Float[Tensor, "*batch inputs outputs"],
    *,
    tolerance: float | None = None,
    max_iterations: int = 10_000,
    accelerate: bool = True,
) -> ChannelCapacity:
    r"""max over p(x) of I(X;Y) = Σ_xy p(x) p(y|x) ln (p(y|x) / q(y)), nats, of each channel, with bounds from both sides.

    Each channel stops by itself, when its bounds are ``tolerance`` apart: what else is in the batch doesn't matter.

    Parameters
    ----------
    channel : (*batch, inputs, outputs)
        p(y|x), each row a distribution over y.
    tolerance
        On upper - lower, nats; where not given, 1e-5 for float32 and 1e-9 for float64.
    max_iterations
        Where it is reached, ``converged`` is False; the bounds hold all the same.
    accelerate
        Go on from p'(x) (p'(x) / p'_before(x))^β, with p' of the plain step, p'_before of the one before, and β rising
        towards 1; where that carries less than the plain step guarantees, take the plain step and begin with β = 0
        again. False: the plain algorithm, whose bounds may need many times the iterations where inputs are nearly as good
        as each other.

    Raises
    ------
    TypeError
        If ``channel`` is not float32 or float64.
    ValueError
        If it has no inputs or outputs, or a row is not a distribution: negative, NaN, or its sum not 1.

    References
    ----------
    Blahut, Computation of channel capacity and rate-distortion functions, 1972, theorem 1; Arimoto, An algorithm for
    computing the capacity of arbitrary discrete memoryless channels, 1972. The momentum: Hanzely, Richtárik & Xiao,
    Accelerated Bregman proximal gradient methods for relatively smooth convex optimization, 2021, and its new beginnings:
    O'Donoghue & Candès, Adaptive restart for accelerated gradient schemes, 2015.
    """
    check_channel(channel)
    if tolerance is None:
        tolerance = TOLERANCES[channel.dtype]
    check_at_least("tolerance", tolerance, 0)
    check_count("max_iterations", max_iterations)
    *batch, n_inputs, n_outputs = channel.shape
    with torch.no_grad():
        search = _Search(channel.detach().reshape(-1, n_inputs, n_outputs))
        lower, upper = [search.lower.clone()], [search.upper.clone()]
        for _ in range(max_iterations):
            rows = (search.upper - search.lower > tolerance).nonzero()[:, 0]
            if len(rows) == 0:
                break
            search.step(rows, accelerate)
            lower.append(search.lower.clone())
            upper.append(search.upper.clone())
        p = search.log_p.exp()
        return ChannelCapacity(
            search.lower.reshape(batch),
            search.upper.reshape(batch),
            p.reshape(*batch, n_inputs),
            (p[:, None] @ search.channel)[:, 0].reshape(*batch, n_outputs),
            (search.upper - search.lower <= tolerance).reshape(batch),
            search.n_iterations.reshape(batch),
            torch.stack(lower).reshape(-1, *batch),
            torch.stack(upper).reshape(-1, *batch),
        )


def channel_information(
    channel: Float[Tensor, "*batch inputs outputs"], input_distribution: Float[Tensor, "*batch inputs"]
) -> Float[Tensor, "*batch"]:
    """I(X;Y) in nats of a channel p(y|x) under an input distribution p(x).

    Raises
    ------
    TypeError, ValueError
        As :func:`channel_capacity`, for ``input_distribution`` too.
    """
    check_channel(channel)
    if input_distribution.shape != channel.shape[:-1]:
        wanted = tuple(channel.shape[:-1])
        raise ValueError(f"input_distribution must have the shape {wanted}, got {tuple(input_distribution.shape)}")
    _check_distributions("input_distribution", input_distribution)
    joint = input_distribution[..., None] * channel
    q = joint.sum(dim=-2)
    return (torch.xlogy(joint, channel).sum(dim=(-2, -1)) - torch.xlogy(q, q).sum(dim=-1)).clamp(min=0.0)


class _Search:
    """Of all channels of a batch: ln p(x), D_x, the bounds, and the momentum."""

    def __init__(self, channel: Tensor) -> None:
        self.channel = channel  # (batch, inputs, outputs)
        self.negative_entropy = torch.xlogy(channel, channel).sum(dim=2)  # Σ_y p(y|x) ln p(y|x)
        # An input whose probability is below e^floor is kept there: the mass is nothing, and q(y) stays positive.
        self.floor = math.log(torch.finfo(channel.dtype).tiny) / 2
        self.log_p = torch.full_like(self.negative_entropy, -math.log(channel.shape[1]))
        everything = torch.arange(len(channel), device=channel.device)
        self.divergence = self._divergence(self.log_p, everything)
        self.lower = (self.log_p.exp() * self.divergence).sum(dim=1)
        self.upper = self.divergence.amax(dim=1)
        self.plain_before = self.log_p.clone()  # ln p' of the iteration before
        self.n_unbroken = torch.zeros_like(self.lower)  # since the momentum began anew
        self.n_iterations = torch.zeros(len(channel), dtype=torch.int64, device=channel.device)

    def _divergence(self, log_p: Tensor, rows: Tensor) -> Tensor:
        """D_x, (rows, inputs)."""
        channel = self.channel if len(rows) == len(self.channel) else self.channel[rows]
        q = (log_p.exp()[:, None] @ channel)[:, 0]
        # an output that no input reaches has p(y|x) = 0 and costs nothing
        log_q = q.clamp(min=torch.finfo(q.dtype).tiny).log()
        return self.negative_entropy[rows] - (channel @ log_q[:, :, None])[:, :, 0]

    def _normalized(self, log_p: Tensor) -> Tensor:
        return log_p.log_softmax(dim=1).clamp(min=self.floor).log_softmax(dim=1)

    def step(self, rows: Tensor, accelerate: bool) -> None:
        guaranteed = torch.logsumexp(self.log_p[rows] + self.divergence[rows], dim=1)
        plain = self._normalized(self.log_p[rows] + self.divergence[rows])
        log_p = plain
        if accelerate:
            beta = (self.n_unbroken[rows] / (self.n_unbroken[rows] + 3))[:, None]
            log_p = self._normalized(plain + beta * (plain - self.plain_before[rows]))
        divergence = self._divergence(log_p, rows)
        lower = (log_p.exp() * divergence).sum(dim=1)
        if accelerate:
            back = ((lower < guaranteed) & (self.n_unbroken[rows] > 0)).nonzero()[:, 0]
            if len(back):
                log_p[back] = plain[back]
                divergence[back] = self._divergence(plain[back], rows[back])
                lower[back] = (plain[back].exp() * divergence[back]).sum(dim=1)
            self.n_unbroken[rows] += 1
            self.n_unbroken[rows[back]] = 0
            self.plain_before[rows] = plain
        self.log_p[rows], self.divergence[rows], self.lower[rows] = log_p, divergence, lower
        self.upper[rows] = torch.minimum(self.upper[rows], divergence.amax(dim=1))
        self.n_iterations[rows] += 1


def check_channel(channel: Tensor) -> None:
    """Raise a TypeError or ValueError unless ``channel`` is (..., inputs, outputs), each row a distribution."""
    if not isinstance(channel, Tensor) or channel.dtype not in TOLERANCES:
        raise TypeError(f"channel must be a float32 or float64 tensor, got {kind(channel)}")
    if channel.ndim < 2 or 0 in channel.shape:
        raise ValueError(f"channel must have the shape (..., inputs, outputs), no dimension 0, got {tuple(channel.shape)}")
    _check_distributions("channel", channel)


def _check_distributions(name: str, rows: Tensor) -> None:
    """Each row sums to 1 as nearly as its dtype lets a sum of so many terms."""
    if not (rows >= 0).all():
        raise ValueError(f"{name} must hold probabilities, got {rows.min().item()}: negative or NaN")
    furthest = (rows.sum(dim=-1) - 1).abs().max().item()
    allowed = 64 * torch.finfo(rows.dtype).eps * max(1.0, rows.shape[-1] ** 0.5)
    if not furthest <= allowed:
        raise ValueError(f"{name} must hold rows that sum to 1, but one is {furthest:.3g} away; at most {allowed:.3g} is allowed")
