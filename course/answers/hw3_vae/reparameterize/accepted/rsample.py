"""torch.distributions where no noise is given."""


def reparameterize(mean, log_scale, n_samples, noise=None):
    if noise is None:
        return torch.distributions.Normal(mean, log_scale.exp()).rsample((n_samples,))
    return mean + log_scale.exp() * noise
