r"""The linear variational autoencoder, whose every part is a formula; its optimum is probabilistic PCA.

    p(z) = N(0, I),   p(x|z) = N(W z + μ, σ² I),   q(z|x) = N(V (x - μ_q), diag(s²)),   s the same for every x.

Write λ_1 ≥ λ_2 ≥ ... and u_1, u_2, ... for the eigenvalues and eigenvectors of the data's covariance (divided by N).
At a given σ² the ELBO is greatest at μ = mean of x, W = U (Λ - σ² I)₊^½ (times any rotation of z that leaves the posterior
diagonal: a permutation or a sign), and q is the exact posterior: V = M⁻¹ Wᵀ, s² = σ² diag(M⁻¹), M = Wᵀ W + σ² I. So the
ELBO is ln p(x) and has no maximum that ln p(x) has not: collapse is not the ELBO's doing (Lucas et al. 2019). A latent
dimension i then has the mean KL, over the data,

    ½ ln(λ_i / σ²) where λ_i > σ², and 0 elsewhere: the dimension is collapsed exactly where σ² ≥ λ_i.
"""

from __future__ import annotations

import math

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from lvmlib.amortized.vae import VariationalAutoencoder
from lvmlib.distributions import DiagonalGaussian
from lvmlib.exact.factor_analysis.linear_gaussian import FactorPosterior, LinearGaussian, infer
from lvmlib.networks import ToGaussianOfOneScale
from lvmlib.validation import as_data

LOG_2PI = math.log(2 * math.pi)


class LinearVAE(VariationalAutoencoder):
    """One linear layer each way; σ² of p(x|z) and the variances of q(z|x) do not depend on what they are given.

    Parameters
    ----------
    n_features, n_latent
    noise_variance
        σ² to begin with, or to stay at.
    learned_noise
        Whether σ² is a parameter.

    Raises
    ------
    ValueError
        If ``noise_variance`` is not positive.

    References
    ----------
    Lucas, Tucker, Grosse & Norouzi, Don't blame the ELBO! A linear VAE perspective on posterior collapse, 2019;
    Tipping & Bishop, Probabilistic principal component analysis, 1999, equations (7) and (8).
    """

    def __init__(self, n_features: int, n_latent: int, noise_variance: float = 1.0, learned_noise: bool = True) -> None:
        _check_noise(noise_variance)
        encoder = ToGaussianOfOneScale(nn.Linear(n_features, n_latent), n_scales=n_latent)
        decoder = ToGaussianOfOneScale(nn.Linear(n_latent, n_features), scale=math.sqrt(noise_variance), learned=learned_noise)
        super().__init__([encoder], decoder, n_latent)

    @property
    def loading(self) -> Float[Tensor, "features latent"]:
        """W."""
        return self.decoder.network.weight

    @property
    def offset(self) -> Float[Tensor, " features"]:
        """μ."""
        return self.decoder.network.bias

    @property
    def noise_variance(self) -> Float[Tensor, ""]:
        """σ²."""
        return (2 * self.decoder.log_scale).exp()[0]

    @property
    def linear_gaussian(self) -> LinearGaussian:
        """W, μ and σ² as :mod:`lvmlib.exact.factor_analysis` has them."""
        return LinearGaussian(self.loading, self.offset, self.noise_variance.expand(len(self.offset)))

    def exact_posterior(self, x: Float[Tensor, "batch features"]) -> FactorPosterior:
        """p(z|x) = N(M⁻¹ Wᵀ (x - μ), σ² M⁻¹); NaN in x is integrated out."""
        return infer(self.linear_gaussian, x)

    def log_marginal(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, " batch"]:
        """ln p(x) = ln N(x; μ, W Wᵀ + σ² I), exact, nats."""
        return self.exact_posterior(x).elbo()

    def elbo(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, " batch"]:
        r"""E_q[ln p(x|z)] - KL(q || p(z)), exact, nats; m and s² the mean and variances of q(z|x).

        E_q[ln p(x|z)] = -½ [ D ln 2πσ² + (|x - W m - μ|² + Σ_i s_i² |w_i|²) / σ² ].
        """
        q = self.posterior(x)
        spread = q.scale.square() @ self.loading.square().sum(0)  # Σ_i s_i² |w_i|²
        misfit = (x - q.mean @ self.loading.T - self.offset).square().sum(-1)
        noise = self.noise_variance
        reconstruction = -0.5 * (x.shape[1] * (LOG_2PI + noise.log()) + (misfit + spread) / noise)
        return reconstruction - q.kl_per_feature(self.prior()).sum(-1)

    def approximation_gap(self) -> Float[Tensor, ""]:
        r"""KL(q* || p(z|x)) of the best Gaussian q* with a diagonal covariance, the same for every x, nats.

        With the posterior's precision P = I + Wᵀ W / σ², the best q* has its mean and the variances 1/P_ii:

            ½ [ Σ_i ln P_ii - ln|P| ],    0 where the columns of W are orthogonal.
        """
        identity = torch.eye(self.n_latent, dtype=self.loading.dtype, device=self.loading.device)
        precision = identity + self.loading.T @ self.loading / self.noise_variance
        return 0.5 * (precision.diagonal().log().sum() - torch.linalg.slogdet(precision).logabsdet)

    def best_diagonal_posterior(self, x: Float[Tensor, "batch features"]) -> DiagonalGaussian:
        """q* of :meth:`approximation_gap`: the exact posterior's mean, variances 1/P_ii."""
        precision_diagonal = 1 + self.loading.square().sum(0) / self.noise_variance
        return DiagonalGaussian(self.exact_posterior(x).mean, -0.5 * precision_diagonal.log())

    @torch.no_grad()
    def set_optimum(self, x: Float[Tensor, "batch features"], noise_variance: float | None = None) -> LinearVAE:
        """Put all parameters where the mean ELBO over ``x`` is greatest: probabilistic PCA and its posterior. Returns self.

        Parameters
        ----------
        noise_variance
            σ², kept at this; where not given, the best one, the mean of the D - L least eigenvalues.

        Raises
        ------
        TypeError, ValueError
            If ``x`` is not (batch, n_features) of the parameters' dtype with at least two rows; if ``noise_variance``
            is not positive, or not given where n_latent leaves no eigenvalue, or only 0, for the noise.
        """
        x = self.check_data(x)
        eigenvalues, vectors = covariance_spectrum(x)
        n_latent = self.n_latent
        if n_latent > len(eigenvalues):
            raise ValueError(f"n_latent must be at most the number of features, {len(eigenvalues)}, got {n_latent}")
        if noise_variance is None:
            left = eigenvalues[n_latent:]
            if len(left) == 0 or not left.mean() > 0:
                raise ValueError(f"noise_variance must be given where {n_latent} dimensions leave nothing for the noise")
            noise_variance = float(left.mean())
        _check_noise(noise_variance)
        leading = eigenvalues[:n_latent]
        signal = (leading - noise_variance).clamp_min(0)  # |w_i|²
        precision_times_noise = signal + noise_variance  # the diagonal of M: λ_i, or σ² where collapsed
        loading, mean = vectors[:, :n_latent] * signal.sqrt(), x.double().mean(0)
        inference = loading.T / precision_times_noise[:, None]
        self.decoder.network.weight.copy_(loading)
        self.decoder.network.bias.copy_(mean)
        self.decoder.log_scale.fill_(0.5 * math.log(noise_variance))
        self.encoder[0].network.weight.copy_(inference)
        self.encoder[0].network.bias.copy_(-inference @ mean)
        self.encoder[0].log_scale.copy_(0.5 * (noise_variance / precision_times_noise).log())
        return self


