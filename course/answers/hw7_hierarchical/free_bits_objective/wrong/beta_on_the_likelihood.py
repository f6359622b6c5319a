"""beta multiplies the likelihood.

The likelihood counts in full from the start, the KLs are warmed up.
"""


def free_bits_objective(log_likelihood, kls, beta, free_nats):
    paid = kls.mean(dim=1).clamp(min=free_nats)
    return beta * log_likelihood.mean() - paid.sum()
