"""The sum over the spikes runs over the examples.

Spikes are in the last dimension of (batch, D, L).
"""


def spiked_log_density(y, probabilities, scale):
    levels = torch.arange(len(probabilities), dtype=y.dtype)
    log_spikes = -0.5 * (((y[..., None] - levels) / scale).square() + LN_2PI) - math.log(scale)
    return torch.logsumexp(probabilities.log() + log_spikes, dim=0).sum(dim=-1)
