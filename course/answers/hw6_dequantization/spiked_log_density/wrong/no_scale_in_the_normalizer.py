"""The factor 1 / s of a Gaussian's density is missing.

N(y; k, s^2) has 1 / (s sqrt(2 pi)).
"""


def spiked_log_density(y, probabilities, scale):
    levels = torch.arange(len(probabilities), dtype=y.dtype)
    log_spikes = -0.5 * (((y[..., None] - levels) / scale).square() + LN_2PI)
    return torch.logsumexp(probabilities.log() + log_spikes, dim=-1).sum(dim=-1)
