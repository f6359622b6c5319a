"""The KL averaged over the rows, from the posterior's means and variances."""


def linear_vae_collapse(x, noise_variance, n_latent):
    variances, directions = torch.linalg.eigh(torch.cov(x.mT, correction=0).reshape(x.shape[1], x.shape[1]))
    order = variances.argsort(descending=True)[:n_latent]
    weights = directions[:, order] * torch.sqrt(torch.relu(variances[order] - noise_variance))
    posterior = noise_variance / (weights.square().sum(dim=0) + noise_variance)
    means = (x - x.mean(dim=0)) @ weights * posterior / noise_variance
    kl = (0.5 * (posterior + means.square() - 1 - posterior.log())).mean(dim=0)
    return weights, kl
