"""Hidden Markov models: what they compute against definitions, and the laws that learning keeps."""

from __future__ import annotations

import math

import pytest
import torch
from hidden_markov_fixtures import FAMILIES, LENGTHS, data_of, with_parameters
from path_enumeration import enumerate_paths
from torch.distributions import MultivariateNormal, Poisson

from lvmlib.chunks import Chunks
from lvmlib.em import expectation_maximization, total_statistics
from lvmlib.exact.hidden_markov import CategoricalHMM, GaussianHMM, PoissonHMM, Sequences, forward_backward
from lvmlib.exact.hidden_markov.gaussian_emissions import CentredEmissions, QuadraticEmissions

MISSING = ["none", "frames", "some"]


@pytest.fixture(params=FAMILIES, ids=list(FAMILIES))
def make(request):
    return FAMILIES[request.param]


def full_covariances(model):
    k, d = model.means_.shape
    covariances = model.covariances_.double()
    eye = torch.eye(d, dtype=torch.float64)
    return {
        "full": lambda: covariances,
        "tied": lambda: covariances.expand(k, d, d),
        "diag": lambda: torch.diag_embed(covariances),
        "spherical": lambda: covariances[:, None, None] * eye,
    }[model.covariance_type]()


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


def expected_complete_log_likelihood(model, x, lengths, found):
    """E_q[ln p(x, z)] of the observed frames under the model's parameters, q as found."""
    log_emissions = model.log_emissions(x, lengths)
    return (
        (found.initial_counts * model.startprob_.log()).sum()
        + (found.transition_counts * model.transmat_.log()).sum()
        + (found.smoothed * log_emissions).sum()
    )


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


