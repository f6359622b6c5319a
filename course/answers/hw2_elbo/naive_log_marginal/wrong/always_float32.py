"""The result is float32 whatever came in.

Return the dtype that you were given.
"""


def naive_log_marginal(x, noise, weight, bias):
    return (log_likelihood(x, noise, weight, bias).logsumexp(dim=0) - math.log(len(noise))).float()
