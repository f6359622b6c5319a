"""ln P(x) is in bits.

Nats.
"""


def tabulated_bounds(p, q):
    exact = p.mean(dim=1).log2()
    uniform = p.log().mean(dim=1)
    variational = (q * p.log() - torch.special.xlogy(q, q)).mean(dim=1)
    return exact, uniform, variational
