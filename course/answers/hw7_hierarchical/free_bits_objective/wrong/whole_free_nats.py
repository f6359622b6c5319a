"""The free nats are rounded down to a whole number.

They are any number of at least 0.
"""


def free_bits_objective(log_likelihood, kls, beta, free_nats):
    paid = kls.mean(dim=1).clamp(min=int(free_nats))
    return log_likelihood.mean() - beta * paid.sum()
