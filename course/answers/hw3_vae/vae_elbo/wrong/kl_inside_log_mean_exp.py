"""It is the log of a mean, with the analytic KL inside.

The bound averages logarithms. (The tighter bound with the log of a mean has ln p(z) - ln q(z | x) of each
sample inside, never the KL.)
"""


def vae_elbo(encoder, decoder, x, noise):
    mean, log_scale = mlp(encoder, x).chunk(2, dim=-1)  # (n, l) each
    z = mean + log_scale.exp() * noise  # (k, n, l)
    logits = mlp(decoder, z)  # (k, n, d)
    reconstruction = (x * logits - torch.nn.functional.softplus(logits)).sum(dim=-1)  # (k, n)
    kl = (0.5 * ((2 * log_scale).exp() + mean.square() - 1) - log_scale).sum(dim=-1)  # (n,)
    return torch.logsumexp(reconstruction - kl, dim=0) - math.log(len(noise))
