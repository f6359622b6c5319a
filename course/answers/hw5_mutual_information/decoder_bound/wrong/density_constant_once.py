"""ln(2 pi) / 2 of the density is counted once, not for each dimension of x.

It is within the sum over the dimensions: n_x / 2 ln(2 pi).
"""


def decoder_bound(x, y, W, b, log_scale, covariance):
    n_x, n_y = W.shape
    entropy = 0.5 * (n_x * (math.log(2 * math.pi) + 1) + torch.logdet(covariance))
    distance = (x - y @ W.T - b) / log_scale.exp()
    log_q = -(0.5 * distance.square() + log_scale).sum(dim=1) - 0.5 * math.log(2 * math.pi)
    return entropy + log_q
