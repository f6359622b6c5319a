"""A loop over samples, noise drawn one sample at a time."""


def reparameterize(mean, log_scale, n_samples, noise=None):
    samples = []
    for k in range(n_samples):
        epsilon = torch.randn_like(mean) if noise is None else noise[k]
        samples.append(mean + torch.exp(log_scale) * epsilon)
    return torch.stack(samples)
