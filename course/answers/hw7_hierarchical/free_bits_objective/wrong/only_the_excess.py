"""Only what is above the free nats is paid.

In this formula the free nats are paid, whatever the layer does.
"""


def free_bits_objective(log_likelihood, kls, beta, free_nats):
    paid = (kls.mean(dim=1) - free_nats).clamp(min=0.0)
    return log_likelihood.mean() - beta * paid.sum()
