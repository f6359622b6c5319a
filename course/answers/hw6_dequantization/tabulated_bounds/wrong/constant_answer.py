"""Constants are returned.

All three depend on the tables.
"""


def tabulated_bounds(p, q):
    zeros = torch.zeros(len(p), dtype=p.dtype)
    return zeros, zeros, zeros
