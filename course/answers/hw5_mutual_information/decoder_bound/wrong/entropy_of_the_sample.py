"""H(X) is that of a Gaussian fitted to the sample.

The covariance of X is given: use it.
"""


def decoder_bound(x, y, W, b, log_scale, covariance):
    n_x = x.shape[1]
    entropy = 0.5 * (n_x * (math.log(2 * math.pi) + 1) + (x - x.mean(dim=0)).square().mean(dim=0).clamp(min=1e-3).log().sum())
    distance = (x - y @ W.T - b) / log_scale.exp()
    log_q = -(0.5 * distance.square() + log_scale + 0.5 * math.log(2 * math.pi)).sum(dim=1)
    return entropy + log_q
