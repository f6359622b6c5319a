"""Claims states of the random generators that are none: of other lengths, types and sizes, with NaN, and endless ones.

marks: 2 0 *
"""
import gc

import torch

from course.grading.engine.student_side import StudentSide

calls = 0

def odd(self):
    global calls
    calls += 1
    t = torch.get_rng_state().numpy().tobytes()
    return [
        (1, 2, 3), ((3, b"", None), ("MT19937", b"", 0, 0, 0.0), b""), ((3, b"x" * 10**7, float("nan")), ("MT19937", b"\xff" * 2496, 10**300, 1, float("nan")), t[:-1]),
        [], {}, "x", 7, ((3, t, 1.0),) * 3, ((3, b"\0" * 2500, 0.0), ("MT19937", b"\0" * 2496, 1, 1, float("inf")), b"\xff" * len(t)), (None, None, None), ((), (), ()),
        ((10**400, b"\1" * 2500, "a"), ("MT19937", b"\1" * 2496, 624, 1, "a"), t),
    ][calls % 12]

StudentSide.random_out = odd

def log_sum_exp(values):
    return values.sum(dim=1)
