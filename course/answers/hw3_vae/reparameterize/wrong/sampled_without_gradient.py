"""z is sampled without a gradient.

torch.normal(mean, scale) and .sample() draw right numbers through which nothing flows; .rsample() is the
reparameterized one.
"""


def reparameterize(mean, log_scale, n_samples, noise=None):
    with torch.no_grad():
        if noise is None:
            return torch.distributions.Normal(mean, log_scale.exp()).sample((n_samples,))
        return mean + log_scale.exp() * noise
