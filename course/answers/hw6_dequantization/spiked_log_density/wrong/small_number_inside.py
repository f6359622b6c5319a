"""A small number is added within the logarithm.

It hides how small the density is between the spikes: stay in logarithms.
"""


def spiked_log_density(y, probabilities, scale):
    levels = torch.arange(len(probabilities), dtype=y.dtype)
    spikes = (-0.5 * ((y[..., None] - levels) / scale).square()).exp() / (scale * math.sqrt(2 * math.pi))
    return ((probabilities * spikes).sum(dim=-1) + 1e-30).log().sum(dim=-1)
