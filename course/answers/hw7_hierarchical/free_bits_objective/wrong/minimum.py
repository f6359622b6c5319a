"""The minimum stands for the maximum.

A layer pays at least its free nats; clamp(min=...) is a maximum.
"""


def free_bits_objective(log_likelihood, kls, beta, free_nats):
    paid = kls.mean(dim=1).clamp(max=free_nats)
    return log_likelihood.mean() - beta * paid.sum()
