"""Whether a process has used the global random generators: if not, their seed made no difference to it."""

from __future__ import annotations

import functools
import random


class GlobalDraws:
    """Watches Python's, NumPy's and torch's global generators from here on.

    A draw moves a generator, and so does a seed. A state that was read may have been put
    back after a draw, as ``torch.random.fork_rng`` does: reading one counts as use. What
    the methods of the generator objects themselves read, and numbers that the system
    gives (``numpy.random.default_rng()``), are not seen.
    """

    def __init__(self):
        import numpy
        import torch

        self._read = False
        self._states = (random.getstate, numpy.random.get_state, torch.random.get_rng_state)
        self._begun = self._now()
        for owner, name in (
            (random, "getstate"),
            (numpy.random, "get_state"),
            (torch, "get_rng_state"),
            (torch.random, "get_rng_state"),
            (torch, "initial_seed"),
            (torch.random, "initial_seed"),
        ):
            setattr(owner, name, self._noted(getattr(owner, name)))

    def used(self) -> bool:
        """Whether a draw, a seed or the reading of a state was seen."""
        return self._read or self._now() != self._begun

    def _noted(self, function):
        @functools.wraps(function)
        def reading(*arguments, **options):
            self._read = True
            return function(*arguments, **options)

        return reading

    def _now(self) -> tuple:
        python, numpy, torch = (state() for state in self._states)
        return python, [part.tobytes() if hasattr(part, "tobytes") else part for part in numpy], torch.tolist()
