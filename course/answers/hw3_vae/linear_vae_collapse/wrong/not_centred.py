"""The data are not centred.

The covariance is that of x minus its mean.
"""


def linear_vae_collapse(x, noise_variance, n_latent):
    centred = x
    eigenvalues, vectors = torch.linalg.eigh(centred.mT @ centred / len(x))  # rising
    eigenvalues, vectors = eigenvalues.flip(0)[:n_latent], vectors.flip(1)[:, :n_latent]
    weights = vectors * (eigenvalues - noise_variance).clamp_min(0).sqrt()
    return weights, 0.5 * (eigenvalues / noise_variance).clamp_min(1).log()
