"""The weights are computed as numbers.

exp(-10000) is 0 and exp(10000) infinite as numbers.
"""


def importance_sampling(log_w):
    k, weights = len(log_w), log_w.exp()
    mean = weights.mean(dim=0)
    return mean.log(), weights.sum(dim=0).square() / weights.square().sum(dim=0), weights.std(dim=0, correction=0) / mean / math.sqrt(k)
