"""Mixtures p(x) = Σ_k π_k p(x|k): Gaussian, Bernoulli, categorical; by EM, with priors, missing values and chunks."""

from lvmlib.exact.mixture.bernoulli_mixture import BernoulliMixture
from lvmlib.exact.mixture.categorical_mixture import CategoricalMixture
from lvmlib.exact.mixture.degeneracy import Degeneracy, DegenerateComponentWarning
from lvmlib.exact.mixture.gaussian_mixture import GaussianMixture
from lvmlib.exact.mixture.k_means import k_means
from lvmlib.exact.mixture.priors import NormalInverseWishart

__all__ = [
    "BernoulliMixture",
    "CategoricalMixture",
    "Degeneracy",
    "DegenerateComponentWarning",
    "GaussianMixture",
    "NormalInverseWishart",
    "k_means",
]
