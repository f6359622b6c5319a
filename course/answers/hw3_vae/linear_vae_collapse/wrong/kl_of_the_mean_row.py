"""It is the KL at the mean of the data, not the mean of the KLs.

The mean of mu^2 over the rows is not the square of the mean of mu, which is 0.
"""


def linear_vae_collapse(x, noise_variance, n_latent):
    centred = x - x.mean(dim=0)
    eigenvalues, vectors = torch.linalg.eigh(centred.mT @ centred / len(x))  # rising
    eigenvalues, vectors = eigenvalues.flip(0)[:n_latent], vectors.flip(1)[:, :n_latent]
    weights = vectors * (eigenvalues - noise_variance).clamp_min(0).sqrt()
    return weights, torch.stack([0.5 * (s - 1 + (centred @ w / (w @ w + noise_variance)).mean() ** 2 - s.log()) for w, s in zip(weights.mT, noise_variance / eigenvalues.clamp_min(noise_variance))])
