"""Where no noise is passed, the scale is cut off from the gradient.

torch.normal(0, scale) is a draw through which nothing flows into scale. Draw standard normal noise and multiply.
"""


def reparameterize(mean, log_scale, n_samples, noise=None):
    if noise is None:
        return mean + torch.normal(0.0, log_scale.exp().detach().expand(n_samples, *mean.shape))
    return mean + log_scale.exp() * noise
