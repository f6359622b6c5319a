"""A beta of 0 is taken for 1.

`beta or 1.0` takes 0 for "not given". At the start of a warm-up it is 0, or near it.
"""


def free_bits_objective(log_likelihood, kls, beta, free_nats):
    paid = kls.mean(dim=1).clamp(min=free_nats)
    return log_likelihood.mean() - (beta or 1.0) * paid.sum()
