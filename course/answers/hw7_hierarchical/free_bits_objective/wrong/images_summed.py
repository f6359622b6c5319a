"""The sum over images stands for the mean.

J is a mean over the batch.
"""


def free_bits_objective(log_likelihood, kls, beta, free_nats):
    paid = kls.mean(dim=1).clamp(min=free_nats)
    return log_likelihood.sum() - beta * len(log_likelihood) * paid.sum()
