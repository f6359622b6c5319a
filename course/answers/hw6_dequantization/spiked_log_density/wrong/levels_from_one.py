"""The levels start at 1.

0, ..., L - 1.
"""


def spiked_log_density(y, probabilities, scale):
    levels = torch.arange(1, len(probabilities) + 1, dtype=y.dtype)
    log_spikes = -0.5 * (((y[..., None] - levels) / scale).square() + LN_2PI) - math.log(scale)
    return torch.logsumexp(probabilities.log() + log_spikes, dim=-1).sum(dim=-1)
