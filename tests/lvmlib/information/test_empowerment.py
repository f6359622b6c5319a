"""Empowerment: worlds by hand, the channel by simulation, the bound below the capacity and near it once trained."""

import math
from itertools import product

import pytest
import torch

from lvmlib.information.channel_capacity import channel_information
from lvmlib.information.empowerment import (
    EmpowermentObjective,
    NeuralSourceAndPlanner,
    Outcomes,
    TabularSourceAndPlanner,
    exact_empowerment,
    outcomes_of,
    sampled_empowerment,
    variational_empowerment,
)
from lvmlib.information.grid_world import (
    ACTIONS,
    LOCKED,
    MOVES,
    ROOMS,
    action_sequences,
    climb,
    grid_world,
    n_step_channel,
)
from lvmlib.training import Stage, train

SMALL = ("#####", "#..##", "#...#", "##..#", "#####")
WITH_KEY = ("######", "#k.D.#", "#....#", "######")


def outcomes_in(rows=SMALL, slip=0.0, n_steps=2, dtype=torch.float64) -> Outcomes:
    return outcomes_of(n_step_channel(grid_world(rows, slip=slip, dtype=dtype).transitions, n_steps))


def random_model(outcomes: Outcomes, seed: int) -> TabularSourceAndPlanner:
    model = TabularSourceAndPlanner(outcomes.n_states, outcomes.n_sequences, torch.float64)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator, dtype=torch.float64))
    return model


class TestWorld:
    def test_moves_and_walls(self):
        world = grid_world(SMALL)
        assert world.n_states == 7 and not world.has_key and (world.transitions.sum(dim=2) == 1).all()
        here = world.state(2, 2)
        for action, (down, right) in enumerate(MOVES):
            expected = {"north": (1, 2), "south": (3, 2), "west": (2, 1), "east": (2, 3), "stay": (2, 2)}[ACTIONS[action]]
            assert expected == (2 + down, 2 + right)
            assert world.transitions[action, here, world.state(*expected)] == 1
        corner = world.state(1, 1)
        assert world.transitions[ACTIONS.index("north"), corner, corner] == 1

    def test_slips(self):
        sure, world = grid_world(SMALL), grid_world(SMALL, slip=0.3)
        torch.testing.assert_close(world.transitions.sum(dim=2), torch.ones(5, 7, dtype=torch.float64))
        for action in range(5):
            others = [other for other in range(5) if other != action]
            expected = 0.7 * sure.transitions[action] + 0.3 * sure.transitions[others].mean(dim=0)
            torch.testing.assert_close(world.transitions[action], expected)

    def test_a_door_opens_to_who_holds_the_key(self):
        world = grid_world(WITH_KEY)
        assert world.n_states == 6 + 8 and world.has_key
        east, west = ACTIONS.index("east"), ACTIONS.index("west")
        shut, opened = world.state(1, 2), world.state(1, 2, holds_key=True)
        assert world.transitions[east, shut, shut] == 1
        assert world.transitions[east, opened, world.state(1, 3, holds_key=True)] == 1
        assert world.transitions[west, shut, world.state(1, 1, holds_key=True)] == 1
        assert not world.transitions[:, world.holds_key == 1][..., world.holds_key == 0].any()  # nobody loses it
        with pytest.raises(ValueError, match="no state at row 1, column 3"):
            world.state(1, 3)

    def test_features_tell_states_apart_and_where_walls_are(self):
        world = grid_world(WITH_KEY, slip=0.1)
        features = world.features
        assert len(features.unique(dim=0)) == world.n_states and set(features.unique().tolist()) == {0.0, 1.0}
        assert (features.sum(dim=1) >= 3).all()  # a row, a column and at least one way out
        north, south, west, east = features[world.state(1, 2)][-4:].tolist()
        assert (north, south, west, east) == (0, 1, 1, 0)
        assert features[world.state(1, 2, holds_key=True)][-5:].tolist() == [1, 0, 1, 1, 1]

    def test_sequences_and_the_channel_by_enumeration(self):
        """Against following every sequence by itself, in the order that action_sequences says."""
        world = grid_world(WITH_KEY, slip=0.15)
        sequences = action_sequences(5, 3)
        assert sequences.tolist() == [list(one) for one in product(range(5), repeat=3)]
        channel = n_step_channel(world.transitions, 3)
        for row in (0, 7, 58, 124):
            first, second, third = (world.transitions[a] for a in sequences[row])
            torch.testing.assert_close(channel[:, row], first @ second @ third)

    def test_outcomes_are_the_channel(self):
        channel = n_step_channel(grid_world(WITH_KEY, slip=0.15).transitions, 2)
        outcomes = outcomes_of(channel)
        assert outcomes.probabilities.shape[2] < channel.shape[2]
        back = torch.zeros_like(channel)
        index = outcomes.next_states[:, None].expand_as(outcomes.probabilities)
        torch.testing.assert_close(back.scatter_add(2, index, outcomes.probabilities), channel, rtol=0, atol=0)


