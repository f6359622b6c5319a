"""The likelihood is taken at the mean of the samples.

Average the likelihoods, not the z.
"""


def naive_log_marginal(x, noise, weight, bias):
    return log_likelihood(x, noise.mean(dim=0), weight, bias)
