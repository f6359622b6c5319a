r"""Inverse autoregressive flows as approximate posteriors: q(z|x) far beyond a diagonal Gaussian, drawn in one pass.

    z_0 = μ(x) + σ(x) ε,  ε ~ N(0, I)
    (m_t, s_t) = network_t(z_{t-1}, h(x)),   output d a function of the dimensions of z_{t-1} before d alone
    z_t = σ_t z_{t-1} + (1 - σ_t) m_t,   σ_t = sigmoid(s_t + b)
    ln q(z_T|x) = ln N(z_0; μ, σ²) - Σ_t Σ_d ln σ_{t,d}

The steps stand in :mod:`lvmlib.amortized.inverse_autoregressive_flow`. Kingma, Salimans, Jozefowicz, Chen, Sutskever & Welling,
Improving Variational Inference with Inverse Autoregressive Flow, 2016, algorithm 1 and equations (10) to (14).
"""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor, nn
from torch.func import functional_call

from lvmlib.amortized.inverse_autoregressive_flow import (
    GatedStep,
    InverseAutoregressiveFlow,
    MaskedPerceptron,
    Values,
    check_context,
    masked_flow,
)
from lvmlib.amortized.sampled_density import SampledDensity
from lvmlib.distributions import DiagonalGaussian
from lvmlib.validation import check_count

__all__ = [
    "GatedStep",
    "InverseAutoregressive",
    "InverseAutoregressiveFlow",
    "MaskedPerceptron",
    "ToInverseAutoregressive",
    "Values",
    "check_context",
    "masked_flow",
]


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
