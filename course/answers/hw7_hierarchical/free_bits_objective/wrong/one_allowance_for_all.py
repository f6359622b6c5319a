"""The free nats belong to all layers together.

Each layer has its own: the maximum comes before the sum over layers.
"""


def free_bits_objective(log_likelihood, kls, beta, free_nats):
    paid = kls.mean(dim=1).sum().clamp(min=free_nats)
    return log_likelihood.mean() - beta * paid.sum()
