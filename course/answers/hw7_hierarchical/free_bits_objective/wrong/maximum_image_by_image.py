"""The maximum is taken for each image, before the mean.

First the mean over the batch, then the maximum: one image may have less than the free nats if others have more.
"""


def free_bits_objective(log_likelihood, kls, beta, free_nats):
    paid = kls.clamp(min=free_nats).mean(dim=1)
    return log_likelihood.mean() - beta * paid.sum()
