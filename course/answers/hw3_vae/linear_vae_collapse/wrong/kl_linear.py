"""It is the gain in reconstruction, not the KL.

(lambda / sigma^2 - 1) / 2 is what a latent gains; it costs half a logarithm.
"""


def linear_vae_collapse(x, noise_variance, n_latent):
    centred = x - x.mean(dim=0)
    eigenvalues, vectors = torch.linalg.eigh(centred.mT @ centred / len(x))  # rising
    eigenvalues, vectors = eigenvalues.flip(0)[:n_latent], vectors.flip(1)[:, :n_latent]
    weights = vectors * (eigenvalues - noise_variance).clamp_min(0).sqrt()
    return weights, 0.5 * (eigenvalues / noise_variance - 1).clamp_min(0)
