"""The largest term is taken out by hand, with the normalizer once for each feature."""


def spiked_log_density(y, probabilities, scale):
    exponents = probabilities.log() - 0.5 * ((y[:, :, None] - torch.arange(len(probabilities)).to(y)) / scale) ** 2
    top = exponents.amax(dim=2, keepdim=True)
    log_sum = top[:, :, 0] + (exponents - top).exp().sum(dim=2).log()
    return log_sum.sum(dim=1) - y.shape[1] * (math.log(scale) + 0.5 * math.log(2 * math.pi))
