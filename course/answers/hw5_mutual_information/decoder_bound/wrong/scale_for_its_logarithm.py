"""s stands in the density in the place of ln s.

The normalizer of a Gaussian is ln s + ln(2 pi) / 2 = log_scale + ln(2 pi) / 2.
"""


def decoder_bound(x, y, W, b, log_scale, covariance):
    n_x, n_y = W.shape
    entropy = 0.5 * (n_x * (math.log(2 * math.pi) + 1) + torch.logdet(covariance))
    distance = (x - y @ W.T - b) / log_scale.exp()
    log_q = -(0.5 * distance.square() + log_scale.exp() + 0.5 * math.log(2 * math.pi)).sum(dim=1)
    return entropy + log_q
