"""beta multiplies the whole.

The KLs alone.
"""


def free_bits_objective(log_likelihood, kls, beta, free_nats):
    paid = kls.mean(dim=1).clamp(min=free_nats)
    return beta * (log_likelihood.mean() - paid.sum())
