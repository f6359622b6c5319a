"""The mean of the logarithms is taken.

That is a lower bound (the ELBO with the prior as q), not an estimate of ln p(x). First the mean, then the logarithm.
"""


def naive_log_marginal(x, noise, weight, bias):
    return log_likelihood(x, noise, weight, bias).mean(dim=0)
