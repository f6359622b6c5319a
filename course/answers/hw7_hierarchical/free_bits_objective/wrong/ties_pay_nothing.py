"""A layer that has exactly its free nats pays nothing.

Two masks, one for more and one for less, leave out what is equal: use clamp or maximum.
"""


def free_bits_objective(log_likelihood, kls, beta, free_nats):
    means = kls.mean(dim=1)
    paid = (means > free_nats) * means + (means < free_nats) * free_nats
    return log_likelihood.mean() - beta * paid.sum()
