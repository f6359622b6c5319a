"""Samples and images flattened together, and put back in the right order."""


def vae_elbo(encoder, decoder, x, noise):
    k, n, l = noise.shape
    outputs = mlp(encoder, x)
    mean, log_scale = outputs[:, :l], outputs[:, l:]
    z = mean.repeat(k, 1) + torch.exp(log_scale).repeat(k, 1) * noise.reshape(k * n, l)
    logits = mlp(decoder, z)
    loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, x.repeat(k, 1), reduction="none").sum(dim=1)
    kl = -0.5 * (1 + 2 * log_scale - mean**2 - torch.exp(2 * log_scale)).sum(dim=1)
    return -(loss.reshape(k, n).mean(dim=0) + kl)
