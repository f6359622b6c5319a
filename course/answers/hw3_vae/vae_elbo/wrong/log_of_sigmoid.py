"""The logarithm is taken of a rounded sigmoid.

x a - softplus(a) stays finite where the sigmoid is stored as 0 or 1.
"""


def vae_elbo(encoder, decoder, x, noise):
    mean, log_scale = mlp(encoder, x).chunk(2, dim=-1)  # (n, l) each
    z = mean + log_scale.exp() * noise  # (k, n, l)
    logits = mlp(decoder, z)  # (k, n, d)
    p = torch.sigmoid(logits)
    reconstruction = (x * p.log() + (1 - x) * (1 - p).log()).sum(dim=-1)
    kl = (0.5 * ((2 * log_scale).exp() + mean.square() - 1) - log_scale).sum(dim=-1)  # (n,)
    return reconstruction.mean(dim=0) - kl
