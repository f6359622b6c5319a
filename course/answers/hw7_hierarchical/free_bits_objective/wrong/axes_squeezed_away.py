"""squeeze() takes an axis away where there is one image or one layer.

Name the axis of the mean: dim=1 is there for one image as well.
"""


def free_bits_objective(log_likelihood, kls, beta, free_nats):
    paid = kls.squeeze().mean(dim=-1).clamp(min=free_nats)
    return log_likelihood.mean() - beta * paid.sum()
