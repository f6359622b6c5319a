"""The variational bound stands in both places.

Uniform noise has the density 1 at every place, whatever q is.
"""


def tabulated_bounds(p, q):
    exact = p.mean(dim=1).log()
    variational = (q * p.log() - torch.special.xlogy(q, q)).mean(dim=1)
    return exact, variational, variational
