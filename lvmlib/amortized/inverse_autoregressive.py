r"""Inverse autoregressive flows as approximate posteriors: q(z|x) far beyond a diagonal Gaussian, drawn in one pass.

    z_0 = μ(x) + σ(x) ε,  ε ~ N(0, I)
    (m_t, s_t) = network_t(z_{t-1}, h(x)),   output d a function of the dimensions of z_{t-1} before d alone
    z_t = σ_t z_{t-1} + (1 - σ_t) m_t,   σ_t = sigmoid(s_t + b)
    ln q(z_T|x) = ln N(z_0; μ, σ²) - Σ_t Σ_d ln σ_{t,d}

dz_t/dz_{t-1} is triangular with diagonal σ_t. The forget-gate bias b keeps z_t near z_{t-1} to begin with; every other step
takes the dimensions in reversed order. Kingma, Salimans, Jozefowicz, Chen, Sutskever & Welling, Improving Variational Inference
with Inverse Autoregressive Flow, 2016, algorithm 1 and equations (10) to (14).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.functional import logsigmoid

from lvmlib.amortized.sampled_density import SampledDensity
from lvmlib.distributions import DiagonalGaussian
from lvmlib.generators.autoregressive import MaskedLinear, made_masks
from lvmlib.networks import ACTIVATIONS
from lvmlib.validation import check_at_least, check_choice, check_count, check_finite

Values = Float[Tensor, "..."]


def check_context(context: Tensor | None, n_context: int) -> None:
    """Raise a ValueError unless ``context`` is (..., n_context), or None where that is 0."""
    if n_context == 0 and context is not None:
        raise ValueError(f"context must be None, since n_context is 0, got {tuple(context.shape)}")
    if n_context and (context is None or context.ndim == 0 or context.shape[-1] != n_context):
        given = None if context is None else tuple(context.shape)
        raise ValueError(f"context must have the shape (..., {n_context}), got {given}")


class MaskedPerceptron(nn.Module):
    """(m, s), each (..., n_latent), of z and a context h: output d reads z_1, ..., z_{d-1}, or reversed z_{d+1}, ..., z_n; and h.

    The last layer's weights begin at 0, so that a step begins as m = 0 and the same σ everywhere.

    Parameters
    ----------
    n_latent
    hidden
        Widths of the hidden layers; with none, m and s are linear in z.
    n_context
        Numbers in h; 0 for none.
    activation : {"tanh", "relu", "silu", "gelu"}
    reverse
        Whether the dimensions are taken from the last to the first.

    Raises
    ------
    TypeError, ValueError
        If a size is no whole number of at least 1 (``n_context`` 0), or ``activation`` another one.
    """

    def __init__(
        self, n_latent: int, hidden: Sequence[int], n_context: int = 0, activation: str = "relu", reverse: bool = False
    ) -> None:
        super().__init__()
        check_count("n_latent", n_latent)
        for width in hidden:
            check_count("a hidden layer's width", width)
        check_at_least("n_context", n_context, 0)
        check_choice("activation", activation, ACTIVATIONS)
        self.n_latent, self.n_context = n_latent, n_context
        masks = made_masks(n_latent, hidden, n_outputs=2)
        if reverse:
            masks[0] = masks[0].flip(1)
            masks[-1] = masks[-1].unflatten(0, (2, n_latent)).flip(1).flatten(0, 1)
        self.layers = nn.ModuleList([MaskedLinear(mask) for mask in masks])
        self.activation = ACTIVATIONS[activation]()
        self.context_to_hidden = nn.Linear(n_context, hidden[0], bias=False) if n_context and hidden else None
        # the first dimension in order reads no hidden unit: it has the context from here
        self.context_to_output = nn.Linear(n_context, 2 * n_latent, bias=False) if n_context else None
        for last in [self.layers[-1], *([self.context_to_output] if n_context else [])]:
            nn.init.zeros_(last.weight)
        nn.init.zeros_(self.layers[-1].bias)
        rank = torch.arange(n_latent)
        self.register_buffer("rank", rank.flip(0) if reverse else rank, persistent=False)

    def forward(self, z: Values, context: Values | None = None) -> tuple[Values, Values]:
        check_context(context, self.n_context)
        y = self.layers[0](z)
        if self.context_to_hidden is not None:
            y = y + self.context_to_hidden(context)
        for layer in self.layers[1:]:
            y = layer(self.activation(y))
        if self.context_to_output is not None:
            y = y + self.context_to_output(context)
        return y.chunk(2, dim=-1)


class GatedStep(nn.Module):
    """z' = σ z + (1 - σ) m with σ = sigmoid(s + b), of (m, s) = network(z, h).

    Parameters
    ----------
    network
        Called with z (..., n) and the context h; gives m and s (..., n), output d a function of the dimensions before it
        alone, in the order of its buffer ``rank`` (n,): a dimension's place, from 0.
    forget_bias
        b. With 1 or 2 a step begins with σ of 0.73 or 0.88.

    Raises
    ------
    TypeError, ValueError
        If ``forget_bias`` is not a finite number.
    """

    def __init__(self, network: nn.Module, forget_bias: float = 2.0) -> None:
        super().__init__()
        check_finite("forget_bias", forget_bias)
        self.network, self.forget_bias = network, forget_bias

    def forward(self, z: Values, context: Values | None = None) -> tuple[Values, Values]:
        """z' and ln σ, both (..., n): ln |det dz'/dz| = Σ_d ln σ_d."""
        m, s = self.network(z, context)
        s = s + self.forget_bias
        return torch.lerp(m, z, s.sigmoid()), logsigmoid(s)

    def inverse(self, z_after: Values, context: Values | None = None) -> tuple[Values, Values]:
        """z, and ln σ at it: one dimension after another, each by a pass of the network. Exact; gradients pass through it."""
        rank = self.network.rank
        z = torch.zeros_like(z_after)
        for place in range(len(rank)):  # zeros stand where z is not known yet: what is taken doesn't read them
            m, s = self.network(z, context)
            found = m + (z_after - m) * (1 + (-s - self.forget_bias).exp())
            z = torch.where(rank == place, found, z)
        return z, logsigmoid(s + self.forget_bias)  # the last pass knew every dimension but the last, which none reads


class InverseAutoregressiveFlow(nn.Module):
    """Steps one after another: z_0 to z_T, and back.

    Raises
    ------
    ValueError
        If there is no step.
    """

    def __init__(self, steps: Sequence[nn.Module]) -> None:
        super().__init__()
        check_at_least("the number of steps", len(steps), 1)
        self.steps = nn.ModuleList(steps)

    def forward(self, z: Values, context: Values | None = None, inverse: bool = False) -> tuple[Values, Values]:
        """z_T of z_0, or with ``inverse`` z_0 of z_T; and in both cases Σ_t ln σ_t, (..., n), whose sum is ln |det dz_T/dz_0|."""
        total = 0.0
        for step in reversed(self.steps) if inverse else self.steps:
            z, log_scale = step.inverse(z, context) if inverse else step(z, context)
            total = total + log_scale
        return z, total


def masked_flow(
    n_latent: int,
    n_steps: int,
    n_context: int = 0,
    hidden: Sequence[int] = (64,),
    activation: str = "relu",
    forget_bias: float = 2.0,
) -> InverseAutoregressiveFlow:
    """``n_steps`` steps of masked perceptrons, the second, fourth, ... in reversed order.

    Raises
    ------
    TypeError, ValueError
        As :class:`MaskedPerceptron` and :class:`GatedStep`, and if ``n_steps`` is no whole number of at least 1.
    """
    check_count("n_steps", n_steps)
    networks = [MaskedPerceptron(n_latent, hidden, n_context, activation, reverse=t % 2 == 1) for t in range(n_steps)]
    return InverseAutoregressiveFlow([GatedStep(network, forget_bias) for network in networks])


class InverseAutoregressive:
    """The distribution of z_T, where z_0 ~ ``base`` goes through ``flow``; its event the last dimension.

    The sample last drawn is kept with its ln q: of it the density costs nothing, of any other z the inverse of the flow, a pass
    for each dimension and step. With gradients recorded, ln q of the sample drawn is a function of noise and parameters, not
    of z: for its derivative in z, as :func:`lvmlib.gradients.sticking_the_landing` needs it, ask the distribution after
    ``detach()``, which does not know the sample.

    It has no ``mean`` and no KL in closed form: average samples.

    Parameters
    ----------
    base : DiagonalGaussian (..., n_latent)
    flow
        Called with z (..., n_latent), ``context`` and ``inverse``: see :class:`InverseAutoregressiveFlow`. Where
        ``torch.func.functional_call`` has put other tensors in place of its parameters, these are kept.
    context : (..., n_context)
        h; None where the flow has none.
    """

    has_rsample = True

    def __init__(self, base: DiagonalGaussian, flow: nn.Module, context: Tensor | None = None) -> None:
        self.base, self.flow, self.context = base, flow, context
        replaced = {name: value for name, value in flow.named_parameters() if not isinstance(value, nn.Parameter)}
        self._through = partial(functional_call, flow, replaced) if replaced else _call(flow)
        self._sampled = SampledDensity()

    @property
    def n_features(self) -> int:
        return self.base.n_features

    @property
    def dtype(self) -> torch.dtype:
        return self.base.dtype

    @property
    def batch_shape(self) -> torch.Size:
        return self.base.batch_shape

    def rsample(self, sample_shape: torch.Size = torch.Size()) -> Values:  # noqa: B008
        """z_T, (*sample_shape, ..., n_latent): gradients pass through noise, base and flow."""
        z_0 = self.base.rsample(sample_shape)
        z, log_scale = self._through((z_0, self.context, False))
        z = z.contiguous()
        self._sampled.remember((z,), self.base.log_prob_per_feature(z_0) - log_scale)
        return z

    def rsample_and_log_prob(self, sample_shape: torch.Size = torch.Size()) -> tuple[Values, Values]:  # noqa: B008
        """z and ln q(z), in one pass."""
        z = self.rsample(sample_shape)
        return z, self.log_prob(z)

    def sample(self, sample_shape: torch.Size = torch.Size()) -> Values:  # noqa: B008
        with torch.no_grad():
            return self.rsample(sample_shape)

    def log_prob_per_feature(self, value: Values) -> Values:
        """ln N(z_0d; μ_d, σ_d²) - Σ_t ln σ_{t,d}, (..., n_latent), nats; with one step it is ln q(z_d|the dimensions before d).

        Raises
        ------
        ValueError
            If ``value`` is not (..., n_latent).
        """
        if value.ndim == 0 or value.shape[-1] != self.n_features:
            raise ValueError(f"value must have the shape (..., {self.n_features}), got {tuple(value.shape)}")
        known = self._sampled.recall((value,))
        if known is not None:
            return known
        z_0, log_scale = self.inverse(value)
        return self.base.log_prob_per_feature(z_0) - log_scale

    def log_prob(self, value: Values) -> Values:
        """ln q(z|x), (...,), nats."""
        return self.log_prob_per_feature(value).sum(-1)

    def inverse(self, value: Values) -> tuple[Values, Values]:
        """z_0 of z_T = ``value``, and Σ_t ln σ_t, both (..., n_latent)."""
        shape = torch.broadcast_shapes(value.shape, self.base.mean.shape)
        return self._through((value.expand(shape), self.context, True))

    def at_zero_noise(self) -> Values:
        """The z that ε = 0 becomes, (..., n_latent): a point in the midst of q, neither its mean nor its mode."""
        return self._through((self.base.mean, self.context, False))[0]

    def detach(self) -> InverseAutoregressive:
        """The same distribution, its parameters cut from the graph."""
        fixed = {name: parameter.detach() for name, parameter in self.flow.named_parameters()}
        context = None if self.context is None else self.context.detach()
        other = InverseAutoregressive(self.base.detach(), self.flow, context)
        other._through = partial(functional_call, self.flow, fixed)
        return other


def _call(flow: nn.Module):  # noqa: ANN202
    return lambda arguments: flow(*arguments)


class ToInverseAutoregressive(nn.Module):
    """A network whose output (..., 2 n_latent + n_context) is read as μ, ln σ and h: called, it returns an InverseAutoregressive.

    Parameters
    ----------
    network
    flow
        See :class:`InverseAutoregressive`.
    n_latent

    Raises
    ------
    TypeError, ValueError
        If ``n_latent`` is no whole number of at least 1.
    """

    def __init__(self, network: nn.Module, flow: nn.Module, n_latent: int) -> None:
        super().__init__()
        check_count("n_latent", n_latent)
        self.network, self.flow, self.n_latent = network, flow, n_latent

    def forward(self, x: Values) -> InverseAutoregressive:
        out, n = self.network(x), self.n_latent
        context = out[..., 2 * n :]
        return InverseAutoregressive(
            DiagonalGaussian(out[..., :n], out[..., n : 2 * n]), self.flow, context if context.shape[-1] else None
        )
