"""Heat maps of empowerment, and information over the distance."""

import numpy as np
import pytest
import torch

from lvmlib import plots
from lvmlib.information.grid_world import LOCKED, ROOMS, climb, grid_world
from lvmlib.plots.empowerment import plot_empowerment
from lvmlib.plots.look import INK
from lvmlib.plots.predictive_information import plot_predictive_information


def maps(figure):
    return [ax for ax in figure.axes if ax.images]


class TestEmpowerment:
    def test_each_state_in_its_cell_on_one_scale(self):
        world = grid_world(ROOMS)
        first = torch.linspace(1.0, 2.0, world.n_states)
        second = first.flip(0) - 0.25
        figure = plot_empowerment(world, {"exact": first, "variational": second})
        left, right = maps(figure)
        for ax, values in [(left, first), (right, second)]:
            grid = ax.images[0].get_array()
            for n, (i, j) in enumerate(world.cells.tolist()):
                assert grid[i, j] == pytest.approx(values[n].item())
            assert np.ma.getmaskarray(grid).sum() == sum(row.count("#") for row in ROOMS)
            assert ax.images[0].get_clim() == (0.75, 2.0) and ax.get_xlabel() == "column"
        assert [ax.get_title(loc="left") or ax.get_title() for ax in (left, right)] == ["exact", "variational"]
        assert any("nats" in ax.get_ylabel() for ax in figure.axes)

    def test_a_world_with_a_key_has_two_layers(self):
        world = grid_world(LOCKED)
        values = torch.arange(world.n_states, dtype=torch.float64)
        without, with_key = maps(plot_empowerment(world, {"exact": values}))
        door = (2, 3)
        assert np.ma.getmaskarray(without.images[0].get_array())[door]
        assert with_key.images[0].get_array()[door] == values[world.state(*door, holds_key=True)]

    @pytest.mark.parametrize(("at_the_door", "colour"), [(0.25, "white"), (3.75, INK)])
    def test_signs_can_be_read_on_what_is_under_them(self, at_the_door, colour):
        world = grid_world(LOCKED)
        values = torch.linspace(0.0, 4.0, world.n_states)
        values[world.state(2, 3, holds_key=True)] = at_the_door
        without, with_key = maps(plot_empowerment(world, {"exact": values}))
        assert {text.get_text(): text.get_color() for text in without.texts} == {"key": INK, "door": "white"}
        assert {text.get_text(): text.get_color() for text in with_key.texts} == {"door": colour}

    def test_the_key_lies_on_no_wall(self):
        world = grid_world(LOCKED)
        without, with_key = maps(plot_empowerment(world, {"exact": torch.linspace(0.0, 4.0, world.n_states)}))
        walls = {(i, j) for i, row in enumerate(LOCKED) for j, sign in enumerate(row) if sign == "#"}
        for ax, closed in [(without, {(2, 3)}), (with_key, set())]:
            dark = {(patch.get_y() + 0.5, patch.get_x() + 0.5) for patch in ax.patches if sum(patch.get_facecolor()[:3]) < 1}
            assert dark == walls | closed

    def test_each_of_the_values_on_its_own_scale(self):
        world = grid_world(ROOMS)
        first = torch.linspace(1.0, 2.0, world.n_states)
        figure = plot_empowerment(world, {"no slips": first, "slips": first / 4}, one_scale=False)
        left, right = maps(figure)
        assert left.images[0].get_clim() == (1.0, 2.0) and right.images[0].get_clim() == (0.25, 0.5)
        assert sum("nats" in ax.get_ylabel() for ax in figure.axes) == 2

    def test_paths_and_the_text(self):
        world = grid_world(ROOMS)
        values = torch.linspace(0.5, 3.0, world.n_states, dtype=torch.float64)
        path = climb(world.transitions, values, world.state(1, 1), 3)
        figure = plot_empowerment(world, {"exact": values, "variational": values - 0.125}, paths=[path], title="Rooms")
        line = maps(figure)[0].lines[0]
        assert list(zip(line.get_ydata(), line.get_xdata())) == [tuple(world.cells[state].tolist()) for state in path]
        text = plots.alt_text(figure)
        assert text.startswith("Rooms: A map of") and "exact: from 0.50 nats at row 1, column 1 to 3.00" in text
        assert "variational differs from exact by at most 0.125 nats" in text
        assert f"A path of {len(path) - 1} moves leads from row 1, column 1" in text

    @pytest.mark.parametrize(
        ("values", "paths", "message"),
        [
            ({}, [], "at least one row"),
            ({"exact": torch.ones(3)}, [], "the last of length"),
            ({"exact": torch.full((47,), float("nan"))}, [], "NaN|the last of length"),
            (None, [[0, 1000]], "paths must hold states"),
            (None, [[]], "paths must hold states"),
        ],
    )
    def test_bad_input(self, values, paths, message):
        world = grid_world(ROOMS)
        with pytest.raises(ValueError, match=message):
            plot_empowerment(world, {"exact": torch.ones(world.n_states)} if values is None else values, paths=paths)


class TestPredictiveInformation:
    def test_curves_truth_and_text(self):
        nats = {"held out": [1.5, 0.75, 0.5], "trained on": [2.0, 1.0, 0.5]}
        figure = plot_predictive_information(nats, truth=[1.75, 0.8, 0.6])
        (ax,) = figure.axes
        assert [line.get_ydata().tolist() for line in ax.lines] == [[1.5, 0.75, 0.5], [2.0, 1.0, 0.5], [1.75, 0.8, 0.6]]
        assert all(line.get_xdata().tolist() == [1, 2, 3] for line in ax.lines) and "nats" in ax.get_ylabel()
        text = plots.alt_text(figure)
        assert "held out from 1.50 nats at k = 1 to 0.50 at k = 3" in text and "the truth, from 1.75 to 0.60" in text

    @pytest.mark.parametrize(
        ("nats", "truth", "message"),
        [({}, None, "at least one"), ({"a": [1.0, 2.0], "b": [1.0]}, None, "length 2"), ({"a": [1.0]}, [1.0, 2.0], "length 1")],
    )
    def test_bad_input(self, nats, truth, message):
        with pytest.raises(ValueError, match=message):
            plot_predictive_information(nats, truth=truth)
