"""Hidden Markov models: densities, inference and sampling against definitions and enumeration."""

from __future__ import annotations

import math

import pytest
import torch
from hidden_markov_fixtures import FAMILIES, LENGTHS, data_of, full_covariances, with_parameters
from path_enumeration import enumerate_paths
from torch.distributions import MultivariateNormal, Poisson

from lvmlib.exact.hidden_markov import CategoricalHMM, GaussianHMM, PoissonHMM, Sequences
from lvmlib.exact.hidden_markov.gaussian_emissions import CentredEmissions, QuadraticEmissions

MISSING = ["none", "frames", "some"]


@pytest.fixture(params=FAMILIES, ids=list(FAMILIES))
def make(request):
    return FAMILIES[request.param]


def defined_log_emissions(model, x):
    """ln p(x_t | z_t = k) frame by frame, of what is observed."""
    rows = torch.zeros(len(x), model.n_components, dtype=torch.float64)
    for t, frame in enumerate(x):
        for k in range(model.n_components):
            if isinstance(model, CategoricalHMM):
                rows[t, k] = 0.0 if frame[0] < 0 else model.emissionprob_[k, frame[0]].double().log()
                continue
            seen = ~torch.isnan(frame)
            if not seen.any():
                continue
            values = frame[seen].double()
            if isinstance(model, PoissonHMM):
                rows[t, k] = Poisson(model.rates_[k][seen].double()).log_prob(values).sum()
            else:
                covariance = full_covariances(model)[k][seen][:, seen]
                rows[t, k] = MultivariateNormal(model.means_[k][seen].double(), covariance).log_prob(values)
    return rows


class TestEmissions:
    @pytest.mark.parametrize("missing", MISSING)
    @pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
    def test_log_emissions_are_those_of_what_is_observed(self, make, missing, dtype):
        model = with_parameters(make(), dtype)
        x = data_of(model, missing, dtype)[[*range(6), *range(9, 15), 41, 62, 80]]
        found = model.log_emissions(x, [9, 6])
        assert found.dtype == dtype
        # a quadratic form about the data's centre cancels by its condition, some tens here, a density sums some 10 terms
        tolerance = 2e3 * torch.finfo(dtype).eps
        torch.testing.assert_close(found.double(), defined_log_emissions(model, x), rtol=tolerance, atol=tolerance)

    def test_both_ways_of_gaussian_densities_agree(self):
        """Quadratic features where that is accurate, Cholesky factors elsewhere: densities and statistics."""
        for kind in ("full", "tied", "diag", "spherical"):
            model = with_parameters(GaussianHMM(3, covariance_type=kind))
            for missing in ("none", "frames") if kind in ("full", "tied") else MISSING:
                batch = Sequences.of(data_of(model, missing), LENGTHS, 3)
                quick = model._emissions(batch)
                assert isinstance(quick, QuadraticEmissions)
                slow = CentredEmissions(
                    batch.packed,
                    CentredEmissions.patterns_of(batch.packed),
                    model._reference,
                    model.means_,
                    full_covariances(model),
                    batch.packing,
                )
                weights = torch.rand(3, len(batch.x), generator=torch.Generator().manual_seed(2), dtype=torch.float64)
                for block in batch.packing.blocks:
                    torch.testing.assert_close(
                        quick.log_emissions_of(block), slow.log_emissions_of(block), rtol=1e-12, atol=1e-12
                    )
                    part = weights[:, block.start : block.stop].unflatten(1, (block.n_steps, block.n_pieces))
                    quick.collect(block, part), slow.collect(block, part)
                one, other = quick.totals(), slow.totals()
                if kind in ("diag", "spherical"):
                    other["second"] = other["second"].diagonal(dim1=1, dim2=2)
                for name in one:
                    torch.testing.assert_close(one[name], other[name], rtol=1e-11, atol=1e-11)

    def test_float32_far_from_the_origin_and_nearly_singular(self):
        """Densities to float32's rounding of the standardized distance, where x² would have lost all digits."""
        generator = torch.Generator().manual_seed(4)
        model = GaussianHMM(2, covariance_type="full")
        model.startprob_, model.transmat_ = torch.tensor([0.3, 0.7]), torch.tensor([[0.8, 0.2], [0.4, 0.6]])
        narrow = torch.tensor([[1.0, 0.9995], [0.9995, 1.0]])
        model.means_ = torch.tensor([[1000.0, 5.0], [1003.0, 8.0]])
        model.covariances_ = torch.stack([narrow, 2 * narrow])
        factor = torch.linalg.cholesky(model.covariances_)
        noise = torch.randn(30, 2, generator=generator)
        x = model.means_[[0, 1] * 15] + (factor[[0, 1] * 15] @ noise[:, :, None])[:, :, 0]
        found, defined = model.log_emissions(x), defined_log_emissions(model, x)
        own = torch.arange(30), torch.tensor([0, 1] * 15)
        # Cholesky's relative error is the condition (4000) times eps; the distances are a few
        torch.testing.assert_close(found[own].double(), defined[own], rtol=0, atol=4000 * 1.2e-7 * 10)

    def test_a_rate_of_zero_and_a_probability_of_zero(self):
        model = with_parameters(PoissonHMM(3))
        model.rates_ = torch.tensor([[0.0, 12.0], [6.0, 3.0], [11.0, 0.7]], dtype=torch.float64)
        found = model.log_emissions(torch.tensor([[0, 3], [2, 3]]))
        assert found[1, 0] == -torch.inf and torch.isfinite(found[0]).all()
        torch.testing.assert_close(found[0, 0], Poisson(torch.tensor(12.0).double()).log_prob(torch.tensor(3.0)))


