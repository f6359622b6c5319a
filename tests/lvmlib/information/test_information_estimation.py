"""The driver: training, stopping and held-out pairs kept apart; known values; what it refuses."""

from __future__ import annotations

import math
import signal

import numpy as np
import pytest
import torch
from torch import nn

from lvmlib.information import estimation
from lvmlib.information.critics import SeparableCritic
from lvmlib.information.estimate import Estimate
from lvmlib.information.estimation import estimate_mutual_information, train_critic
from lvmlib.information.held_out_estimate import HeldOut, held_out_estimate, jackknife_error, pooled
from lvmlib.information.mutual_information import ESTIMATORS, Mine, donsker_varadhan, info_nce, nwj

RHO = 0.8
INFORMATION = -math.log(1 - RHO**2) / 2  # 0.511 nats


def pairs(n: int, seed: int, rho: float = RHO, dtype: torch.dtype = torch.float32):
    """Bivariate normal, with a scale and a shift so that nothing is standard."""
    a, b = torch.randn(2, n, 1, generator=torch.Generator().manual_seed(seed), dtype=dtype)
    return 3 * a + 1, -2 * (rho * a + math.sqrt(1 - rho**2) * b) + 5


class ExactCritic(nn.Module):
    """ln p(x, y) / (p(x) p(y)) of standard normals, + shift; with one parameter that it doesn't need."""

    def __init__(self, shift: float = 0.0) -> None:
        super().__init__()
        self.shift, self.weight = shift, nn.Parameter(torch.tensor(RHO))

    def forward(self, x, y):
        rho, y = self.weight.to(x.dtype), y.T
        square = (x**2 - 2 * rho * x * y + y**2) / (1 - rho**2)
        return self.shift - 0.5 * torch.log(1 - rho**2) - square / 2 + (x**2 + y**2) / 2


def standard_pairs(n: int, seed: int, dtype: torch.dtype = torch.float64):
    x, y = pairs(n, seed, dtype=dtype)
    return (x - 1) / 3, (y - 5) / -2


SMALL = {"n_steps": 40, "batch_size": 100, "patience": 10, "learning_rate": 5e-3}


def small_critic(n_x: int = 1, n_y: int = 1, dtype: torch.dtype = torch.float32) -> nn.Module:
    torch.manual_seed(0)
    return SeparableCritic(n_x, n_y, hidden=(32,), n_embedding=8).to(dtype)


