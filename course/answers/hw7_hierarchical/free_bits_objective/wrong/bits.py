"""The free nats are taken for bits.

All values are in nats here, the name notwithstanding.
"""


def free_bits_objective(log_likelihood, kls, beta, free_nats):
    paid = kls.mean(dim=1).clamp(min=free_nats * math.log(2))
    return log_likelihood.mean() - beta * paid.sum()
