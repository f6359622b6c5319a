"""Mixtures whose components are independent symbols: what Bernoulli and categorical ones share.

ln p(x|k) is linear in features φ(x) of 0 and 1, so that the E-step of a chunk is one matrix product,
coefficients (K, F) by features (F, rows), and the expected counts Σ_n r_nk φ(x_n) are one more.
"""

from __future__ import annotations

from abc import abstractmethod

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from lvmlib.chunks import chunks_of
from lvmlib.em import Statistics
from lvmlib.exact.finite import FinitePosterior
from lvmlib.exact.mixture.assignment import assign
from lvmlib.exact.mixture.estimator import Data, Mixture
from lvmlib.exact.mixture.gaussian_expectation import Assigner
from lvmlib.exact.mixture.gaussian_maximization import weights_from
from lvmlib.exact.mixture.gaussian_pass import rows_per_chunk
from lvmlib.exact.mixture.priors import log_dirichlet
from lvmlib.exact.mixture.starts import sample_of
from lvmlib.randomness import Seed, as_generator

IMPOSSIBLE = -1e30
"""Stands for ln 0 in a matrix product, where -inf times 0 would be NaN; a sum with one of it becomes -inf."""
ROUNDING = 64.0
"""By how many times the dtype's rounding a bound may fall where probabilities are rounded to it."""


