"""The mean is taken over layers, image by image.

kls is (L, batch): the batch is dimension 1.
"""


def free_bits_objective(log_likelihood, kls, beta, free_nats):
    paid = kls.mean(dim=0).clamp(min=free_nats)
    return log_likelihood.mean() - beta * paid.sum()
