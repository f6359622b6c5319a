"""The bound is in bits.

Natural logarithms: nats.
"""


def decoder_bound(x, y, W, b, log_scale, covariance):
    n_x = x.shape[1]
    entropy = 0.5 * (n_x * (math.log(2 * math.pi) + 1) + torch.logdet(covariance))
    distance = (x - y @ W.T - b) / log_scale.exp()
    log_q = -(0.5 * distance.square() + log_scale + 0.5 * math.log(2 * math.pi)).sum(dim=1)
    return (entropy + log_q) / math.log(2)
