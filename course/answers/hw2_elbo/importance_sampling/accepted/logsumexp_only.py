"""By two logsumexps, the rounding of the difference kept from below 0."""


def importance_sampling(log_w):
    k = len(log_w)
    first, second = log_w.double().logsumexp(dim=0), (2 * log_w.double()).logsumexp(dim=0)
    size = (2 * first - second).exp()
    error = (1 / size - 1 / k).clamp_min(0).sqrt()
    return (first - math.log(k)).to(log_w.dtype), size.to(log_w.dtype), error.to(log_w.dtype)
