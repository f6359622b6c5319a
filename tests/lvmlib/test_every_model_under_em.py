"""Every model that EM fits: the bound never falls, and both steps climb one function. A new model is one line in MODELS."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from alignment_corpus import corpus
from test_ctc_codebook import sequences as coded_sequences

from lvmlib.em import ExponentialFamilyModel, expectation_maximization, total_statistics
from lvmlib.exact.alignment import HMMAlignment, IBMModel1
from lvmlib.exact.ctc import CodebookCTC
from lvmlib.exact.factor_analysis import FactorAnalysis, ProbabilisticPCA
from lvmlib.exact.hidden_markov import CategoricalHMM, GaussianHMM, PoissonHMM
from lvmlib.exact.mixture import BernoulliMixture, CategoricalMixture, GaussianMixture, NormalInverseWishart


def seeded(seed: int = 11) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def clouds(n: int = 150) -> torch.Tensor:
    """Three clouds of unequal size, direction and width in four dimensions."""
    generator = seeded()
    z = torch.multinomial(torch.tensor([0.2, 0.5, 0.3]), n, replacement=True, generator=generator)
    mixing = torch.randn(3, 4, 4, generator=generator, dtype=torch.float64) * torch.tensor([0.6, 1.0, 1.3])[:, None, None]
    centres = 3 * torch.randn(3, 4, generator=generator, dtype=torch.float64)
    noise = torch.randn(n, 4, generator=generator, dtype=torch.float64)
    return centres[z] + (mixing[z] @ noise[:, :, None])[:, :, 0]


def with_missing() -> torch.Tensor:
    x = clouds()
    return x.masked_fill(torch.rand(x.shape, generator=seeded(5)) < 0.2, float("nan"))


def factors() -> torch.Tensor:
    """Two factors in six noisy features."""
    generator = seeded()
    loading = torch.randn(2, 6, generator=generator, dtype=torch.float64)
    noise = torch.tensor([0.3, 0.5, 0.8, 0.4, 1.1, 0.6], dtype=torch.float64)
    draw = torch.randn(200, 2, generator=generator, dtype=torch.float64) @ loading
    return 1.5 + draw + noise * torch.randn(200, 6, generator=generator, dtype=torch.float64)


def bits() -> torch.Tensor:
    generator = seeded()
    probabilities = torch.rand(3, 7, generator=generator, dtype=torch.float64)
    z = torch.multinomial(torch.tensor([0.2, 0.5, 0.3]), 180, replacement=True, generator=generator)
    return (torch.rand(180, 7, generator=generator, dtype=torch.float64) < probabilities[z]).double()


def symbols() -> torch.Tensor:
    generator = seeded()
    probabilities = 0.1 + torch.rand(2, 5, 4, generator=generator).square()
    z = torch.multinomial(torch.tensor([0.35, 0.65]), 300, replacement=True, generator=generator)
    return torch.multinomial(probabilities[z].flatten(0, 1), 1, generator=generator).reshape(300, 5)


def chains(emit: Callable) -> list[torch.Tensor]:
    """Sequences of 5 to 40 frames from two sticky states."""
    generator, found = seeded(), []
    for length in (23, 40, 5, 31, 17, 28):
        flips = torch.rand(length, generator=generator) < torch.tensor(0.2)
        z = (flips.long().cumsum(0) + len(found)) % 2
        found.append(emit(z, generator))
    return found


def measured_chains() -> list[torch.Tensor]:
    return chains(lambda z, g: 2.5 * z[:, None] + torch.randn(len(z), 3, generator=g, dtype=torch.float64))


def symbol_chains() -> list[torch.Tensor]:
    table = torch.tensor([[0.5, 0.3, 0.15, 0.05], [0.1, 0.1, 0.2, 0.6]])
    return chains(lambda z, g: torch.multinomial(table[z], 1, generator=g))


def count_chains() -> list[torch.Tensor]:
    rates = torch.tensor([2.0, 9.0], dtype=torch.float64)
    return chains(lambda z, g: torch.poisson(rates[z], generator=g)[:, None])


@dataclass(frozen=True)
class Case:
    make: Callable[[], ExponentialFamilyModel]
    data: Callable[[], Any]
    z: Callable[[Any], torch.Tensor] | None
    """The one z that a drawn posterior lies on; None where the model has no ``log_joint`` of a z."""


def component(posterior):
    return posterior.responsibilities.argmax(dim=1)


def state(posterior):
    return posterior.smoothed.argmax(dim=1)


def path(posterior):
    return posterior.path


def factor(posterior):
    return posterior.mean


MODELS = {
    **{
        f"Gaussian mixture, {kind}": Case(lambda kind=kind: GaussianMixture(3, covariance_type=kind, reg_covar=0.0), clouds, component)
        for kind in ("full", "tied", "diag", "spherical")
    },
    "Gaussian mixture, MAP": Case(
        lambda: GaussianMixture(3, covariances_prior=NormalInverseWishart(), weights_prior=2.0, reg_covar=0.0), clouds, None
    ),
    "Gaussian mixture, missing values": Case(
        lambda: GaussianMixture(3, missing_values="allow", reg_covar=0.0), with_missing, None
    ),
    "Bernoulli mixture": Case(lambda: BernoulliMixture(3), bits, component),
    "categorical mixture": Case(lambda: CategoricalMixture(2, n_categories=4), symbols, component),
    "Gaussian HMM, full": Case(lambda: GaussianHMM(2, covariance_type="full", reg_covar=0.0), measured_chains, state),
    "Gaussian HMM, diag": Case(lambda: GaussianHMM(2, covariance_type="diag", reg_covar=0.0), measured_chains, state),
    "categorical HMM": Case(lambda: CategoricalHMM(2, n_symbols=4), symbol_chains, state),
    "Poisson HMM": Case(lambda: PoissonHMM(2), count_chains, state),
    "factor analysis": Case(lambda: FactorAnalysis(2), factors, factor),
    "probabilistic PCA": Case(lambda: ProbabilisticPCA(2), factors, factor),
    "IBM Model 1": Case(IBMModel1, corpus, path),
    "HMM alignment": Case(lambda: HMMAlignment(max_jump=3), corpus, None),
    "CTC": Case(lambda: CodebookCTC(5, 3), coded_sequences, None),
}


@pytest.fixture(params=MODELS, ids=list(MODELS))
def case(request):
    return MODELS[request.param]


def fitted(case: Case, n_iterations: int, **settings):
    model, x = case.make(), case.data()
    result = expectation_maximization(
        model, x, tolerance=0.0, max_iterations=n_iterations, random_state=3, **settings
    )
    return model, x, result


def bound_of(model, x) -> float:
    statistics = total_statistics(model, x)
    return (statistics.elbo + model.log_prior()) / statistics.n_examples


@pytest.mark.parametrize("acceleration", [None, "squarem"])
@pytest.mark.parametrize("assignment", ["soft", "hard"])
def test_the_bound_never_falls(case, assignment, acceleration):
    """Beyond 1e-9 nats, a thousand times what sums of these sizes round in float64."""
    model, x, result = fitted(case, 25, assignment=assignment, acceleration=acceleration)
    assert result.elbo[-1] > result.elbo[0] + 1e-4, "it has not moved"
    assert (result.elbo.diff() > -1e-9).all()
    if assignment == "soft":
        assert bound_of(model, x) >= float(result.elbo[-1]) - 1e-9  # the last M-step climbed too


def test_the_e_step_touches_ln_p_and_no_other_q_is_higher(case):
    model, x, _ = fitted(case, 3)
    posterior = model.e_step(x)
    log_marginal = posterior.elbo()
    total = total_statistics(model, x)
    assert float(log_marginal.double().sum()) == pytest.approx(total.elbo, rel=1e-10)  # the fused pass computes the same
    if hasattr(model, "log_marginal"):
        torch.testing.assert_close(model.log_marginal(x), log_marginal, rtol=1e-10, atol=1e-10)
    generator = seeded(2)
    best = posterior.point_mass().elbo()
    others = [best] + [posterior.draw(generator).elbo() for _ in range(5)]
    if case.z is not factor:  # of a continuous z, ln p(x, z) is a density: no point mass is among its q
        for other in others:
            assert (other <= log_marginal + 1e-9).all()
    for other in others[1:]:
        assert (other <= best + 1e-9).all()
    assert any((other < best - 1e-6).any() for other in others[1:]), "all draws are the most probable z: nothing was tried"


def test_the_m_step_maximizes_the_complete_data_likelihood(case):
    """With z drawn, q's entropy is gone and the ELBO is ln p(x, z) + ln p(θ): no parameters nearby have more of it."""
    if case.z is None:
        pytest.skip("its log_joint is not a function of (x, z) alone; its family's own tests check the M-step")
    model, x, _ = fitted(case, 2)
    generator = seeded(4)
    drawn = model.e_step(x).draw(generator)
    z = case.z(drawn)

    def complete(at) -> float:
        return float(at.log_joint(x, z).double().sum()) + at.log_prior()

    assert complete(model) == pytest.approx(float(drawn.elbo().double().sum()) + model.log_prior(), rel=1e-9)
    before = complete(model)
    model.m_step(x, drawn)
    maximum = complete(model)
    assert maximum > before
    vector = model.parameter_vector()
    finite = torch.isfinite(vector)  # ln 0: an event that no z drawn has
    for _ in range(20):
        step = torch.where(finite, 1e-3 * torch.randn(vector.shape, generator=generator, dtype=torch.float64).to(vector.dtype), 0.0)
        other = copy.copy(model)
        other.set_parameter_vector(vector + step)
        assert complete(other) < maximum


def test_where_em_comes_to_rest_the_likelihood_is_flat(case):
    """Central differences of the bound along 12 directions, where SQUAREM's bound has settled to 1e-13 nats.

    A settled bound has a gradient of about the root of that times the curvature: 1e-5 is allowed for.
    """
    model, x = case.make(), case.data()
    expectation_maximization(model, x, tolerance=1e-13, max_iterations=3_000, random_state=3, acceleration="squarem")
    vector, generator, step = model.parameter_vector(), seeded(6), 1e-4
    finite = torch.isfinite(vector)
    other, slopes = copy.copy(model), []
    for _ in range(12):
        direction = torch.where(finite, torch.randn(vector.shape, generator=generator, dtype=vector.dtype), 0.0)
        direction = step * direction / direction.norm()
        bounds = []
        for sign in (1, -1):
            other.set_parameter_vector(vector + sign * direction)
            bounds.append(bound_of(other, x))
        slopes.append(abs(bounds[0] - bounds[1]) / (2 * step))
        assert max(bounds) < bound_of(model, x) + 1e-9
    assert max(slopes) < 1e-5
