"""The estimate is in bits.

Nats.
"""


def naive_log_marginal(x, noise, weight, bias):
    return (log_likelihood(x, noise, weight, bias).logsumexp(dim=0) - math.log(len(noise))) / math.log(2)
