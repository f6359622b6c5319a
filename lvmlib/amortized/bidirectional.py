r"""Inverse autoregressive flows in each layer of a hierarchy, and the bidirectional VAE in which the flow was published.

    q(z|x) = Π_l q(z_l|z_{l+1}, ..., z_L, x),    q(z_l|h_l, d_l): a Gaussian of h_l and d_l, then a flow whose context they make

h_l carries what is above on the way down, d_l what is below on the way up. In the bidirectional layer one block on the way down
gives the prior and its part of the posterior; what the way up says is added:

    (μ_p, r_p, μ_r, r_r, c_r) = down(h_l),    (μ_u, r_u, c_u) = up(d_l)
    p(z_l|h_l) = N(μ_p, σ_p²),                                               ln σ_p = b(r_p)
    z_l = flow(z_{l,0}, c_r + c_u),    z_{l,0} ~ N(μ_r + μ_u, σ_q²),         ln σ_q = b(r_r + r_u)

with b(r) = B tanh(r / B), which keeps scales from growing from layer to layer (it is not in the paper).

Kingma et al., Improving Variational Inference with Inverse Autoregressive Flow, 2016, section 5 and figure 3; there the KL of
each layer is sampled, and free bits (:func:`lvmlib.objectives.free_bits`) keep it from falling to 0.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from lvmlib.amortized.hierarchical import HierarchicalVAE
from lvmlib.amortized.inverse_autoregressive import InverseAutoregressive
from lvmlib.amortized.sampled_density import SampledDensity
from lvmlib.amortized.stochastic_layer import StochasticLayer, ToBoundedGaussian
from lvmlib.amortized.top_down import Fixed, Modules, Pass, TopDown, drawing, given, summed_log_prob
from lvmlib.distributions import DiagonalGaussian
from lvmlib.validation import check_at_least, check_choice, check_count


class FlowLayer(StochasticLayer):
    """A layer whose Gaussian posterior goes through a flow; else as :class:`StochasticLayer`.

    Parameters
    ----------
    to_context
        From (h_l, d_l), (..., n_state + n_features), to the flow's context; None for a flow that has none.
    flow
        Of n_latent dimensions: :class:`lvmlib.amortized.inverse_autoregressive.InverseAutoregressiveFlow`.
    inference : {"ladder", "residual"}

    Raises
    ------
    ValueError
        As :class:`StochasticLayer`; if ``inference`` is "bottom_up".
    """

    def __init__(
        self,
        n_latent: int,
        to_prior: nn.Module,
        to_evidence: nn.Module,
        to_state: nn.Module,
        flow: nn.Module,
        to_context: nn.Module | None = None,
        inference: str = "ladder",
        markov: bool = False,
    ) -> None:
        check_choice("inference", inference, ("ladder", "residual"))
        super().__init__(n_latent, to_prior, to_evidence, to_state, inference, markov)
        self.flow, self.to_context = flow, to_context

    def approximate(self, prior: DiagonalGaussian, h: Tensor, d: Tensor) -> InverseAutoregressive:
        """q(z_l|h_l, d_l), given the prior at h_l."""
        context = None if self.to_context is None else self.to_context(joined(h, d))
        return InverseAutoregressive(super().approximate(prior, h, d), self.flow, context)


class WithEvidence(DiagonalGaussian):
    """p(z_l|h_l), and what the same block gives of q: its part of a Gaussian's mean and ln scale, and of the context."""

    def __init__(self, prior: tuple[Tensor, Tensor], evidence: tuple[Tensor, Tensor], context: Tensor) -> None:
        super().__init__(*prior)
        self.evidence, self.context = evidence, context


class BidirectionalLayer(StochasticLayer):
    """z_l of the bidirectional VAE, of networks of its own; see the module.

    Parameters
    ----------
    n_latent, n_context
        Dimensions of z_l, and of the flow's context.
    down
        From h_l to (..., 4 n_latent + n_context).
    up
        From d_l to (..., 2 n_latent + n_context).
    merge
        From h_l and z_l, two arguments of the same leading dimensions, to h_{l-1}.
    flow
        None for a Gaussian posterior.
    n_state, n_state_below
        Widths of h_l and h_{l-1}.

    Raises
    ------
    TypeError, ValueError
        If a size is no whole number of at least 1 (``n_context`` 0).
    """

    inference = "bidirectional"
    markov = False

    def __init__(
        self,
        n_latent: int,
        n_context: int,
        down: nn.Module,
        up: nn.Module,
        merge: nn.Module,
        flow: nn.Module | None,
        n_state: int,
        n_state_below: int,
    ) -> None:
        nn.Module.__init__(self)
        for name, count in [("n_latent", n_latent), ("n_state", n_state), ("n_state_below", n_state_below)]:
            check_count(name, count)
        check_at_least("n_context", n_context, 0)
        self.n_latent, self.n_context, self.n_state, self.n_state_below = n_latent, n_context, n_state, n_state_below
        self.down, self.up, self.merge, self.flow = down, up, merge, flow

    def prior(self, h: Tensor) -> WithEvidence:
        """p(z_l|h_l), with what the way down says of q."""
        mean, log_scale, evidence_mean, evidence_log_scale, context = self._parts(self.down(h), 4)
        return WithEvidence((mean, bounded(log_scale)), (evidence_mean, evidence_log_scale), context)

    def posterior(self, h: Tensor, d: Tensor) -> InverseAutoregressive | DiagonalGaussian:
        """q(z_l|h_l, d_l)."""
        return self.approximate(self.prior(h), h, d)

    def approximate(self, prior: WithEvidence, h: Tensor, d: Tensor) -> InverseAutoregressive | DiagonalGaussian:
        """q(z_l|h_l, d_l), given the prior at h_l."""
        mean, log_scale, context = self._parts(self.up(d), 2)
        gaussian = DiagonalGaussian(mean + prior.evidence[0], bounded(log_scale + prior.evidence[1]))
        if self.flow is None:
            return gaussian
        return InverseAutoregressive(gaussian, self.flow, context + prior.context if self.n_context else None)

    def below(self, h: Tensor, z: Tensor) -> Tensor:
        """h_{l-1}."""
        return self.merge(h.expand(*z.shape[:-1], -1), z)

    def _parts(self, out: Tensor, n_parts: int) -> tuple[Tensor, ...]:
        return out.split([self.n_latent] * n_parts + [self.n_context], dim=-1)


