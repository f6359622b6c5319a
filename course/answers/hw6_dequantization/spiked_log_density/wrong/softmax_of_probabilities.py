"""The probabilities go through a softmax first.

They are probabilities already, and no logits.
"""


def spiked_log_density(y, probabilities, scale):
    levels = torch.arange(len(probabilities), dtype=y.dtype)
    log_spikes = -0.5 * (((y[..., None] - levels) / scale).square() + LN_2PI) - math.log(scale)
    return torch.logsumexp(torch.log_softmax(probabilities, dim=0) + log_spikes, dim=-1).sum(dim=-1)
