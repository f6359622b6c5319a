"""The models of lvmlib.exact by the names that ``lvm fit`` gives them: built from settings, saved and restored as tensors."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from lvmlib.cli.errors import CommandError
from lvmlib.exact.factor_analysis import FactorAnalysis, ProbabilisticPCA
from lvmlib.exact.factor_analysis.linear_gaussian import LinearGaussian
from lvmlib.exact.factor_analysis.linear_gaussian_model import LinearGaussianModel
from lvmlib.exact.gaussian import covariance_shape
from lvmlib.exact.hidden_markov import CategoricalHMM, GaussianHMM, HiddenMarkovModel, PoissonHMM
from lvmlib.exact.mixture import BernoulliMixture, CategoricalMixture, GaussianMixture
from lvmlib.exact.mixture.discrete_mixture import DiscreteMixture
from lvmlib.exact.mixture.estimator import Mixture

ExactModel = Mixture | HiddenMarkovModel | LinearGaussianModel

MODELS: dict[str, type] = {
    "mixture": GaussianMixture,
    "bernoulli-mixture": BernoulliMixture,
    "categorical-mixture": CategoricalMixture,
    "gaussian-hmm": GaussianHMM,
    "poisson-hmm": PoissonHMM,
    "categorical-hmm": CategoricalHMM,
    "factor-analysis": FactorAnalysis,
    "ppca": ProbabilisticPCA,
}
OF_CODES = ("categorical-mixture", "categorical-hmm")
OF_SEQUENCES = ("gaussian-hmm", "poisson-hmm", "categorical-hmm")
MISSING_CODE = -1


def build(kind: str, arguments: Mapping[str, Any], missing: bool, dtype: torch.dtype, progress: bool = False) -> ExactModel:
    """A model that is not fitted.

    Parameters
    ----------
    arguments
        Of its class, by name.
    missing
        Whether missing values are allowed.
    dtype
        Of the parameters, where x holds codes.
    """
    arguments = dict(arguments, progress=progress)
    if kind in OF_SEQUENCES:
        if kind == "categorical-hmm":
            arguments["missing"] = MISSING_CODE if missing else None
    else:
        arguments["missing_values"] = "allow" if missing else "error"
    if kind in OF_CODES:
        arguments["dtype"] = dtype
    return MODELS[kind](**arguments)


def parameters(model: ExactModel) -> dict[str, Tensor]:
    """All that a fit has found, each under the name that the model's attributes have, without its underscore."""
    if isinstance(model, GaussianMixture):
        found = dict(zip(("weights", "means", "covariances"), model._exact))  # float64, whatever the data are
    elif isinstance(model, DiscreteMixture):
        found = {"weights": model.weights_, "probabilities": model._exact_tables}  # (components, symbols, columns)
    elif isinstance(model, LinearGaussianModel):
        fitted = model._parameters
        found = {"components": fitted.loading.T, "mean": fitted.offset, "noise_variance": fitted.noise}
    else:
        found = {name: getattr(model, f"{name}_") for name in ("startprob", "transmat", *model.EMISSION_PARAMETERS)}
    return {name: value.detach().cpu().contiguous() for name, value in found.items()}


def restore(model: ExactModel, tensors: Mapping[str, Tensor], dtype: torch.dtype) -> ExactModel:
    """Set the parameters of a model that :func:`build` made; ``dtype`` is that of the data it was fitted to.

    Raises
    ------
    CommandError
        If ``tensors`` are not those of such a model.
    """
    try:
        if isinstance(model, GaussianMixture):
            model._dtype = dtype
            model._set(*(tensors[name] for name in ("weights", "means", "covariances")))
        elif isinstance(model, DiscreteMixture):
            model._dtype = dtype
            model._set_tables(tensors["weights"], tensors["probabilities"])
        elif isinstance(model, LinearGaussianModel):
            model._set(LinearGaussian(tensors["components"].T, tensors["mean"], tensors["noise_variance"]))
        else:
            for name in ("startprob", "transmat", *model.EMISSION_PARAMETERS):
                setattr(model, f"{name}_", tensors[name])
            if isinstance(model, CategoricalHMM):
                model.n_symbols = tensors["emissionprob"].shape[1]
    except KeyError as error:
        raise CommandError(f"the parameters hold no {error.args[0]}: they are not those of a {type(model).__name__}") from error
    return model


def n_parameters(model: ExactModel) -> int:
    """Free parameters that a fit chooses."""
    if isinstance(model, Mixture):
        return model.n_parameters
    if isinstance(model, LinearGaussianModel):
        return model.n_parameters()
    k = model.n_components
    chain = k - 1 + k * (k - 1)
    if isinstance(model, CategoricalHMM):
        return chain + k * (model.emissionprob_.shape[1] - 1)
    if isinstance(model, PoissonHMM):
        return chain + model.rates_.numel()
    covariances = math.prod(covariance_shape(model.covariance_type, k, model.n_features))
    if model.covariance_type in ("full", "tied"):  # symmetric
        covariances = covariances * (model.n_features + 1) // (2 * model.n_features)
    return chain + model.means_.numel() + covariances


def log_marginal(model: ExactModel, x: Tensor, lengths: tuple[int, ...] | None) -> Tensor:
    """ln p(x), exact, of each example, in an HMM of each sequence, nats."""
    if isinstance(model, HiddenMarkovModel):
        return model.log_marginal(x, None if lengths is None else list(lengths))
    return model.log_marginal(x)


def n_observations(model: ExactModel, x: Tensor) -> int:
    """N of the Bayesian information criterion: rows, in an HMM the frames that are not wholly missing."""
    if not isinstance(model, HiddenMarkovModel):
        return len(x)
    missing = x.isnan() if x.is_floating_point() else x < 0
    return int((~missing).any(dim=1).sum())
