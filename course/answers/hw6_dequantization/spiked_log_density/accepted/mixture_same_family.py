"""torch's mixture of normals, with logits, so that a probability of 0 stays 0."""


def spiked_log_density(y, probabilities, scale):
    torch_d = torch.distributions
    levels = torch.arange(len(probabilities), dtype=y.dtype)
    spikes = torch_d.Normal(levels, torch.full_like(levels, scale))
    mixture = torch_d.MixtureSameFamily(torch_d.Categorical(logits=probabilities.log()), spikes)
    return torch_d.Independent(mixture.expand([y.shape[-1]]), 1).log_prob(y)
