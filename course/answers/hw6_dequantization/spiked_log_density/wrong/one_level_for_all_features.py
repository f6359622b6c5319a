"""The features are summed before the spikes: one level is drawn for all of them.

Each feature has a mixture of its own: sum over spikes, logarithm, sum over features.
"""


def spiked_log_density(y, probabilities, scale):
    levels = torch.arange(len(probabilities), dtype=y.dtype)
    log_spikes = (-0.5 * (((y[..., None] - levels) / scale).square() + LN_2PI) - math.log(scale)).sum(dim=-2)
    return torch.logsumexp(probabilities.log() + log_spikes, dim=-1)
