"""The columns are rotated among each other.

Column i belongs to direction i: only then is the diagonal q the exact posterior.
"""


def linear_vae_collapse(x, noise_variance, n_latent):
    centred = x - x.mean(dim=0)
    eigenvalues, vectors = torch.linalg.eigh(centred.mT @ centred / len(x))  # rising
    eigenvalues, vectors = eigenvalues.flip(0)[:n_latent], vectors.flip(1)[:, :n_latent]
    weights = vectors * (eigenvalues - noise_variance).clamp_min(0).sqrt()
    q = torch.linalg.qr(
        torch.arange(1.0, n_latent**2 + 1, dtype=x.dtype).reshape(n_latent, n_latent) ** 2 % 7
        + torch.eye(n_latent, dtype=x.dtype)
    ).Q
    return weights @ q, 0.5 * (eigenvalues / noise_variance).clamp_min(1).log()
