"""The scale is taken for a precision.

(y - k) / s, and - ln s.
"""


def spiked_log_density(y, probabilities, scale):
    levels = torch.arange(len(probabilities), dtype=y.dtype)
    log_spikes = -0.5 * (((y[..., None] - levels) * scale).square() + LN_2PI) + math.log(scale)
    return torch.logsumexp(probabilities.log() + log_spikes, dim=-1).sum(dim=-1)
