"""The loss comes back.

J is to be climbed: no minus sign before it.
"""


def free_bits_objective(log_likelihood, kls, beta, free_nats):
    paid = kls.mean(dim=1).clamp(min=free_nats)
    return beta * paid.sum() - log_likelihood.mean()
