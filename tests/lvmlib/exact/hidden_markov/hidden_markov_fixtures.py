"""Small models and data for the tests of hidden Markov models: ragged, asymmetric, some of it missing."""

from __future__ import annotations

import torch

from lvmlib.exact.gaussian import COVARIANCE_TYPES, covariance_shape
from lvmlib.exact.hidden_markov import CategoricalHMM, GaussianHMM, HiddenMarkovModel, PoissonHMM

LENGTHS = [40, 7, 1, 25, 31]

FAMILIES = {
    **{f"gaussian-{kind}": lambda kind=kind, **s: GaussianHMM(3, covariance_type=kind, **s) for kind in COVARIANCE_TYPES},
    "categorical": lambda **s: CategoricalHMM(3, n_symbols=4, missing=-1, **s),
    "poisson": lambda **s: PoissonHMM(3, **s),
}


def with_parameters(model: HiddenMarkovModel, dtype=torch.float64, seed: int = 0) -> HiddenMarkovModel:
    """The model with parameters set by hand, no two alike."""
    generator = torch.Generator().manual_seed(seed)

    def rand(*shape):
        return torch.rand(*shape, generator=generator, dtype=torch.float64)

    k = model.n_components
    start, moves = rand(k) + 0.2, rand(k, k) + torch.eye(k, dtype=torch.float64)
    model.startprob_ = (start / start.sum()).to(dtype)
    model.transmat_ = (moves / moves.sum(dim=1, keepdim=True)).to(dtype)
    if isinstance(model, GaussianHMM):
        d = 3
        model.means_ = (4 * rand(k, d) - 2 + torch.tensor([5.0, 0.0, -1.0])).to(dtype)
        shape = covariance_shape(model.covariance_type, k, d)
        if model.covariance_type in ("full", "tied"):
            root = rand(*shape) + torch.eye(d, dtype=torch.float64)
            model.covariances_ = (root @ root.transpose(-2, -1)).to(dtype)
        else:
            model.covariances_ = (rand(*shape) + 0.4).to(dtype)
    elif isinstance(model, CategoricalHMM):
        rows = rand(k, 4) + 0.05
        model.emissionprob_ = (rows / rows.sum(dim=1, keepdim=True)).to(dtype)
    else:
        model.rates_ = (torch.tensor([[1.5, 12.0], [6.0, 3.0], [11.0, 0.7]], dtype=torch.float64) + rand(k, 2)).to(dtype)
    return model


def data_of(model: HiddenMarkovModel, missing: str = "none", dtype=torch.float64) -> torch.Tensor:
    """Frames drawn from a model of the same kind with other parameters; ``missing`` "none", "frames" or "some"."""
    source = with_parameters(type(model)(**_shape_of(model)), seed=5)
    x, _ = source.sample(sum(LENGTHS), random_state=11)
    code = -1 if isinstance(model, CategoricalHMM) else torch.nan
    if missing != "none":
        x[[3, 4, 41, 80]] = code
    if missing == "some" and x.shape[1] > 1:
        x[10:20, 1] = code
        x[60:66, 0] = code
    return x if isinstance(model, CategoricalHMM) else x.to(dtype)


def full_covariances(model: GaussianHMM) -> torch.Tensor:
    """Covariances of any type as (K, D, D), float64."""
    k, d = model.means_.shape
    covariances = model.covariances_.double()
    eye = torch.eye(d, dtype=torch.float64)
    return {
        "full": lambda: covariances,
        "tied": lambda: covariances.expand(k, d, d),
        "diag": lambda: torch.diag_embed(covariances),
        "spherical": lambda: covariances[:, None, None] * eye,
    }[model.covariance_type]()


def _shape_of(model: HiddenMarkovModel) -> dict:
    settings = {"n_components": model.n_components}
    if isinstance(model, GaussianHMM):
        settings["covariance_type"] = model.covariance_type
    return settings