class TestExact:
    @pytest.mark.parametrize("n_steps", [1, 2, 3])
    def test_without_chance_it_is_the_log_of_how_many_states_can_be_reached(self, n_steps):
        """Salge, Glackin & Polani 2014, section 4.2."""
        channel = n_step_channel(grid_world(LOCKED).transitions, n_steps)
        reachable = (channel > 0).any(dim=1).sum(dim=1)
        found = exact_empowerment(outcomes_of(channel))
        assert found.converged.all()
        torch.testing.assert_close(found.lower, reachable.to(torch.float64).log(), rtol=0, atol=2e-9)

    def test_chance_takes_from_it_and_longer_plans_add(self):
        sure, slippery, more = (exact_empowerment(outcomes_in(slip=slip)).lower for slip in (0.0, 0.2, 0.5))
        assert (slippery < sure).all() and (more < slippery).all() and (more > 0).all()
        assert (exact_empowerment(outcomes_in(n_steps=3)).lower >= sure - 1e-9).all()

    def test_all_actions_alike_leave_none(self):
        """slip = 4/5: each of five actions happens with the same probability, whatever is chosen."""
        found = exact_empowerment(outcomes_in(slip=0.8))
        torch.testing.assert_close(found.upper, torch.zeros(7, dtype=torch.float64), rtol=0, atol=1e-12)

    def test_the_key_empowers(self):
        """Before the door: without the key north, south, to the key or nowhere; with it through the door too."""
        world = grid_world(LOCKED)
        found = exact_empowerment(outcomes_of(n_step_channel(world.transitions, 1))).lower
        assert found[world.state(2, 2)].item() == pytest.approx(math.log(4), abs=2e-9)
        assert found[world.state(2, 2, holds_key=True)].item() == pytest.approx(math.log(5), abs=2e-9)


