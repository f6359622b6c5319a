"""ln K is in bits.

math.log, not math.log2.
"""


def naive_log_marginal(x, noise, weight, bias):
    return log_likelihood(x, noise, weight, bias).logsumexp(dim=0) - math.log2(len(noise))
