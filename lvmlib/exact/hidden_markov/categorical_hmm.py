"""Hidden Markov models that emit symbols."""

from __future__ import annotations

from collections.abc import Collection

import torch
from jaxtyping import Float, Int
from torch import Tensor

from lvmlib.exact.hidden_markov.discrete_emissions import SymbolEmissions
from lvmlib.exact.hidden_markov.hidden_markov_model import HiddenMarkovModel
from lvmlib.exact.hidden_markov.markov_chain_model import Emissions
from lvmlib.exact.hidden_markov.probability_tables import (
    Start,
    from_coordinates,
    given_probabilities,
    log_dirichlet,
    to_coordinates,
)
from lvmlib.exact.hidden_markov.sequences import Sequences
from lvmlib.exponential_family import Statistics
from lvmlib.randomness import Seed
from lvmlib.validation import check_at_least, check_dtype

MISSING = -1


class CategoricalHMM(HiddenMarkovModel):
    r"""p(x_t = m | z_t = k) = B_km, symbols m in 0 .. M - 1.

    Parameters
    ----------
    n_components : int
        K states.
    n_symbols : int, optional
        M; by default one more than the greatest symbol in the data that it is fitted to.
    missing : int, optional
        A number below 0 that marks a missing frame, which is integrated out. None: none is missing.
    emissionprob_prior : float
        α ≥ 1 of a Dirichlet prior on each row of B; 1 is none.
    startprob_prior, transmat_prior, startprob_init, transmat_init, emissionprob_init
    dtype : torch.float32 or torch.float64
        Of the parameters: symbols have none to follow.
    assignment, acceleration, fit_parameters, tol, max_iter, n_init, random_state, progress
        As in :class:`GaussianHMM`; ``fit_parameters`` of {"startprob", "transmat", "emissionprob"}.

    Attributes
    ----------
    startprob_ (K,), transmat_ (K, K), emissionprob_ (K, M)
    elbo_, lower_bound_, converged_, n_iter_

    References
    ----------
    Rabiner, A tutorial on hidden Markov models, 1989, equation (40c).
    """

    EMISSION_PARAMETERS = ("emissionprob",)

    def __init__(
        self,
        n_components: int = 1,
        *,
        n_symbols: int | None = None,
        missing: int | None = None,
        emissionprob_prior: float = 1.0,
        startprob_prior: float = 1.0,
        transmat_prior: float = 1.0,
        startprob_init: Start = None,
        transmat_init: Start = None,
        emissionprob_init: Start = None,
        dtype: torch.dtype = torch.float64,
        assignment: str = "soft",
        acceleration: str | None = None,
        fit_parameters: Collection[str] | None = None,
        tol: float = 1e-2,
        max_iter: int = 100,
        n_init: int = 1,
        random_state: Seed = 0,
        progress: bool = False,
    ) -> None:
        super().__init__(
            n_components,
            startprob_prior=startprob_prior,
            transmat_prior=transmat_prior,
            startprob_init=startprob_init,
            transmat_init=transmat_init,
            assignment=assignment,
            acceleration=acceleration,
            fit_parameters=fit_parameters,
            tol=tol,
            max_iter=max_iter,
            n_init=n_init,
            random_state=random_state,
            progress=progress,
        )
        check_at_least("emissionprob_prior", emissionprob_prior, 1)
        if n_symbols is not None:
            check_at_least("n_symbols", n_symbols, 1)
        if missing is not None and not missing < 0:
            raise ValueError(f"missing must be below 0, where no symbol is, got {missing}")
        check_dtype(dtype)
        self.n_symbols, self.missing, self.dtype = n_symbols, missing, dtype
        self.emissionprob_prior, self.emissionprob_init = emissionprob_prior, emissionprob_init

    @property
    def n_features(self) -> int:
        return 1

    def emission_means(self) -> Float[Tensor, "components features"]:
        """B: the mean of a symbol's indicator, which is what can be averaged."""
        return self.emissionprob_

    def _check_data(self, x: Tensor, n_features: int | None) -> Tensor:
        if x.is_floating_point() or x.is_complex() or x.dtype == torch.bool:
            raise TypeError(f"x must hold whole numbers, of an integer dtype, got {x.dtype}")
        if x.shape[1] != 1:
            raise ValueError(f"x must have one column of symbols, got {x.shape[1]}")
        absent = torch.zeros_like(x, dtype=torch.bool) if self.missing is None else x == self.missing
        n_symbols = self.n_symbols if n_features is None else self.emissionprob_.shape[1]
        outside = ~absent & ((x < 0) | (x >= n_symbols) if n_symbols is not None else x < 0)
        if outside.any():
            row = outside.nonzero()[0, 0].item()
            last = "" if n_symbols is None else f" to {n_symbols - 1}"
            also = "" if self.missing is None else f", or {self.missing} where missing"
            raise ValueError(f"x must hold symbols from 0{last}{also}, got {x[row, 0].item()} at row {row}")
        return torch.where(absent, MISSING, x.long())

    def _observed_frames(self, batch: Sequences) -> int:
        return int((batch.x != MISSING).sum())

    def _computing_like(self, batch: Sequences) -> Tensor:
        return torch.empty(0, dtype=self.dtype, device=batch.x.device)

    def _emissions(self, batch: Sequences) -> Emissions:
        n_symbols = self.emissionprob_.shape[1]
        codes = batch.kept(
            "codes", batch, lambda: torch.where(batch.packed == MISSING, n_symbols, batch.packed)[:, 0].contiguous()
        )
        return SymbolEmissions(codes, self.emissionprob_, batch.packing)

    def _start_emissions(self, batch: Sequences, generator: torch.Generator) -> None:
        """Rows half the symbols' frequencies, half a draw from the flat Dirichlet distribution."""
        symbols = batch.x[batch.x != MISSING]
        n_symbols = self.n_symbols or int(symbols.max()) + 1
        shape = (self.n_components, n_symbols)
        if self.emissionprob_init is not None:
            start = given_probabilities("emissionprob_init", self.emissionprob_init, shape)
        else:
            uniform = torch.rand(shape, generator=generator, device=generator.device, dtype=torch.float64)
            exponential = -torch.log1p(-uniform) + 1e-3
            frequencies = (torch.bincount(symbols, minlength=n_symbols).double() + 1).to(generator.device)
            start = 0.5 * frequencies / frequencies.sum() + 0.5 * exponential / exponential.sum(dim=1, keepdim=True)
        self.emissionprob_ = start.to(self.startprob_)

    def _maximize_emissions(self, statistics: Statistics) -> float:
        """B_km ∝ Σ_t q(z_t = k) [x_t = m] + α - 1. A state that is never visited keeps its row."""
        if "emissionprob" in self.fit_parameters:
            weights = statistics.values["symbols"] + (self.emissionprob_prior - 1)
            total = weights.sum(dim=1, keepdim=True)
            rows = torch.where(total > 0, weights / total, self.emissionprob_.double())
            self.emissionprob_ = rows.to(self.emissionprob_)
        return 0.0

    def log_prior(self) -> float:
        return super().log_prior() + log_dirichlet(self.emissionprob_, self.emissionprob_prior)

    def _sample_emissions(self, z: Int[Tensor, " frames"], generator: torch.Generator) -> Tensor:
        cumulative = self.emissionprob_.double().cumsum(dim=1)
        uniform = torch.rand(len(z), 1, generator=generator, device=generator.device, dtype=torch.float64)
        cumulative = cumulative[z]
        return (uniform.to(cumulative.device) * cumulative[:, -1:] >= cumulative).sum(dim=1, keepdim=True)

    def parameter_vector(self) -> Float[Tensor, " parameters"]:
        """Logs of all probabilities. float64."""
        tables = (self.startprob_, self.transmat_, self.emissionprob_)
        return torch.cat([to_coordinates(table).flatten() for table in tables])

    def set_parameter_vector(self, vector: Float[Tensor, " parameters"]) -> None:
        tables = (self.startprob_, self.transmat_, self.emissionprob_)
        parts = vector.split([table.numel() for table in tables])
        self.startprob_, self.transmat_, self.emissionprob_ = (
            from_coordinates(part.view(table.shape)).to(table) for part, table in zip(parts, tables)
        )
