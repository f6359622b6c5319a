"""By the singular values of the centred data."""


def linear_vae_collapse(x, noise_variance, n_latent):
    n, d = x.shape
    _, singular, rows = torch.linalg.svd(x - x.mean(dim=0), full_matrices=True)
    variances = torch.zeros(d, dtype=x.dtype)
    variances[: len(singular)] = singular**2 / n
    variances, directions = variances[:n_latent], rows.mT[:, :n_latent]
    kept = torch.relu(variances - noise_variance)
    return directions @ torch.diag(kept.sqrt()), 0.5 * torch.log1p(kept / noise_variance)