class TestInference:
    @pytest.mark.parametrize("missing", MISSING)
    def test_against_enumeration(self, make, missing):
        model = with_parameters(make())
        lengths = [5, 1, 4]
        x = data_of(model, missing)[[0, 1, 3, 12, 13, 61, 62, 4, 15, 16]]
        exact = enumerate_paths(model.startprob_.log(), model.transmat_.log(), defined_log_emissions(model, x), lengths)
        settings = {"rtol": 1e-10, "atol": 1e-10}
        torch.testing.assert_close(model.score_samples(x, lengths), exact.log_marginal, **settings)
        assert math.isclose(model.score(x, lengths), float(exact.log_marginal.sum()), rel_tol=1e-10)
        torch.testing.assert_close(model.predict_proba(x, lengths), exact.smoothed, **settings)
        value, path = model.decode(x, lengths)
        torch.testing.assert_close(value, exact.best_value, **settings)
        assert torch.equal(path, exact.best_path) and torch.equal(model.predict(x, lengths), path)
        torch.testing.assert_close(model.log_joint(x, path, lengths), value, **settings)
        steps = model.log_predictive(x, lengths)
        torch.testing.assert_close(torch.stack([s.sum() for s in steps.split(lengths)]), exact.log_marginal, **settings)
        draws = model.sample_posterior(x, lengths, n_samples=4000, random_state=1)
        frequency = torch.nn.functional.one_hot(draws, 3).double().mean(dim=0)
        error = (exact.smoothed * (1 - exact.smoothed) / 4000).sqrt()
        assert ((frequency - exact.smoothed).abs() <= 5 * error + 1 / 4000).all()  # five standard errors

    def test_a_list_of_sequences_is_the_same(self, make):
        model = with_parameters(make())
        x = data_of(model)
        parts = list(x.split(LENGTHS))
        assert torch.equal(model.score_samples(parts), model.score_samples(x, LENGTHS))
        assert torch.equal(model.predict([part.numpy() for part in parts]), model.predict(x.numpy(), torch.tensor(LENGTHS)))

    def test_prediction_of_the_next_frame(self, make):
        """E[x_{T+1} | x] by the law of total expectation over the enumerated posterior."""
        model = with_parameters(make())
        x = data_of(model)[:5]
        exact = enumerate_paths(model.startprob_.log(), model.transmat_.log(), defined_log_emissions(model, x), [5])
        mean, states = model.predict_next(x)
        torch.testing.assert_close(states[0], exact.filtered[-1] @ model.transmat_, rtol=1e-10, atol=1e-10)
        torch.testing.assert_close(mean[0], states[0] @ model.emission_means(), rtol=1e-12, atol=1e-12)

    def test_gradient_in_x(self):
        for kind in ("full", "diag"):
            model = with_parameters(GaussianHMM(3, covariance_type=kind))
            x = data_of(model)[:5].requires_grad_()
            model.log_marginal(x.detach())
            assert torch.autograd.gradcheck(lambda x, model=model: model.log_marginal(x, [2, 3]), x)


class TestSampling:
    def test_moments(self, make):
        """Means and variances of the frames of each state, and of transitions, within five standard errors."""
        model = with_parameters(make())
        x, z = model.sample(400, random_state=2, n_sequences=50)
        assert x.shape[0] == z.shape[0] == 20_000
        first = torch.bincount(z[::400], minlength=3) / 50
        assert ((first - model.startprob_).abs() < 5 * (model.startprob_ * (1 - model.startprob_) / 50).sqrt()).all()
        inside = torch.arange(1, 20_000) % 400 != 0
        for i in range(3):
            after = z[1:][inside & (z[:-1] == i)]
            frequency, p = torch.bincount(after, minlength=3) / len(after), model.transmat_[i]
            assert ((frequency - p).abs() < 5 * (p * (1 - p) / len(after)).sqrt()).all()
            frames = x[z == i].double()
            n = len(frames)
            if isinstance(model, CategoricalHMM):
                frames = torch.nn.functional.one_hot(frames[:, 0].long(), 4).double()
            mean = model.emission_means()[i]
            assert ((frames.mean(dim=0) - mean).abs() < 5 * frames.std(dim=0) / n**0.5).all()
            if isinstance(model, GaussianHMM):
                covariance = full_covariances(model)[i]
                scale = covariance.diagonal()
                error = ((scale[:, None] * scale + covariance.square()) / n).sqrt()
                assert ((torch.cov(frames.T) - covariance).abs() < 5 * error).all()
            if isinstance(model, PoissonHMM):
                assert ((frames.var(dim=0) - mean).abs() < 5 * ((2 * mean**2 + mean) / n).sqrt()).all()

    def test_a_seed_reproduces(self, make):
        model = with_parameters(make())
        assert torch.equal(model.sample(30, 1)[0], model.sample(30, 1)[0])
        assert not torch.equal(model.sample(30, 1)[0], model.sample(30, 2)[0])


def test_missing_code_of_integer_counts():
    """-1 in integers says what NaN says in floating point."""
    model = with_parameters(PoissonHMM(3, missing=-1))
    x = data_of(model, "some")
    coded = torch.where(torch.isnan(x), -1.0, x).long()
    assert torch.equal(model.score_samples(coded, LENGTHS), model.score_samples(x, LENGTHS))
