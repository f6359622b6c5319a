"""ln K is added.

Dividing by K subtracts its logarithm.
"""


def naive_log_marginal(x, noise, weight, bias):
    return log_likelihood(x, noise, weight, bias).logsumexp(dim=0) + math.log(len(noise))
