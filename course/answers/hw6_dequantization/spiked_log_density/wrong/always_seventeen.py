"""There are always 17 levels, those beyond the given ones with the last one's probability.

As many as there are probabilities.
"""


def spiked_log_density(y, probabilities, scale):
    levels = torch.arange(17, dtype=y.dtype)
    padded = torch.cat([probabilities, probabilities[-1:].expand(max(17 - len(probabilities), 0))])[:17]
    log_spikes = -0.5 * (((y[..., None] - levels) / scale).square() + LN_2PI) - math.log(scale)
    return torch.logsumexp(padded.log() + log_spikes, dim=-1).sum(dim=-1)
