"""p and q are exchanged: minus the Kullback-Leibler divergence the other way round.

The expectation is under q, of ln p - ln q.
"""


def tabulated_bounds(p, q):
    exact = p.mean(dim=1).log()
    uniform = p.log().mean(dim=1)
    variational = (p * (q.log() - p.log())).mean(dim=1)
    return exact, uniform, variational
