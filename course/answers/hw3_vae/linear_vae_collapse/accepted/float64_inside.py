"""In float64, given back in the dtype of x."""


def linear_vae_collapse(x, noise_variance, n_latent):
    data64 = x.double() - x.double().mean(dim=0)
    variances, directions = torch.linalg.eigh(data64.T @ data64 / len(x))
    variances, directions = variances.flip(0)[:n_latent], directions.flip(1)[:, :n_latent]
    ratio = torch.maximum(variances / noise_variance, torch.ones_like(variances))
    return (directions * (noise_variance * (ratio - 1)).sqrt()).to(x.dtype), (ratio.log() / 2).to(x.dtype)