class TestHeldOut:
    def test_exact_critic_reaches_the_closed_form(self):
        x, y = standard_pairs(3000, 1)
        for estimator in (nwj, donsker_varadhan):
            found = held_out_estimate(ExactCritic(1.0 if estimator is nwj else 0.0), x, y, estimator, block_size=1000)
            assert found.n_pairs == 3000 and 0.005 < found.standard_error < 0.05
            # five standard errors: one in a million by chance
            assert found.nats == pytest.approx(INFORMATION, abs=5 * found.standard_error)
            assert found.side == estimator(torch.eye(3)).side

    def test_standard_error_is_the_spread_over_samples(self):
        found = [held_out_estimate(ExactCritic(1.0), *standard_pairs(200, 100 + i), "nwj") for i in range(100)]
        spread = np.std([one.nats for one in found])
        mean_error = np.sqrt(np.mean([one.standard_error**2 for one in found]))
        # a standard deviation from 100 values errs by 7 %, the jackknife's own mean by less: 30 % is 4 of both
        assert mean_error == pytest.approx(spread, rel=0.3)

    def test_jackknife_by_hand(self):
        scores = torch.randn(7, 7, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
        without = []
        for i in range(7):
            kept = [j for j in range(7) if j != i]
            without.append(float(nwj(scores[kept][:, kept]).mean))
        expected = math.sqrt(6 / 7 * sum((one - np.mean(without)) ** 2 for one in without))
        assert jackknife_error(scores, "nwj") == pytest.approx(expected, rel=1e-12)

    def test_blocks_are_averaged_and_bound_the_matrix(self):
        x, y = standard_pairs(50, 5)
        seen = []

        def noting(scores):
            seen.append(len(scores))
            return nwj(scores)

        blocks = held_out_estimate(ExactCritic(), x, y, noting, block_size=20)
        assert max(seen) == 17  # 50 in three nearly equal blocks
        parts = [nwj(ExactCritic()(a, b)).mean * len(a) / 50 for a, b in zip(x.tensor_split(3), y.tensor_split(3))]
        assert blocks.nats == pytest.approx(float(sum(parts).detach()), rel=1e-12)

    def test_pooled(self):
        whole = pooled([HeldOut(1.0, 0.3, "lower", 30), HeldOut(2.0, 0.4, "lower", 10)])
        assert whole.nats == pytest.approx(1.25) and whole.n_pairs == 40
        assert whole.standard_error == pytest.approx(math.hypot(0.75 * 0.3, 0.25 * 0.4))

    def test_leaves_mode_and_mine_as_they_are(self):
        critic, mine = ExactCritic().train(), Mine()
        held_out_estimate(critic, *standard_pairs(20, 1), mine)
        assert critic.training and mine.training and not mine.started


class TestDriver:
    def test_close_to_the_closed_form_and_below_it(self):
        x, y = pairs(2000, 7)
        named = {"n_steps": 120, "batch_size": 160, "learning_rate": 5e-3, "cross_fit": True, "held_out": 0.5}
        result = estimate_mutual_information(x, y, "nwj", small_critic(), **named)
        assert result.side == "lower" and result.finished and result.n_pairs == 2000 and len(result.fits) == 2
        assert INFORMATION - 0.1 < result.nats < INFORMATION + 4 * result.standard_error
        assert "lower bound, from 2000 pairs" in str(result)

    @pytest.mark.parametrize("estimator", [*ESTIMATORS, "mine", Mine(0.9), info_nce])
    def test_every_estimator_runs_and_a_seed_reproduces_it(self, estimator):
        x, y = pairs(400, 8)
        results = [estimate_mutual_information(x, y, estimator, small_critic(), **SMALL, random_state=3) for _ in range(2)]
        assert results[0].nats == results[1].nats
        assert 0.1 < results[0].nats < INFORMATION + 0.3  # 80 pairs: five standard errors are 0.35
        other = estimate_mutual_information(x, y, estimator, small_critic(), **SMALL, random_state=4)
        assert other.nats != results[0].nats

    def test_no_pair_has_two_uses(self, monkeypatch):
        """What training sees, what stops it and what the result is from are told apart by the values of x."""
        uses = []
        real = estimation.train

        def noting(critic, x, *rest, held_out, **named):
            uses.append({"training": x[:, 0].tolist(), "stopping": held_out[:, 0].tolist()})
            return real(critic, x, *rest, held_out=held_out, **named)

        monkeypatch.setattr(estimation, "train", noting)
        x, y = pairs(203, 2)
        named = dict(SMALL, transform="none", cross_fit=True, held_out=0.25)
        result = estimate_mutual_information(x, y, "nwj", small_critic(), **named)
        held_out = [set(x[fit.held_out_rows, 0].tolist()) for fit in result.fits]
        for use, held in zip(uses, held_out):
            training, stopping = set(use["training"]), set(use["stopping"])
            assert not training & stopping and not training & held and not stopping & held
            assert len(training) + len(stopping) + len(held) in (202, 203)  # a last batch of one pair is left out
        assert len(result.fits) == 4 and set().union(*held_out) == set(x[:, 0].tolist())
        assert sum(map(len, held_out)) == 203

    def test_the_held_out_number_is_the_critic_s_own(self):
        x, y = pairs(300, 4)
        result = estimate_mutual_information(x, y, "nwj", small_critic(), **SMALL)
        fit = result.fits[0]
        rows = fit.held_out_rows
        standardized = [(one - one.mean()) / one.std(correction=0) for one in (x, y)]
        again = held_out_estimate(result.critic, *(one[rows] for one in standardized), "nwj")
        assert again.nats == pytest.approx(result.nats, abs=1e-5)  # float32
        assert result.history[-1].held_out is not None and result.n_steps == fit.n_steps > 0

    def test_independent_pairs_give_about_zero(self):
        x, y = pairs(1000, 9, rho=0.0)
        result = estimate_mutual_information(x, y, "nwj", small_critic(), **SMALL)
        assert abs(result.nats) < 5 * result.standard_error + 0.02

    def test_the_given_critic_is_left_as_it_is(self):
        critic = small_critic()
        before = [one.clone() for one in critic.parameters()]
        result = estimate_mutual_information(*pairs(200, 1), "nwj", critic, **SMALL)
        assert all(torch.equal(one, other) for one, other in zip(before, critic.parameters()))
        assert any(not torch.equal(one, other) for one, other in zip(before, result.critic.parameters()))

    def test_default_critic_float64_and_numpy(self):
        x, y = (one.numpy() for one in pairs(120, 1, dtype=torch.float64))
        result = estimate_mutual_information(x, y, "info_nce", n_steps=4)
        assert next(result.critic.parameters()).dtype == torch.float64 and math.isfinite(result.nats)
        state = torch.get_rng_state()
        estimate_mutual_information(x, y, "info_nce", n_steps=2)
        assert torch.equal(state, torch.get_rng_state())

    def test_climbs_one_estimator_and_reports_another(self):
        seen = []

        def climbed(scores):
            seen.append(scores.requires_grad)
            return nwj(scores)

        result = estimate_mutual_information(*pairs(200, 1), "info_nce", small_critic(), trained_by=climbed, **SMALL)
        assert set(seen) == {True, False}  # it is climbed, and stops
        assert result.nats <= math.log(40) and result.side == "lower"

    def test_invertible_maps_of_one_variable_change_nothing_after_ranks(self):
        x, y = pairs(300, 5)
        named = dict(SMALL, transform="normal_scores")
        plain = estimate_mutual_information(x, y, "nwj", small_critic(), **named)
        bent = estimate_mutual_information((x / 3).exp(), (y - 5) ** 3, "nwj", small_critic(), **named)
        assert bent.nats == pytest.approx(plain.nats, abs=1e-5)

    def test_resumes_to_the_same_number(self, tmp_path):
        x, y = pairs(300, 6)
        whole = estimate_mutual_information(x, y, "nwj", small_critic(), **SMALL)
        folder = tmp_path / "run"
        named = dict(SMALL, folder=folder)
        first = estimate_mutual_information(x, y, "nwj", small_critic(), **named)
        again = estimate_mutual_information(x, y, "nwj", small_critic(), resume=True, **named)
        assert first.nats == again.nats == pytest.approx(whole.nats, abs=1e-6)
        with pytest.raises(FileExistsError):
            estimate_mutual_information(x, y, "nwj", small_critic(), **named)

    def test_ctrl_c_gives_what_stands(self):
        n_calls = 0

        def interrupting(scores):
            nonlocal n_calls
            n_calls += 1
            if n_calls == 12:
                signal.raise_signal(signal.SIGINT)
            return nwj(scores)

        named = dict(SMALL, trained_by=interrupting, cross_fit=True)
        result = estimate_mutual_information(*pairs(300, 6), "nwj", small_critic(), **named)
        assert not result.finished and len(result.fits) == 1 and math.isfinite(result.nats)
        assert f"INTERRUPTED in fold 1 of {result.n_folds}, after" in str(result)
        assert result.n_pairs == 60


class TestTrainCritic:
    def sampler(self, n, generator):
        a, b = torch.randn(2, n, 1, generator=generator)
        return a, RHO * a + math.sqrt(1 - RHO**2) * b

    def test_climbs_to_the_closed_form(self):
        critic = small_critic()
        done = train_critic(critic, self.sampler, "nwj", 300, batch_size=128, learning_rate=5e-3, random_state=1)
        mean, deviation = done.last(150)
        assert done.finished and done.n_steps == 300 and done.n_skipped == 0
        assert INFORMATION - 0.08 < mean < INFORMATION + 5 * deviation / math.sqrt(150)
        assert done.history[:20].mean() < mean

    def test_first_value_is_the_untrained_critic_s_and_a_seed_reproduces_it(self):
        critic, twin = small_critic(), small_critic()
        x, y = self.sampler(32, torch.Generator().manual_seed(5))
        first = float(info_nce(critic(x, y)).mean.detach())
        runs = [train_critic(one, self.sampler, info_nce, 7, batch_size=32, random_state=5) for one in (critic, twin)]
        assert float(runs[0].history[0]) == pytest.approx(first, abs=1e-6)
        assert torch.equal(runs[0].history, runs[1].history)

    def test_mine_keeps_its_running_mean(self):
        mine = Mine(0.9)
        train_critic(small_critic(), self.sampler, mine, 3, batch_size=16)
        assert mine.started

    def test_ctrl_c(self):
        def interrupting(scores):
            signal.raise_signal(signal.SIGINT)
            return nwj(scores)

        done = train_critic(small_critic(), self.sampler, interrupting, 50, batch_size=16)
        assert done.n_steps == 1 and not done.finished

    @pytest.mark.parametrize("estimator", ["info_nce", "nwj", "mine"])
    def test_a_bad_batch_is_left_out_and_the_next_ones_are_taken(self, estimator):
        n_drawn = []

        def broken_now_and_then(batch_size, generator):
            x, y = self.sampler(batch_size, generator)
            n_drawn.append(1)
            return (x * math.nan if len(n_drawn) in (1, 4) else x), y

        critic = small_critic()
        before = [one.clone() for one in critic.parameters()]
        done = train_critic(critic, broken_now_and_then, estimator, 9, batch_size=16)
        assert done.finished and done.n_skipped == 2 and done.history.isnan().tolist() == [True, *[False] * 2, True, *[False] * 5]
        assert all(one.isfinite().all() and not torch.equal(one, other) for one, other in zip(critic.parameters(), before))

    def test_bad_steps_end_it(self):
        def bad(scores):
            return Estimate(scores.diagonal() * float("nan"), "lower")

        critic = small_critic()
        before = [one.clone() for one in critic.parameters()]
        with pytest.raises(ArithmeticError, match="left out"):
            train_critic(critic, self.sampler, bad, 60, batch_size=16)
        assert all(torch.equal(one, other) for one, other in zip(before, critic.parameters()))

    @pytest.mark.parametrize(
        ("named", "message"),
        [
            ({"batch_size": 1}, "batch_size must be at least 2, got 1"),
            ({"learning_rate": 0.0}, "learning_rate must be a positive number"),
            ({"n_steps": 0}, "n_steps must be at least 1"),
            ({"estimator": "nce"}, "estimator must be one of"),
            ({"random_state": -1}, "must not be negative"),
        ],
    )
    def test_bad_input(self, named, message):
        with pytest.raises(ValueError, match=message):
            train_critic(small_critic(), self.sampler, **named)


class TestBadInput:
    @pytest.mark.parametrize(
        ("change", "message"),
        [
            (lambda x, y: (x[:-1], y), "99 rows of x and 100 of y"),
            (lambda x, y: (x, y.double()), "x and y must agree"),
            (lambda x, y: (x, torch.full_like(y, 2.5)), r"y is constant: all 100 rows are \[2.5\]"),
            (lambda x, y: (x.clone().index_fill_(0, torch.tensor([7]), math.nan), y), "x holds 1 values that are NaN"),
            (lambda x, y: (x, y.clone().index_fill_(0, torch.tensor([7]), math.inf)), "y holds 1 values"),
            (lambda x, y: (x[:15], y[:15]), "15 pairs are too few: only 2 would be used to stop"),
            (lambda x, y: (x[:, 0], y), "x must have the shape"),
        ],
    )
    def test_data(self, change, message):
        with pytest.raises(ValueError, match=message):
            estimate_mutual_information(*change(*pairs(100, 1)), "nwj", small_critic(), **SMALL)

    def test_types(self):
        x, y = pairs(100, 1)
        with pytest.raises(TypeError, match="x must be float32 or float64"):
            estimate_mutual_information(x.int(), y)
        with pytest.raises(TypeError, match="y must be a torch tensor"):
            estimate_mutual_information(x, y.tolist())

    @pytest.mark.parametrize(
        ("named", "message"),
        [
            ({"held_out": 1.0}, "held_out must be a share between 0 and 1"),
            ({"stopping": 0.0}, "stopping must be a share"),
            ({"stopping": math.nan}, "stopping must be a share"),
            ({"held_out": 0.8, "cross_fit": True}, "at most 1/2"),
            ({"batch_size": 1}, "batch_size must be at least 2"),
            ({"patience": 0}, "patience must be at least 1"),
            ({"n_steps": 0}, "n_steps must be at least 1"),
            ({"transform": "whiten"}, "transform must be one of"),
            ({"transform": lambda x: x[:5]}, "must keep them"),
            ({"estimator": "nce"}, "estimator must be one of"),
            ({"resume": True}, "resume needs a folder"),
        ],
    )
    def test_arguments(self, named, message):
        with pytest.raises(ValueError, match=message):
            estimate_mutual_information(*pairs(100, 1), **named)
