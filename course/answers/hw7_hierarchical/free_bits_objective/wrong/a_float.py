"""A Python number comes back.

A tensor, so that gradients flow.
"""


def free_bits_objective(log_likelihood, kls, beta, free_nats):
    paid = kls.mean(dim=1).clamp(min=free_nats)
    return float(log_likelihood.mean() - beta * paid.sum())
