"""The gradient with respect to the mean is cut off.

Both parameters of q must stay in the graph.
"""


def reparameterize(mean, log_scale, n_samples, noise=None):
    if noise is None:
        noise = torch.randn(n_samples, *mean.shape, dtype=mean.dtype)
    return mean.detach() + log_scale.exp() * noise