class TestLearning:
    @pytest.mark.parametrize("missing", MISSING)
    def test_one_pass_equals_two_steps(self, make, missing):
        """The fused pass against the posterior of every frame and its statistics."""
        model = with_parameters(make())
        batch = Sequences.of(model._check_data(data_of(model, missing), None), LENGTHS, 3)
        fused = model.expected_statistics(batch)
        posterior = model.e_step(batch)
        plain = model.statistics(batch, posterior)
        assert fused.n_examples == plain.n_examples == 5
        torch.testing.assert_close(posterior.elbo(), model.log_marginal(batch), rtol=1e-12, atol=1e-11)
        assert math.isclose(fused.elbo, plain.elbo, rel_tol=1e-12)
        for name in plain.values:
            torch.testing.assert_close(fused.values[name], plain.values[name], rtol=1e-10, atol=1e-10)

    @pytest.mark.parametrize("missing", ["none", "frames"])
    def test_the_m_step_maximizes(self, make, missing):
        """No parameters nearby have a higher expected complete log-likelihood."""
        settings = {"reg_covar": 0.0} if "gaussian" in str(make()).lower() else {}
        model = with_parameters(make(**settings))
        x = data_of(model, missing)
        found = forward_backward(*model._log_chain(), model.log_emissions(x, LENGTHS), LENGTHS)
        batch = Sequences.of(model._check_data(x, None), LENGTHS, 3)
        model.m_step(batch, model.e_step(batch))
        best = expected_complete_log_likelihood(model, x, LENGTHS, found)
        vector, generator = model.parameter_vector(), torch.Generator().manual_seed(1)
        for size in (1e-3, 3e-2):
            for _ in range(8):
                nearby = vector + size * torch.randn(vector.shape, generator=generator, dtype=torch.float64)
                model.set_parameter_vector(nearby)
                assert expected_complete_log_likelihood(model, x, LENGTHS, found) < best

    @pytest.mark.parametrize(
        ("missing", "dtype"), [("none", torch.float64), ("some", torch.float64), ("some", torch.float32)]
    )
    def test_the_bound_never_falls(self, make, missing, dtype):
        settings = {} if "Gaussian" in type(make()).__name__ or dtype == torch.float64 else {"dtype": dtype}
        model = make(tol=0.0, max_iter=15, random_state=3, **settings)
        x = data_of(model, missing, dtype)
        assert model.fit(x, LENGTHS) is model
        rounding = 1e-9 if dtype == torch.float64 else 2e-3
        assert len(model.elbo_) == model.n_iter_ >= 5 and (model.elbo_.diff() > -rounding).all()
        assert model.elbo_[-1] > model.elbo_[0] + 1
        assert model.transmat_.dtype == dtype and model.score_samples(x, LENGTHS).dtype == dtype
        assert (model.transmat_.sum(dim=1) - 1).abs().max() < 1e-6

    @pytest.mark.parametrize("settings", [{"assignment": "hard"}, {"acceleration": "squarem"}, {"assignment": "stochastic"}])
    def test_other_ways_of_em(self, make, settings):
        n_iterations = 3 if "stochastic" in settings.values() else 12
        model = make(max_iter=n_iterations, tol=0.0, random_state=3, **settings)
        x = data_of(model)
        model.fit(x, LENGTHS)
        if settings.get("assignment") != "stochastic":
            assert (model.elbo_.diff() > -1e-9).all()
        if settings.get("assignment") == "hard":
            # the bound is the best path's ln p(x, z) under the parameters before the last M-step, which can only raise it
            assert float(model.decode(x, LENGTHS)[0].mean()) >= model.elbo_[-1] - 1e-9
        if "acceleration" in settings:
            plain = make(max_iter=12, tol=0.0, random_state=3).fit(x, LENGTHS)
            assert model.elbo_[-1] >= plain.elbo_[-1] - 1e-6

    def test_a_draw_is_a_posterior_of_one_path(self, make):
        model = with_parameters(make())
        x = Sequences.of(model._check_data(data_of(model), None), LENGTHS, 3)
        exact = model.e_step(x)
        drawn, best = exact.draw(torch.Generator().manual_seed(0)), exact.point_mass()
        for posterior in (drawn, best):
            assert set(posterior.smoothed.unique().tolist()) == {0.0, 1.0}
            assert posterior.transition_counts.sum() == sum(LENGTHS) - len(LENGTHS)
            path = posterior.smoothed.argmax(dim=1)
            torch.testing.assert_close(posterior.elbo(), model.log_joint(x, path, LENGTHS))
        assert (best.elbo() >= drawn.elbo() - 1e-12).all() and (best.elbo() <= exact.elbo()).all()

    def test_parameters_come_back_from_their_vector(self, make):
        model = with_parameters(make())
        before = {name: value.clone() for name, value in vars(model).items() if isinstance(value, torch.Tensor)}
        model.set_parameter_vector(model.parameter_vector())
        for name, value in before.items():
            torch.testing.assert_close(getattr(model, name), value, rtol=1e-12, atol=1e-12)

    def test_chunks_add_up(self, make):
        """Each chunk a sequence: their statistics are those of all together."""
        model = with_parameters(make())
        parts = data_of(model).split(LENGTHS)
        whole = Sequences.of(model._check_data(torch.cat(parts), None), LENGTHS, 3)
        together = model.expected_statistics(whole)
        chunked = total_statistics(model, Chunks(lambda: iter(parts)))
        assert chunked.n_examples == together.n_examples and math.isclose(chunked.elbo, together.elbo, rel_tol=1e-12)
        for name, value in together.values.items():
            torch.testing.assert_close(chunked.values[name], value, rtol=1e-10, atol=1e-10)
        assert make(max_iter=2).fit(Chunks(lambda: iter(parts))).n_iter_ == 2

    def test_a_seed_reproduces(self, make):
        x = data_of(make())
        first, second = make(max_iter=3).fit(x, LENGTHS), make(max_iter=3).fit(x, LENGTHS)
        assert torch.equal(first.transmat_, second.transmat_) and torch.equal(first.elbo_, second.elbo_)
        other = make(max_iter=3, random_state=1).fit(x, LENGTHS)
        assert not torch.equal(first.transmat_, other.transmat_)

    def test_parameters_left_out_stay(self, make):
        model = make(max_iter=3, fit_parameters=["transmat"])
        start = {}

        def keep(iteration, model, elbo):
            start.setdefault("parameters", {n: v for n, v in vars(model).items() if n.endswith("_")})

        batch = Sequences.of(model._check_data(data_of(model), None), LENGTHS, 3)
        expectation_maximization(model, batch, max_iterations=3, callback=keep)
        changed = {name for name, value in start["parameters"].items() if not torch.equal(value, getattr(model, name))}
        assert changed == {"transmat_"} and len(start["parameters"]) >= 3

    def test_zeros_of_transitions_stay(self, make):
        """Left to right: what the start forbids, learning does not bring back."""
        moves = [[0.8, 0.2, 0.0], [0.0, 0.7, 0.3], [0.0, 0.0, 1.0]]
        for settings in ({}, {"acceleration": "squarem"}):
            model = make(max_iter=10, startprob_init=[0.9, 0.1, 0.0], transmat_init=moves, **settings)
            model.fit(data_of(model), LENGTHS)
            assert torch.equal(model.transmat_ == 0, torch.tensor(moves) == 0) and model.startprob_[2] == 0


