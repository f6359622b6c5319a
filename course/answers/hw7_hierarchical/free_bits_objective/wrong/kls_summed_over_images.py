"""The KLs are summed over the images.

The mean over the batch, before the maximum.
"""


def free_bits_objective(log_likelihood, kls, beta, free_nats):
    paid = kls.sum(dim=1).clamp(min=free_nats)
    return log_likelihood.mean() - beta * paid.sum()
