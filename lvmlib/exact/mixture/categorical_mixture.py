"""Mixtures of independent symbols of an alphabet: DNA, survey answers."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.distributions import Categorical, Independent

from lvmlib.exact.mixture.discrete_mixture import DiscreteMixture, refuse
from lvmlib.exact.mixture.priors import concentration
from lvmlib.randomness import Seed
from lvmlib.validation import check_at_least, check_dtype, check_shape


class CategoricalMixture(DiscreteMixture):
    r"""p(x) = Σ_k π_k Π_i θ_k,i,x_i, x_i a symbol in 0 .. n_categories - 1, fitted by EM.

    Parameters
    ----------
    n_components : int
        K.
    n_categories : int
        C, the size of the alphabet, the same in every column.
    dtype : torch.float32 or torch.float64
        Of the parameters and of log-probabilities; x holds integers.
    tol, max_iter, n_init, hard, acceleration, random_state, progress
        As in :class:`~lvmlib.exact.mixture.GaussianMixture`.
    weights_init : (K,), probabilities_init : (K, D, C), optional
        Starts. Without them weights start equal, and tables half-way between the columns'
        frequencies and K rows of x drawn without replacement.
    weights_prior : float or (K,), optional
        α ≥ 1 of a Dirichlet prior on the weights.
    probabilities_prior : float or (C,), optional
        α ≥ 1 of a Dirichlet prior on the table of every component and column.
    missing_values : {"error", "allow"}
        Whether -1 is an error or marks a missing symbol, whose factor is dropped: so it is
        summed out exactly.

    Attributes
    ----------
    weights_ (K,), probabilities_ (K, D, C)
        π, and θ: one table a component and column.
    elbo_, lower_bound_, converged_, n_iter_
        As in :class:`~lvmlib.exact.mixture.GaussianMixture`.

    References
    ----------
    Bishop, Pattern Recognition and Machine Learning, 2006, section 9.3.3 and exercise 9.19.
    """

    def __init__(
        self,
        n_components: int = 1,
        *,
        n_categories: int,
        dtype: torch.dtype = torch.float64,
        tol: float = 1e-3,
        max_iter: int = 100,
        n_init: int = 1,
        weights_init: object = None,
        probabilities_init: object = None,
        weights_prior: object = None,
        probabilities_prior: object = None,
        missing_values: str = "error",
        hard: bool = False,
        acceleration: str | None = None,
        random_state: Seed = 0,
        progress: bool = False,
    ) -> None:
        super().__init__(
            n_components,
            tol=tol,
            max_iter=max_iter,
            n_init=n_init,
            weights_init=weights_init,
            weights_prior=weights_prior,
            missing_values=missing_values,
            hard=hard,
            acceleration=acceleration,
            random_state=random_state,
            progress=progress,
        )
        check_at_least("n_categories", n_categories, 2)
        check_dtype(dtype)
        self.n_categories = self.n_symbols = n_categories
        self._dtype = dtype
        self.probabilities_init, self.probabilities_prior = probabilities_init, probabilities_prior

    def likelihood(self, z: Tensor) -> Independent:
        """p(x|z) = Π_i Categorical(x_i; θ_zi), one for each entry of z."""
        self._check_fitted()
        return Independent(Categorical(probs=self.probabilities_[z]), 1)

    def symbol_probabilities(self, x: Tensor | np.ndarray) -> Float[Tensor, "batch columns categories"]:
        """p(x_i = s | x_o) = Σ_k p(k | x_o) θ_kis of every column, given the symbols of the row that are not missing."""
        return self._missing_probabilities(self._as_fitted(x)).transpose(1, 2).to(self._dtype)

    def impute(self, x: Tensor | np.ndarray) -> Int[Tensor, "batch columns"]:
        """x with each -1 replaced by the most probable symbol given what is observed of the row."""
        x = self._as_fitted(x)
        return torch.where(x < 0, self._missing_probabilities(x).argmax(dim=1).to(x.dtype), x)

    def sample_missing(self, x: Tensor | np.ndarray, random_state: Seed) -> Int[Tensor, "batch columns"]:
        """x with each -1 replaced by a draw: k ~ p(k | x_o), then x_i ~ θ_ki."""
        x = self._as_fitted(x)
        return torch.where(x < 0, self._drawn_symbols(x, random_state).to(x.dtype), x)

    def _features(self, x: Tensor) -> Float[Tensor, "features rows"]:
        symbols = x.T.contiguous()
        features = torch.empty(self.n_symbols, *symbols.shape, dtype=self._dtype, device=x.device)
        for symbol in range(self.n_symbols):
            features[symbol] = symbols == symbol
        return features.flatten(end_dim=1)

    def _tables(self) -> Float[Tensor, "components symbols columns"]:
        return self._exact_tables

    def _set_tables(self, weights: Tensor, tables: Float[Tensor, "components symbols columns"]) -> None:
        self._exact_tables, self._n_features = tables.double(), tables.shape[2]
        self.weights_ = weights.to(self._dtype)
        self.probabilities_ = tables.transpose(1, 2).to(self._dtype).contiguous()

    def _given_tables(self, n_columns: int, like: Tensor) -> Tensor | None:
        if self.probabilities_init is None:
            return None
        tables = torch.as_tensor(self.probabilities_init, dtype=like.dtype, device=like.device)
        check_shape("probabilities_init", tables, (self.n_components, n_columns, self.n_symbols))
        if not ((tables >= 0).all() and ((tables.sum(dim=2) - 1).abs() < 1e-5).all()):
            raise ValueError("probabilities_init must be at least 0 and sum to 1 over the last axis")
        return (tables / tables.sum(dim=2, keepdim=True)).transpose(1, 2)

    def _resolve_prior(self, n_columns: int, like: Tensor) -> Tensor | None:
        alpha = concentration("probabilities_prior", self.probabilities_prior, (self.n_symbols,), like)
        return None if alpha is None else alpha[:, None]

    def _checked(self, x: object, n_features: int | None = None) -> Tensor:
        if not isinstance(x, (Tensor, np.ndarray)):
            raise TypeError(f"x must be a torch tensor or a NumPy array, got {type(x).__name__}")
        x = torch.as_tensor(x)
        if x.is_floating_point() or x.is_complex() or x.dtype == torch.bool:
            raise TypeError(f"x must hold integers, got {x.dtype}: symbols are 0 .. {self.n_symbols - 1}")
        if x.ndim != 2 or 0 in x.shape:
            raise ValueError(f"x must have the shape (batch, features), neither of them 0, got {tuple(x.shape)}")
        if n_features is not None and x.shape[1] != n_features:
            raise ValueError(f"x has {x.shape[1]} columns, but the model was fitted on {n_features}")
        missing = self.missing_values == "allow"
        allowed = f"symbols 0 .. {self.n_symbols - 1}" + (", or -1 where missing" if missing else "")
        refuse("x", x, (x < (-1 if missing else 0)) | (x >= self.n_symbols), allowed)
        return x
