"""The KLs are clamped in place.

clamp_ writes into the caller's tensor.
"""


def free_bits_objective(log_likelihood, kls, beta, free_nats):
    kls.clamp_(min=kls.mean(dim=1, keepdim=True))
    paid = kls.mean(dim=1).clamp(min=free_nats)
    return log_likelihood.mean() - beta * paid.sum()
