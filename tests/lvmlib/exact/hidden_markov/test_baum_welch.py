"""Learning hidden Markov models: one pass against two steps, the M-step's maximum, a bound that never falls, priors."""

from __future__ import annotations

import math

import pytest
import torch
from hidden_markov_fixtures import FAMILIES, LENGTHS, data_of, with_parameters

from lvmlib.chunks import Chunks
from lvmlib.em import expectation_maximization, total_statistics
from lvmlib.exact.hidden_markov import CategoricalHMM, GaussianHMM, PoissonHMM, Sequences, forward_backward
from lvmlib.stepwise_em import stepwise_expectation_maximization

MISSING = ["none", "frames", "some"]


@pytest.fixture(params=FAMILIES, ids=list(FAMILIES))
def make(request):
    return FAMILIES[request.param]


def expected_complete_log_likelihood(model, x, lengths, found):
    """E_q[ln p(x, z)] of the observed frames under the model's parameters, q as found."""
    log_emissions = model.log_emissions(x, lengths)
    return (
        (found.initial_counts * model.startprob_.log()).sum()
        + (found.transition_counts * model.transmat_.log()).sum()
        + (found.smoothed * log_emissions).sum()
    )


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

    def test_one_pass_over_chunks_learns(self, make):
        """Stepwise EM: sixty sequences, each seen once, in parts of four."""
        source = with_parameters(make(), seed=5)
        x, _ = source.sample(30, random_state=3, n_sequences=60)
        batches = [Sequences.of(source._check_data(part, None), [30] * 4, 3) for part in x.split(120)]
        model = make()
        model.initialize(batches[0], torch.Generator().manual_seed(0))
        before = model.score(x, [30] * 60)
        stepwise_expectation_maximization(model, batches)
        # 1,800 frames have some 1,800 / 2 nats to gain from a start by clusters; noise of one pass is a few nats
        assert model.score(x, [30] * 60) > before + 10

    def test_one_state_is_a_plain_gaussian(self):
        """Mean, covariance and likelihood of all frames, in closed form, after one iteration."""
        x = data_of(GaussianHMM(3))
        model = GaussianHMM(1, covariance_type="full", reg_covar=0.0, max_iter=3).fit(x, LENGTHS)
        torch.testing.assert_close(model.means_[0], x.mean(dim=0))
        torch.testing.assert_close(model.covariances_[0], torch.cov(x.T, correction=0))
        assert model.transmat_.tolist() == [[1.0]] and model.startprob_.tolist() == [1.0]

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
