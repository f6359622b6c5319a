"""beta stands inside the maximum.

beta multiplies what the layer pays, the free nats included.
"""


def free_bits_objective(log_likelihood, kls, beta, free_nats):
    paid = (beta * kls.mean(dim=1)).clamp(min=free_nats)
    return log_likelihood.mean() - paid.sum()
