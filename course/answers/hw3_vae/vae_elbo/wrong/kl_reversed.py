"""It is the KL from the prior to q.

KL(q || p) has sigma^2 and mean^2 as they are; the other one divides by sigma^2.
"""


def vae_elbo(encoder, decoder, x, noise):
    mean, log_scale = mlp(encoder, x).chunk(2, dim=-1)  # (n, l) each
    z = mean + log_scale.exp() * noise  # (k, n, l)
    logits = mlp(decoder, z)  # (k, n, d)
    reconstruction = (x * logits - torch.nn.functional.softplus(logits)).sum(dim=-1)  # (k, n)
    kl = (0.5 * ((1 + mean.square()) / (2 * log_scale).exp() - 1) + log_scale).sum(dim=-1)
    return reconstruction.mean(dim=0) - kl
