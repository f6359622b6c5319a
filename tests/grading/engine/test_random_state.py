"""A returned random state is taken where drawing leads to it, and only there."""

from __future__ import annotations

import random
import time

import numpy as np
import pytest
import torch

from course.grading.engine import random_state
from course.grading.engine.random_state import TORCH, capture, continued, restore


@pytest.fixture(autouse=True)
def seeded():
    before = capture()
    random.seed(11)
    np.random.seed(12)
    torch.manual_seed(13)
    yield
    restore(before)


DRAWS = {
    "nothing": lambda: None,
    "Python": lambda: random.random(),
    "Python's integers": lambda: [random.randrange(10**30) for _ in range(700)],
    "Python's normal": lambda: random.gauss(0, 1),
    "NumPy": lambda: np.random.rand(1000),
    "NumPy's odd normals": lambda: np.random.randn(3),
    "NumPy's odd normals, some blocks on": lambda: (np.random.rand(2000), np.random.randn(7)),
    "NumPy's integers": lambda: np.random.randint(0, 9, 50),
    "torch": lambda: torch.rand(5000),
    "torch's odd normals": lambda: torch.randn(3),
    "torch's odd normals in float64": lambda: torch.randn(7, dtype=torch.float64),
    "torch's odd normals, some blocks on": lambda: (torch.rand(3001), torch.randn(5)),
    "torch's permutation": lambda: torch.randperm(100),
    "torch's gammas": lambda: torch.distributions.Gamma(1.0, 1.0).sample((3,)),
    "to the end of a block": lambda: (torch.rand(624), np.random.rand(312), [random.random() for _ in range(312)]),
    "all three": lambda: (torch.randn(5), np.random.randn(5), random.gauss(0, 1)),
}


@pytest.mark.parametrize("settle", [lambda: None, lambda: (torch.rand(100), torch.randn(3), np.random.randn(3), random.gauss(0, 1))])
@pytest.mark.parametrize("draw", DRAWS.values(), ids=list(DRAWS))
def test_what_was_drawn_goes_on_as_in_one_process(draw, settle):
    settle()
    before = capture()
    draw()
    after = capture()
    given = continued(before, after, [1000])
    following = []
    for state in (after, given):
        restore(state)
        following.append((random.gauss(0, 1), np.random.randn(2).tolist(), torch.randn(3).tolist(), torch.rand(900).tolist()))
    assert following[0] == following[1]


def changed(state, **parts):
    python, numpy, torchs = state
    return (parts.get("python", python), parts.get("numpy", numpy), parts.get("torch", torchs))


def zero_words(state):
    """All three generators would draw zeros for ever."""
    python, numpy, torchs = state
    fields = list(TORCH.unpack(torchs))
    fields[1:4], fields[4:628] = (624, 1, 1), [0] * 624
    return ((3, b"\0" * 2496 + b"\1\0\0\0", None), ("MT19937", b"\0" * 2496, 1, 0, 0.0), TORCH.pack(*fields))


def planted_normals(state):
    fields = list(TORCH.unpack(state[2]))
    fields[629], fields[631] = 1e9, 1
    return (state[0][:2] + (1e9,), state[1][:3] + (1, 1e9), TORCH.pack(*fields))


def other_seeds(state):
    random.seed(1)
    np.random.seed(1)
    torch.manual_seed(1)
    return capture()


def backwards(state):
    """One draw less than there was: what was drawn would come again."""
    python, numpy, torchs = state
    fields = list(TORCH.unpack(torchs))
    fields[1], fields[3] = fields[1] + 1, fields[3] - 1
    words = np.frombuffer(python[1], dtype=np.uint32).copy()
    words[-1] -= 1
    return ((3, words.tobytes(), python[2]), numpy[:2] + (numpy[2] - 1,) + numpy[3:], TORCH.pack(*fields))


NONSENSE = [None, 7, (), (None, None, None), ("a", "b", "c"), ((3, b"", None), ("MT19937", b"", 1, 0, 0.0), b"")]
NONSENSE += [((3, b"\0" * 2500, None), ("MT19937", b"\0" * 2496, 10**9, 0, 0.0), b"\xff" * 5056), ([], {}, "x" * 5056)]


@pytest.mark.parametrize("forge", [zero_words, other_seeds, backwards, *(lambda _, n=n: n for n in NONSENSE)])
def test_a_state_that_no_drawing_leads_to_is_not_taken(forge):
    random.random(), np.random.rand(), torch.rand(1)
    before = capture()
    forged = forge(before)
    given = continued(before, forged, [50])
    for part, was, claim in zip(given, before, forged if type(forged) is tuple and len(forged) == 3 else (None,) * 3):
        assert part != was and part != claim
    assert given == continued(before, forged, [50]), "the same in each run"
    restore(given)
    draws = [[random.random() for _ in range(2000)], np.random.rand(2000), torch.rand(2000).numpy()]
    for drawn in draws:  # uniform: the mean of 2000 within five standard errors
        assert abs(np.mean(drawn) - 0.5) < 5 * np.sqrt(1 / 12 / 2000) and len(set(map(float, drawn))) > 1990


def test_a_planted_normal_is_not_taken():
    before = capture()
    random.random(), np.random.rand(), torch.rand(1)
    given = continued(before, planted_normals(capture()), [50])
    restore(given)
    assert abs(random.gauss(0, 1)) < 10 and abs(np.random.randn()) < 10 and abs(torch.randn(())) < 10


def test_what_may_be_followed_is_bounded():
    before = capture()
    np.random.rand(624 * 40)
    far = capture()
    budget = [30]
    assert continued(before, far, budget)[1] != far[1] and budget == [0]
    assert continued(before, far, [100])[1] == far[1]
    start = time.perf_counter()
    continued(before, other_seeds(before), budget := [10**9])
    assert budget[0] == 10**9 - 3 * random_state.MAX_BLOCKS
    assert time.perf_counter() - start < 20
