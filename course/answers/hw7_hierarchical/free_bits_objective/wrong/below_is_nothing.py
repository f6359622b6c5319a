"""A layer below its free nats pays nothing.

It pays the free nats.
"""


def free_bits_objective(log_likelihood, kls, beta, free_nats):
    means = kls.mean(dim=1)
    paid = torch.where(means > free_nats, means, torch.zeros_like(means))
    return log_likelihood.mean() - beta * paid.sum()
