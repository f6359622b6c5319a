"""torch.distributions with logits."""


def bernoulli_reconstruction(logits, x):
    return torch.distributions.Bernoulli(logits=logits).log_prob(x).sum(dim=-1)