class TestBound:
    @pytest.mark.parametrize("slip", [0.0, 0.25])
    def test_below_information_below_capacity(self, slip):
        """Any planner: the bound <= I(w). The posterior as planner: the bound is I(w)."""
        outcomes = outcomes_in(slip=slip)
        capacity = exact_empowerment(outcomes).upper
        for seed in range(5):
            model = random_model(outcomes, seed)
            w = model.source_logits(outcomes.states[:, 0]).softmax(dim=1).detach()
            information = channel_information(outcomes.probabilities, w)
            bound = variational_empowerment(model, outcomes)
            assert (bound < information).all() and (information < capacity).all()
            with torch.no_grad():
                joint = (w[:, :, None] * outcomes.probabilities).mT  # (states, reached, sequences)
                logits = (joint + 1e-300).log()
                model.planner[torch.arange(7)[:, None], outcomes.next_states] = logits
            # where a state has fewer outcomes than others, those of probability 0 come last and change nothing
            torch.testing.assert_close(variational_empowerment(model, outcomes), information, rtol=0, atol=1e-12)

    def test_by_the_definition(self):
        outcomes = outcomes_in(slip=0.25)
        model = random_model(outcomes, 3)
        for state in (0, 4):
            log_w = model.source[state].log_softmax(dim=0)
            value = 0.0
            for a in range(outcomes.n_sequences):
                for r, following in enumerate(outcomes.next_states[state].tolist()):
                    log_q = model.planner[state, following].log_softmax(dim=0)[a]
                    value += log_w[a].exp() * outcomes.probabilities[state, a, r] * (log_q - log_w[a])
            torch.testing.assert_close(variational_empowerment(model, outcomes, torch.tensor([state]))[0], value)

    def test_states_are_independent_of_each_other(self):
        outcomes = outcomes_in(slip=0.25)
        model, order = random_model(outcomes, 5), torch.tensor([4, 0, 6])
        every = variational_empowerment(model, outcomes)
        torch.testing.assert_close(variational_empowerment(model, outcomes, order), every[order], rtol=0, atol=1e-14)

    def test_gradient(self):
        outcomes = outcomes_in(slip=0.25, n_steps=1)
        model = random_model(outcomes, 7)

        def bound(source, planner):
            parameters = {"source": source, "planner": planner}
            return torch.func.functional_call(Bound(model, outcomes), {f"model.{k}": v for k, v in parameters.items()}, ())

        assert torch.autograd.gradcheck(bound, tuple(p.detach().requires_grad_() for p in model.parameters()))

    def test_samples_have_its_expectation_and_its_gradient(self):
        """Means over 40,000 samples: within 5 standard errors in every state, and in every one of 20 parameters."""
        outcomes, n_repeats, n_samples = outcomes_in(slip=0.25, n_steps=1), 400, 100
        model = random_model(outcomes, 9)
        states = torch.tensor([1, 4, 5])
        generator = torch.Generator().manual_seed(1)
        exact = variational_empowerment(model, outcomes, states)
        (source,) = torch.autograd.grad(exact.sum(), [model.source])
        values, gradients = [], []
        for _ in range(n_repeats):
            sample = sampled_empowerment(model, outcomes, states, n_samples, generator)
            assert sample.shape == (n_samples, 3)
            gradients.append(torch.autograd.grad(sample.mean(dim=0).sum(), [model.source])[0])
            values.append(sample.detach())
        values, gradients = torch.cat(values), torch.stack(gradients)
        assert ((values.mean(dim=0) - exact).abs() < 5 * values.std(dim=0) / len(values) ** 0.5).all()
        error = gradients.std(dim=0)[states] / n_repeats**0.5
        assert (error > 0).all() and ((gradients.mean(dim=0) - source)[states].abs() < 5 * error).all()

    def test_while_warming_up_the_source_is_tempered(self):
        """κ = 0.4: the bound of w^0.4, normalized, with the same planner; κ -> 0: of the uniform source."""
        outcomes = outcomes_in(slip=0.25)
        model, objective = random_model(outcomes, 11), EmpowermentObjective(outcomes)
        tempered = random_model(outcomes, 11)
        for kappa in (0.4, 0.0, 1.0):
            with torch.no_grad():
                tempered.source.copy_(kappa * model.source)
            found = objective(model, outcomes.states, 0, kappa)
            torch.testing.assert_close(found, variational_empowerment(tempered, outcomes), rtol=0, atol=1e-14)

    def test_a_seed_reproduces(self):
        outcomes = outcomes_in(slip=0.25)
        model, states = random_model(outcomes, 9), torch.tensor([2, 6])
        first, again, other = (sampled_empowerment(model, outcomes, states, 4, seed) for seed in (1, 1, 2))
        assert torch.equal(first, again) and not torch.equal(first, other)


class Bound(torch.nn.Module):
    def __init__(self, model, outcomes):
        super().__init__()
        self.model, self.outcomes = model, outcomes

    def forward(self):
        return variational_empowerment(self.model, self.outcomes)


class TestTrained:
    @pytest.mark.parametrize(("slip", "within"), [(0.0, 0.01), (0.25, 0.01)])
    def test_tables_come_near_the_capacity_and_stay_below(self, slip, within):
        outcomes = outcomes_in(slip=slip)
        exact = exact_empowerment(outcomes)
        model = TabularSourceAndPlanner(outcomes.n_states, outcomes.n_sequences, torch.float64)
        stages = [Stage(150, 0.1), Stage(50, 0.02)]
        train(model, outcomes.states, EmpowermentObjective(outcomes), stages, batch_size=outcomes.n_states)
        bound = variational_empowerment(model, outcomes).detach()
        assert (bound <= exact.upper + 1e-12).all()
        assert (exact.lower - bound < within).all()

    def test_networks_that_all_states_share(self):
        world = grid_world(SMALL, dtype=torch.float32)
        outcomes = outcomes_of(n_step_channel(world.transitions, 1))
        model = NeuralSourceAndPlanner(world.features, outcomes.n_sequences, (64,), random_state=1)
        stages, batch_size = [Stage(200, 1e-2), Stage(100, 2e-3)], outcomes.n_states
        train(model, outcomes.states, EmpowermentObjective(outcomes), stages, batch_size=batch_size, warm_up_epochs=100)
        bound, exact = variational_empowerment(model, outcomes).detach(), exact_empowerment(outcomes)
        assert (bound <= exact.upper + 1e-5).all()  # float32
        gap = exact.lower - bound
        # in the one state of five outcomes the source may lose one: ln 5 - ln 4
        assert (gap < math.log(5 / 4) + 0.02).all() and gap.mean() < 0.06

    def test_by_trying_alone(self):
        outcomes = outcomes_in(n_steps=1)
        model = TabularSourceAndPlanner(outcomes.n_states, outcomes.n_sequences, torch.float64)
        objective = EmpowermentObjective(outcomes, n_samples=8)
        train(model, outcomes.states, objective, [Stage(250, 0.1), Stage(100, 0.02)], batch_size=outcomes.n_states)
        bound, exact = variational_empowerment(model, outcomes).detach(), exact_empowerment(outcomes)
        assert (bound <= exact.upper + 1e-12).all() and (exact.lower - bound).mean() < 0.05


