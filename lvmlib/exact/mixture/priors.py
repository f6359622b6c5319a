"""Conjugate priors: with them EM climbs to the most probable parameters, and no component collapses onto a point."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from lvmlib.exact.mixture.survey import Survey
from lvmlib.validation import check_at_least, check_shape


@dataclass(frozen=True)
class NormalInverseWishart:
    r"""A prior on the mean and the covariance of every Gaussian component.

    .. math:: \ln p(μ, Σ) = -\tfrac{ν + D + 2}{2} \ln|Σ| - \tfrac12 \mathrm{tr}(Ψ Σ^{-1})
              - \tfrac{κ}{2} (μ - m)^T Σ^{-1} (μ - m) + \mathrm{const}

    For diag and spherical components it is this density on covariances of that form (of Ψ
    the diagonal counts); a tied covariance has the inverse Wishart once and the normal for
    every component.

    Parameters
    ----------
    mean : (D,)
        m; by default the mean of the data.
    mean_precision : float
        κ, at least 0: how many examples the prior mean is worth.
    degrees_of_freedom : float
        ν, at least 0; by default D + 2.
    scale : (D, D)
        Ψ; by default the covariance of the data (where values are missing, its diagonal),
        divided by K^(2/D).

    References
    ----------
    Fraley & Raftery, Bayesian regularization for normal mixture estimation and model-based
    clustering, Journal of Classification 24, 2007, section 3; the defaults are theirs.
    """

    mean: Tensor | None = None
    mean_precision: float = 0.01
    degrees_of_freedom: float | None = None
    scale: Tensor | None = None

    def __post_init__(self) -> None:
        check_at_least("mean_precision", self.mean_precision, 0)
        if self.degrees_of_freedom is not None:
            check_at_least("degrees_of_freedom", self.degrees_of_freedom, 0)

    def resolved(self, survey: Survey, n_components: int) -> NormalInverseWishart:
        """With every value given, in float64 on the data's device.

        Raises
        ------
        ValueError
            If ``mean`` or ``scale`` has the wrong shape, or ``scale`` is not positive definite.
        """
        width = survey.n_features
        place = dict(dtype=torch.float64, device=survey.device)
        mean = survey.mean if self.mean is None else torch.as_tensor(self.mean, **place)
        check_shape("mean", mean, (width,))
        if self.scale is None:
            total = survey.covariance if survey.complete else torch.diag(survey.variances)
            scale = total / n_components ** (2 / width)
        else:
            scale = torch.as_tensor(self.scale, **place)
        check_shape("scale", scale, (width, width))
        if not (torch.allclose(scale, scale.mT) and torch.linalg.cholesky_ex(scale).info == 0):
            given = "the covariance of the data, the default," if self.scale is None else "scale"
            raise ValueError(f"{given} is not symmetric and positive definite: a prior needs a scale that is")
        freedom = width + 2.0 if self.degrees_of_freedom is None else float(self.degrees_of_freedom)
        return NormalInverseWishart(mean, float(self.mean_precision), freedom, scale)

    def log_density(
        self, means: Float[Tensor, "components features"], covariances: Tensor, covariance_type: str
    ) -> float:
        """ln p(θ) of all components up to a constant, nats; for a resolved prior."""
        n_components, width = means.shape
        away = means - self.mean
        if covariance_type in ("full", "tied"):
            away = away.T if covariance_type == "tied" else away[:, :, None]
            log_determinants = torch.linalg.slogdet(covariances).logabsdet
            trace = torch.linalg.solve(covariances, self.scale.expand_as(covariances)).diagonal(dim1=-2, dim2=-1).sum()
            mahalanobis = (away * torch.linalg.solve(covariances, away)).sum()
        else:
            variances = (covariances if covariance_type == "diag" else covariances[:, None]).expand(n_components, width)
            log_determinants = variances.log().sum(dim=1)
            trace = (self.scale.diagonal() / variances).sum()
            mahalanobis = (away.square() / variances).sum()
        exponent = self.pseudo_count(width, n_components, covariance_type)
        return float(-0.5 * (exponent * log_determinants.sum() + trace + self.mean_precision * mahalanobis))

    def pseudo_count(self, n_features: int, n_components: int, covariance_type: str) -> float:
        """Examples that the prior is worth in the divisor of a covariance: ν + D + 2, tied ν + D + 1 + K."""
        return self.degrees_of_freedom + n_features + (1 + n_components if covariance_type == "tied" else 2)

    def pseudo_scatter(self, means: Float[Tensor, "components features"], covariance_type: str) -> Tensor:
        """Ψ + κ (μ - m)(μ - m)ᵀ: what the prior adds to the scatter about μ, in the shape of ``covariances``."""
        away = means - self.mean
        if covariance_type == "full":
            return self.scale + self.mean_precision * away[:, :, None] * away[:, None, :]
        if covariance_type == "tied":
            return self.scale + self.mean_precision * away.T @ away
        diagonal = self.scale.diagonal() + self.mean_precision * away.square()
        return diagonal if covariance_type == "diag" else diagonal.sum(dim=1)


def concentration(name: str, value: object, shape: tuple[int, ...], like: Tensor) -> Tensor | None:
    """A Dirichlet's concentration α as a tensor of this shape, float64; None stays None.

    Raises
    ------
    ValueError
        If it has another shape, or an entry below 1, for which the density has no maximum.
    """
    if value is None:
        return None
    alpha = torch.as_tensor(value, dtype=torch.float64, device=like.device)
    alpha = alpha.expand(shape) if alpha.ndim == 0 else alpha
    check_shape(name, alpha, shape)
    if not (alpha >= 1).all():
        raise ValueError(f"{name} must be at least 1 everywhere, got {float(alpha.min())}: its mode is on the edge below 1")
    return alpha


def log_dirichlet(alpha: Tensor | None, probabilities: Tensor) -> float:
    """Σ (α - 1) ln π up to a constant, nats; 0 ln 0 = 0."""
    if alpha is None:
        return 0.0
    return float(torch.xlogy(alpha - 1, probabilities.double()).sum())
