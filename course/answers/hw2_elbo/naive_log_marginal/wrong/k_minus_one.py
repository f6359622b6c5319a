"""The sum is divided by K - 1.

A mean has K below. (K - 1 belongs to sample variances.)
"""


def naive_log_marginal(x, noise, weight, bias):
    return log_likelihood(x, noise, weight, bias).logsumexp(dim=0) - math.log(max(len(noise) - 1, 1))
