"""Where no noise is passed, z comes from .sample(), through which no gradient flows.

Draw the noise, and make z of it as when it is passed.
"""


def reparameterize(mean, log_scale, n_samples, noise=None):
    if noise is None:
        return torch.distributions.Normal(mean, log_scale.exp()).sample((n_samples,))
    return mean + log_scale.exp() * noise
