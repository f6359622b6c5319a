"""All levels have the same probability.

Each spike has its own.
"""


def spiked_log_density(y, probabilities, scale):
    levels = torch.arange(len(probabilities), dtype=y.dtype)
    log_spikes = -0.5 * (((y[..., None] - levels) / scale).square() + LN_2PI) - math.log(scale)
    return (torch.logsumexp(log_spikes, dim=-1) - math.log(len(probabilities))).sum(dim=-1)
