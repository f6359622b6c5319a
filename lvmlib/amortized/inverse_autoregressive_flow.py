r"""Steps of an inverse autoregressive flow, forwards and back.

    (m, s) = network(z, h),   output d a function of h and of the dimensions of z before d alone
    z' = σ z + (1 - σ) m,     σ = sigmoid(s + b);     ln |det dz'/dz| = Σ_d ln σ_d

dz'/dz is triangular with diagonal σ. The forget-gate bias b keeps z' near z to begin with; every other step takes the dimensions
in reversed order. Kingma, Salimans, Jozefowicz, Chen, Sutskever & Welling, Improving Variational Inference with Inverse
Autoregressive Flow, 2016, algorithm 1 and equations (10) to (14).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import logsigmoid

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
