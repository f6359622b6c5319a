"""A loop over latents, with the other sign of the eigenvectors."""


def linear_vae_collapse(x, noise_variance, n_latent):
    centred = x - x.mean(dim=0, keepdim=True)
    covariance = torch.einsum("ni,nj->ij", centred, centred) / x.shape[0]
    variances, directions = torch.linalg.eigh(covariance)
    columns, kl = [], []
    for i in range(n_latent):
        variance, direction = variances[-1 - i], directions[:, -1 - i]
        if variance > noise_variance:
            columns.append(-direction * (variance - noise_variance).sqrt())
            kl.append(torch.log((variance / noise_variance).sqrt()))
        else:
            columns.append(torch.zeros_like(direction))
            kl.append(torch.zeros_like(variance))
    return torch.stack(columns, dim=1), torch.stack(kl)
