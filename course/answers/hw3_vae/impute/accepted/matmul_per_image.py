"""The largest logarithm taken out by hand; constants that cancel left out."""


def impute(encoder, decoder, x, fill, noise):
    missing = x.isnan()
    filled = x.clone()
    filled[missing] = fill.expand_as(x)[missing]
    outputs = mlp(encoder, filled)
    l = noise.shape[2]
    z = outputs[:, :l] + torch.exp(outputs[:, l:]) * noise
    logits = mlp(decoder, z)
    terms = torch.where(
        x.nan_to_num() > 0.5, torch.nn.functional.logsigmoid(logits), torch.nn.functional.logsigmoid(-logits)
    )
    log_w = terms.masked_fill(missing, 0.0).sum(dim=2) + 0.5 * (noise**2 - z**2).sum(dim=2)
    w = torch.exp(log_w - log_w.max(dim=0).values)
    imputed = torch.einsum("kn,knd->nd", w, torch.sigmoid(logits)) / w.sum(dim=0)[:, None]
    return torch.where(missing, imputed, x)
