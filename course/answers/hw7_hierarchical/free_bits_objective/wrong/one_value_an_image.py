"""A value for each image comes back.

One number: the free nats are those of the batch.
"""


def free_bits_objective(log_likelihood, kls, beta, free_nats):
    paid = kls.mean(dim=1).clamp(min=free_nats)
    return log_likelihood - beta * paid.sum()
