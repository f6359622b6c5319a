"""The dimension of the places is kept.

One value for each level: (n_levels,).
"""


def tabulated_bounds(p, q):
    exact = p.mean(dim=1, keepdim=True).log()
    uniform = p.log().mean(dim=1, keepdim=True)
    variational = (q * p.log() - torch.special.xlogy(q, q)).mean(dim=1, keepdim=True)
    return exact, uniform, variational