def bounded(raw: Tensor) -> Tensor:
    """B tanh(r / B), between -B and B, and r itself near 0; B is that of :class:`ToBoundedGaussian`."""
    return ToBoundedGaussian.BOUND * (raw / ToBoundedGaussian.BOUND).tanh()


class RememberingTopDown(TopDown):
    """A top-down q(z|x) that keeps the sample last drawn with its ln q: no flow is inverted for it."""

    def __init__(self, layers: Modules, top: Tensor, features: Sequence[Tensor] | None = None) -> None:
        super().__init__(layers, top, features)
        self._sampled = SampledDensity()

    def rsample(self, sample_shape: torch.Size = torch.Size(), fixed: Fixed | None = None) -> tuple[Tensor, ...]:  # noqa: B008
        met = self.descend(drawing(torch.Size(sample_shape), fixed, self.batch_shape))
        if not fixed:
            self._sampled.remember(met.z, summed_log_prob(met))
            self._met = met
        return met.z

    def log_prob(self, value: tuple[Tensor, ...]) -> Tensor:
        """Σ_l ln of each layer given those above, (...,), nats; of another z than that drawn by the inverse of each flow."""
        known = self._sampled.recall(tuple(value))
        return super().log_prob(value) if known is None else known

    def met_at(self, z: tuple[Tensor, ...]) -> Pass:
        """The pass through these z: that in which they were drawn, where they are the sample."""
        is_sample = self._sampled.recall(z) is not None and all(a is b for a, b in zip(z, self._met.z))
        return self._met if is_sample else self.descend(given(z))


class InverseAutoregressiveHierarchy(HierarchicalVAE):
    """A hierarchy whose layers have flows: :class:`FlowLayer`, :class:`BidirectionalLayer`, perhaps among Gaussian ones.

    As :class:`HierarchicalVAE`, with two differences: the KL terms of a layer with a flow are sampled, ln q(z_l|z_{>l}, x) -
    ln p(z_l|z_{>l}) at the z drawn, a term for each dimension; and the code of x is where zero noise leads, since a flow has no
    mean in closed form.
    """

    def log_w_at(self, x: Tensor, q: RememberingTopDown, z: tuple[Tensor, ...]) -> Tensor:
        """ln p(x, z) - ln q(z|x), (K, batch), nats, at z drawn from q = posterior(x): by what q kept of them."""
        return self.log_joint(x, z) - q.log_prob(z)

    def kl_terms(self, q: RememberingTopDown, z: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """The KL terms of ``elbo_terms``, (K, batch, n_l) a layer: q = posterior(x), z (K, batch, ...) drawn from it."""
        return self._kl(q.met_at(z))

    def posterior_means(self, q: RememberingTopDown, z: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """As of HierarchicalVAE; of a layer with a flow, z itself, whose mean over the samples estimates it."""
        return tuple(getattr(q_l, "mean", layer) for q_l, layer in zip(q.met_at(z).distributions, z))

    def posterior(self, x: Tensor) -> RememberingTopDown:
        """q(z|x): of each example."""
        return RememberingTopDown(self.layers, self.top, self.features(x))

    def encode(self, x: Tensor) -> tuple[Tensor, ...]:
        """(z_1, ..., z_L), (batch, n_l) each: what zero noise becomes, from the top down. Raises as :meth:`check_data`."""
        return self.joint_pass(self.posterior(self.check_data(x)), at_zero_noise).z


def at_zero_noise(index: int, distribution: InverseAutoregressive | DiagonalGaussian) -> Tensor:
    """For a pass that takes the point of each layer, given those before it, to which ε = 0 leads."""
    return distribution.at_zero_noise() if hasattr(distribution, "at_zero_noise") else distribution.mean


def joined(h: Tensor, d: Tensor) -> Tensor:
    """(h, d), their leading dimensions broadcast."""
    shape = torch.broadcast_shapes(h.shape[:-1], d.shape[:-1])
    return torch.cat([h.expand(*shape, -1), d.expand(*shape, -1)], dim=-1)