class DiscreteMixture(Mixture):
    """Components with independent symbols, ``n_symbols`` a column."""

    n_symbols: int
    probabilities_: Tensor

    # -- what a family says --------------------------------------------------------------------

    @abstractmethod
    def _features(self, x: Tensor) -> Float[Tensor, "features rows"]:
        """Which symbol each column holds, as 0 and 1: (n_symbols * columns, rows), a block of columns a symbol;
        all 0 where it is missing."""

    @abstractmethod
    def _tables(self) -> Float[Tensor, "components symbols columns"]:
        """The probability of each symbol, float64."""

    @abstractmethod
    def _set_tables(self, weights: Tensor, tables: Float[Tensor, "components symbols columns"]) -> None:
        """Set the parameters; float64."""

    @abstractmethod
    def _resolve_prior(self, n_columns: int, like: Tensor) -> Tensor | None:
        """α of the prior on the tables, (components, symbols, columns) or what broadcasts to it, or None."""

    # -- the model -----------------------------------------------------------------------------

    def component_log_density(self, x: Tensor) -> Float[Tensor, "batch components"]:
        """ln p(x|k) = Σ_i ln p(x_i|k) in nats, over the columns that are not missing."""
        logits = self._coefficients() @ self._features(x)
        return torch.where(logits > IMPOSSIBLE / 2, logits, -torch.inf).T

    def _coefficients(self) -> Float[Tensor, "components features"]:
        return self._tables().log().clamp_min(IMPOSSIBLE).flatten(start_dim=1).to(self.weights_.dtype)

    @property
    def n_parameters(self) -> int:
        """Free parameters: K - 1 weights, and for each component and column one less than there are symbols."""
        return self.n_components - 1 + self.n_components * self._n_features * (self.n_symbols - 1)

    # -- EM ------------------------------------------------------------------------------------

    def initialize(self, x: Data, generator: torch.Generator) -> None:
        """The start given; else tables half-way between the symbols' frequencies and those of K rows of x."""
        n_rows, n_columns = self._look_at(x)
        self._start_dtype(x)
        sample = sample_of(x, n_rows, generator)
        like = torch.empty(0, dtype=torch.float64, device=sample.device)
        weights = self._prepare_weights(like)
        self._tables_prior = self._resolve_prior(n_columns, like)
        tables = self._given_tables(n_columns, like)
        if tables is None:
            order = torch.randperm(len(sample), generator=generator, device=generator.device)
            chosen = sample[order[: self.n_components].to(sample.device)]
            tables = 0.5 * self._frequencies(chosen, single=True) + 0.5 * self._frequencies(sample, single=False)
        self._set_tables(weights, tables)

    @abstractmethod
    def _given_tables(self, n_columns: int, like: Tensor) -> Tensor | None:
        """The start that was given, checked; or None."""

    def _start_dtype(self, x: Data) -> None:
        """Note the dtype of the parameters."""

    def _frequencies(self, x: Tensor, single: bool) -> Float[Tensor, "rows symbols columns"]:
        """How often each symbol occurs in each column, with one example more spread over the symbols."""
        shape = (self.n_symbols, x.shape[1], -1)
        if single:
            counts = self._features(x).double().reshape(shape).permute(2, 0, 1)
        else:
            blocks = (self._features(block).sum(dim=1, dtype=torch.float64) for block in self._blocks(x))
            counts = sum(blocks).reshape(1, *shape[:2])
        return (counts + 1 / self.n_symbols) / (counts.sum(dim=1, keepdim=True) + 1)

    def expected_statistics(
        self, x: Tensor, assignment: str = "soft", generator: torch.Generator | None = None
    ) -> Statistics:
        """E-step and expected counts, a chunk of x at a time."""
        return self._pass(x, lambda log_joint, rows: assign(log_joint, assignment, generator))

    def statistics(self, x: Tensor, posterior: FinitePosterior) -> Statistics:
        """n_k = Σ_n r_nk, and how often each symbol is expected in each column of each component."""
        elbo, responsibilities = posterior.elbo(), posterior.responsibilities.T
        return self._pass(x, lambda log_joint, rows: (elbo[rows], responsibilities[:, rows]))

    @torch.no_grad()
    def _pass(self, x: Tensor, assigner: Assigner) -> Statistics:
        coefficients, log_weights = self._coefficients(), self.weights_.log()[:, None]
        step = rows_per_chunk(coefficients.shape[1] * coefficients.element_size())
        counts = torch.zeros(self.n_components, dtype=torch.float64, device=coefficients.device)
        symbols = torch.zeros(coefficients.shape, dtype=torch.float64, device=coefficients.device)
        elbo = magnitude = torch.zeros((), dtype=torch.float64, device=coefficients.device)
        for start in range(0, len(x), step):
            rows = slice(start, start + step)
            features = self._features(x[rows])
            log_joint = torch.addmm(log_weights, coefficients, features)
            log_joint = log_joint.masked_fill_(log_joint < IMPOSSIBLE / 2, -torch.inf)
            bound, responsibilities = assigner(log_joint, rows)
            counts += responsibilities.sum(dim=1, dtype=torch.float64)
            symbols += responsibilities @ features.T
            elbo = elbo + bound.sum(dtype=torch.float64)
            magnitude = magnitude + bound.abs().sum(dtype=torch.float64)
        symbols = symbols.reshape(self.n_components, self.n_symbols, -1)
        eps = torch.finfo(coefficients.dtype).eps
        return Statistics(len(x), float(elbo), float(magnitude), {"counts": counts, "symbols": symbols}, eps)

    def maximize(self, statistics: Statistics) -> float:
        """π_k = n_k / N; each table the expected counts plus α - 1, normalized over the symbols that were observed.

        Where nothing was observed and there is no prior, a table keeps what it had. Returns
        the rounding of the log-probabilities, in nats per example.
        """
        counts, symbols = statistics.values["counts"], statistics.values["symbols"]
        weights = weights_from(counts, statistics.n_examples, self._weights_prior)
        if self._tables_prior is not None:
            symbols = symbols + (self._tables_prior - 1)
        total = symbols.sum(dim=1, keepdim=True)
        tables = torch.where(total > 0, symbols / torch.where(total > 0, total, 1.0), self._tables())
        self._set_tables(weights, tables)
        return ROUNDING * statistics.eps

    def log_prior(self) -> float:
        """ln p(π) + ln p(tables) up to a constant, nats; 0 without priors."""
        return log_dirichlet(self._weights_prior, self.weights_) + log_dirichlet(self._tables_prior, self._tables())

    def parameter_vector(self) -> Float[Tensor, " parameters"]:
        """ln π and the logarithms of the tables, float64."""
        return torch.cat([self.weights_.double().log(), self._tables().log().flatten()])

    def set_parameter_vector(self, vector: Float[Tensor, " parameters"]) -> None:
        if not torch.isfinite(vector).all():
            raise ValueError("vector holds NaN or infinities: a probability is zero")
        logits = vector[self.n_components :].reshape(self.n_components, self.n_symbols, -1)
        self._set_tables(vector[: self.n_components].softmax(dim=0), logits.softmax(dim=1))

    # -- what is missing -------------------------------------------------------------------------

    def _missing_probabilities(self, x: Tensor) -> Float[Tensor, "batch symbols columns"]:
        """p(x_i = s | x_o) = Σ_k p(k | x_o) p(s | k), float64."""
        return torch.einsum("nk,ksi->nsi", self.predict_proba(x).double(), self._tables())

    def _drawn_symbols(self, x: Tensor, random_state: Seed) -> Tensor:
        """k ~ p(k | x_o), then a symbol for every column by component k, (batch, columns)."""
        generator = as_generator(random_state)
        z = torch.multinomial(self.predict_proba(x).double().to(generator.device), 1, generator=generator)[:, 0]
        probabilities = self._tables()[z.to(x.device)].transpose(1, 2).to(generator.device)
        drawn = torch.multinomial(probabilities.flatten(end_dim=1), 1, generator=generator)
        return drawn.reshape(len(x), -1).to(x.device)

    def _look_at(self, x: Data) -> tuple[int, int]:
        n_rows, n_columns = 0, None
        for chunk in chunks_of(x):
            checked = self._checked(chunk)
            if n_columns not in (None, checked.shape[1]):
                raise ValueError(f"x has chunks of {n_columns} and of {checked.shape[1]} columns")
            n_rows, n_columns = n_rows + len(checked), checked.shape[1]
        return n_rows, n_columns


def refuse(name: str, x: Tensor | np.ndarray, bad: Tensor, what: str) -> None:
    """Raise a ValueError that names the first bad entry, if there is one."""
    if bad.any():
        row, column = bad.nonzero()[0].tolist()
        raise ValueError(
            f"{name} must hold {what}; {int(bad.sum())} values do not, the first at row {row}, column {column}: "
            f"{x[row, column].item()}"
        )
