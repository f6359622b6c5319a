"""A small world on a grid: walls, a door that only a key opens, and moves that may slip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from lvmlib.validation import check_count, check_dtype

ACTIONS = ("north", "south", "west", "east", "stay")
MOVES = ((-1, 0), (1, 0), (0, -1), (0, 1), (0, 0))
"""Rows and columns of each action."""
WALL, FREE, KEY, DOOR = "#", ".", "k", "D"
ROOMS = (
    "###########",
    "#...#.....#",
    "#...#.###.#",
    "#.......#.#",
    "#...#.###.#",
    "##.##.....#",
    "#.........#",
    "###########",
)
"""A room on the left, corridors around two islands on the right, a hall below: empowerment differs from place to place."""
LOCKED = (
    "########",
    "#..#...#",
    "#k.D...#",
    "#..#...#",
    "#..#####",
    "########",
)
"""Two rooms, and a door between them that the key in the first opens."""


@dataclass(frozen=True, eq=False)
class GridWorld:
    """States are pairs of a cell and, where there is a key, whether it is held; those with the key come last.

    A move into a wall, out of the map or, without the key, into a door leaves the state as it is. Who enters the key's cell
    holds the key from then on. With probability ``slip`` another action than the chosen one happens, each as likely.
    """

    rows: tuple[str, ...]
    slip: float
    cells: Int[Tensor, "states 2"]
    """Row and column of each state."""
    holds_key: Int[Tensor, " states"]
    """1 where the key is held."""
    transitions: Float[Tensor, "actions states states"]
    """p(s'|s, a): transitions[a, s, s']."""
    after: Int[Tensor, "actions states"]
    """The next state where nothing slips."""

    @property
    def n_states(self) -> int:
        return len(self.cells)

    @property
    def has_key(self) -> bool:
        return any(KEY in row for row in self.rows)

    @property
    def features(self) -> Float[Tensor, "states n_features"]:
        """What a network sees of a state, each 0 or 1: its row, its column, the key, and which actions would leave it."""
        n_rows, n_columns = len(self.rows), len(self.rows[0])
        leaves = self._leaves()
        parts = [
            torch.nn.functional.one_hot(self.cells[:, 0], n_rows),
            torch.nn.functional.one_hot(self.cells[:, 1], n_columns),
            self.holds_key[:, None],
            leaves,
        ]
        return torch.cat([part.to(self.transitions.dtype) for part in parts], dim=1)

    def _leaves(self) -> Tensor:
        """Whether each action but "stay", unslipped, leads to another state, (states, 4)."""
        own = torch.arange(self.n_states)
        return torch.stack([self.after[action] != own for action in range(len(MOVES) - 1)], dim=1)

    def state(self, row: int, column: int, holds_key: bool = False) -> int:
        """The number of a state.

        Raises
        ------
        ValueError
            If there is no such state: a wall, outside the map, a closed door, or a key in a world that has none.
        """
        wanted = torch.tensor([row, column, int(holds_key)])
        found = (torch.cat([self.cells, self.holds_key[:, None]], dim=1) == wanted).all(dim=1).nonzero()
        if len(found) == 0:
            raise ValueError(f"there is no state at row {row}, column {column} with holds_key {holds_key}")
        return int(found[0])


def grid_world(rows: Sequence[str], *, slip: float = 0.0, dtype: torch.dtype = torch.float64) -> GridWorld:
    """The world of a map: ``#`` is a wall, ``.`` free, ``k`` the key's cell, ``D`` a door.

    Raises
    ------
    ValueError
        If the map is empty, its rows differ in length, it holds another sign, more than one key, a door but no key or no
        free cell, or ``slip`` is not in [0, 1], or the dtype is another one than float32 and float64.
    """
    check_dtype(dtype)
    rows = tuple(rows)
    _check_map(rows)
    if not 0 <= slip <= 1:
        raise ValueError(f"slip must be a probability, got {slip}")
    signs = {(i, j): sign for i, row in enumerate(rows) for j, sign in enumerate(row) if sign != WALL}
    has_key = KEY in signs.values()
    # without the key nobody stands in the door, nor on the key
    without = [(cell, 0) for cell, sign in signs.items() if sign == FREE]
    states = without + [(cell, 1) for cell in signs if has_key]
    number = {state: n for n, state in enumerate(states)}

    after = torch.empty(len(MOVES), len(states), dtype=torch.int64)
    for n, ((i, j), held) in enumerate(states):
        for action, (down, right) in enumerate(MOVES):
            cell = i + down, j + right
            holds = int(held or signs.get(cell) == KEY)
            after[action, n] = number.get((cell, holds), n)
    moved = torch.nn.functional.one_hot(after, len(states)).to(dtype)  # (actions, states, states)
    others = (moved.sum(dim=0, keepdim=True) - moved) / (len(MOVES) - 1)
    return GridWorld(
        rows,
        float(slip),
        torch.tensor([cell for cell, _ in states]),
        torch.tensor([held for _, held in states]),
        (1 - slip) * moved + slip * others,
        after,
    )


def action_sequences(n_actions: int, n_steps: int) -> Int[Tensor, "sequences n_steps"]:
    """All n_actions^n_steps of them, the first action the slowest to change."""
    check_count("n_actions", n_actions)
    check_count("n_steps", n_steps)
    return torch.cartesian_prod(*[torch.arange(n_actions)] * n_steps).reshape(-1, n_steps)


def n_step_channel(
    transitions: Float[Tensor, "actions states states"], n_steps: int
) -> Float[Tensor, "states sequences states"]:
    """p(s'|s, a_1 ... a_n): for each state a channel from sequences of actions, chosen beforehand, to the state after them.

    Sequences are in the order of :func:`action_sequences`.

    Raises
    ------
    ValueError
        If ``transitions`` holds no distributions, ``n_steps`` is below 1, or the channel had more than 2^28 entries.
    """
    check_count("n_steps", n_steps)
    n_actions, n_states, _ = transitions.shape
    if (transitions < 0).any() or not torch.allclose(transitions.sum(dim=2), transitions.new_ones(n_actions, n_states)):
        raise ValueError("transitions must hold a distribution over the next state for each action and state")
    if n_actions**n_steps * n_states**2 > 2**28:
        raise ValueError(f"n_steps = {n_steps} gives {n_actions}^{n_steps} sequences for each of {n_states} states: too many")
    channel = transitions.new_ones(1, 1, 1) * torch.eye(n_states, dtype=transitions.dtype, device=transitions.device)[:, None]
    for _ in range(n_steps):
        channel = torch.einsum("sqm,amn->sqan", channel, transitions).flatten(1, 2)
    return channel  # (states, sequences, states)


def climb(
    transitions: Float[Tensor, "actions states states"], values: Float[Tensor, " states"], start: int, n_moves: int
) -> list[int]:
    """The states of an agent that at each move takes the action whose next state is expected to have the greatest value.

    The world's answer is taken to be the most probable next state. It ends where no action is expected to gain more than
    the rounding of ``values``.

    Raises
    ------
    ValueError
        If ``values`` are not one a state, ``start`` is no state, or ``n_moves`` below 1.
    """
    n_states = transitions.shape[1]
    check_count("n_moves", n_moves)
    if len(values) != n_states or not torch.isfinite(values).all():
        raise ValueError(f"values must be {n_states} finite numbers, one a state, got the shape {tuple(values.shape)}")
    if not 0 <= start < n_states:
        raise ValueError(f"start must be a state from 0 to {n_states - 1}, got {start}")
    path, least_gain = [start], 1e-6
    for _ in range(n_moves):
        expected = transitions[:, path[-1]] @ values.to(transitions.dtype)  # (actions,)
        best = int(expected.argmax())
        following = int(transitions[best, path[-1]].argmax())
        if following == path[-1] or expected[best] <= values[path[-1]] + least_gain:
            break
        path.append(following)
    return path


def _check_map(rows: tuple[str, ...]) -> None:
    if not rows or not rows[0]:
        raise ValueError("rows must hold at least one row of at least one sign, got none")
    if len({len(row) for row in rows}) > 1:
        raise ValueError(f"rows must all have the same length, got {[len(row) for row in rows]}")
    signs = "".join(rows)
    if unknown := set(signs) - {WALL, FREE, KEY, DOOR}:
        raise ValueError(f"rows may hold {WALL} {FREE} {KEY} {DOOR}, got {' '.join(sorted(unknown))}")
    if signs.count(KEY) > 1:
        raise ValueError(f"rows may hold one key, got {signs.count(KEY)}")
    if DOOR in signs and KEY not in signs:
        raise ValueError("rows hold a door but no key: nothing would open it")
    if FREE not in signs:
        raise ValueError(f"rows must hold at least one free cell, {FREE}")
