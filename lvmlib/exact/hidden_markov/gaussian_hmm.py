"""Hidden Markov models with Gaussian emissions."""

from __future__ import annotations

from collections.abc import Collection

import torch
from jaxtyping import Float, Int
from torch import Tensor

from lvmlib.exact.gaussian import (
    COVARIANCE_TYPES,
    condition_number,
    covariance_shape,
    scale_of,
    trace_of_precision,
)
from lvmlib.exact.hidden_markov.gaussian_emissions import (
    MOST_QUADRATIC_FEATURES,
    CentredEmissions,
    QuadraticEmissions,
    Reference,
    quadratic_is_accurate,
)
from lvmlib.exact.hidden_markov.hidden_markov_model import HiddenMarkovModel
from lvmlib.exact.hidden_markov.markov_chain_model import Emissions
from lvmlib.exact.hidden_markov.probability_tables import Start, from_coordinates, to_coordinates
from lvmlib.exact.hidden_markov.sequences import Sequences
from lvmlib.exact.hidden_markov.starts import clusters
from lvmlib.exponential_family import Statistics
from lvmlib.randomness import Seed
from lvmlib.validation import check_at_least, check_choice, check_shape


class GaussianHMM(HiddenMarkovModel):
    r"""p(x_t | z_t = k) = N(x_t; μ_k, Σ_k). NaN marks what is missing; it is integrated out exactly.

    Parameters
    ----------
    n_components : int
        K states.
    covariance_type : {"full", "tied", "diag", "spherical"}
    reg_covar : float
        Added to the diagonal of every covariance: the floor below which no variance falls.
    startprob_prior, transmat_prior : float
        α ≥ 1 of Dirichlet priors on the initial probabilities and each row of transitions; 1 is none.
    startprob_init, transmat_init, means_init, covariances_init : optional tensors or arrays
        Starts, in the shapes of the fitted attributes. By default: uniform; states that tend to
        last; clusters of the frames.
    assignment, acceleration, tol, max_iter, n_init, random_state, progress
        As in :func:`lvmlib.em.expectation_maximization`; ``tol`` is in nats per sequence.
    fit_parameters : collection of {"startprob", "transmat", "means", "covariances"}
        What the M-step changes; None is all.

    Attributes
    ----------
    startprob_ (K,), transmat_ (K, K), means_ (K, D), covariances_
        (K, D, D) for full, (D, D) for tied, (K, D) for diag, (K,) for spherical: variances,
        not standard deviations.
    elbo_ (n_iter_,) float64
        Mean bound in nats per sequence at each iteration.
    lower_bound_, converged_, n_iter_

    References
    ----------
    Rabiner, A tutorial on hidden Markov models, 1989, section III C and equations (40), (53), (54).
    """

    EMISSION_PARAMETERS = ("means", "covariances")

    def __init__(
        self,
        n_components: int = 1,
        *,
        covariance_type: str = "diag",
        reg_covar: float = 1e-6,
        startprob_prior: float = 1.0,
        transmat_prior: float = 1.0,
        startprob_init: Start = None,
        transmat_init: Start = None,
        means_init: Start = None,
        covariances_init: Start = None,
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
        check_choice("covariance_type", covariance_type, COVARIANCE_TYPES)
        check_at_least("reg_covar", reg_covar, 0)
        self.covariance_type, self.reg_covar = covariance_type, reg_covar
        self.means_init, self.covariances_init = means_init, covariances_init

    @property
    def n_features(self) -> int:
        return self.means_.shape[1]

    def emission_means(self) -> Float[Tensor, "components features"]:
        return self.means_

    def scale(self) -> Tensor:
        """Cholesky factors for full and tied, standard deviations for diag and spherical, of each state.

        A ValueError where a covariance is not positive definite.
        """
        return scale_of(self.covariances_, self.covariance_type, self.n_components, self.n_features)

    # -- emissions -----------------------------------------------------------------------------

    def _check_data(self, x: Tensor, n_features: int | None) -> Tensor:
        if x.dtype not in (torch.float32, torch.float64):
            raise TypeError(f"x must be float32 or float64, got {x.dtype}: convert it first, nothing is cast silently")
        if n_features is not None and x.shape[1] != n_features:
            raise ValueError(f"x has {x.shape[1]} columns, but the model was fitted on {n_features}")
        if torch.isfinite(x.detach().sum()):  # nothing missing, nothing infinite
            return x
        if torch.isinf(x).any():
            row, column = torch.isinf(x).nonzero()[0].tolist()
            raise ValueError(f"x is infinite at row {row}, column {column}; NaN marks what is missing")
        unseen = torch.isnan(x).all(dim=0)
        if n_features is None and unseen.any():
            raise ValueError(f"column {unseen.nonzero()[0].item()} of x is missing in every frame")
        return x

    def _emissions(self, batch: Sequences) -> Emissions:
        reference = self._reference_of(batch)
        full = self.covariance_type in ("full", "tied")
        scale = self.scale()  # refuses what is not positive definite
        if full:
            covariances = self.covariances_.expand(self.n_components, self.n_features, self.n_features)
        else:
            covariances = scale.square()
        partly = batch.kept("partly missing", batch, lambda: _partly_missing(batch.x))
        few = not full or (self.n_features <= MOST_QUADRATIC_FEATURES and not partly)
        if few and quadratic_is_accurate(self.means_.dtype, covariances, reference):
            features = batch.kept(
                "quadratic features",
                reference,
                lambda: QuadraticEmissions.features_of(batch.packed, reference, full, partly),
            )
            return QuadraticEmissions(features, reference, self.means_, covariances, batch.packing, partly)
        patterns = batch.kept("patterns", batch, lambda: CentredEmissions.patterns_of(batch.packed))
        if not full:
            covariances = torch.diag_embed(covariances)
        return CentredEmissions(batch.packed, patterns, reference, self.means_, covariances, batch.packing)

    def _reference_of(self, batch: Sequences) -> Reference:
        """Fixed once for a model: statistics of several chunks are about the same point."""
        if not hasattr(self, "_reference") or len(self._reference.centre) != self.n_features:
            self._reference = Reference.of(batch.x)
        return self._reference

    def _start_emissions(self, batch: Sequences, generator: torch.Generator) -> None:
        k, x = self.n_components, batch.x
        self._reference = Reference.of(x)
        filled = torch.where(torch.isnan(x), self._reference.centre.to(x), x)
        rows, nearest = clusters(filled[~torch.isnan(x).all(dim=1)], k, generator)
        rows = rows.double()
        members = torch.nn.functional.one_hot(nearest, k).double()
        occupied = members.sum(dim=0)
        deviations = rows - self._reference.centre
        first = members.T @ deviations
        second = torch.einsum("nk,nd,ne->kde", members, deviations, deviations)
        self.means_ = torch.as_tensor(self._reference.centre).expand(k, -1).to(x)
        everything = torch.diag_embed(self._reference.spread.square()).expand(k, -1, -1)
        self.covariances_ = self._shaped(everything, torch.ones_like(occupied)).to(x)
        self._set_moments(occupied, first, second, (*self.EMISSION_PARAMETERS,))
        shapes = {"means": (k, x.shape[1]), "covariances": covariance_shape(self.covariance_type, k, x.shape[1])}
        for name, shape in shapes.items():
            if (given := getattr(self, f"{name}_init")) is not None:
                given = torch.as_tensor(given, dtype=x.dtype, device=x.device)
                check_shape(f"{name}_init", given, shape)
                setattr(self, f"{name}_", given)
        self.scale()

    # -- M-step --------------------------------------------------------------------------------

    def _maximize_emissions(self, statistics: Statistics) -> float:
        r"""μ_k = Σ q x / n_k, Σ_k = Σ q (x - μ_k)(x - μ_k)ᵀ / n_k + reg_covar I. A state with n_k = 0 keeps its own.

        The covariances maximize the ELBO less (reg_covar / 2) Σ_k n_k tr Σ_k⁻¹, so the ELBO may
        fall by no more than this falls; and by the rounding of log densities.
        """
        values = statistics.values
        before = float((values["occupied"] * trace_of_precision(self.scale()).double()).sum())
        self._set_moments(values["occupied"], values["first"], values["second"], self.fit_parameters)
        scale = self.scale()
        after = float((values["occupied"] * trace_of_precision(scale).double()).sum())
        regularization = max(0.0, self.reg_covar * (before - after) / (2 * statistics.n_examples))
        frames = self._frames_of(statistics) / statistics.n_examples
        eps = torch.finfo(self.means_.dtype).eps
        return regularization + eps * self.n_features * condition_number(scale) * frames

    def _set_moments(self, occupied: Tensor, first: Tensor, second: Tensor, parameters: Collection[str]) -> None:
        """From Σ q, Σ q x and Σ q x xᵀ (or x²) about the reference point."""
        like, centre = self.means_, self._reference.centre
        counted = occupied > 0
        divisor = torch.where(counted, occupied, 1.0)
        if "means" in parameters:
            self.means_ = torch.where(counted[:, None], centre + first / divisor[:, None], like.double()).to(like)
        if "covariances" not in parameters:
            return
        moved = self.means_.double() - centre
        if second.ndim == 3:
            cross = first[:, :, None] * moved[:, None, :]
            scatter = second - cross - cross.transpose(1, 2)
            scatter = scatter + occupied[:, None, None] * moved[:, :, None] * moved[:, None, :]
        else:
            scatter = second - 2 * first * moved + occupied[:, None] * moved.square()
        new = self._shaped(scatter, occupied)
        if self.covariance_type in ("full", "tied"):
            new.diagonal(dim1=-2, dim2=-1).add_(self.reg_covar)
        else:  # a difference of sums may fall below 0 by rounding
            new = new.clamp(min=0) + self.reg_covar
        if self.covariance_type != "tied":
            new = torch.where(counted.view(-1, *[1] * (new.ndim - 1)), new, self.covariances_.double())
        self.covariances_ = new.to(like)

    def _shaped(self, scatter: Tensor, occupied: Tensor) -> Tensor:
        """Scatters (K, D, D) or (K, D) as covariances of this type."""
        full = scatter.ndim == 3
        divisor = torch.where(occupied > 0, occupied, 1.0)
        if self.covariance_type == "tied":
            return scatter.sum(dim=0) / occupied.sum()
        if self.covariance_type == "full":
            return scatter / divisor[:, None, None]
        variances = (scatter.diagonal(dim1=1, dim2=2) if full else scatter) / divisor[:, None]
        return variances if self.covariance_type == "diag" else variances.mean(dim=1)

    # -- sampling, acceleration ----------------------------------------------------------------

    def _sample_emissions(self, z: Int[Tensor, " frames"], generator: torch.Generator) -> Tensor:
        scale = self.scale()
        shape = (len(z), self.n_features)
        noise = torch.randn(shape, generator=generator, device=generator.device, dtype=torch.float64).to(self.means_)
        if scale.ndim == 2:
            return self.means_[z] + scale[z] * noise
        x = torch.empty_like(noise)
        for k in range(self.n_components):
            x[z == k] = self.means_[k] + noise[z == k] @ scale[k].T
        return x

    def parameter_vector(self) -> Float[Tensor, " parameters"]:
        """Logs of probabilities, means, and logs of variances or of the Cholesky factors' diagonals. float64."""
        if self.covariance_type in ("diag", "spherical"):
            covariances = self.covariances_.double().log()
        else:
            factor = torch.linalg.cholesky(self.covariances_.double())
            covariances = factor.tril(-1) + torch.diag_embed(factor.diagonal(dim1=-2, dim2=-1).log())
        chain = [to_coordinates(self.startprob_), to_coordinates(self.transmat_)]
        return torch.cat([part.flatten() for part in (*chain, self.means_.double(), covariances)])

    def set_parameter_vector(self, vector: Float[Tensor, " parameters"]) -> None:
        shapes = [self.startprob_.shape, self.transmat_.shape, self.means_.shape, self.covariances_.shape]
        parts = vector.split([shape.numel() for shape in shapes])
        start, transitions, means, covariances = (part.view(shape) for part, shape in zip(parts, shapes))
        self.startprob_ = from_coordinates(start).to(self.startprob_)
        self.transmat_ = from_coordinates(transitions).to(self.transmat_)
        self.means_ = means.to(self.means_)
        if self.covariance_type in ("diag", "spherical"):
            covariances = covariances.exp()
        else:
            factor = covariances.tril(-1) + torch.diag_embed(covariances.diagonal(dim1=-2, dim2=-1).exp())
            covariances = factor @ factor.transpose(-2, -1)
        self.covariances_ = covariances.to(self.covariances_)


def _partly_missing(x: Float[Tensor, "total features"]) -> bool:
    """Whether a frame lacks some features but not all."""
    if torch.isfinite(x.detach().sum()):
        return False
    missing = torch.isnan(x)
    return bool((missing.any(dim=1) & ~missing.all(dim=1)).any())
