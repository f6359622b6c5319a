"""The data are centred in place.

x -= ... writes into what the caller passed.
"""


def linear_vae_collapse(x, noise_variance, n_latent):
    x -= x.mean(dim=0)
    centred = x
    eigenvalues, vectors = torch.linalg.eigh(centred.mT @ centred / len(x))  # rising
    eigenvalues, vectors = eigenvalues.flip(0)[:n_latent], vectors.flip(1)[:, :n_latent]
    weights = vectors * (eigenvalues - noise_variance).clamp_min(0).sqrt()
    return weights, 0.5 * (eigenvalues / noise_variance).clamp_min(1).log()
