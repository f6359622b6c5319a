"""ln of the number of examples is subtracted.

Divide by the number of samples, the first axis of noise.
"""


def naive_log_marginal(x, noise, weight, bias):
    return log_likelihood(x, noise, weight, bias).logsumexp(dim=0) - math.log(len(x))
