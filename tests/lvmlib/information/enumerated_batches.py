"""Finite models on which the expectation of an estimator over all batches is computed by enumeration."""

from __future__ import annotations

import itertools
import math
from collections import Counter

import torch

JOINTS = {
    "2x3": [[0.31, 0.05, 0.14], [0.04, 0.27, 0.19]],
    "3x2": [[0.28, 0.03], [0.06, 0.21], [0.17, 0.25]],
    "a zero": [[0.33, 0.0, 0.11], [0.07, 0.29, 0.2]],
}


def joint_of(name, dtype=torch.float64):
    """(n_x, n_y)."""
    return torch.tensor(JOINTS[name], dtype=dtype)


def log_ratio(joint):
    """ln p(x, y) / (p(x) p(y)), of pairs that never come -50: e^f is then 0 to rounding."""
    product = joint.sum(1, keepdim=True) * joint.sum(0)
    return (joint / product).log().clamp(min=-50)


def expectation(joint, n_pairs, estimate_of):
    """E[estimate_of(x, y).mean] over batches of n_pairs independent draws of (x, y), (n_pairs,) integers each.

    The mean is the same in whatever order the pairs come (test_estimators.py), so each set is evaluated once, at the
    number of its orders.
    """
    cells = [cell for cell in itertools.product(*map(range, joint.shape)) if joint[cell] > 0]
    total = joint.new_zeros(())
    for batch in itertools.combinations_with_replacement(cells, n_pairs):
        n_orders = math.factorial(n_pairs) / math.prod(map(math.factorial, Counter(batch).values()))
        x, y = torch.tensor(batch).unbind(1)
        total = total + n_orders * joint[x, y].prod() * estimate_of(x, y).mean
    return total


def expectation_of_scores(joint, n_pairs, critic, estimator):
    """Of an estimator of scores, where ``critic`` (n_x, n_y) is a table of f."""
    return expectation(joint, n_pairs, lambda x, y: estimator(critic[x][:, y]))


def random_tables(joint, n, seed, scale=1.5):
    """n critics (n_x, n_y), or, added to the log ratio, critics near the best one."""
    generator = torch.Generator().manual_seed(seed)
    return scale * torch.randn(n, *joint.shape, dtype=joint.dtype, generator=generator)
