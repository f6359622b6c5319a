"""The means' part of the KL is missing.

The posterior mean varies from row to row: the mean of its square is 1 - sigma^2 / lambda.
"""


def linear_vae_collapse(x, noise_variance, n_latent):
    centred = x - x.mean(dim=0)
    eigenvalues, vectors = torch.linalg.eigh(centred.mT @ centred / len(x))  # rising
    eigenvalues, vectors = eigenvalues.flip(0)[:n_latent], vectors.flip(1)[:, :n_latent]
    weights = vectors * (eigenvalues - noise_variance).clamp_min(0).sqrt()
    return weights, 0.5 * (
        noise_variance / eigenvalues.clamp_min(noise_variance) - 1 + (eigenvalues / noise_variance).clamp_min(1).log()
    )
