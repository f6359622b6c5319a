"""The KLs are detached.

q is trained through them.
"""


def free_bits_objective(log_likelihood, kls, beta, free_nats):
    paid = kls.detach().mean(dim=1).clamp(min=free_nats)
    return log_likelihood.mean() - beta * paid.sum()
