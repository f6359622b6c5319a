"""The free nats are divided by the number of layers.

Each layer has all of them.
"""


def free_bits_objective(log_likelihood, kls, beta, free_nats):
    paid = kls.mean(dim=1).clamp(min=free_nats / len(kls))
    return log_likelihood.mean() - beta * paid.sum()
