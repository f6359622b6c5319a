"""The pictures are repeated in another order than the samples.

With z flattened as (k n, d) the pictures must be repeated as x.repeat(k, 1), not repeat_interleave.
"""


def vae_elbo(encoder, decoder, x, noise):
    mean, log_scale = mlp(encoder, x).chunk(2, dim=-1)  # (n, l) each
    z = mean + log_scale.exp() * noise  # (k, n, l)
    logits = mlp(decoder, z)  # (k, n, d)
    flat = logits.reshape(-1, x.shape[1])
    pictures = x.repeat_interleave(len(noise), dim=0)
    reconstruction = (pictures * flat - torch.nn.functional.softplus(flat)).sum(dim=-1).reshape(logits.shape[:2])
    kl = (0.5 * ((2 * log_scale).exp() + mean.square() - 1) - log_scale).sum(dim=-1)  # (n,)
    return reconstruction.mean(dim=0) - kl
