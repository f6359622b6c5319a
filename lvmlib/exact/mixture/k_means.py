"""k-means, as hard EM."""

from __future__ import annotations

from lvmlib.exact.mixture.gaussian_mixture import GaussianMixture


def k_means(n_components: int, **settings: object) -> GaussianMixture:
    """k-means as what it is: hard EM on a mixture with equal weights and unit covariances.

    ``settings`` are those of :class:`GaussianMixture`. After ``fit``, ``means_`` are the
    centres and -2 Σ_n (elbo_n + ln K + D/2 ln 2π) is the inertia.
    """
    defaults = {"tol": 0.0, "max_iter": 300, "init_params": "k-means++"}
    return GaussianMixture(
        n_components, covariance_type="spherical", hard=True, fit_parameters=("means",), **{**defaults, **settings}
    )