class TestPriors:
    def test_dirichlet(self):
        """α - 1 is added to the counts: the posterior's mode."""
        model = with_parameters(CategoricalHMM(3, startprob_prior=2.5, transmat_prior=1.75, emissionprob_prior=3.0))
        x = Sequences.of(model._check_data(data_of(model), None), LENGTHS, 3)
        values = model.expected_statistics(x).values
        model.maximize(model.expected_statistics(x))
        for found, counts, concentration in [
            (model.startprob_, values["start"], 2.5),
            (model.transmat_, values["transitions"], 1.75),
            (model.emissionprob_, values["symbols"], 3.0),
        ]:
            weights = counts + concentration - 1
            torch.testing.assert_close(found, weights / weights.sum(dim=-1, keepdim=True))

    def test_gamma(self):
        model = with_parameters(PoissonHMM(3, rates_prior=(3.0, 0.5)))
        x = Sequences.of(model._check_data(data_of(model), None), LENGTHS, 3)
        values = model.expected_statistics(x).values
        model.maximize(model.expected_statistics(x))
        torch.testing.assert_close(model.rates_, (values["counts"] + 2.0) / (values["observed"] + 0.5))

    @pytest.mark.parametrize(
        "model",
        [
            CategoricalHMM(3, startprob_prior=2.0, transmat_prior=1.5, emissionprob_prior=3.0, tol=0.0, max_iter=15),
            PoissonHMM(3, rates_prior=(3.0, 0.5), transmat_prior=2.0, tol=0.0, max_iter=15),
        ],
        ids=["categorical", "poisson"],
    )
    def test_the_penalized_bound_never_falls(self, model):
        model.fit(data_of(model), LENGTHS)
        assert (model.elbo_.diff() > -1e-9).all() and len(model.elbo_) == 15

    def test_a_floor_keeps_variances_from_collapse(self):
        """Ten equal frames would take a state's variance to 0, and the likelihood to infinity."""
        x = data_of(GaussianHMM(3))
        x[50:60] = x[50]
        for kind in ("full", "tied", "diag", "spherical"):
            model = GaussianHMM(6, covariance_type=kind, reg_covar=1e-3, max_iter=30, random_state=2).fit(x, LENGTHS)
            covariances = model.covariances_ if kind in ("full", "tied") else torch.diag_embed(model.covariances_.view(6, -1))
            assert torch.linalg.eigvalsh(covariances).min() >= 1e-3 * (1 - 1e-9)


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


