"""The free nats are not used.

Each layer pays max(free_nats, mean KL).
"""


def free_bits_objective(log_likelihood, kls, beta, free_nats):
    paid = kls.mean(dim=1)
    return log_likelihood.mean() - beta * paid.sum()
