"""It is the KL from the prior to the posterior.

KL(q || p), averaged over the data.
"""


def linear_vae_collapse(x, noise_variance, n_latent):
    centred = x - x.mean(dim=0)
    eigenvalues, vectors = torch.linalg.eigh(centred.mT @ centred / len(x))  # rising
    eigenvalues, vectors = eigenvalues.flip(0)[:n_latent], vectors.flip(1)[:, :n_latent]
    weights = vectors * (eigenvalues - noise_variance).clamp_min(0).sqrt()
    return weights, torch.stack(
        [
            (0.5 * ((1 + (centred @ w / (w @ w + noise_variance)) ** 2) / s - 1 + s.log())).mean()
            for w, s in zip(weights.mT, noise_variance / eigenvalues.clamp_min(noise_variance))
        ]
    )
