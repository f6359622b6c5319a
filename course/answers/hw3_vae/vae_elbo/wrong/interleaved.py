"""Means and log_scales are read in turn.

All means come first, then all log_scales.
"""


def vae_elbo(encoder, decoder, x, noise):
    outputs = mlp(encoder, x)
    mean, log_scale = outputs[:, ::2], outputs[:, 1::2]
    z = mean + log_scale.exp() * noise  # (k, n, l)
    logits = mlp(decoder, z)  # (k, n, d)
    reconstruction = (x * logits - torch.nn.functional.softplus(logits)).sum(dim=-1)  # (k, n)
    kl = (0.5 * ((2 * log_scale).exp() + mean.square() - 1) - log_scale).sum(dim=-1)  # (n,)
    return reconstruction.mean(dim=0) - kl
