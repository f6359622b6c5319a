"""The samples are weighed with their normalized prior densities.

Samples of the prior have equal weights: where the prior is high there are more of them.
"""


def naive_log_marginal(x, noise, weight, bias):
    return (log_likelihood(x, noise, weight, bias) + log_normal(noise, 0.0, 0.0).log_softmax(dim=0)).logsumexp(dim=0)
