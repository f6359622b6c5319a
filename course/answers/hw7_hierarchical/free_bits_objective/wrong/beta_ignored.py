"""beta is not used.

During warm-up the KLs count beta times.
"""


def free_bits_objective(log_likelihood, kls, beta, free_nats):
    paid = kls.mean(dim=1).clamp(min=free_nats)
    return log_likelihood.mean() - paid.sum()
