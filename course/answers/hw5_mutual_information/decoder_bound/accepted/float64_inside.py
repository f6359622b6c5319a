"""In float64 inside, cast at the end."""


def decoder_bound(x, y, W, b, log_scale, covariance):
    wide = [part.double() for part in (x, y, W, b, log_scale, covariance)]
    x64, y64, W64, b64, s64, c64 = wide
    log_q = -0.5 * ((x64 - (W64 @ y64.T).T - b64) ** 2 * (-2 * s64).exp() + 2 * s64 + math.log(2 * math.pi)).sum(1)
    entropy = 0.5 * (torch.logdet(c64) + c64.shape[0] * math.log(2 * math.pi * math.e))
    return (log_q + entropy).to(x.dtype)