class TestBadInput:
    def test_lengths(self, make):
        x = data_of(make())
        for action in (make().fit, with_parameters(make()).score_samples):
            with pytest.raises(ValueError, match="add up to the 104 rows"):
                action(x, [100])
            with pytest.raises(ValueError, match="sequence 1 has 0"):
                action(x, [104, 0])
            with pytest.raises(ValueError, match="lengths must be None where x is a list"):
                action([x], [104])
            with pytest.raises(ValueError, match=r"x\[1\] must have at least one frame"):
                action([x, x[:0]])

    def test_too_few_frames(self, make):
        with pytest.raises(ValueError, match="2 observed frames, fewer than n_components = 3"):
            make().fit(data_of(make(), "frames")[2:6], [4])

    def test_not_fitted(self, make):
        with pytest.raises(ValueError, match="not fitted"):
            make().score_samples(data_of(make()))
        with pytest.raises(ValueError, match="not fitted"):
            make().sample(3)

    def test_gaussian(self):
        model = with_parameters(GaussianHMM(3))
        x = data_of(model)
        with pytest.raises(ValueError, match="x has 2 columns, but the model was fitted on 3"):
            model.score_samples(x[:, :2])
        with pytest.raises(TypeError, match="x is torch.float32, but the model was fitted on torch.float64"):
            model.score_samples(x.float())
        with pytest.raises(TypeError, match="x must be float32 or float64, got torch.int64"):
            model.fit(x.long())
        x[4, 1] = torch.inf
        with pytest.raises(ValueError, match="infinite at row 4, column 1"):
            model.fit(x)
        x[:, 1] = torch.nan
        with pytest.raises(ValueError, match="column 1 of x is missing in every frame"):
            model.fit(x)
        for name, value, message in [
            ("covariances_init", -torch.ones(3, 3), "covariance of component 0 is not positive definite"),
            ("means_init", torch.ones(2, 3), "means_init must have the shape"),
            ("startprob_init", [0.5, 0.6, 0.1], "startprob_init must hold no negative number and sum to 1"),
            ("transmat_init", [[1.0, 0.0]], r"transmat_init must have the shape \(3, 3\)"),
        ]:
            with pytest.raises(ValueError, match=message):
                GaussianHMM(3, **{name: value}).fit(data_of(model))
        model.covariances_[1, 0] = 0.0
        with pytest.raises(ValueError, match="covariance of component 1 is not positive definite"):
            model.score_samples(data_of(model))

    def test_categorical(self):
        model = with_parameters(CategoricalHMM(3))
        for x, message in [([0, 4, 1], "from 0 to 3, got 4 at row 1"), ([0, -1, 1], "got -1 at row 1")]:
            with pytest.raises(ValueError, match=message):
                model.score_samples(torch.tensor(x))
        with pytest.raises(ValueError, match="symbols from 0 to 2, got 3"):
            CategoricalHMM(2, n_symbols=3).fit(torch.tensor([0, 1, 2, 3]))
        with pytest.raises(TypeError, match="integer dtype, got torch.float64"):
            model.score_samples(torch.tensor([0.0, 1.0]).double())
        with pytest.raises(ValueError, match="missing must be below 0"):
            CategoricalHMM(2, missing=3)

    def test_poisson(self):
        model = with_parameters(PoissonHMM(3))
        for x, message in [
            ([[1, 2], [-1, 3]], "got -1 at row 1, column 0"),
            ([[1.0, 2.5]], "got 2.5 at row 0, column 1"),
            ([[1.0, torch.inf]], "got inf at row 0, column 1"),
        ]:
            x = torch.tensor(x)
            with pytest.raises(ValueError, match=message):
                model.score_samples(x.double() if x.is_floating_point() else x)
        with pytest.raises(ValueError, match="the shape in rates_prior"):
            PoissonHMM(2, rates_prior=(0.5, 1.0))

    def test_settings(self, make):
        for name, value in [("startprob_prior", 0.5), ("transmat_prior", 0.0), ("max_iter", 0), ("tol", -1.0), ("n_init", 0)]:
            with pytest.raises(ValueError, match=name):
                make(**{name: value})
        with pytest.raises(ValueError, match="fit_parameters must be one of"):
            make(fit_parameters=["weights"])
        with pytest.raises(ValueError, match="assignment"):
            make(assignment="firm").fit(data_of(make()), LENGTHS)
        with pytest.raises(ValueError, match="n_samples"):
            with_parameters(make()).sample(0)

    def test_an_impossible_sequence(self):
        model = CategoricalHMM(2, n_symbols=3, emissionprob_init=[[0.5, 0.5, 0.0], [0.9, 0.1, 0.0]])
        x = torch.tensor([0, 1, 0, 1, 2, 0])
        with pytest.raises(ValueError, match="1 of 2 sequences have probability 0 .* sequence 1"):
            model.fit(x, [3, 3])
        model = CategoricalHMM(2, n_symbols=3, emissionprob_init=[[0.5, 0.5, 0.0], [0.9, 0.1, 0.0]]).fit(x[:4])
        assert model.score_samples(x, [3, 3])[1] == -torch.inf


def test_missing_code_of_integer_counts():
    """-1 in integers says what NaN says in floating point."""
    model = with_parameters(PoissonHMM(3, missing=-1))
    x = data_of(model, "some")
    coded = torch.where(torch.isnan(x), -1.0, x).long()
    assert torch.equal(model.score_samples(coded, LENGTHS), model.score_samples(x, LENGTHS))