def covariance_spectrum(
    x: Float[Tensor, "batch features"],
) -> tuple[Float[Tensor, " features"], Float[Tensor, "features features"]]:
    """Eigenvalues, falling, and eigenvectors (columns) of the covariance of ``x`` divided by N, in float64.

    Raises
    ------
    TypeError, ValueError
        If ``x`` is not finite data (batch, features) with at least two rows.
    """
    x = as_data(x)
    if len(x) < 2:
        raise ValueError(f"x must have at least 2 rows for a covariance, got {len(x)}")
    centred = x.double() - x.double().mean(0)
    eigenvalues, vectors = torch.linalg.eigh(centred.T @ centred / len(x))
    return eigenvalues.flip(0).clamp_min(0), vectors.flip(1)


def collapsed(eigenvalues: Float[Tensor, " dimensions"], noise_variance: float) -> Bool[Tensor, " dimensions"]:
    """Which latent dimensions of the optimum carry nothing, q(z_i|x) = p(z_i): those with λ_i ≤ σ².

    Raises
    ------
    ValueError
        If ``noise_variance`` is not positive.
    """
    _check_noise(noise_variance)
    return eigenvalues <= noise_variance


def optimal_kl(eigenvalues: Float[Tensor, " dimensions"], noise_variance: float) -> Float[Tensor, " dimensions"]:
    """Mean over the data of KL(q(z_i|x) || p(z_i)) at the optimum: max(0, ½ ln(λ_i / σ²)) of each dimension, nats.

    Raises
    ------
    ValueError
        If ``noise_variance`` is not positive.
    """
    _check_noise(noise_variance)
    return 0.5 * (eigenvalues / noise_variance).clamp_min(1).log()


def _check_noise(noise_variance: float) -> None:
    if not 0 < noise_variance < math.inf:
        raise ValueError(f"noise_variance must be positive and finite, got {noise_variance}")
