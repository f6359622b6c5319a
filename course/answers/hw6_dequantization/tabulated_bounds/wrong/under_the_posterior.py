"""The expectation is under the posterior of the noise.

It is under the q that is given.
"""


def tabulated_bounds(p, q):
    exact = p.mean(dim=1).log()
    uniform = p.log().mean(dim=1)
    variational = (p / p.mean(dim=1, keepdim=True) * (p.log() - q.log())).mean(dim=1)
    return exact, uniform, variational
