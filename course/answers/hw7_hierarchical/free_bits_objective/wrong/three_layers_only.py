"""Three layers are written down; there may be any number.

L is the length of kls.
"""


def free_bits_objective(log_likelihood, kls, beta, free_nats):
    means = kls.mean(dim=1)
    paid = sum(means[min(l, len(means) - 1)].clamp(min=free_nats) for l in range(3))
    return log_likelihood.mean() - beta * paid
