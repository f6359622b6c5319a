"""Mean and log_scale are exchanged.

The first half of the encoder's outputs is the mean.
"""


def vae_elbo(encoder, decoder, x, noise):
    log_scale, mean = mlp(encoder, x).chunk(2, dim=-1)
    z = mean + log_scale.exp() * noise  # (k, n, l)
    logits = mlp(decoder, z)  # (k, n, d)
    reconstruction = (x * logits - torch.nn.functional.softplus(logits)).sum(dim=-1)  # (k, n)
    kl = (0.5 * ((2 * log_scale).exp() + mean.square() - 1) - log_scale).sum(dim=-1)  # (n,)
    return reconstruction.mean(dim=0) - kl
