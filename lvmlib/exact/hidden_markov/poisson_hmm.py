"""Hidden Markov models that emit counts."""

from __future__ import annotations

from collections.abc import Collection

import torch
from jaxtyping import Float, Int
from torch import Tensor

from lvmlib.exact.hidden_markov.discrete_emissions import CountEmissions
from lvmlib.exact.hidden_markov.hidden_markov_model import HiddenMarkovModel
from lvmlib.exact.hidden_markov.markov_chain_model import Emissions
from lvmlib.exact.hidden_markov.probability_tables import Start, from_coordinates, to_coordinates
from lvmlib.exact.hidden_markov.sequences import Sequences
from lvmlib.exact.hidden_markov.starts import clusters
from lvmlib.exponential_family import Statistics
from lvmlib.randomness import Seed, drawing_from
from lvmlib.validation import check_at_least, check_dtype, check_shape


class PoissonHMM(HiddenMarkovModel):
    r"""p(x_t | z_t = k) = Π_d Poisson(x_td; λ_kd): counts, independent given the state.

    Parameters
    ----------
    n_components : int
        K states.
    missing : int, optional
        A number below 0 that marks a missing count in integer data; NaN does in floating-point data.
    rates_prior : (shape, rate)
        Gamma prior on every λ, density ∝ λ^(shape - 1) e^(-rate λ), shape ≥ 1, rate ≥ 0; (1, 0) is none.
    startprob_prior, transmat_prior, startprob_init, transmat_init, rates_init
    dtype : torch.float32 or torch.float64
        Of the parameters, where x is of an integer dtype.
    assignment, acceleration, fit_parameters, tol, max_iter, n_init, random_state, progress
        As in :class:`GaussianHMM`; ``fit_parameters`` of {"startprob", "transmat", "rates"}.

    Attributes
    ----------
    startprob_ (K,), transmat_ (K, K), rates_ (K, D)
    elbo_, lower_bound_, converged_, n_iter_

    References
    ----------
    Zucchini and MacDonald, Hidden Markov Models for Time Series, 2009, section 4.2.
    """

    EMISSION_PARAMETERS = ("rates",)

    def __init__(
        self,
        n_components: int = 1,
        *,
        missing: int | None = None,
        rates_prior: tuple[float, float] = (1.0, 0.0),
        startprob_prior: float = 1.0,
        transmat_prior: float = 1.0,
        startprob_init: Start = None,
        transmat_init: Start = None,
        rates_init: Start = None,
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
        if missing is not None and not missing < 0:
            raise ValueError(f"missing must be below 0, where no count is, got {missing}")
        check_at_least("the shape in rates_prior", rates_prior[0], 1)
        check_at_least("the rate in rates_prior", rates_prior[1], 0)
        check_dtype(dtype)
        self.missing, self.rates_prior, self.rates_init, self.dtype = missing, rates_prior, rates_init, dtype

    @property
    def n_features(self) -> int:
        return self.rates_.shape[1]

    def emission_means(self) -> Float[Tensor, "components features"]:
        return self.rates_

    def _check_data(self, x: Tensor, n_features: int | None) -> Tensor:
        if n_features is not None and x.shape[1] != n_features:
            raise ValueError(f"x has {x.shape[1]} columns, but the model was fitted on {n_features}")
        if x.is_floating_point():
            if x.dtype not in (torch.float32, torch.float64):
                raise TypeError(f"x must be float32, float64 or of an integer dtype, got {x.dtype}")
            counts = x
        elif x.is_complex() or x.dtype == torch.bool:
            raise TypeError(f"x must hold counts, got {x.dtype}")
        else:
            dtype = self.dtype if n_features is None else self.rates_.dtype
            counts = x.to(dtype)
            if self.missing is not None:
                counts = torch.where(x == self.missing, torch.nan, counts)
        bad = ~torch.isnan(counts) & ~((counts >= 0) & (counts == counts.floor()) & (counts < torch.inf))
        if bad.any():
            row, column = bad.nonzero()[0].tolist()
            raise ValueError(
                f"x must hold counts 0, 1, 2, ..., got {x[row, column].item()} at row {row}, column {column}; "
                "missing ones are NaN, or in integer data what missing says"
            )
        unseen = torch.isnan(counts).all(dim=0)
        if n_features is None and unseen.any():
            raise ValueError(f"column {unseen.nonzero()[0].item()} of x is missing in every frame")
        return counts

    def _emissions(self, batch: Sequences) -> Emissions:
        if not hasattr(self, "_reference") or len(self._reference) != self.n_features:
            self._reference = _mean_counts(batch.x)
        reference = self._reference
        features = batch.kept("counts", reference, lambda: CountEmissions.features_of(batch.packed, reference))
        return CountEmissions(features, reference, self.rates_, batch.packing)

    def _start_emissions(self, batch: Sequences, generator: torch.Generator) -> None:
        """Cluster means, drawn a tenth towards the mean of all, so that none is 0 where counts are seen."""
        self._reference = overall = _mean_counts(batch.x)
        shape = (self.n_components, batch.x.shape[1])
        if self.rates_init is not None:
            rates = torch.as_tensor(self.rates_init, dtype=torch.float64)
            check_shape("rates_init", rates, shape)
            if not ((rates >= 0) & (rates < torch.inf)).all():
                raise ValueError(f"rates_init must hold numbers of at least 0, got {rates.tolist()}")
        else:
            exact = batch.x.double()
            filled = torch.where(torch.isnan(exact), overall, exact)
            rows, nearest = clusters(filled[~torch.isnan(exact).all(dim=1)], self.n_components, generator)
            members = torch.nn.functional.one_hot(nearest, self.n_components).double()
            counts = members.sum(dim=0)[:, None]
            rates = torch.where(counts > 0, (members.T @ rows) / counts.clamp(min=1), overall)
            rates = 0.9 * rates + 0.1 * overall
        self.rates_ = rates.to(self.startprob_)

    def _maximize_emissions(self, statistics: Statistics) -> float:
        """λ_kd = (Σ_t q(z_t = k) x_td + shape - 1) / (Σ_t q(z_t = k) + rate), over the frames where x_td is observed."""
        if "rates" in self.fit_parameters:
            shape, rate = self.rates_prior
            occupied = statistics.values["observed"] + rate
            rates = (statistics.values["counts"] + (shape - 1)) / torch.where(occupied > 0, occupied, 1.0)
            self.rates_ = torch.where(occupied > 0, rates, self.rates_.double()).to(self.rates_)
        # a rate rounded by eps moves its frames' log probabilities by eps x
        magnitude = float(statistics.values["counts"].sum()) / statistics.n_examples
        return torch.finfo(self.rates_.dtype).eps * magnitude

    def log_prior(self) -> float:
        """Also Σ (shape - 1) ln λ - rate λ."""
        shape, rate = self.rates_prior
        rates = self.rates_.double()
        of_rates = -rate * rates.sum() + ((shape - 1) * rates.log().sum() if shape > 1 else 0.0)
        return super().log_prior() + float(of_rates)

    def _sample_emissions(self, z: Int[Tensor, " frames"], generator: torch.Generator) -> Tensor:
        with drawing_from(generator):
            return torch.poisson(self.rates_[z])

    def parameter_vector(self) -> Float[Tensor, " parameters"]:
        """Logs of the probabilities and of the rates. float64."""
        chain = [to_coordinates(table).flatten() for table in (self.startprob_, self.transmat_)]
        return torch.cat([*chain, to_coordinates(self.rates_).flatten()])

    def set_parameter_vector(self, vector: Float[Tensor, " parameters"]) -> None:
        tables = (self.startprob_, self.transmat_, self.rates_)
        start, transitions, rates = (
            part.view(table.shape) for part, table in zip(vector.split([table.numel() for table in tables]), tables)
        )
        self.startprob_ = from_coordinates(start).to(self.startprob_)
        self.transmat_ = from_coordinates(transitions).to(self.transmat_)
        self.rates_ = rates.exp().to(self.rates_)


def _mean_counts(x: Float[Tensor, "total counts"]) -> Float[Tensor, " counts"]:
    """float64, NaN left out; 1 where no count is above 0."""
    mean = x.detach().double().nanmean(dim=0)
    return torch.where(mean > 0, mean, 1.0)
