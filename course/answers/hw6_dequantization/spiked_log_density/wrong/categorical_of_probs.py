"""torch's Categorical is given the probabilities.

Categorical(probs=...) silently replaces 0 by the rounding unit; Categorical(logits=probabilities.log()) keeps it.
"""


def spiked_log_density(y, probabilities, scale):
    torch_d = torch.distributions
    levels = torch.arange(len(probabilities), dtype=y.dtype)
    spikes = torch_d.Normal(levels, torch.full_like(levels, scale))
    mixture = torch_d.MixtureSameFamily(torch_d.Categorical(probs=probabilities), spikes)
    return mixture.log_prob(y).sum(dim=-1)
