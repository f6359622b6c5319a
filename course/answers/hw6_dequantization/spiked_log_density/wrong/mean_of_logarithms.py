"""The mean of the log-densities is taken, weighted by the probabilities.

The logarithm comes after the sum over the spikes.
"""


def spiked_log_density(y, probabilities, scale):
    levels = torch.arange(len(probabilities), dtype=y.dtype)
    log_spikes = -0.5 * (((y[..., None] - levels) / scale).square() + LN_2PI) - math.log(scale)
    return (probabilities * log_spikes).sum(dim=-1).sum(dim=-1)
