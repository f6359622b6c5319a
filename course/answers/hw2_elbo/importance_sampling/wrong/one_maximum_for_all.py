"""One maximum is taken out for the whole batch.

Examples that are much less probable fall to 0. Take it out for each example.
"""


def importance_sampling(log_w):
    k, top = len(log_w), log_w.max()
    weights = (log_w - top).exp()
    mean = weights.mean(dim=0)
    return mean.log() + top, weights.sum(dim=0).square() / weights.square().sum(dim=0), weights.std(dim=0, correction=0) / mean / math.sqrt(k)
