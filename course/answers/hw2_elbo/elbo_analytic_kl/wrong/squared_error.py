"""The reconstruction is a squared error.

The pixels are 0 or 1, with Bernoulli probabilities: use log_likelihood.
"""


def elbo_analytic_kl(x, mean, log_scale, noise, weight, bias):
    z = mean + log_scale.exp() * noise
    reconstruction = (-0.5 * (x - torch.sigmoid(z @ weight.T + bias)).square().sum(dim=-1)).mean(dim=0)
    kl = (0.5 * (2 * log_scale).exp() + 0.5 * mean.square() - 0.5 - log_scale).sum(dim=1)
    return reconstruction - kl
