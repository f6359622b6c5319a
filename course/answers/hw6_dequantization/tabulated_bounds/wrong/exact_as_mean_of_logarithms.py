"""ln P(x) is taken for the mean of the logarithms.

That is the uniform bound: the logarithm comes after the mean.
"""


def tabulated_bounds(p, q):
    exact = p.log().mean(dim=1)
    uniform = p.log().mean(dim=1)
    variational = (q * p.log() - torch.special.xlogy(q, q)).mean(dim=1)
    return exact, uniform, variational
