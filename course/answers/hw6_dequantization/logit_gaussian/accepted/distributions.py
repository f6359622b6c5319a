"""With torch's distributions and a transform."""


def logit_gaussian(mean, log_scale, noise):
    base = torch.distributions.Normal(mean, log_scale.exp())
    a = mean + log_scale.exp() * noise
    log_slope = -torch.nn.functional.softplus(-a) - torch.nn.functional.softplus(a)
    return torch.sigmoid(a), (base.log_prob(a) - log_slope).sum(dim=-1)
