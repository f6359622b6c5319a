"""The KLs are added.

They are a price: take them off.
"""


def free_bits_objective(log_likelihood, kls, beta, free_nats):
    paid = kls.mean(dim=1).clamp(min=free_nats)
    return log_likelihood.mean() + beta * paid.sum()