class TestClimb:
    def test_goes_up_and_ends_at_a_top(self):
        world = grid_world(ROOMS)
        values = exact_empowerment(outcomes_of(n_step_channel(world.transitions, 2))).lower
        path = climb(world.transitions, values, world.state(1, 1), 20)
        assert len(path) > 2 and (values[path].diff() > 0).all()
        last = values[world.transitions[:, path[-1]].argmax(dim=1)]
        assert (last <= values[path[-1]] + 1e-6).all()

    def test_no_more_moves_than_allowed(self):
        world = grid_world(ROOMS)
        assert climb(world.transitions, torch.arange(world.n_states, dtype=torch.float64), 0, 3)[0] == 0
        assert len(climb(world.transitions, torch.arange(world.n_states, dtype=torch.float64), 0, 3)) == 4


class TestBadInput:
    @pytest.mark.parametrize(
        ("rows", "settings", "message"),
        [
            ((), {}, "at least one row"),
            (("...", ".."), {}, "same length"),
            (("..x",), {}, "rows may hold"),
            (("k.k",), {}, "one key"),
            (("..D",), {}, "no key"),
            (("##",), {}, "free cell"),
            (("..",), {"slip": 1.2}, "slip must be a probability"),
            (("..",), {"slip": float("nan")}, "slip must be a probability"),
            (("..",), {"dtype": torch.float16}, "dtype must be"),
        ],
    )
    def test_worlds(self, rows, settings, message):
        with pytest.raises(ValueError, match=message):
            grid_world(rows, **settings)

    def test_channels(self):
        transitions = grid_world(SMALL).transitions
        with pytest.raises(ValueError, match="n_steps must be at least 1"):
            n_step_channel(transitions, 0)
        with pytest.raises(ValueError, match="too many"):
            n_step_channel(transitions, 12)
        with pytest.raises(ValueError, match="a distribution"):
            n_step_channel(transitions * 2, 1)
        with pytest.raises(ValueError, match="sum to 1"):
            outcomes_of(n_step_channel(transitions, 1) / 2)

    def test_models(self):
        outcomes = outcomes_in()
        with pytest.raises(ValueError, match="the model is of 7 states and 5 sequences, outcomes of 7 and 25"):
            variational_empowerment(TabularSourceAndPlanner(7, 5, torch.float64), outcomes)
        model = TabularSourceAndPlanner(7, 25, torch.float64)
        with pytest.raises(ValueError, match="n_samples must be at least 2"):
            sampled_empowerment(model, outcomes, torch.tensor([0]), 1, 0)
        for wrong in (torch.tensor([[7]]), torch.tensor([[-1]]), torch.tensor([[0.5]]), torch.tensor([1])):
            with pytest.raises(ValueError, match="states must be"):
                model.check_data(wrong)
        with pytest.raises(ValueError, match="n_states must be at least 1"):
            TabularSourceAndPlanner(0, 5)

    @pytest.mark.parametrize(
        ("values", "start", "n_moves", "message"),
        [
            (torch.ones(6), 0, 2, "values must be 7"),
            (torch.full((7,), math.nan), 0, 2, "finite"),
            (torch.ones(7), 7, 2, "start must be a state"),
            (torch.ones(7), 0, 0, "n_moves must be at least 1"),
        ],
    )
    def test_climbing(self, values, start, n_moves, message):
        with pytest.raises((TypeError, ValueError), match=f"{message}|values"):
            climb(grid_world(SMALL).transitions, values, start, n_moves)
