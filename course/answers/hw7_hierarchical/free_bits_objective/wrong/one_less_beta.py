"""1 - beta stands for beta.

beta grows from 0 to 1, and so does the weight of the KLs.
"""


def free_bits_objective(log_likelihood, kls, beta, free_nats):
    paid = kls.mean(dim=1).clamp(min=free_nats)
    return log_likelihood.mean() - (1 - beta) * paid.sum()
