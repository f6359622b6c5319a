"""The squared lengths of the rows of W are used, not those of its columns.

Latent dimension l reaches x through column l.
"""


def exact_bound(x, mean, log_scale, weight, bias, noise_scale):
    d = x.shape[1]
    covariance = weight @ weight.T + noise_scale**2 * torch.eye(d, dtype=x.dtype)
    log_marginal = torch.distributions.MultivariateNormal(bias, covariance).log_prob(x)
    variances = (2 * log_scale).exp()
    distances = (x - bias - mean @ weight.T).square().sum(dim=1) + variances @ weight.square().sum(dim=1)
    reconstruction = -d * (0.5 * math.log(2 * math.pi) + math.log(noise_scale)) - 0.5 * distances / noise_scale**2
    kl = (0.5 * variances + 0.5 * mean.square() - 0.5 - log_scale).sum(dim=1)
    return log_marginal, reconstruction - kl
