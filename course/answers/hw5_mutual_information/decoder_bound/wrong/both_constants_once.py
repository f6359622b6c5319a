"""Both constants are those of one dimension.

The formulas of one dimension have to be summed over the n_x dimensions of x.
"""


def decoder_bound(x, y, W, b, log_scale, covariance):
    n_x, n_y = W.shape
    entropy = 0.5 * (math.log(2 * math.pi) + 1 + torch.logdet(covariance))
    distance = (x - y @ W.T - b) / log_scale.exp()
    log_q = -(0.5 * distance.square() + log_scale).sum(dim=1) - 0.5 * math.log(2 * math.pi)
    return entropy + log_q
