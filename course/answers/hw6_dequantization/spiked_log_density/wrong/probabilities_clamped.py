"""The probabilities are kept above 1e-10.

A level of probability 0 has no spike, and needs no such care: ln 0 = -inf is right within logsumexp.
"""


def spiked_log_density(y, probabilities, scale):
    levels = torch.arange(len(probabilities), dtype=y.dtype)
    log_spikes = -0.5 * (((y[..., None] - levels) / scale).square() + LN_2PI) - math.log(scale)
    return torch.logsumexp(probabilities.clamp_min(1e-10).log() + log_spikes, dim=-1).sum(dim=-1)
