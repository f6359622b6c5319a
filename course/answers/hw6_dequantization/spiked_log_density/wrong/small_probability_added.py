"""A small number is added to the probabilities.

A level of probability 0 has no spike: ln 0 = -inf is right within logsumexp.
"""


def spiked_log_density(y, probabilities, scale):
    levels = torch.arange(len(probabilities), dtype=y.dtype)
    log_spikes = -0.5 * (((y[..., None] - levels) / scale).square() + LN_2PI) - math.log(scale)
    return torch.logsumexp((probabilities + 1e-4).log() + log_spikes, dim=-1).sum(dim=-1)
