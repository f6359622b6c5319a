r"""Where the ELBO loses what it does not reach of ln p(x).

    ln p(x) - ELBO(q_φ)  =  [ln p(x) - ELBO(q*)]  +  [ELBO(q*) - ELBO(q_φ)]
       inference gap          approximation gap        amortization gap

q* is the best diagonal Gaussian for this one x, found by optimizing its mean and scale; q_φ is the encoder's. The first
part is what no encoder of this family can better, the second what this encoder misses.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from lvmlib.amortized.vae import VariationalAutoencoder
from lvmlib.distributions import DiagonalGaussian
from lvmlib.randomness import Seed, as_generator, drawing_from
from lvmlib.validation import check_at_least, check_shape


@dataclass(frozen=True)
class GapDecomposition:
    """Of each example, in nats; each bound is an estimate with a standard error."""

    log_marginal: Float[Tensor, " batch"]
    """ln p(x) as it was given."""
    best_elbo: Float[Tensor, " batch"]
    """ELBO(q*), of samples that q* was not optimized on."""
    best_elbo_standard_error: Float[Tensor, " batch"]
    amortized_elbo: Float[Tensor, " batch"]
    """ELBO(q_φ)."""
    amortized_elbo_standard_error: Float[Tensor, " batch"]
    estimate: Float[Tensor, " batch"] | None = None
    """An estimate of ln p(x), where one was given to be judged beside the exact value."""

    @property
    def estimation(self) -> Float[Tensor, " batch"]:
        """ln p(x) - estimate: what an estimate of ln p(x) by samples still misses.

        Raises
        ------
        ValueError
            If no estimate was given.
        """
        if self.estimate is None:
            raise ValueError("estimate was not given to gap_decomposition: there is nothing to compare with log_marginal")
        return self.log_marginal - self.estimate

    @property
    def approximation(self) -> Float[Tensor, " batch"]:
        """ln p(x) - ELBO(q*) = KL(q* || p(z|x))."""
        return self.log_marginal - self.best_elbo

    @property
    def amortization(self) -> Float[Tensor, " batch"]:
        """ELBO(q*) - ELBO(q_φ)."""
        return self.best_elbo - self.amortized_elbo

    @property
    def inference(self) -> Float[Tensor, " batch"]:
        """The sum of both, ln p(x) - ELBO(q_φ) = KL(q_φ || p(z|x))."""
        return self.log_marginal - self.amortized_elbo


def best_gaussian(
    model: VariationalAutoencoder,
    x: Tensor,
    random_state: Seed,
    n_steps: int = 300,
    n_samples: int = 32,
    learning_rate: float = 0.05,
) -> DiagonalGaussian:
    r"""q*: the diagonal Gaussian of greatest ELBO for each x, from the encoder's by Adam, its rate falling to 0.

    The noise of each step is fresh, in pairs ε and -ε, and, where there are pairs enough (K/2 ≥ n_latent), scaled so that
    its mean is exactly 0 and its second moment exactly I: the gradient is then exact where ln p(x|z) is quadratic in z,
    and has little variance where it nearly is.

    Parameters
    ----------
    model
        With one layer of latent variables. Its parameters stay as they are.
    n_samples
        K, even.

    Raises
    ------
    ValueError
        If the model has more than one layer, ``n_samples`` is not even and positive, ``n_steps`` is below 1, or
        ``learning_rate`` is not positive.
    FloatingPointError
        If the ELBO is not finite: the learning rate is too great, or x is no data.

    References
    ----------
    Cremer, Li & Duvenaud, Inference suboptimality in variational autoencoders, 2018.
    """
    _check_one_layer(model)
    _check_even("n_samples", n_samples)
    check_at_least("n_steps", n_steps, 1)
    if not learning_rate > 0:
        raise ValueError(f"learning_rate must be positive, got {learning_rate}")
    generator = as_generator(random_state)
    with torch.no_grad():
        start = model.posterior(x)
    mean, log_scale = (value.detach().clone().requires_grad_() for value in (start.mean, start.log_scale))
    prior = model.prior()
    optimizer = torch.optim.Adam([mean, log_scale], lr=learning_rate, betas=(0.9, 0.99))
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, n_steps)
    with torch.enable_grad(), drawing_from(generator):
        for _ in range(n_steps):
            q = DiagonalGaussian(mean, log_scale)
            z = torch.addcmul(mean, q.scale, balanced_noise(n_samples, mean))
            loss = (q.kl_per_feature(prior).sum(-1) - model.log_likelihood(x, z).mean(0)).sum()
            mean.grad, log_scale.grad = torch.autograd.grad(loss, [mean, log_scale])
            optimizer.step()
            schedule.step()
    if not torch.isfinite(loss):
        raise FloatingPointError(
            f"the ELBO became {-loss.item()}: try a smaller learning_rate than {learning_rate}, and look at x"
        )
    return DiagonalGaussian(mean.detach(), log_scale.detach())


@torch.no_grad()
def gap_decomposition(
    model: VariationalAutoencoder,
    x: Tensor,
    log_marginal: Tensor,
    random_state: Seed,
    n_samples: int = 1000,
    n_steps: int = 300,
    learning_rate: float = 0.05,
    estimate: Tensor | None = None,
) -> GapDecomposition:
    """Approximation and amortization gap of each example, and the error of an estimate of ln p(x).

    Parameters
    ----------
    x : (batch, n_features)
    log_marginal : (batch,)
        ln p(x), nats: exact where the model has it (LinearVAE.log_marginal), else an estimate, whose error is then part
        of the approximation gap; one by importance sampling is too low on average, and makes that gap too small.
    n_samples
        Samples of each bound, even. Both use the same noise, so that their difference is less noisy than either.
    n_steps, learning_rate
        Of :func:`best_gaussian`.
    estimate : (batch,)
        An estimate of ln p(x), of :mod:`lvmlib.likelihood`, say, where ``log_marginal`` is exact.

    Raises
    ------
    TypeError, ValueError
        If ``x`` is not the model's data, ``log_marginal`` or ``estimate`` is not (batch,), or as :func:`best_gaussian`.
    """
    _check_one_layer(model)
    _check_even("n_samples", n_samples)
    x = model.check_data(x)
    check_shape("log_marginal", log_marginal, (len(x),))
    if estimate is not None:
        check_shape("estimate", estimate, (len(x),))
    generator = as_generator(random_state)
    best = best_gaussian(model, x, generator, n_steps=n_steps, learning_rate=learning_rate)
    amortized = model.posterior(x)
    with drawing_from(generator):
        half = torch.randn((n_samples // 2, *amortized.mean.shape), dtype=x.dtype, device=x.device)
    best_elbo, best_error = _elbo(model, x, best, half)
    amortized_elbo, amortized_error = _elbo(model, x, amortized, half)
    return GapDecomposition(log_marginal, best_elbo, best_error, amortized_elbo, amortized_error, estimate)


def _elbo(model: VariationalAutoencoder, x: Tensor, q: DiagonalGaussian, half: Tensor) -> tuple[Tensor, Tensor]:
    """ELBO(q) with the analytic KL, from pairs ±ε, and its standard error over the pairs, both (batch,)."""
    pairs = 0.5 * sum(model.log_likelihood(x, torch.addcmul(q.mean, q.scale, sign * half)) for sign in (1, -1))
    return pairs.mean(0) - q.kl_per_feature(model.prior()).sum(-1), pairs.std(0) / len(pairs) ** 0.5


def balanced_noise(n_samples: int, like: Tensor) -> Tensor:
    """ε (K, batch, n_latent) near N(0, I), as ±pairs; of second moment exactly I over K where K/2 ≥ n_latent."""
    half = torch.randn((n_samples // 2, *like.shape), dtype=like.dtype, device=like.device)
    if n_samples // 2 >= like.shape[-1]:
        by_example = half.transpose(0, 1)  # (batch, K/2, n_latent)
        lower = torch.linalg.cholesky(by_example.mT @ by_example / len(half))
        half = torch.linalg.solve_triangular(lower, by_example.mT, upper=False).permute(2, 0, 1)
    return torch.cat([half, -half])


def _check_one_layer(model: VariationalAutoencoder) -> None:
    if model.n_layers != 1:
        raise ValueError(f"model must have one layer of latent variables, got {model.n_layers}: its q is then a Gaussian")


def _check_even(name: str, value: int) -> None:
    if value < 4 or value % 2:
        raise ValueError(f"{name} must be even and at least 4, got {value}")
