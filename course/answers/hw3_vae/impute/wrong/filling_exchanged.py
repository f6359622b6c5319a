"""The encoder sees 1 - fill in the gaps.

It is to see fill.
"""


def impute(encoder, decoder, x, fill, noise):
    observed = ~torch.isnan(x)  # (n, d)
    filled = torch.where(observed, x, 1 - fill)
    mean, log_scale = mlp(encoder, filled).chunk(2, dim=-1)  # (n, l)
    z = mean + log_scale.exp() * noise  # (k, n, l)
    logits = mlp(decoder, z)  # (k, n, d)
    log_likelihoods = (filled * logits - torch.nn.functional.softplus(logits)) * observed  # (k, n, d)
    log_ratios = 0.5 * (noise.square() - z.square())  # ln p(z) - ln q(z), but for what all samples share, (k, n, l)
    weights = torch.softmax(log_likelihoods.sum(dim=-1) + log_ratios.sum(dim=-1), dim=0)  # (k, n)
    imputed = (weights[..., None] * torch.sigmoid(logits)).sum(dim=0)
    return torch.where(observed, x, imputed)
