"""The samples are averaged without weights.

q is the proposal only: it was computed from a picture with made-up pixels.
"""


def impute(encoder, decoder, x, fill, noise):
    observed = ~torch.isnan(x)  # (n, d)
    filled = torch.where(observed, x, fill)
    mean, log_scale = mlp(encoder, filled).chunk(2, dim=-1)  # (n, l)
    z = mean + log_scale.exp() * noise  # (k, n, l)
    logits = mlp(decoder, z)  # (k, n, d)
    log_likelihoods = (filled * logits - torch.nn.functional.softplus(logits)) * observed  # (k, n, d)
    log_ratios = 0.5 * (noise.square() - z.square())  # ln p(z) - ln q(z), but for what all samples share, (k, n, l)
    weights = torch.full(logits.shape[:2], 1 / len(noise), dtype=x.dtype)
    imputed = (weights[..., None] * torch.sigmoid(logits)).sum(dim=0)
    return torch.where(observed, x, imputed)
