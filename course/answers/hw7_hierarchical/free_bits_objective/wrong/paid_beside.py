"""The free nats are paid beside the KL.

The larger of both, not their sum.
"""


def free_bits_objective(log_likelihood, kls, beta, free_nats):
    paid = kls.mean(dim=1) + free_nats
    return log_likelihood.mean() - beta * paid.sum()
