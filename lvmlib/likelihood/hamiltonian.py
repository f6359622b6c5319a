"""One transition of Hamiltonian Monte Carlo for many chains at once."""

from __future__ import annotations

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

LogDensity = Callable[[Tensor], Tensor]


def hamiltonian_transition(
    log_density: LogDensity,
    z: Float[Tensor, "*chains n_latent"],
    step_size: Float[Tensor, "..."],
    n_leapfrog: int,
    generator: torch.Generator,
) -> tuple[Float[Tensor, "*chains n_latent"], Float[Tensor, " *chains"]]:
    r"""Leaves exp(log_density) invariant, and is reversible: leapfrog steps with Gaussian momenta, then accepted or not.

    H(z, v) = -log_density(z) + ½|v|²; the proposal is accepted with the probability min(1, exp(H - H')). One whose H'
    is not finite is rejected: the trajectory has left what numbers can hold.

    Parameters
    ----------
    log_density
        Called with z, returns its log density up to a constant, (*chains,).
    step_size : broadcasts with (*chains,)

    Returns
    -------
    z after the transition, and the probability with which each proposal was to be accepted.

    References
    ----------
    Neal, MCMC using Hamiltonian dynamics, 2011, section 3.
    """
    step = step_size[..., None]
    momentum = torch.randn(z.shape, generator=generator, dtype=z.dtype, device=generator.device).to(z.device)
    log_density_before, gradient = _with_gradient(log_density, z)
    energy_before = -log_density_before + 0.5 * momentum.square().sum(dim=-1)

    proposal = z
    momentum = momentum + 0.5 * step * gradient
    for leap in range(n_leapfrog):
        proposal = proposal + step * momentum
        log_density_after, gradient = _with_gradient(log_density, proposal)
        momentum = momentum + (step if leap < n_leapfrog - 1 else 0.5 * step) * gradient
    energy_after = -log_density_after + 0.5 * momentum.square().sum(dim=-1)

    probability = (energy_before - energy_after).clamp(max=0.0).exp()
    probability = torch.where(torch.isfinite(energy_after), probability, 0.0)
    uniform = torch.rand(probability.shape, generator=generator, dtype=z.dtype, device=generator.device).to(z.device)
    return torch.where((uniform < probability)[..., None], proposal, z), probability


def _with_gradient(log_density: LogDensity, z: Tensor) -> tuple[Tensor, Tensor]:
    """log_density(z) and its derivative by z; chains do not influence one another."""
    with torch.enable_grad():
        z = z.detach().requires_grad_()
        value = log_density(z)
        (gradient,) = torch.autograd.grad(value.sum(), z)
    return value.detach(), gradient
