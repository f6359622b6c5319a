"""The scale is detached where it meets the noise.

Gradients must flow through both mean and scale.
"""


def vae_elbo(encoder, decoder, x, noise):
    mean, log_scale = mlp(encoder, x).chunk(2, dim=-1)  # (n, l) each
    z = mean + log_scale.exp().detach() * noise
    logits = mlp(decoder, z)  # (k, n, d)
    reconstruction = (x * logits - torch.nn.functional.softplus(logits)).sum(dim=-1)  # (k, n)
    kl = (0.5 * ((2 * log_scale).exp() + mean.square() - 1) - log_scale).sum(dim=-1)  # (n,)
    return reconstruction.mean(dim=0) - kl
